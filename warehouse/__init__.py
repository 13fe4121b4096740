"""Python around the database."""
