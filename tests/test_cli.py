"""The command as its users meet it: help, errors that say what to do, exit codes, no traceback."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import Country, deliver, qhawaq, qhawaq_process
from tests.landing import samples
from warehouse import cli
from warehouse.settings import REPOSITORY, Home


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    said = qhawaq(tmp_path / "home", *command.split(), "--help").stdout
    assert "Usage: qhawaq" in said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (("no-such",), 2, "No such command"),
    (("status",), 1, "call 'qhawaq simulate'"),
    (("build",), 1, "no Qhawaq home yet"),
    (("explain", "1", "not-a-date"), 2, "not-a-date"),
    (("simulate", "--years", "2025"), 2, "expected first-last"),
    (("simulate", "--children", "3"), 2, "fewer than 500"),
    (("reidentify", "1"), 2, "--reason"),
    (("check", "no-file"), 2, "does not exist"),
])  # fmt: skip
def test_a_users_mistake_is_told_without_a_traceback(tmp_path: Path, arguments: tuple, code: int, says: str) -> None:
    done = qhawaq(tmp_path / "home", *arguments, expect=code)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_as_a_process_it_says_the_same(tmp_path: Path) -> None:
    for arguments, code in ((("--help",), 0), (("status",), 1), (("no-such",), 2)):
        here, there = (call(tmp_path / "home", *arguments, expect=code) for call in (qhawaq, qhawaq_process))
        assert (here.stdout, here.stderr) == (there.stdout, there.stderr)


def test_it_says_its_version_and_commit(tmp_path: Path) -> None:
    said = qhawaq(tmp_path, "--version").stdout
    assert re.fullmatch(r"qhawaq \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown)\)\n", said)


# What each command needs beside its name; those that make a home or copy one into it are left out.
NEEDED = {
    "diff": ["HEAD"], "explain": ["1", "2025-11-30"], "replay": ["2025-11-30"],
    "audit": ["unused"], "letter": ["datos", "--ugel", "150101"], "worksheet": ["--ugel", "150101", "--to", "SHEETS", "--reason", "una prueba larga"], "withdraw": ["FILE.txt", "--reason", "una prueba larga"], "subject": ["access", "1", "--reason", "una prueba larga"], "deploy": ["x"],
    "reidentify": ["1", "--reason", "una prueba larga"], "backup": ["--to", "BACKUPS"], "access-log": ["of", "1", "--reason", "una prueba larga"], "key": ["new", "m", "--scope", "predict", "--area", "*"],
}  # fmt: skip


@pytest.mark.parametrize("command", sorted(cli.COMMANDS.keys() - {"simulate", "restore", "check"}))
def test_where_there_is_nothing_no_command_makes_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A home is real or synthetic for ever: a call in a wrong folder must not decide that."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("QHAWAQ_"):
            monkeypatch.delenv(name)
    nothing_to_do = command == "collect"  # no API is configured
    done = qhawaq(tmp_path / "data", command, *NEEDED.get(command, []), expect=0 if nothing_to_do else 1)
    assert nothing_to_do or "is no Qhawaq home yet: put deliveries into" in done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_what_an_installation_lacks_is_told_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.claim("real")
    for module in [name for name in sys.modules if name.split(".")[0] in ("altair", "warehouse") and "report" in name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "altair", None)
    said = qhawaq(home.root, "report", expect=1).stderr
    assert "needs the package altair" in said
    assert "make .venv/.report" in said
    assert "qhawaq[report]" in said


def test_a_question_without_the_analysts_extra_says_what_to_install(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith("metricflow")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Without("metricflow"), *sys.meta_path])
    said = qhawaq(country.home.root, "query", "dropout by grade", expect=1).stderr
    assert "needs the package metricflow" in said
    assert "make .venv/.analysis" in said
    assert qhawaq(country.home.root, "query", "--published", "interruption").stdout  # which needs none of it


class Without:
    """A finder of modules that knows none of a package's."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.startswith(self.package):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cli.EXTRAS.keys() <= project["optional-dependencies"].keys()
    for extra, packages in cli.EXTRAS.items():
        named = " ".join(project["optional-dependencies"][extra]).lower().replace("-", "_")
        assert [one for one in packages if one not in named] == []


def test_help_and_status_import_nothing_heavy(country: Country) -> None:
    for arguments in (["--help"], ["--home", str(country.home.root), "status"]):
        code = (
            "import sys; from warehouse import cli\n"
            "try: cli.main(sys.argv[1:])\nexcept SystemExit: pass\n"
            "heavy = {'duckdb', 'pandas', 'numpy', 'sklearn', 'dbt', 'pyarrow'} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def test_status_as_json(country: Country) -> None:
    facts = json.loads(qhawaq(country.home.root, "status", "--json").stdout)
    assert (facts["kind"], facts["waiting"], facts["refused"]) == ("synthetic", 0, 1)
    assert facts["delivered_rows"] == facts["accepted_rows"] + facts["quarantined_rows"]


def test_nothing_new_is_nothing_to_do(country: Country, tmp_path: Path) -> None:
    copy = country.copy(tmp_path / "home", "archive").root
    before = (copy / "state.json").read_text()
    assert "nothing new" in qhawaq(copy, "run").stdout
    assert (copy / "state.json").read_text() == before
    told = (copy / "status.json").read_text()
    for other in (told.replace('"release":', '"release": "an earlier one", "was":'), told[:-9], "{}", ""):
        (copy / "status.json").write_text(other)
        assert "nothing new" in qhawaq(copy, "run").stdout
        assert (copy / "status.json").read_text() == told
    again = qhawaq(copy, "train").stdout
    assert "not trained: no new matured labels" in again


def test_a_release_can_be_rolled_back_and_forth(country: Country, tmp_path: Path) -> None:
    copy = country.copy(tmp_path / "home", "archive", "compiled").root
    assert "there is no earlier release to go back to" in qhawaq(copy, "rollback", expect=1).stderr
    first = (copy / "serving" / "officials" / "current.duckdb").resolve().parent.name
    assert "files in" in qhawaq(copy, "publish").stdout
    assert first in qhawaq(copy, "rollback").stdout
    assert f"  published    release {first}, gone back to from 2" in qhawaq(copy, "status").stdout
    assert f"nothing new: release {first}, gone back to from" in qhawaq(copy, "run").stdout


@pytest.mark.long
def test_a_model_of_another_outcome_is_trained_on_demand_and_ranks_nobody_until_a_person_deploys_it(
    country: Country, tmp_path: Path
) -> None:
    copy = country.to_build(tmp_path / "home").root
    assert "repetition-additive-" in qhawaq(copy, "train", "--outcome", "repetition").stdout
    assert "no new matured labels" in qhawaq(copy, "train", "--outcome", "repetition").stdout
    with duckdb.connect(str(copy / "warehouse.duckdb"), read_only=True) as db:
        versions = dict(
            db.execute(
                "select outcome, count(*) from ml.model_versions where algorithm <> 'rule' group by 1"
            ).fetchall()
        )
        live = db.execute("select distinct outcome from ml.model_versions where is_live").fetchall()
    assert versions == {"interruption": 1, "repetition": 1}
    assert live == [("interruption",)]


def test_a_model_of_another_outcome_ranks_nobody_though_its_gates_let_it_pass(country: Country, tmp_path: Path) -> None:
    copy = country.to_build(tmp_path / "home").root
    with duckdb.connect(str(copy / "warehouse.duckdb")) as db:
        db.execute(
            "insert into ml.model_versions from (select * replace ('repetition-additive-x' as model_version, 'repetition' "
            "as outcome, 'passed: ' as gate, false as is_live) from ml.model_versions where algorithm = 'additive')"
        )
    assert "repetition" not in qhawaq(copy, "deploy").stdout
    with duckdb.connect(str(copy / "warehouse.duckdb"), read_only=True) as db:
        assert db.execute("select distinct outcome from ml.model_versions where is_live").fetchall() == [
            ("interruption",)
        ]


def test_a_refused_model_cannot_be_deployed(country: Country, tmp_path: Path) -> None:
    copy = country.to_build(tmp_path / "home").root
    with duckdb.connect(str(copy / "warehouse.duckdb")) as db:
        name = db.execute("select model_version from ml.model_versions where algorithm = 'additive'").fetchone()[0]
        db.execute(
            "update ml.model_versions set gate = 'refused: 0.9 times', is_live = false where model_version = ?", [name]
        )
        db.execute("update ml.model_versions set is_live = false")
    assert "may not go live: refused" in qhawaq(copy, "deploy", name, expect=1).stderr
    _a_waiver_lets_it(copy, tmp_path / "waiver.yml", name)
    assert "live: rule:" in qhawaq(copy, "deploy").stdout
    assert "no model x" in qhawaq(copy, "deploy", "x", expect=1).stderr


def _a_waiver_lets_it(home: Path, file: Path, name: str) -> None:
    """Only one that is for it, names each gate that refused it, and gives a reason; then its hash stays with the model."""
    said = {"model_version": name, "author": "A. Directora", "date": date(2026, 1, 2), "gates": ["0.9"],
            "reason": "The only list there is for a UGEL cut off by floods."}  # fmt: skip
    for change, why in (({"model_version": "other"}, "not for"), ({"gates": []}, "does not name 0.9"),
                        ({"reason": "because"}, "characters"), ({"author": ""}, "somebody"), ({"x": 1}, "no waiver")):  # fmt: skip
        file.write_text(yaml.safe_dump(said | change))
        assert why in qhawaq(home, "deploy", name, "--waiver", str(file), expect=1).stderr
    file.write_text(yaml.safe_dump(said))
    assert "name the VERSION" in qhawaq(home, "deploy", "--waiver", str(file), expect=2).stderr
    assert f"live: {name} (refused" in qhawaq(home, "deploy", name, "--waiver", str(file)).stdout
    assert (home / "models" / name / "waiver.yml").read_text() == file.read_text()
    with duckdb.connect(str(home / "warehouse.duckdb")) as db:
        kept = db.execute(
            "select waiver_sha256, is_live from ml.model_versions where model_version = ?", [name]
        ).fetchone()
        assert kept == (hashlib.sha256(file.read_bytes()).hexdigest(), True)
        db.execute("insert into ml.model_terms values (?, 'shoe_size', 0, null, null, 0)", [name])
        db.execute("update ml.model_versions set is_live = false")
    assert "no model may use shoe_size" in qhawaq(home, "deploy", name, expect=1).stderr


def test_revealing_an_identity_is_logged_even_if_there_is_none(country: Country, tmp_path: Path) -> None:
    copy = country.to_build(tmp_path / "home").root
    assert (
        "no person with key 5"
        in qhawaq(copy, "reidentify", "5", "--reason", "una prueba larga", "--who", "ana", expect=1).stderr
    )
    assert "10 to 500 characters" in qhawaq(copy, "reidentify", "5", "--reason", "corta", expect=2).stderr
    last = json.loads((copy / "access_log.jsonl").read_text().splitlines()[-1])
    assert (last["what"], last["child"], last["who"], last["why"]) == ("reveal", "5", "ana", "una prueba larga")


def test_a_home_refuses_to_mix_real_and_synthetic(home: Home, country: Country, tmp_path: Path) -> None:
    assert "real home" in qhawaq(home.root, "simulate", "--children", "500", "--years", "2022-2023", expect=1).stderr
    copy = country.to_build(tmp_path / "synthetic")
    deliver(copy, samples.ATTENDANCE, samples.attendance())
    qhawaq(copy.root, "land")
    with duckdb.connect(str(copy.warehouse), read_only=True) as db:
        rows = db.execute("select status, reason from raw.deliveries where file = ?", [samples.ATTENDANCE]).fetchall()
    assert sorted(row[0] for row in rows) == ["landed", "refused"]  # the simulator delivered one of that name itself
    assert "synthetic" in next(row[1] for row in rows if row[0] == "refused")


def test_check_tells_the_sender_and_changes_nothing(home: Home, tmp_path: Path) -> None:
    good = tmp_path / samples.ATTENDANCE
    good.write_text(samples.attendance(), encoding="latin-1")
    assert "40 of 40 rows" in qhawaq(home.root, "check", str(good)).stdout
    bad = tmp_path / "bad" / samples.ATTENDANCE
    bad.parent.mkdir()
    bad.write_text(samples.attendance(header=samples.HEADER.replace("MES", "MONTH")), encoding="latin-1")
    said = qhawaq(home.root, "check", str(bad), expect=1).stderr
    assert "mes" in said
    assert "Traceback" not in said
    assert not home.warehouse.exists()


def test_a_model_whose_file_is_damaged_does_not_go_live(country: Country, tmp_path: Path) -> None:
    copy = country.to_build(tmp_path / "home").root
    with duckdb.connect(str(copy / "warehouse.duckdb")) as db:
        (name,) = db.execute("select model_version from ml.model_versions where file is not null").fetchone()
        db.execute("update ml.model_versions set gate = 'passed: ', is_live = true where model_version = ?", [name])
        db.execute("update ml.model_versions set is_live = false where model_version <> ?", [name])
    assert f"live: {name}" in qhawaq(copy, "deploy").stdout
    (file,) = (copy / "models" / name).glob("model.*")
    whole = file.read_bytes()
    for damaged in (whole[:50], b"", None):
        file.unlink()
        if damaged is not None:
            file.write_bytes(damaged)
        assert f"{file} is damaged or missing" in qhawaq(copy, "deploy", expect=1).stderr
        file.write_bytes(whole)
    assert f"live: {name}" in qhawaq(copy, "deploy").stdout
