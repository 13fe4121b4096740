"""Linkage of records without document numbers to children, inside the vault; every link carries its probability."""
