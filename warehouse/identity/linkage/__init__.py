"""Probabilistic linkage of records without document numbers to children, inside the vault."""
