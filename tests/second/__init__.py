"""A second implementation of every definition: slow, obvious, by the sentences of docs/definitions.md.

It reads raw rows and imports nothing of ours, so that what it shares with the warehouse is the sentences alone.
"""
