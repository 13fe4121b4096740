"""Mutation testing of the SQL: small changes of compiled models, and which tests notice them."""
