"""Keeping a home: copies of it, and what they are restored from."""
