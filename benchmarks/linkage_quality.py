"""Precision and recall of a home's links against the answer key of its synthetic country."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from warehouse import database, keys
from warehouse.settings import Home


class Quality(NamedTuple):
    """Counts of records without a document number, and what the links are worth."""

    records: int
    links: int
    right: int
    reviews: int

    @property
    def precision(self) -> float:
        """Share of links that lead to the right child."""
        return self.right / max(self.links, 1)

    @property
    def recall(self) -> float:
        """Share of records that are linked to the right child, of those whose child the vault knows."""
        return self.right / max(self.records, 1)


def measure(home: Home, truth: Path) -> Quality:
    """Compare links with `truth/cases.parquet`: which child each line of a case file is of."""
    db = database.scratch(home)
    database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
    counted = db.execute(
        f"""
        with persons as (
          select c.child, coalesce(m.merged_into, a.child_key) as person_key
          from '{truth / "children.parquet"}' as c
          join vault.aliases as a on (a.kind = 'dni' and a.value = c.dni::varchar)
            or (a.kind = 'siagie' and a.value in (c.persona::varchar, c.persona_2::varchar))
          left join vault.merges as m using (child_key) group by all),
        known as (select file, line, list(person_key) as person_keys
          from '{truth / "cases.parquet"}' as t join persons using (child) where not t.documented and (file, line) in (
            select (_file, _line) from vault.demuna_cases union all select (_file, _line) from vault.cem_cases
            union all select (_file, _line) from vault.upe_cases) group by all)
        select count(distinct (k.file, k.line)), count(*) filter (where l.decision = 'link'),
          count(*) filter (where l.decision = 'link' and list_contains(k.person_keys, l.child_key)),
          count(*) filter (where l.decision = 'review')
        from known as k left join vault.links as l using (file, line)
        """
    ).fetchone()
    db.close()
    return Quality(*(counted or (0, 0, 0, 0)))
