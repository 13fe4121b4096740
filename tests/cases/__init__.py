"""The small broken deliveries of `shared/cases`, each with its stated outcome."""
