"""Identities: the vault, linkage of records without a document number, review of links."""
