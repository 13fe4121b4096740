#!/usr/bin/env bash
# Runs in the container: installs the plugin only if it is the one whose checksum was given, then starts Grafana.
set -euo pipefail
plugin=${PLUGIN_FILE:-/qhawaq/plugin.zip}
: "${QHAWAQ_PLUGIN_SHA256:?the checksum of the plugin is not set: Grafana does not start without it}"
if ! echo "$QHAWAQ_PLUGIN_SHA256  $plugin" | sha256sum --check --status; then
  echo "$plugin is not the plugin whose checksum is set (QHAWAQ_PLUGIN_SHA256): Grafana does not start" >&2
  exit 1
fi
home=${GF_PATHS_HOME:-/usr/share/grafana}
data=${GF_PATHS_DATA:-/var/lib/grafana}
plugins=${GF_PATHS_PLUGINS:-/var/lib/grafana/plugins}
mkdir -p "$plugins"
grafana cli --homepath "$home" --pluginsDir "$plugins" --pluginUrl "$plugin" plugins install motherduck-duckdb-datasource
# Not as a variable: before 12.4 the plugin gets it, and changes settings of DuckDB by it, which are locked.
unset GF_PATHS_DATA
exec grafana server --homepath="$home" cfg:default.paths.data="$data" cfg:default.paths.plugins="$plugins" \
  cfg:default.paths.logs="$data/log" cfg:default.log.mode=console
