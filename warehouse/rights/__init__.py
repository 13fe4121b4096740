"""A family's rights over its child's data, retention periods, erasure, and the proof of deletions."""
