"""What the firewall lets pass although its rules would refuse it: the one list of exceptions, each with its reason.

Whoever adds a line says why nobody learns of a child by it; a test asks that each is still needed.
"""

from __future__ import annotations

# Model and key by which rows are put in order after all else is equal (never first, never alone) → why.
TIES = {
    ("*", "_line"): "of what one file says twice of one thing the last line counts; the line is told to nobody",
    (
        "scores.risk_scores",
        "child_key",
    ): "children of equal risk need a fixed order; which of them comes first tells no digits",
    ("intermediate.int_lists__changes", "child_key"): "the rank of a former list, in the order in which it was made",
    (
        "intermediate.int_children__merges",
        "child_key",
    ): "of two keys that hold on one day to one depth the lower one stays",
    (
        "intermediate.int_pupils__as_of",
        "child_key",
    ): "of two equal enrollments of one person that of the lower key counts",
    ("service.school_years", "child_key"): "as in int_pupils__as_of: of two equal enrollments of one person",
}

# Models that read how many rows of protection came, and tell them to the nearest five and never of few → how.
TELLERS = {
    "operations.deliveries": "with_told_rows: accepted and quarantined rows, the whole being their sum",
    "intermediate.int_deliveries__quarantined_shares": "with_told_rows: the share is one of told numbers",
    "operations.quarantine_reasons": "told_count: of each file, column and reason",
    "operations.withheld_periods": "told_text: both numbers of a sentence, of every source",
}
