"""The way of docs/lineage.md, walked: from a list to the lines of the archived files, and the sum is the number."""

from __future__ import annotations

import re

from tests.conftest import Country
from warehouse import keys
from warehouse.audit import trace
from warehouse.landing import archive


def test_the_days_of_absence_on_a_list_are_the_sum_of_archived_lines(country: Country) -> None:
    child, day, number = country.ask(
        "select f.child_key, f.as_of_date, f.absence_days from features.child_attendance as f "
        "join education.priority_list as p on p.child_key = f.child_key::varchar and p.as_of_date = f.as_of_date "
        "where f.child_key not in (select merged_into from raw.child_merges) and f.absence_days > 0 "
        "order by f.absence_days desc, 1 limit 1"
    )[0]
    said = trace.trace(country.home, "features.child_attendance", f"{child}/{day}")
    assert f"absence_days = {number}" in said
    walked = re.findall(rf"  (SIAGIE_ASISTENCIA_{day.year}\d\d_\S+):(\d+)  known (\S+)", said)
    assert len(walked) >= 6
    assert all(known <= str(day) for _, _, known in walked)
    hashes = dict(country.ask("select file, sha256 from raw.deliveries where source like '%attendance'"))
    secret, total = keys.load(country.home.secrets), 0
    for file, line, _ in walked:
        header, *lines = archive.opened(country.home, secret, file, hashes[file]).decode("latin-1").splitlines()
        values = dict(zip(header.split("|"), lines[int(line) - 2].split("|"), strict=True))
        total += int(values["FALTAS_JUSTIFICADAS"] or 0) + int(values["FALTAS_INJUSTIFICADAS"] or 0)
    assert total == number
