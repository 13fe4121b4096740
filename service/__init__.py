"""The running service: predictions and reasons, children's pages by scope, and a log of who saw whom."""
