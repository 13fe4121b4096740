"""What a viewer may try: statements for the data source, and requests for the server."""

from __future__ import annotations

import itertools
from typing import Any

FILES = ("/etc/passwd", "SECRET", "/proc/self/environ", "/run/secrets/grafana_password", "../../secrets/grafana_password",
         "/data/current.duckdb", "https://127.0.0.1:1/x", "s3://bucket/x")  # fmt: skip
READERS = ("read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_ndjson",
           "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "sniff_csv", "glob", "read_duckdb")  # fmt: skip
SETTINGS = ("enable_external_access", "lock_configuration", "memory_limit", "threads", "temp_directory", "home_directory",
            "allowed_paths", "allowed_directories", "autoload_known_extensions", "allow_community_extensions",
            "access_mode", "log_query_path", "secret_directory", "extension_directory", "custom_extension_repository",
            "max_temp_directory_size", "profiling_output", "enable_profiling", "search_path", "schema")  # fmt: skip
OTHERS = (
    "select * from '/etc/passwd'", "select * from 'SECRET'", "from 'SECRET'", "from read_text(['SECRET', '/etc/passwd'])",
    "select content from read_text((select 'SECRET'))", "with f as (from read_text('SECRET')) from f",
    "copy (select 1) to '/tmp/out.csv'", "copy (select 1) to 'out.parquet'", "copy release to '/data/out.csv'", "copy release from 'SECRET'",
    "export database '/tmp/out'", "import database '/tmp/out'", "attach '/tmp/out.duckdb' as other", "attach 'SECRET' as s (type sqlite)",
    "attach '/data/../officials/current.duckdb' as o", "attach ':memory:' as m", "attach 'ducklake:/tmp/x' as d", "detach qhawaq",
    "use memory", "create table t as select 1", "create table release as select 1", "create view release as select 1",
    "create schema s", "create macro f() as 1", "create sequence q", "create type y as enum ('a')", "create index i on release (release_id)",
    "drop table release", "drop view release", "alter table release rename to r", "alter table release add column x int",
    "insert into release select * from release", "update release set kind = 'real'", "delete from release", "truncate release",
    "create secret s (type s3)", "drop secret s", "create persistent secret s (type http)", "select * from duckdb_secrets()",
    "install httpfs", "load httpfs", "force install spatial", "install x from community", "load '/tmp/x.duckdb_extension'", "update extensions",
    "checkpoint", "force checkpoint", "vacuum", "analyze", "begin transaction", "commit", "rollback", "prepare p as select 1", "execute p",
    "pragma database_list", "pragma show_tables", "pragma enable_profiling", "pragma temp_directory='/tmp'", "pragma import_database('/tmp')",
    "call pragma_version()", "select * from duckdb_settings()", "select * from duckdb_tables()", "select * from duckdb_databases()",
    "select * from duckdb_logs", "select * from duckdb_temporary_files()", "select getenv('HOME')", "select current_setting('home_directory')",
    "select * from query('select 1')", "select * from query_table('release')", "select * from qhawaq.information_schema.tables",
    "select 1; select 2", "select 1 -- ", "/* */ select 1", "explain analyze select 1", "describe release", "summarize release",
    "show all tables", "select * from release", "select * from indicators limit 10", "select * from qhawaq.main.release", "values (1)",
    "select $1", "select * from (select 1)", "select 'x'", "", " ", "\x00", "select * from qhawaq.main.release order by 1 limit 1; drop table x",
)  # fmt: skip
# What would take a machine's time or end the source's process: for the gate only.
HEAVY = (
    "call enable_logging(storage = 'file')", "call enable_logging(storage = 'stdout')", "call enable_logging('FileSystem')",
    "select count(*) from range(100000000) a, range(100000000) b", "select count(*) from release a, release b, range(10000000000) c",
    "with recursive r as (select 1 as i union all select i + 1 from r) select count(*) from r", "select repeat('x', 2000000000)",
    "select list(i) from range(1000000000) t(i)", "create temp table indicators as select 1", "create temp table main.indicators as select 1",
    "create temp view priority_list as select 1", "create temp macro cast(x) as 1", "create or replace temp table release as select 'x' as release_id",
    "select regexp_full_match(repeat('a', 100000), '(a+)+b')", "select sleep_ms(100000)",
)  # fmt: skip
SET = [
    template.format(name)
    for name, template in itertools.product(
        SETTINGS, ("set {} = '1'", "reset {}", "set global {} = true", "pragma {}='x'")
    )
]
READ = [f"select * from {reader}('{file}')" for reader, file in itertools.product(READERS, FILES)]
HARMFUL = [*OTHERS, *READ, *SET]
STATEMENTS = [*HARMFUL, *HEAVY]

SAID = {"queries": [{"refId": "A", "datasource": {"type": "motherduck-duckdb-datasource", "uid": "qhawaq"}, "rawSql": "select 1", "format": 1}],
        "from": "now-6h", "to": "now"}  # fmt: skip
_SOURCE = (
    "/api/datasources/uid/qhawaq/health", "/api/datasources/1/health", "/api/datasources/uid/qhawaq/resources/tables",
    "/api/datasources/1/resources/x", "/api/datasources/proxy/1/", "/api/datasources/proxy/uid/qhawaq/x", "/api/datasources",
    "/api/datasources/uid/qhawaq", "/api/datasources/name/Qhawaq", "/api/datasources/id/Qhawaq",
    "/apis/query.grafana.app/v0alpha1/namespaces/default/query", "/apis/query.grafana.app/v0alpha1/namespaces/default/sqlschemas",
    "/apis/motherduck-duckdb-datasource.datasource.grafana.app/v0alpha1/namespaces/default/datasources/qhawaq/query",
    "/apis/datasource.grafana.app/v0alpha1/namespaces/default/connections", "/api/tsdb/query", "/api/query-history", "/api/queryhistory",
    "/api/live/ws", "/api/live/push/x", "/api/live/publish", "/api/live/list", "/api/annotations", "/api/annotations/graphite",
    "/api/public/dashboards/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/panels/1/query", "/public-dashboards/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "/api/snapshots", "/api/dashboard/snapshots", "/api/dashboards/db", "/api/dashboards/import", "/api/dashboards/calculate-diff",
    "/api/plugins/motherduck-duckdb-datasource/resources/x", "/api/plugins/motherduck-duckdb-datasource/health",
    "/api/plugins/motherduck-duckdb-datasource/metrics", "/api/plugin-proxy/x/y", "/api/ruler/grafana/api/v1/rules/x",
    "/api/v1/eval", "/api/v1/rule/test/grafana", "/api/v1/rule/backtest", "/api/alertmanager/grafana/config/api/v1/alerts",
    "/api/admin/settings", "/api/admin/users", "/api/admin/provisioning/datasources/reload", "/api/admin/stats", "/api/org/users",
    "/api/orgs", "/api/users", "/api/user/password", "/api/auth/keys", "/api/serviceaccounts", "/api/teams/search", "/api/library-elements",
    "/api/short-urls", "/api/gnet/x", "/api/frontend-metrics", "/metrics", "/debug/pprof/heap", "/render/d-solo/x", "/swagger", "/openapi/v3",
    "/api/ds/query/", "/api/ds//query", "/api/ds/%71uery", "/API/DS/QUERY", "/api/ds/query%3f", "/api/search/%2e%2e/ds/query",
)  # fmt: skip
PATHS: list[tuple[str, str, Any]] = [(method, path, SAID) for method in ("POST", "GET", "PUT") for path in _SOURCE
                                     if (method, path) != ("GET", "/api/annotations")]  # fmt: skip
