"""Peers of cleaning and merging: the same job on the same two CSV files with pandas, polars or DuckDB.

usage: clean_merge.py pandas|polars|duckdb TRANSACTIONS_CSV PROFILES_CSV FOLDER THREADS
Domains are checked, codes mapped, repeated customers dropped, both cleaned sets written, joined on
CUSTOMER_ID, and the final set written label first without header, with its three parts by a hash.
Prints one JSON object.
"""
import json
import os
import resource
import sys
import time

library, transactions, profiles, folder, threads = sys.argv[1:6]
os.environ["POLARS_MAX_THREADS"] = threads
os.makedirs(folder, exist_ok=True)
LABEL = "DEFAULT_PAYMENT_NEXT_MONTH"
PAY = ["PAY_0"] + [f"PAY_{i}" for i in range(2, 7)]
FEATURES = (
    ["LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE"] + PAY
    + [f"BILL_AMT{i}" for i in range(1, 7)] + [f"PAY_AMT{i}" for i in range(1, 7)]
)


def out(name):
    return os.path.join(folder, name)


def by_pandas():
    import pandas as pd

    t = pd.read_csv(transactions).dropna().astype("int64").drop_duplicates("CUSTOMER_ID")
    t = t[((t[PAY] >= -2) & (t[PAY] <= 9)).all(axis=1) & t[LABEL].isin([0, 1])]
    t.to_csv(out("t.csv"), index=False)
    p = pd.read_csv(profiles).dropna().astype("int64").drop_duplicates("CUSTOMER_ID")
    p["EDUCATION"] = p["EDUCATION"].replace({0: 4, 5: 4, 6: 4})
    p["MARRIAGE"] = p["MARRIAGE"].replace({0: 3})
    p = p[p["SEX"].isin([1, 2]) & p["EDUCATION"].between(1, 4) & p["MARRIAGE"].between(1, 3)]
    p.to_csv(out("p.csv"), index=False)
    merged = pd.merge(pd.read_csv(out("t.csv")), pd.read_csv(out("p.csv")), on="CUSTOMER_ID")
    merged[[LABEL] + FEATURES].to_csv(out("final.csv"), index=False, header=False)
    part = pd.util.hash_array(merged["CUSTOMER_ID"].to_numpy()) % 100
    parts = {"train": part < 70, "validation": (part >= 70) & (part < 85), "test": part >= 85}
    for name, rows in parts.items():
        merged.loc[rows, [LABEL] + FEATURES].to_csv(out(name + ".csv"), index=False, header=False)
    return len(merged)


def by_polars():
    import polars as pl

    def read(path):  # whole numbers are written as 1e+05, too
        table = pl.read_csv(path, infer_schema_length=0)
        return table.select(pl.all().cast(pl.Float64, strict=False).cast(pl.Int64))

    t = read(transactions).drop_nulls().unique("CUSTOMER_ID", keep="first", maintain_order=True)
    t = t.filter(pl.all_horizontal(pl.col(c).is_between(-2, 9) for c in PAY) & pl.col(LABEL).is_between(0, 1))
    t.write_csv(out("t.csv"))
    p = read(profiles).drop_nulls().unique("CUSTOMER_ID", keep="first", maintain_order=True)
    p = p.with_columns(
        pl.when(pl.col("EDUCATION").is_in([0, 5, 6])).then(4).otherwise(pl.col("EDUCATION")).alias("EDUCATION"),
        pl.when(pl.col("MARRIAGE") == 0).then(3).otherwise(pl.col("MARRIAGE")).alias("MARRIAGE"),
    ).filter(
        pl.col("SEX").is_between(1, 2) & pl.col("EDUCATION").is_between(1, 4) & pl.col("MARRIAGE").is_between(1, 3)
    )
    p.write_csv(out("p.csv"))
    merged = pl.read_csv(out("t.csv")).join(pl.read_csv(out("p.csv")), on="CUSTOMER_ID")
    part = merged["CUSTOMER_ID"].hash() % 100
    merged = merged.select([LABEL] + FEATURES)
    merged.write_csv(out("final.csv"), include_header=False)
    parts = {"train": part < 70, "validation": (part >= 70) & (part < 85), "test": part >= 85}
    for name, rows in parts.items():
        merged.filter(rows).write_csv(out(name + ".csv"), include_header=False)
    return len(merged)


def by_duckdb():
    import duckdb

    db = duckdb.connect()
    db.execute(f"SET threads = {int(threads)}")

    def read(path):  # whole numbers are written as 1e+05, too
        return f"(SELECT CAST(COLUMNS(*) AS BIGINT) FROM (SELECT CAST(COLUMNS(*) AS DOUBLE) FROM read_csv('{path}', all_varchar = true)))"

    pay = " AND ".join(f"{c} BETWEEN -2 AND 9" for c in PAY)
    db.execute(
        f"COPY (SELECT DISTINCT ON (CUSTOMER_ID) * FROM {read(transactions)} WHERE {pay} AND {LABEL} IN (0, 1)) "
        f"TO '{out('t.csv')}' (HEADER)"
    )
    db.execute(
        "COPY (SELECT DISTINCT ON (CUSTOMER_ID) * FROM (SELECT CUSTOMER_ID, LIMIT_BAL, SEX, "
        "CASE WHEN EDUCATION IN (0, 5, 6) THEN 4 ELSE EDUCATION END AS EDUCATION, "
        "CASE WHEN MARRIAGE = 0 THEN 3 ELSE MARRIAGE END AS MARRIAGE, AGE "
        f"FROM {read(profiles)}) WHERE SEX IN (1, 2) AND EDUCATION BETWEEN 1 AND 4 AND MARRIAGE BETWEEN 1 AND 3) "
        f"TO '{out('p.csv')}' (HEADER)"
    )
    columns = ", ".join([LABEL] + FEATURES)
    db.execute(
        f"CREATE TABLE merged AS SELECT {columns}, hash(CUSTOMER_ID) % 100 AS part "
        f"FROM read_csv('{out('t.csv')}') AS t JOIN read_csv('{out('p.csv')}') AS p USING (CUSTOMER_ID)"
    )
    for name, where in (
        ("final", "true"), ("train", "part < 70"), ("validation", "part BETWEEN 70 AND 84"), ("test", "part >= 85")
    ):
        db.execute(f"COPY (SELECT {columns} FROM merged WHERE {where}) TO '{out(name + '.csv')}' (HEADER false)")
    return db.execute("SELECT count(*) FROM merged").fetchone()[0]


started = time.monotonic()
rows = {"pandas": by_pandas, "polars": by_polars, "duckdb": by_duckdb}[library]()
print(json.dumps({
    "rows": rows,
    "seconds": time.monotonic() - started,
    "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
