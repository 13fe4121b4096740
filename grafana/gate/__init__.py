"""The gate before a Grafana: only what its own dashboards ask passes.

Whoever may look at a dashboard may send any SQL to its data source; Grafana has no switch against that. The gate is a
reverse proxy with two lists: of paths (`routes`), and of the SQL of the provisioned files (`queries`). It also tells
Grafana of each release that publishing switches to (`follow`). Who edits dashboards does so beside it, on a copy.
"""
