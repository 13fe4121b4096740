"""For auditors: lineage of a number to file and line, replays, explanations, registers, and the audit pack."""
