"""The routing table: what a line may say, and when somebody is not to be disturbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.notify.conftest import SCHOOL
from warehouse.errors import UsageError
from warehouse.notify import recipients


@pytest.mark.parametrize(
    ("quiet", "hour", "is_quiet"),
    [
        ((20, 7), 19, False), ((20, 7), 20, True), ((20, 7), 23, True), ((20, 7), 0, True), ((20, 7), 6, True),
        ((20, 7), 7, False), ((12, 14), 11, False), ((12, 14), 12, True), ((12, 14), 13, True), ((12, 14), 14, False),
        (None, 3, False),
    ],
)  # fmt: skip
def test_quiet_hours_are_limas(quiet: tuple[int, int] | None, hour: int, is_quiet: bool) -> None:
    one = recipients.Recipient("a", "school", SCHOOL, "webhook", "https://x.example", quiet, False)
    moment = datetime(2025, 12, 5, hour, 30, tzinfo=UTC) + timedelta(hours=5)
    assert one.is_quiet(moment) is is_quiet


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,school,0000001-0,smtp,t@x.example,,,", None),
        ("a,school,0000001-0,smtp,t@x.example,20,7,0", None),
        ("a,nobody,0000001-0,smtp,t@x.example,,,", "role is one of"),
        ("a,school,123,smtp,t@x.example,,,", "scope of a school"),
        ("a,ugel,0000001-0,smtp,t@x.example,,,", "scope of a ugel"),
        ("a,school,0000001-0,pigeon,t@x.example,,,", "channel is one of"),
        ("a,school,0000001-0,smtp,t x@x.example,,,", "no address"),
        ("a,school,0000001-0,smtp,\"t@x.example\nBcc: y@x.example\",,,", "no address"),
        ("a,school,0000001-0,webhook,http://x.example/,,,", "is https"),
        ("a,school,0000001-0,webhook,http://127.0.0.1:1/,,,", None),
        ("a,school,0000001-0,webhook,http://127.0.0.1@x.example/,,,", "is https"),
        ("a,school,0000001-0,webhook,file:///etc/passwd,,,", "no address"),
        ("a,school,0000001-0,smtp,t@x.example,20,,", "are hours"),
        ("a,school,0000001-0,smtp,t@x.example,20,24,", "from 0 to 23"),
        ("a,school,0000001-0,smtp,t@x.example,7,7,", "different hours"),
        ("a,school,0000001-0,smtp,t@x.example,,,yes", "opted_out is"),
        ("a,school,0000001-0,smtp,t@x.example,,,,more", "eight fields"),
        ("a b,school,0000001-0,smtp,t@x.example,,,", "recipient is a name"),
        ("a,school,0000001-0,smtp,t@x.example,,,\na,school,0000002-0,smtp,t@x.example,,,", "stands twice"),
    ],
)  # fmt: skip
def test_the_table_says_which_line_cannot_be_used(tmp_path: Path, line: str, said: str | None) -> None:
    path = tmp_path / "recipients.csv"
    path.write_text(",".join(recipients.COLUMNS) + f"\n{line}\n")
    if said is None:
        assert list(recipients.read(path)) == ["a"]
        return
    with pytest.raises(UsageError, match=said) as refused:
        recipients.read(path)
    assert "x.example" not in str(refused.value)
