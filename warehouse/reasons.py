"""The one rule for a stated reason: a sentence that somebody else can read later."""

from __future__ import annotations

import unicodedata

from warehouse.errors import UsageError

SHORTEST = 10  # visible characters
LONGEST = 500  # characters
FEWEST_LETTERS = 5  # different ones
RULE = f"say in a sentence why ({SHORTEST} to {LONGEST} characters, two words or more)"


def stated(text: str, where: str = "--reason") -> str:
    """Return a reason in one line, its blanks made single.

    Args:
        text: what somebody wrote.
        where: the option or field, for the message.

    Raises:
        UsageError: it says nothing: too short or too long, one word, dots, characters that nobody sees, or the same
            few letters again and again.
    """
    reason = " ".join(unicodedata.normalize("NFC", text).split())
    if not is_stated(reason):
        raise UsageError(f"{where}: {RULE}")
    return reason


def is_stated(reason: str) -> bool:
    """Return whether a text says something."""
    if len(reason) > LONGEST or any(map(_is_unseen, reason)):
        return False
    n_words = sum(sum(map(str.isalpha, word)) > 1 for word in reason.split())
    letters = set(map(str.casefold, filter(str.isalpha, reason)))
    return n_words > 1 and len(letters) >= FEWEST_LETTERS and len(reason) - reason.count(" ") >= SHORTEST


def _is_unseen(character: str) -> bool:
    """Return whether a character shows nothing or changes how others show: controls, formats, private, unassigned."""
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
