"""Whatever a file looks like, identities land in the vault only, and every line is accepted as it is or quarantined."""

from __future__ import annotations

import io
from collections import Counter

import duckdb
import pytest

from tests.cases import hostile
from tests.cases.hostile import Hostile
from tests.cases.landed import Landed, land_files
from warehouse import keys
from warehouse.deliveries import Status
from warehouse.landing import archive
from warehouse.settings import Home

AT_ONCE = 50  # files in one home
OFTEN = 25  # of the first batch in `make test`


def open_texts(home: Home) -> str:
    """Return every text of the warehouse and of all files that are not encrypted."""
    texts = []
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        columns = db.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where data_type in ('VARCHAR', 'JSON') and not internal"
        ).fetchall()
        for schema, table, column in columns:
            query = f'select distinct "{column}"::varchar from "{schema}"."{table}" where "{column}" is not null'
            texts += [text for (text,) in db.execute(query).fetchall()]
    for path in home.root.rglob("*"):
        if path.is_file() and path.suffix not in (".age", ".duckdb", ".wal", ".key"):
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts)


def land_hostile(home: Home, files: list[Hostile], said: io.StringIO) -> Landed:
    """Land files and keep what was said."""
    return land_files(home, [(file.name, file.content) for file in files], said)


def check(landed: Landed, files: list[Hostile], said: str) -> Counter[str]:
    """Fail where an identity is found, or a line is lost; return what became of the files and of their lines."""
    texts = open_texts(landed.home) + repr(list(landed.outcomes.values())) + said
    found = {canary: file.name + str(file.spoilt_by) for file in files for canary in file.canaries if canary in texts}
    assert not found
    counts: Counter[str] = Counter()
    for file in files:
        outcome = landed.outcomes[file.name]
        counts[str(outcome.status)] += 1
        if outcome.status == Status.LANDED:
            counts["accepted"] += outcome.accepted_rows or 0
            counts["quarantined"] += outcome.quarantined_rows or 0
            lines = [line for line in file.content.split(b"\n") if line.rstrip(b"\r")]
            assert outcome.delivered_rows == len(lines) - 1, (file.name, file.spoilt_by)
    return counts


def accepted_as_written(landed: Landed, files: list[Hostile]) -> int:
    """Compare each accepted row with its line of the file, read here by the simplest means; return how many there were."""
    n_rows = 0
    secret = keys.load(landed.home.secrets)
    for file in files:
        contract = next(c for c in hostile.ABOUT_CHILDREN if c.stated(file.name))
        columns = [
            c.name for c in contract.columns if c.landed_name == c.name and c.data_type == "varchar" and not c.digits
        ]
        if landed.outcomes[file.name].status != Status.LANDED or not columns:
            continue
        sha256 = landed.ask(f"select sha256 from raw.deliveries where file = '{file.name}'")[0][0]
        lines = archive.opened(landed.home, secret, file.name, sha256).removeprefix(b"\xef\xbb\xbf").split(b"\n")
        header = [name.strip().lower() for name in lines[0].decode().rstrip("\r").split("|")]
        listed = ", ".join(f'"{name}"' for name in columns)
        for number, *values in landed.ask(
            f"select _line, {listed} from raw.{contract.table} where _file = '{file.name}'"
        ):
            written = dict(zip(header, lines[number - 1].rstrip(b"\r").split(b"|"), strict=True))
            assert [value or "" for value in values] == [text(written[name]) for name in columns], file.spoilt_by
            n_rows += 1
    return n_rows


def text(written: bytes) -> str:
    """Return what bytes say: UTF-8, or else Windows-1252."""
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("cp1252")


def run(home: Home, seeds: range) -> Counter[str]:
    """Land the files of these seeds into one home and check all that is promised."""
    files = [hostile.made(seed) for seed in seeds]
    said = io.StringIO()
    landed = land_hostile(home, files, said)
    counts = check(landed, files, said.getvalue())
    counts["compared"] = accepted_as_written(landed, files)
    return counts


def test_no_identity_of_spoilt_files_is_in_the_open(home: Home) -> None:
    counts = run(home, range(OFTEN))
    assert counts["landed"] > OFTEN / 4, "the files would prove nothing if all were refused"
    assert counts["compared"] > OFTEN / 4


@pytest.mark.faults
@pytest.mark.parametrize("batch", range(40))
def test_no_identity_of_two_thousand_spoilt_files_is_in_the_open(home: Home, batch: int) -> None:
    run(home, range(batch * AT_ONCE, (batch + 1) * AT_ONCE))


def test_what_is_planted_in_the_open_is_found(home: Home) -> None:
    """The search above would find nothing in an empty home."""
    file = hostile.made(1)
    landed = land_files(home, [(file.name, file.content)])
    canary = min(file.canaries)
    (home.root / "left.txt").write_text(f"x {canary}")
    with pytest.raises(AssertionError):
        check(landed, [file], "")
