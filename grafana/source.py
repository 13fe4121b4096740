"""The one data source of each Grafana: what dashboards, provisioning and the gate must say alike of it."""

from __future__ import annotations

from pathlib import Path

PROVISIONING = Path(__file__).with_name("provisioning")
UID = "qhawaq"
TYPE = "motherduck-duckdb-datasource"
TABLE = 1  # the plugin's number for a table; it takes 0, a series, where none is given
CATALOG = "qhawaq.main"  # a mart's full name: a reader's temporary table of the same name does not take its place
# All that can be locked is locked in the path: SQL that runs at a start is not run again where the source opens anew.
OPTIONS = {
    "access_mode": "READ_ONLY",  # without it the plugin opens for writing: a read-only mount then shows nothing at all
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "max_temp_directory_size": "0B",
    "memory_limit": "512MB",
    "threads": "2",
    "lock_configuration": "true",
}
PATH = "/current.duckdb?" + "&".join(f"{name}={value}" for name, value in OPTIONS.items())
