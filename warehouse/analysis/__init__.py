"""What analysts ask: measures of the star, defined once in dbt's semantic models."""
