"""Measured ratios; nothing here is a test."""
