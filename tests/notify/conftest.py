"""A home with published lists, written by hand, and people who are to hear of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.notify import receivers
from warehouse import files
from warehouse.notify import notification
from warehouse.notify.recipients import COLUMNS
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.settings import Home

NOON = datetime(2025, 12, 5, 17, tzinfo=UTC)  # in Lima
SCHOOL, OTHER = "0000001-0", "0000002-0"
LISTS = """
create table priority_list (service_code varchar, child_key varchar);
create table immediate_cases (service_code varchar, child_key varchar, need varchar);
create table withheld_periods (source varchar, period varchar, department_code varchar, is_missing boolean);
"""


@dataclass
class Place:
    """What is published, who hears, and what arrived."""

    home: Home
    hook: receivers.Arrived
    mail: receivers.Arrived
    table: list[dict[str, object]] = field(default_factory=list)
    releases: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "QHAWAQ_SMTP_URL": self.mail.address,
            "QHAWAQ_SMTP_FROM": "qhawaq@ugel.example",
            "QHAWAQ_BOARDS_URL": "https://tableros.example/{audience}/{ugel}",
        }

    def hears(self, name: str, role: str, scope: str, channel: str = "webhook", **more: object) -> None:
        """Put somebody into the table, or change how they stand in it."""
        address = self.hook.address if channel == "webhook" else f"{name}@escuela.example"
        given = {"recipient": name, "role": role, "scope": scope, "channel": channel, "address": address}
        self.table = [row for row in self.table if row["recipient"] != name] + [given | more]
        with self.home.recipients.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(self.table)

    def publish(
        self,
        listed: Iterable[tuple[str, str]] = (),
        at_once: Iterable[tuple[str, str, str]] = (),
        withheld: Iterable[tuple[str, str, str, bool]] = (),
        ugel: str = "150101",
    ) -> str:
        """Publish a release with these lists."""
        self.releases += 1
        release = f"20251205T{self.releases:012d}-00000000"
        stated = {}
        for folder in (f"education/{ugel}", "operations", "officials"):
            path = switching.file(self.home, folder, release)
            path.parent.mkdir(parents=True)
            with duckdb.connect(str(path)) as db:
                db.execute(LISTS)
                for table, rows in {
                    "priority_list": listed,
                    "immediate_cases": at_once,
                    "withheld_periods": withheld,
                }.items():
                    for row in rows:
                        db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
            stated[folder] = {"sha256": files.sha256(path)}
        switching.write_manifest(self.home, release, stated)
        switching.point(self.home, release)
        return release

    def tell(self, now: datetime = NOON) -> notification.Round:
        return notification.notify(self.home, Progress(quiet=True), now, self.environment)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home = Home(tmp_path / "home")
    home.claim("real")
    with receivers.webhook() as hook, receivers.mailbox() as mail:
        yield Place(home, hook, mail)
