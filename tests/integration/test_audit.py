"""What an operator, a cron job and an auditor read: words, figures, advice; and every wild form of the raw data."""
import gzip
import json
import os
import random
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from test_cli import pipeline, shell, stage

ROOT = Path(__file__).resolve().parents[2]
LENIENT = '[[gate.rule]]\nmetric = "accuracy"\nmin = 0.5\n'


def show(gatehouse, run="latest"):
    return json.loads(gatehouse("show", run, "--format", "json").out)


def outputs(shown, name):
    return next(s for s in shown["stages"] if s["name"] == name)["tries"][-1]["outputs"]


# ---- the default sample and what is printed of its run


def test_the_default_sample_gives_a_model_as_good_as_the_real_data_do(gatehouse):
    assert gatehouse("prepare", "--sample").code == 0
    result = gatehouse("--batch")
    assert result.code == 0, result.err
    evaluation = show(gatehouse)["evaluation"]["splits"]["test"]
    assert 0.81 <= evaluation["accuracy"]["value"] <= 0.83
    assert 0.75 <= evaluation["auc"]["value"] <= 0.80
    ends = re.findall(r"^[\d:]{8} \[\d/6\] (\S+) +try 1  running -> success  ([\d.:]+ ?s?)  (.*)$", result.out, re.M)
    words = {name: text for name, _, text in ends}
    assert words["check_lambda_connection"] == "3 functions reachable"
    for name in ("invoke_clean_s3_raw", "invoke_clean_rds", "invoke_merge_cleaned_data"):
        assert words[name] == "30,000 rows, 0 quarantined"
    assert re.fullmatch(r"100 rounds, error 0\.\d{4}", words["start_sagemaker_training"])
    assert re.fullmatch(r"passed, accuracy 0\.8\d{3}", words["evaluate_model_performance"])
    columns = {line.index("try 1") for line in result.out.splitlines() if "] " in line and "try 1" in line}
    assert len(columns) == 1
    shown = gatehouse("show", "latest").out
    assert "~" not in shown and max(map(len, shown.splitlines())) <= 80
    assert "30,000 rows, 0 quarantined\n" in shown
    assert "WARNING" not in result.out


def test_without_a_split_it_is_said_that_the_figures_flatter_the_model(gatehouse):
    gatehouse.configure(LENIENT)
    gatehouse("prepare", "--sample", "--rows", "3000")
    result = gatehouse("--batch", "--set", "split.enabled=false")
    assert result.code == 0, result.err
    assert "WARNING: these are the rows it was trained on (split.enabled = false" in result.out
    shown = show(gatehouse)
    merged = outputs(shown, "invoke_merge_cleaned_data")
    assert merged["train"]["sha256"] == merged["test"]["sha256"] == merged["final"]["sha256"]
    assert merged.get("validation") is None
    splits = shown["evaluation"]["splits"]
    assert splits["test"]["sha256"] == splits["train"]["sha256"] and splits["test"]["rows"] == 3000


# ---- the raw data's wild forms

NAMES = (
    ["LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", "PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
    + [f"BILL_AMT{i}" for i in range(1, 7)]
    + [f"PAY_AMT{i}" for i in range(1, 7)]
)


def rows():
    dice = random.Random(1)
    for number in range(1, 61):
        profile = [dice.choice([20000, 200000]), dice.choice([1, 2]), dice.choice([1, 2, 3]), dice.choice([1, 2]), dice.randint(21, 70)]
        months = [dice.randint(-2, 2) for _ in range(6)] + [dice.randint(-500, 90000) for _ in range(6)] + [dice.randint(0, 9000) for _ in range(6)]
        yield [number, *profile, *months, number % 3 == 0]


def text(separator=",", end="\n", label="default.payment.next.month", names=("ID", *NAMES), number=str, first=0, above=(), last="\n"):
    lines = [*above, separator.join([*names, label])]
    lines += [separator.join(number(int(value)) for value in row[first:]) for row in rows()]
    return end.join(lines) + last


WILD = {
    "plain": text(),
    "byte order mark": "\ufeff" + text(),
    "CRLF": text(end="\r\n"),
    "tabs": text(separator="\t"),
    "semicolons": text(separator=";"),
    "second header": text(above=["," + ",".join(f"X{i}" for i in range(1, 24)) + ",Y"]),
    "quoted thousands": text(number=lambda value: f'"{value:,}"'),
    "exponents": text(number=lambda value: f"{value:.7E}"),
    "trailing .0": text(number=lambda value: f"{value}.0"),
    "no final newline": text(last=""),
    "blank lines": text(end="\n\n", last="\n\n\n"),
    "label with blanks": text(label="default payment next month"),
    "label with underscores": text(label="default_payment_next_month"),
    "label Y": text(label="Y"),
    "PAY_1": text(names=["ID", *["PAY_1" if name == "PAY_0" else name for name in NAMES]]),
    "no ID": text(names=NAMES, first=1),
    "all at once": "\ufeff" + text(separator=";", end="\r\n\r\n", label="Y", last="", number=lambda value: f"{value}.0"),
}


def test_every_wild_form_of_a_file_gives_the_same_training_set(gatehouse):
    gatehouse.configure("[pipeline]\nretries = 0\n[expectations]\nrows_min = 1\n[database]\nmirror = false\n" + default_stages(4))
    digests = {}
    for form, content in WILD.items():
        assert gatehouse("prepare", "-", stdin=content).code == 0, form
        assert gatehouse("--batch", "-q").code == 0, form
        merged = outputs(show(gatehouse), "invoke_merge_cleaned_data")
        digests[form] = merged["final"]["sha256"], merged["rows_out"]
    assert set(digests.values()) == {(digests["plain"][0], 60)}, digests


def default_stages(count):
    """The first stages of the default pipeline, as the sample configuration writes them."""
    example = (ROOT / "config.toml.example").read_text()
    blocks = re.split(r"(?m)^(?=#?\[\[stage\]\])", example)[1 : count + 1]
    return "".join(re.sub(r"(?m)^#", "", block) for block in blocks)


def test_compressed_forms_by_name_and_by_pipe(gatehouse):
    plain = text()
    home = gatehouse.home
    (home / "a.csv.gz").write_bytes(gzip.compress(plain.encode()))
    with zipfile.ZipFile(home / "a.zip", "w") as archive:
        archive.writestr("folder/a.csv", plain)
    for name in ("a.csv.gz", "a.zip"):
        with open(home / name, "rb") as file:
            piped = gatehouse.start("prepare", "-", "--format", "json", stdin=file)
            out, err = piped.communicate(timeout=60)
        assert piped.returncode == 0, err
        assert json.loads(out)["rows_out"] == 60


# ---- the configuration tells all and names places


def test_every_key_can_be_set_by_its_environment_variable(gatehouse):
    values = json.loads(gatehouse("config", "show", "--format", "json").out)["values"]
    assert len(values) > 30
    for key, entry in values.items():
        name = "GATEHOUSE_" + key.upper().replace(".", "_")
        text = entry["value"] if isinstance(entry["value"], str) else json.dumps(entry["value"])
        if text == "" or isinstance(entry["value"], dict):  # an empty variable counts as none
            continue
        shown = json.loads(gatehouse("config", "show", "--format", "json", environment={name: text}).out)["values"][key]
        assert shown == {"value": entry["value"], "origin": name}, key


def test_gate_rules_are_checked_each_at_its_line(gatehouse):
    gatehouse.configure('[[gate.rule]]\nmetric = "acuracy"\nmin = 1\n\n[[gate.rule]]\nmetric = "auc"\n\n[[gate.rule]]\nmetric = "ks"\nmin = 0.9\nmax = 0.1\nsplit = "dev"\n')
    result = gatehouse("config", "check")
    assert result.code == 78
    for part in (':1: [[gate.rule]]: unknown metric "acuracy"; did you mean "accuracy"?', ":5: [[gate.rule]]: auc needs min, max or both", ":8: [[gate.rule]]: ks: min 0.9 is above max 0.1", ":12: [[gate.rule]] split"):
        assert part in result.err


def test_wrong_names_of_stages_are_told_all_at_once(gatehouse):
    gatehouse.configure(stage("a", "comand") + stage("merge", after=["xyz", "marge"]) + stage("merge", after=["zzz"]))
    result = gatehouse("config", "check")
    assert result.code == 78
    lines = [line.split("config.toml:")[1] for line in result.err.splitlines()]
    assert lines == [
        '1: stage "a": there is no stage kind \'comand\'; did you mean \'command\'?',
        '6: stage "merge": after names an unknown stage "xyz"',
        '6: stage "merge": after names an unknown stage "marge"; did you mean "merge"?',
        '11: two stages are named "merge"; names must be unique',
        '11: stage "merge": after names an unknown stage "zzz"',
    ], result.err


@pytest.mark.parametrize(
    "rule, code",
    [
        ('metric = "accuracy"\nmin = 0.5\nsplit = "train"', 0),
        ('metric = "log_loss"\nmax = 0.9', 0),
        ('metric = "accuracy"\nmax = 0.6', 3),
        ('metric = "gini"\nmin = 0.2\nmax = 0.9', 0),
    ],
)
def test_gate_rules_of_every_form(gatehouse, rule, code):
    gatehouse.configure(f"[database]\nmirror = false\n[[gate.rule]]\n{rule}\n")
    gatehouse("prepare", "--sample", "--rows", "2000")
    result = gatehouse("--batch", "-q")
    assert result.code == code, result.err
    assert ("REJECTED" if code else "PASSED") in result.out
    assert ("BROKEN" in result.out) == (code == 3)


# ---- stages: references, order, retries


def test_outputs_are_handed_on_by_reference(gatehouse):
    gatehouse.configure(
        pipeline(
            shell("a", 'echo noise; echo "{\\"file\\": \\"x.csv\\", \\"rows\\": 7}"'),
            stage("b", "command", ["a"], argv=["/bin/sh", "-c", 'test "$1 $2" = "x.csv 7" && echo "{\\"got\\": \\"$ROWS\\"}"', "sh", "{{ stages.a.outputs.file }}", "{{ stages.a.outputs.rows }}"])
            + 'environment = { ROWS = "{{ stages.a.outputs.rows }}" }\n',
        )
    )
    assert gatehouse("--batch").code == 0
    assert outputs(show(gatehouse), "b") == {"got": "7"}


def test_a_reference_to_an_output_that_is_not_there_says_which(gatehouse):
    gatehouse.configure(pipeline(shell("a", 'echo "{\\"x\\": 1}"'), stage("b", "command", ["a"], argv=["/bin/true", "{{ stages.a.outputs.y }}"])))
    result = gatehouse("--batch")
    assert result.code == 1
    assert "stages.a.outputs.y" in result.out


def test_no_more_stages_run_at_once_than_max_parallel(gatehouse):
    script = f'mkdir {gatehouse.home}/$GATEHOUSE_STAGE.on; ls -d {gatehouse.home}/*.on | wc -l >> {gatehouse.home}/count; sleep 0.2; rmdir {gatehouse.home}/$GATEHOUSE_STAGE.on'
    for limit in (1, 2):
        (gatehouse.home / "count").unlink(missing_ok=True)
        gatehouse.configure(pipeline(*[shell(name, script) for name in "abcd"]))
        assert gatehouse("--batch", "--set", f"pipeline.max_parallel={limit}").code == 0
        assert max(map(int, (gatehouse.home / "count").read_text().split())) == limit


# ---- advice


def test_doctor_looks_at_the_postgresql_that_is_configured(gatehouse):
    report = json.loads(gatehouse("doctor", "--format", "json", "--set", "local.postgres_binaries=/no/such").out)
    check = next(c for c in report["checks"] if c["check"] == "PostgreSQL")
    assert check["state"] == "FAILED" and "/no/such" in check["finding"] and "apt-get" in check["advice"]


def test_doctor_gives_advice_or_a_cause_for_each_failure(gatehouse):
    afile = gatehouse.home / "file"
    afile.touch()
    damaged = gatehouse.home / "damaged"
    damaged.mkdir(mode=0o700)
    (damaged / "runs.db").write_bytes(random.Random(1).randbytes(5000))
    for arguments in (["--state-dir", afile], ["--state-dir", damaged], ["--set", "database.dsn=host=127.0.0.1 port=1"]):
        result = gatehouse("doctor", "--format", "json", *arguments)
        assert result.code == 1
        failed = [c for c in json.loads(result.out)["checks"] if c["state"] == "FAILED"]
        assert failed
        for check in failed:
            assert check["advice"] or "restore it from a backup" in check["finding"], check


def test_a_missing_function_program_is_named_by_the_run(gatehouse):
    result = gatehouse("--batch", "--set", "local.function_program=/no/such")
    assert result.code == 1
    assert "/no/such" in result.out and "local.function_program" in result.out
    assert len(show(gatehouse)["stages"][0]["tries"]) == 1


def test_a_stage_that_is_not_there_is_answered_with_the_way_to_the_list(gatehouse):
    gatehouse.configure(pipeline(stage("prepare_it")))
    gatehouse("--batch")
    assert 'did you mean "prepare_it"?' in gatehouse("logs", "latest", "prepare_i").err
    assert "gatehouse show 1" in gatehouse("logs", "latest", "x").err


def test_fast_runs_show_their_time(gatehouse):
    gatehouse.configure(pipeline(stage("a", sleep_ms=120)))
    gatehouse("--batch")
    assert re.search(r" 0\.\d\d s  success", gatehouse("runs").out)
    assert re.search(r"^  1 a +OK +1/\d  0\.1\d s$", gatehouse("show", "latest").out, re.M)


def test_an_empty_state_folder_is_named_when_runs_are_listed(gatehouse):
    result = gatehouse("runs")
    assert result.code == 0 and str(gatehouse.state) in result.err
    assert gatehouse("runs", "--format", "json").err == ""
    (gatehouse.home / "file").touch()
    wrong = gatehouse("runs", "--state-dir", gatehouse.home / "file")
    assert wrong.code == 78 and "yet" not in wrong.err and "file/runs.db" in wrong.err


def test_a_rejection_reads_as_a_judgement(gatehouse):
    gatehouse.configure('[[gate.rule]]\nmetric = "accuracy"\nmin = 0.999\n')
    gatehouse("prepare", "--sample", "--rows", "2000")
    result = gatehouse("--batch", "-q")
    assert result.code == 3
    assert re.search(r"running -> rejected +[\d.]+ s  accuracy on test is 0\.\d+, below the minimum 0\.999", result.out)


# ---- installed


def test_the_installed_programs_find_each_other(gatehouse):
    built = Path(gatehouse.program).parent
    target = gatehouse.home / "target"
    made = subprocess.run(
        ["make", "-s", "-C", ROOT, "install", f"BUILD={built.name}", "PREFIX=/usr", f"DESTDIR={target}"],
        capture_output=True, text=True, env={**os.environ, **gatehouse.environment, "HOME": os.environ.get("HOME", "/")},
    )
    assert made.returncode == 0, made.stderr
    gatehouse.program = str(target / "usr/bin/gatehouse")
    gatehouse.environment["PATH"] = "/usr/bin:/bin"
    report = json.loads(gatehouse("doctor", "--format", "json").out)
    assert [c["finding"] for c in report["checks"] if c["check"] == "program"] == [str(target / "usr/bin/gatehouse-function"), str(target / "usr/bin/gatehouse-model")]
    for file in ("share/man/man1/gatehouse.1", "share/bash-completion/completions/gatehouse"):
        assert (target / "usr" / file).stat().st_size > 0
