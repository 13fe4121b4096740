"""Reasons, suggestions and immediate cases of all children of a home, each looked up in what the raw rows say.

python -m tests.second.sweep data
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.second import compare, reasons
from tests.second.features import Pupils
from tests.second.rows import Raw, read

SWEPT = ("terms", "texts", "services", "cases")
Said = Iterator[str | None]  # of each thing said: what contradicts it, or None


@dataclass
class Sweep:
    """What the marts of one warehouse say of children, beside the second implementation."""

    warehouse: Path
    raw: Raw
    computed: dict[dt.date, Pupils] = field(default_factory=dict)

    def pupils(self, date: dt.date) -> Pupils:
        if date not in self.computed:
            self.computed[date] = Pupils(self.raw, date)
        return self.computed[date]

    def said(self, what: str) -> Said:
        """Check one of `SWEPT`."""
        found: Said = getattr(self, what)()
        return found

    def terms(self) -> Said:
        """Check the values of the score's terms."""
        for row in compare.ask(self.warehouse, "select * from scores.risk_reasons order by as_of_date"):
            child = self.pupils(row["as_of_date"]).features.get(row["child_key"])
            said = reasons.contradiction(row["term"], row["value"], child) if child else "is no pupil"
            yield said and f"child {row['child_key']} on {row['as_of_date']}: {said}"

    def texts(self) -> Said:
        """Check what a list's reasons say."""
        sql = "select * from education.priority_list where model_version not like 'rule:%'"
        for row in compare.ask(self.warehouse, sql):
            child = self.pupils(row["as_of_date"]).features[int(row["child_key"])]
            said = reasons.unfounded(row["reason_text"], child)
            yield f"child {row['child_key']} on {row['as_of_date']}: {'; '.join(said)}" if said else None

    def services(self) -> Said:
        """Check that a suggested service is needed and not received."""
        for row in compare.ask(self.warehouse, "select * from education.suggested_services"):
            pupils, child = self.pupils(row["as_of_date"]), int(row["child_key"])
            said = reasons.unfounded_service(row["support_code"], row["need_text"], pupils, child)
            yield said and f"child {row['child_key']} on {row['as_of_date']}: {said}"

    def cases(self) -> Said:
        """Check immediate cases, and that no long absence is left out."""
        rows = compare.ask(self.warehouse, "select * from education.immediate_cases")
        pupils = self.pupils(self.raw.today)
        for row in rows:
            yield reasons.unfounded_case(row["need"], row["reason_text"], pupils, int(row["child_key"]))
        absent = {int(row["child_key"]) for row in rows if row["need"] == "long_absence"}
        for child in absent ^ reasons.long_absences(pupils):
            yield f"child {child}: a long absence is {'listed' if child in absent else 'left out'}"


def main(home: Path) -> int:
    warehouse = home / "warehouse.duckdb"
    (oldest,) = compare.ask(warehouse, "select year(min(as_of_date)) as year from scores.risk_reasons")
    sweep = Sweep(warehouse, read(warehouse, since=oldest["year"] - 1))  # features look back to the year before
    failed = 0
    for name in SWEPT:
        said = list(sweep.said(name))
        wrong = list(filter(None, said))
        failed += len(wrong)
        print(f"{name}: {len(said)} checked, {len(wrong)} contradicted", flush=True)
        for line, number in Counter(wrong).most_common(10):
            print(f"  {line}" + (f" ({number} times)" if number > 1 else ""))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
