"""Time splits, training, evaluation, registry, scoring and reasons; paths and tables are passed in."""
