"""The running service: predictions and reasons, children's pages by scope, and an access log."""
