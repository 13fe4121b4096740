"""Landing: from files in the inbox to raw tables, ledger, quarantine, vault and archive.

The order of a delivery is in `land.py`; each step is a module of its own.
"""
