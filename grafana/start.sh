#!/usr/bin/env bash
# Runs in the container: installs the plugin only if it is the one whose checksum was given, then starts Grafana.
set -euo pipefail
plugin=${PLUGIN_FILE:-/qhawaq/plugin.zip}
: "${QHAWAQ_PLUGIN_SHA256:?the checksum of the plugin is not set: Grafana does not start without it}"
if ! echo "$QHAWAQ_PLUGIN_SHA256  $plugin" | sha256sum --check --status; then
  echo "$plugin is not the plugin whose checksum is set (QHAWAQ_PLUGIN_SHA256): Grafana does not start" >&2
  exit 1
fi
export GF_PATHS_PLUGINS=${GF_PATHS_PLUGINS:-/var/lib/grafana/plugins}
mkdir -p "$GF_PATHS_PLUGINS"
grafana cli --pluginsDir "$GF_PATHS_PLUGINS" --pluginUrl "$plugin" plugins install motherduck-duckdb-datasource
exec "${GRAFANA_RUN:-/run.sh}"
