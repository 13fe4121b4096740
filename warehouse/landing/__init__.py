"""Landing: from files in the inbox to raw tables, ledger, quarantine, vault and archive.

`land.py` holds the order of the steps of a delivery; each step is a module of its own.
"""
