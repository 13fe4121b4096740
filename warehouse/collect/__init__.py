"""Collecting deliveries from APIs; what is collected goes into the inbox, so that there is one way in."""
