"""Published files of two provinces' protection offices, made by hand, and a vault that compares one record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from tests.service.conftest import Asking
from warehouse.identity.linkage.review import LinkReview, Person

HERE, ELSEWHERE = "1501", "0801"
CHILD, CANDIDATE = "111", 444
FILE = "DEMUNA_CASOS_2025_20250620.txt"
SURE, UNSURE = f"DEMUNA-{FILE}-2", f"DEMUNA-{FILE}-3"
SCOPES = {"scope": "protection identity feedback", "qhawaq_areas": ["province:1501"]}
MADE = f"""
create table caseload as select *, 'r1' as release_id from (values
  ('1501', 'DEMUNA', '{SURE}', '{CHILD}', 'linked', 0.97, 'ALIMENTOS', false, 'ABIERTO', date '2025-06-01', 20,
   null, null, null),
  ('1501', 'DEMUNA', '{UNSURE}', null, 'review', 0.5, 'FISICA', true, 'ABIERTO', date '2025-05-01', 51,
   null, null, null),
  ('1501', 'CEM', 'CEM-C.txt-4', null, 'unknown', null, 'PELEA DE PATIO', false, 'EN ATENCION', date '2025-06-11', 10,
   null, null, null)
) as t (area_code, office, case_key, child_key, linkage, link_probability, reason, is_violence, case_state, opened_date,
  waiting_days, working_days, deadline_basis, due_on);
alter table caseload alter working_days type integer;
alter table caseload alter deadline_basis type varchar;
alter table caseload alter due_on type date;
create table work_referrals as select date '2025-10-31' as as_of_date, '{CHILD}' as child_key, '0000001-0' as service_code,
  21.5::double as weekly_work_hours, 'Derivación' as service_name, 'trabaja más de lo permitido' as need_text;
create table linkage_reviews as select 1::bigint as n_to_review, 1::bigint as n_without_candidate;
"""
NUMBER = "DEM-2025-000017"  # as the office calls the sure case
RECORD = Person("Rosa <b>", "QUISPE", None, "2012-05-06", "150101")
LISTED = Person("ROSA ELENA", "QUISPE", "MAMANI", "2012-05-06", "150102")


def published(asking: Asking, folder: Path) -> Asking:
    """Give a service the offices' files and a vault that knows one review; what is decided is in `recorded`."""
    for area in (HERE, ELSEWHERE):
        (folder / area).mkdir(parents=True)
        with duckdb.connect(str(folder / area / "r1.duckdb")) as db:
            db.execute(MADE)
        (folder / area / "current.duckdb").symlink_to("r1.duckdb")

    def compare(file: str, line: int) -> LinkReview | None:
        return LinkReview(CANDIDATE, 0.5, RECORD, LISTED) if (file, line) == (FILE, 3) else None

    asking.settings = replace(
        asking.settings,
        offices=folder,
        compare=compare,
        decide=asking.recorded.append,
        case_numbers=lambda places: {place: NUMBER for place in places if place == (FILE, 2)},
    )
    return asking
