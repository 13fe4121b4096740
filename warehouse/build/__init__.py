"""Building with dbt: the runs, closed as-of dates, results of tests, what a change alters, the catalog of features."""
