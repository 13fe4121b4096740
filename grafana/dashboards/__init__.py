"""One module a dashboard; each has `AUDIENCE` and `make()`."""
