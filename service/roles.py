"""Roles of people, as an identity provider names them and a demonstration plays them: what each may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """What one kind of people does here.

    Args:
        title: as people call it.
        scopes: the permissions that its work needs.
    """

    title: str
    scopes: frozenset[str]


ROLES = {
    "social_worker": Role("Trabajadora social", frozenset({"education", "welfare", "identity", "feedback"})),
    "ugel_director": Role("Dirección de UGEL", frozenset({"education", "planning"})),
    "tutor": Role("Tutoría y dirección de escuela", frozenset({"tutoring", "identity"})),
    "protection_officer": Role("Oficina de protección", frozenset({"protection", "identity"})),
    "auditor": Role("Auditoría", frozenset({"audit"})),
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the scopes of all roles that are ours; a provider names others too, which give nothing here."""
    return frozenset().union(*(ROLES[name].scopes for name in roles if name in ROLES))
