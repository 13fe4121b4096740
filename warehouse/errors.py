"""Errors a user can act on: each message says what, where, and what to do."""

from __future__ import annotations


class QhawaqError(Exception):
    """A failure that a person has to handle (exit 1)."""


class UsageError(QhawaqError):
    """Invalid arguments or configuration of a command (exit 2)."""


class HomeError(QhawaqError):
    """The home is missing, locked, or of the wrong kind."""


class HomeInUse(HomeError):
    """Another process has a database of the home open."""


class BuildFailed(QhawaqError):
    """A dbt model or test failed."""


class DamagedFile(QhawaqError):
    """A file of ours differs from its manifest."""


class NotWritten(QhawaqError):
    """A disk took something else than what was written."""
