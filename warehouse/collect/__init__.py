"""Collection of deliveries from APIs into the inbox, where landing takes them like any file."""
