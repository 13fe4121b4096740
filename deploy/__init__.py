"""Running the system: Airflow on one machine, containers, units."""
