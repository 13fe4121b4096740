"""Notification of schools, UGELs and senders: recipients, digests, an outbox and channels; each entry once."""
