"""Dashboards as code: what each audience's Grafana shows of the marts."""
