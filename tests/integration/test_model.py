"""gatehouse-model as a program: train, pack, evaluate, and every way they are made to fail."""
import io
import json
import os
import random
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

PROGRAM = str(Path(os.environ["GATEHOUSE_BIN"]) / "gatehouse-model")
FEATURES = ["PAY_0", "LIMIT_BAL", "AGE"]
SCHEMA = {"features": FEATURES, "label": "DEFAULT", "digest": "digest-1", "rows": 400}
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "num_round": "10",
    "max_depth": "3",
    "eta": "0.3",
    "gamma": "0",
    "min_child_weight": "1",
    "subsample": "0.8",
    "tree_method": "hist",
    "eval_metric": "error,auc,logloss",
    "seed": "7",
}


def run(*arguments, root=None, timeout=120):
    environment = dict(os.environ)
    if root is not None:
        environment["GATEHOUSE_ML_ROOT"] = str(root)
    return subprocess.run([PROGRAM, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=timeout)


def rows(count, seed, features=len(FEATURES)):
    """The label follows the first feature, with noise."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        values = [chance.randint(-2, 8), chance.randint(10000, 500000), chance.randint(20, 70)]
        values += [chance.randint(0, 9) for _ in range(features - len(values))]
        label = 1 if values[0] + chance.gauss(0, 2) > 4 else 0
        lines.append(",".join(map(str, [label, *values[:features]])))
    return "\n".join(lines) + "\n"


def lay_out(root, train=None, validation=None, schema=SCHEMA, **changes):
    """A folder as /opt/ml; a hyperparameter set to None is left out."""
    parameters = {k: v for k, v in {**HYPERPARAMETERS, **changes}.items() if v is not None}
    channels = {"train": {"ContentType": "text/csv"}}
    config = root / "input/config"
    config.mkdir(parents=True)
    put(root / "input/data/train/part-0.csv", rows(400, 1) if train is None else train)
    if validation is not None:
        channels["validation"] = {"ContentType": "text/csv"}
        put(root / "input/data/validation/v.csv", validation)
    if schema is not None:
        channels["schema"] = {"ContentType": "application/json"}
        put(root / "input/data/schema/schema.json", json.dumps(schema))
    put(config / "hyperparameters.json", json.dumps(parameters))
    put(config / "inputdataconfig.json", json.dumps(channels))
    put(config / "resourceconfig.json", json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    return root


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished job: folder, log, archive, test data, schema file."""
    folder = tmp_path_factory.mktemp("trained")
    root = lay_out(folder / "ml", validation=rows(200, 2))
    result = run("train", root=root)
    assert result.returncode == 0, result.stderr
    archive = folder / "model.tar.gz"
    assert run("pack", root / "model", archive).returncode == 0
    return {
        "root": root,
        "log": result.stdout,
        "archive": archive,
        "train": root / "input/data/train/part-0.csv",
        "test": put(folder / "test.csv", rows(300, 3)),
        "schema": put(folder / "schema.json", json.dumps(SCHEMA)),
    }


def evaluate(tmp_path, archive, test, *more):
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    result = run("evaluate", "--model", archive, "--test", test, "--work", work, *more)
    assert list(work.iterdir()) == [], "something was left in the work folder"
    return result


def assert_refused(result, code):
    assert result.returncode == 65, result.stderr
    error = json.loads(result.stdout)["error"]
    assert (error["class"], error["code"]) == ("permanent", code)
    assert error["message"] in result.stderr
    return error["message"]


def make_archive(path, members):
    """members: name -> bytes, or a prepared TarInfo."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def assert_failed(root, result, prefix, *parts):
    text = (root / "output/failure").read_text()
    assert result.returncode == 65
    assert text.startswith(prefix + ": ")
    for part in parts:
        assert part in text
        assert part in result.stderr
    assert not (root / "model/xgboost-model").exists()


# ---- train


def test_training_logs_like_the_container(trained):
    rounds = [line for line in trained["log"].splitlines() if line.startswith("[") and "#011" in line]
    assert len(rounds) == 10
    for number, line in enumerate(rounds):
        names = [part.split(":")[0] for part in line.split("#011")[1:]]
        values = [part.split(":")[1] for part in line.split("#011")[1:]]
        assert line.startswith(f"[{number}]#011train-error:")
        assert names == [f"{split}-{metric}" for split in ("train", "validation") for metric in ("error", "auc", "logloss")]
        assert all(len(value.split(".")[1]) == 5 for value in values)
    assert "Train matrix has 400 rows and 3 columns" in trained["log"]
    assert "Validation matrix has 200 rows" in trained["log"]


def test_model_folder_holds_model_and_schema_only(trained):
    assert sorted(p.name for p in (trained["root"] / "model").iterdir()) == ["schema.json", "xgboost-model"]
    assert (trained["root"] / "model/xgboost-model").read_bytes().startswith(b"binf")
    assert json.loads((trained["root"] / "model/schema.json").read_text()) == SCHEMA
    assert not (trained["root"] / "output/failure").exists()


def test_same_input_gives_the_same_bytes(trained, tmp_path):
    root = lay_out(tmp_path / "ml", validation=rows(200, 2))
    assert run("train", root=root).returncode == 0
    assert run("pack", root / "model", tmp_path / "again.tar.gz").returncode == 0
    assert (tmp_path / "again.tar.gz").read_bytes() == trained["archive"].read_bytes()


def test_every_file_of_a_channel_is_read_in_order(tmp_path):
    text = rows(400, 1).splitlines(keepends=True)
    whole = lay_out(tmp_path / "whole")
    parts = lay_out(tmp_path / "parts", train="".join(text[:100]))
    put(parts / "input/data/train/part-1.csv", "".join(text[100:150]))
    put(parts / "input/data/train/sub/x.csv", "".join(text[150:]))
    assert run("train", root=whole).returncode == 0
    assert run("train", root=parts).returncode == 0
    assert (parts / "model/xgboost-model").read_bytes() == (whole / "model/xgboost-model").read_bytes()


def test_validation_and_schema_are_optional(tmp_path):
    root = lay_out(tmp_path / "ml", schema=None)
    result = run("train", root=root)
    assert result.returncode == 0
    assert "validation" not in result.stdout
    assert sorted(p.name for p in (root / "model").iterdir()) == ["xgboost-model"]


def test_early_stopping_keeps_the_best_round(tmp_path, trained):
    noise = random.Random(5)
    validation = "\n".join(f"{noise.randint(0, 1)},{noise.randint(-2, 8)},5,5" for _ in range(100)) + "\n"
    root = lay_out(tmp_path / "ml", validation=validation, num_round="200", eval_metric="auc,logloss", early_stopping_rounds="3")
    result = run("train", root=root)
    assert result.returncode == 0, result.stderr
    losses = [float(line.rsplit(":", 1)[1]) for line in result.stdout.splitlines() if "#011" in line]
    best = losses.index(min(losses))
    assert len(losses) == best + 4
    archive = tmp_path / "model.tar.gz"
    assert run("pack", root / "model", archive).returncode == 0
    report = json.loads(evaluate(tmp_path, archive, trained["test"]).stdout)
    assert report["model"]["rounds"] == best + 1


@pytest.mark.parametrize(
    "changes, parts",
    [
        ({"eta": "2.0"}, ["eta", '"2.0"', "[0, 1]"]),
        ({"max_dept": "5"}, ["Extraneous hyperparameter found: max_dept", "max_depth"]),
        ({"num_round": None}, ["Missing required hyperparameter: num_round"]),
        ({"objective": "reg:squarederror"}, ["reg:squarederror", "binary:logistic"]),
        ({"early_stopping_rounds": "3"}, ["early_stopping_rounds", "validation"]),
    ],
)
def test_bad_hyperparameters_are_the_clients_error(tmp_path, changes, parts):
    root = lay_out(tmp_path / "ml", **changes)
    assert_failed(root, run("train", root=root), "ClientError", *parts)


@pytest.mark.parametrize(
    "text, parts",
    [
        ("Y,A,B,C\n1,2,3,4\n0,1,2,3\n", ["part-0.csv:1", "header"]),
        ("17,2,3,4\n", ["part-0.csv:1: column 1", "label"]),
        ("1,2,3,4\n0,1,2\n", ["part-0.csv:2", "3 columns, but 4 before it"]),
        ("1,2,3,4\n0,1,nan,3\n", ["part-0.csv:2: column 3", "nan"]),
        ("1,2,3,4\n1,1,2,3\n", ["all 2 rows have the label 1"]),
        ("", ["No data in train channel path"]),
        ("1,2,3\n0,1,2\n", ["2 features behind the label, its schema names 3"]),
    ],
)
def test_bad_data_is_the_clients_error(tmp_path, text, parts):
    root = lay_out(tmp_path / "ml", train=text)
    assert_failed(root, run("train", root=root), "ClientError", *parts)


def test_validation_must_have_the_same_columns(tmp_path):
    root = lay_out(tmp_path / "ml", validation="1,2,3\n0,1,2\n", schema=None)
    assert_failed(root, run("train", root=root), "ClientError", "validation channel has 2 features", "train channel 3")


@pytest.mark.parametrize(
    "channels, part",
    [
        ({"validation": {"ContentType": "text/csv"}}, "Missing required channel: train"),
        ({"train": {}}, "ContentType is missing"),
        ({"train": {"ContentType": "text/csv;label_size=1"}}, "text/csv;label_size=1"),
        ({"train": {"ContentType": "csv"}, "test": {"ContentType": "csv"}}, "Extraneous channel found: test"),
    ],
)
def test_bad_channels_are_the_clients_error(tmp_path, channels, part):
    root = lay_out(tmp_path / "ml")
    put(root / "input/config/inputdataconfig.json", json.dumps(channels))
    assert_failed(root, run("train", root=root), "ClientError", part)


def test_a_hidden_file_is_refused(tmp_path):
    root = lay_out(tmp_path / "ml")
    put(root / "input/data/train/.part-1.csv", rows(10, 4))
    assert_failed(root, run("train", root=root), "ClientError", "Hidden file found in the data path!")


def test_a_missing_configuration_is_an_algorithm_error(tmp_path):
    root = lay_out(tmp_path / "ml")
    (root / "input/config/hyperparameters.json").unlink()
    assert_failed(root, run("train", root=root), "AlgorithmError", "hyperparameters.json")


def test_an_absent_root_is_not_created(tmp_path):
    assert run("train", root=tmp_path / "absent").returncode == 65
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_training_promptly_without_a_model(tmp_path, stop):
    root = lay_out(tmp_path / "ml", num_round="100000")
    process = subprocess.Popen([PROGRAM, "train"], env={**os.environ, "GATEHOUSE_ML_ROOT": str(root)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(stop, signal.SIG_DFL))
    while not process.stdout.readline().startswith(b"[3]"):
        assert process.poll() is None
    started = time.monotonic()
    process.send_signal(stop)
    process.stdout.close()
    assert process.wait(timeout=30) in (-stop, -signal.SIGPIPE)
    assert time.monotonic() - started < 10
    assert not (root / "model").exists()
    assert not (root / "output").exists()


# ---- evaluate


def test_evaluation_reports_both_splits(trained, tmp_path):
    out = tmp_path / "report.json"
    result = evaluate(tmp_path, trained["archive"], trained["test"], "--train", trained["train"], "--schema", trained["schema"], "--out", out)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert json.loads(out.read_text()) == report
    assert report["model"]["features"] == 3
    assert report["model"]["rounds"] == 10
    assert report["model"]["format"] == "binary"
    assert report["model"]["schema_digest"] == "digest-1"
    test, train = report["splits"]["test"], report["splits"]["train"]
    assert test["rows"] == 300 and train["rows"] == 400
    assert sum(test["confusion"].values()) == 300
    assert test["confusion"]["tp"] + test["confusion"]["fn"] == test["positives"]
    assert 0.7 < test["accuracy"]["value"] < 1
    assert 0.7 < test["auc"]["value"] <= train["auc"]["value"]
    assert test["gini"]["value"] == pytest.approx(2 * test["auc"]["value"] - 1)
    measured = [metric for metric in test.values() if isinstance(metric, dict) and "value" in metric]
    assert len(measured) >= 10
    assert all(metric["standard_error"] is None or metric["standard_error"] > 0 for metric in measured)
    assert test["size_bytes"] == trained["test"].stat().st_size


def test_training_log_and_evaluation_agree(trained, tmp_path):
    """XGBoost's own figures for the training data are those of our metrics."""
    last = [line for line in trained["log"].splitlines() if "#011" in line][-1]
    logged = {k: float(v) for k, v in (part.split(":") for part in last.split("#011")[1:])}
    result = evaluate(tmp_path, trained["archive"], trained["test"], "--train", trained["train"])
    metrics = json.loads(result.stdout)["splits"]["train"]
    assert 1 - metrics["accuracy"]["value"] == pytest.approx(logged["train-error"], abs=1e-5)
    assert metrics["auc"]["value"] == pytest.approx(logged["train-auc"], abs=1e-5)
    assert metrics["log_loss"]["value"] == pytest.approx(logged["train-logloss"], abs=1e-5)


@pytest.mark.parametrize(
    "schema, part",
    [
        ({**SCHEMA, "features": FEATURES + ["EXTRA"]}, "4"),
        ({**SCHEMA, "features": ["LIMIT_BAL", "PAY_0", "AGE"]}, "feature 1 is PAY_0"),
        ({**SCHEMA, "digest": "digest-2"}, "digest-2"),
        ({**SCHEMA, "label": "OTHER"}, "OTHER"),
    ],
)
def test_a_model_of_another_schema_is_refused(trained, tmp_path, schema, part):
    path = put(tmp_path / "other.json", json.dumps(schema))
    message = assert_refused(evaluate(tmp_path, trained["archive"], trained["test"], "--schema", path), "schema_mismatch")
    assert part in message


@pytest.mark.parametrize("columns", [2, 4])
def test_data_of_another_width_is_refused(trained, tmp_path, columns):
    data = put(tmp_path / "other.csv", rows(50, 9, features=columns))
    assert_refused(evaluate(tmp_path, trained["archive"], data), "schema_mismatch")


def test_swapped_schema_beside_the_model_is_refused(trained, tmp_path):
    model = (trained["root"] / "model/xgboost-model").read_bytes()
    other = json.dumps({**SCHEMA, "digest": "digest-2"}).encode()
    archive = make_archive(tmp_path / "m.tar.gz", {"xgboost-model": model, "schema.json": other})
    assert_refused(evaluate(tmp_path, archive, trained["test"]), "schema_mismatch")


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "bad_data"),
        ("1,2,3,4\n1,1,2,3\n", "bad_data"),
        ("1,2,3,4\n0,inf,2,3\n", "bad_data"),
        ("Y,A,B,C\n1,2,3,4\n", "bad_data"),
    ],
)
def test_bad_test_data_is_refused(trained, tmp_path, text, code):
    assert_refused(evaluate(tmp_path, trained["archive"], put(tmp_path / "bad.csv", text)), code)


def test_bad_archives_are_refused(trained, tmp_path):
    model = (trained["root"] / "model/xgboost-model").read_bytes()
    link = tarfile.TarInfo("xgboost-model")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    cases = {
        "no_model": {"other": model},
        "two_models": {"xgboost-model-0": model, "xgboost-model-1": model},
        "unsafe_archive": {"../xgboost-model": model},
        "pickle": {"xgboost-model": b"\x80\x04\x95\x00\x00\x00c__main__\n"},
        "bad_model": {"xgboost-model": b"garbage"},
        "archive_too_large": {"xgboost-model": bytes(8 << 20)},
    }
    for code, members in cases.items():
        assert_refused(evaluate(tmp_path, make_archive(tmp_path / "bad.tar.gz", members), trained["test"]), code)
    assert_refused(evaluate(tmp_path, make_archive(tmp_path / "bad.tar.gz", {"l": link}), trained["test"]), "unsafe_archive")
    whole = trained["archive"].read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:size])
        assert_refused(evaluate(tmp_path, tmp_path / "cut.tar.gz", trained["test"]), "bad_archive")


def test_damaged_models_never_get_figures(trained, tmp_path):
    """XGBoost refuses most of them; some may crash it, which only costs this process."""
    model = (trained["root"] / "model/xgboost-model").read_bytes()
    for size in (4, 20, 150, len(model) // 2, len(model) - 200):
        archive = make_archive(tmp_path / "cut.tar.gz", {"xgboost-model": model[:size]})
        result = evaluate(tmp_path, archive, trained["test"])
        assert result.returncode == 65 and json.loads(result.stdout)["error"]["code"] == "bad_model"


@pytest.mark.parametrize(
    "model",
    [
        b'{"learner":{}}',
        b'{"version":[1,7,4],"learner":[1,2,3]}',
        b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner[$U#L\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"{" + b'"a":[' * 200000,
    ],
)
def test_malformed_json_models_never_get_figures(trained, tmp_path, model):
    archive = make_archive(tmp_path / "m.tar.gz", {"xgboost-model": model})
    result = run("evaluate", "--model", archive, "--test", trained["test"], "--work", tmp_path)
    assert result.returncode != 0
    assert '"splits"' not in result.stdout


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["train", "x"], ["pack", "x"], ["evaluate"], ["evaluate", "--model"], ["evaluate", "--modle", "x"]])
def test_wrong_usage_is_64(arguments):
    result = run(*arguments)
    assert result.returncode == 64
    assert "usage:" in result.stderr


def test_packing_what_is_not_there_fails(tmp_path):
    result = run("pack", tmp_path, tmp_path / "m.tar.gz")
    assert result.returncode == 65
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_worth_another_try(trained):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, "evaluate", "--model", trained["archive"], "--test", trained["test"], "--work", trained["root"]], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "No space left" in result.stderr
