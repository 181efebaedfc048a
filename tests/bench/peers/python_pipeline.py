"""Peer of the full local run: the steps of the original system with pandas, scikit-learn and xgboost on files.

usage: python_pipeline.py RAW_CSV FOLDER   prints one JSON object
"""
import json
import os
import resource
import sys
import time

started = time.monotonic()
import pandas as pd
import xgboost as xgb
from sklearn.metrics import accuracy_score, roc_auc_score

raw, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)


def path(name):
    return os.path.join(folder, name)


# prepare: CUSTOMER_ID, standard names, two sources
data = pd.read_csv(raw)
data.columns = [c.replace(" ", "_").replace(".", "").upper() for c in data.columns]
data = data.rename(columns={"ID": "CUSTOMER_ID", "DEFAULTPAYMENTNEXTMONTH": "DEFAULT_PAYMENT_NEXT_MONTH"})
profile = ["LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE"]
data[["CUSTOMER_ID"] + profile].to_csv(path("profiles.csv"), index=False)
data.drop(columns=profile).to_csv(path("transactions.csv"), index=False)
prepared = time.monotonic()

# clean the transactions
transactions = pd.read_csv(path("transactions.csv")).dropna().drop_duplicates("CUSTOMER_ID")
pay = [c for c in transactions.columns if c.startswith("PAY_") and not c.startswith("PAY_AMT")]
transactions = transactions[((transactions[pay] >= -2) & (transactions[pay] <= 9)).all(axis=1)]
transactions.to_csv(path("cleaned_transactions.csv"), index=False)

# clean the profiles
profiles = pd.read_csv(path("profiles.csv")).dropna().drop_duplicates("CUSTOMER_ID")
profiles["EDUCATION"] = profiles["EDUCATION"].replace({0: 4, 5: 4, 6: 4})
profiles["MARRIAGE"] = profiles["MARRIAGE"].replace({0: 3})
profiles.to_csv(path("cleaned_profiles.csv"), index=False)

# merge and split
merged = pd.merge(
    pd.read_csv(path("cleaned_profiles.csv")), pd.read_csv(path("cleaned_transactions.csv")), on="CUSTOMER_ID"
)
label = "DEFAULT_PAYMENT_NEXT_MONTH"
features = [c for c in merged.columns if c not in (label, "CUSTOMER_ID")]
merged[[label] + features].to_csv(path("final.csv"), index=False, header=False)
part = pd.util.hash_array(merged["CUSTOMER_ID"].to_numpy()) % 100
for name, rows in (("train", part < 70), ("validation", (part >= 70) & (part < 85)), ("test", part >= 85)):
    merged.loc[rows, [label] + features].to_csv(path(name + ".csv"), index=False, header=False)

# train
def load(name):
    rows = pd.read_csv(path(name + ".csv"), header=None)
    return xgb.DMatrix(rows.iloc[:, 1:], label=rows.iloc[:, 0])


train, validation = load("train"), load("validation")
parameters = dict(
    objective="binary:logistic", max_depth=5, eta=0.2, gamma=4, min_child_weight=6, subsample=0.8,
    tree_method="hist", nthread=2, seed=0, eval_metric=["error", "auc", "logloss"],
)
model = xgb.train(parameters, train, 100, evals=[(train, "train"), (validation, "validation")], verbose_eval=False)
model.save_model(path("model.ubj"))

# evaluate
model = xgb.Booster(model_file=path("model.ubj"))
test = load("test")
scores = model.predict(test)
print(json.dumps({
    "accuracy": accuracy_score(test.get_label(), scores > 0.5),
    "auc": roc_auc_score(test.get_label(), scores),
    "prepare_s": prepared - started,
    "run_s": time.monotonic() - prepared,
    "total_s": time.monotonic() - started,
    "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
