"""Errors a user can act on: each message says what, where, and what to do."""

from __future__ import annotations


class QhawaqError(Exception):
    """Something failed that a person must know of (exit 1)."""


class UsageError(QhawaqError):
    """A command was called in a way that cannot work (exit 2)."""


class HomeError(QhawaqError):
    """The home is missing, locked, or of the wrong kind."""


class BuildFailed(QhawaqError):
    """A dbt model or test failed."""


class DamagedFile(QhawaqError):
    """A file of ours does not have the content that its manifest states."""
