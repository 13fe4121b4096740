"""Telling people what is new for them, once: who hears of what, an outbox, and the ways to reach them."""
