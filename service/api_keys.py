"""API keys of machines: only their hashes are kept."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

from service.access import SCOPES, hashed
from warehouse import clock
from warehouse.errors import UsageError
from warehouse.files import read_json, write_whole
from warehouse.settings import Home


def create(home: Home, name: str, *, scopes: tuple[str, ...], areas: tuple[str, ...], days: int) -> str:
    """Keep the hash of a new API key in place of an earlier one of that name; return the key, which nothing else knows.

    Args:
        home: the home.
        name: the machine.
        scopes: what it may ask for.
        areas: of which places, such as `ugel:150101`.
        days: how long the key is good.

    Raises:
        UsageError: no scope or area is named, or a scope does not exist.
    """
    if not scopes or not areas or set(scopes) - SCOPES.keys():
        raise UsageError(f"--new-key: name --scope ({', '.join(SCOPES)}) and --area")
    key = secrets.token_urlsafe(32)
    expires = (clock.now() + timedelta(days=days)).isoformat()
    entry = {"name": name, "sha256": hashed(key), "scopes": scopes, "areas": areas, "expires": expires}
    write_whole(home.api_keys, json.dumps([*_others(home, name), entry], indent=1), 0o600)
    return key


def _others(home: Home, name: str) -> list[dict[str, Any]]:
    """Return the keys of other names."""
    advice = "restore it from a backup of the secrets, or remove it and make each machine a new key"
    known = read_json(home.api_keys, list, advice) if home.api_keys.exists() else []
    return [entry for entry in known if entry["name"] != name]
