"""When things happen: the pipeline as Airflow DAGs. What happens stands in `warehouse`; here is no logic."""
