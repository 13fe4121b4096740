"""Which paths pass: what the dashboards' pages ask of Grafana, from signing in to signing out.

Recorded in Grafana 12.4 by a browser that opens every dashboard (`make test-grafana` does it again). Whatever
is not here is refused, also what a newer Grafana may bring: other ways to a data source (`/api/datasources/…`,
`/apis/query.grafana.app/…`), live channels, snapshots, shared pages, plugins, and all of administration.
"""

from __future__ import annotations

import re

QUERY = "/api/ds/query"
LOGIN = "/login"
# What a page loads; a plugin's program lies below /public too.
_LOADED = "js|css|json|svg|png|gif|jpg|webp|ico|woff2?|ttf|wasm|map"
_UID = r"[\w-]{1,60}"
_READ = (
    "/",
    "/(login|logout|robots.txt|healthz)",
    "/login/generic_oauth",
    f"/d/{_UID}(/{_UID})?",
    "/(dashboards|alerting|profile)",
    "/alerting/(list|grafana/[\\w-]{1,60}/view)",
    f"/public/[\\w./~@+-]+\\.({_LOADED})",
    "/avatar/[0-9a-f]+",
    "/api/(health|search|user|org|prometheus/grafana/api/v1/rules)",
    "/api/search/sorting",
    "/api/user/(orgs|preferences|stars|teams)",
    "/api/dashboards/home",
    f"/api/dashboards/uid/{_UID}",
    "/api/(annotations|ruler/grafana/api/v1/rules)",
    f"/api/plugins/{_UID}/settings",
    f"/api/folders/{_UID}",
    f"/apis/dashboard.grafana.app/v\\w+/namespaces/default/dashboards/{_UID}(/dto)?",
)
_FLAGS = "/apis/features.grafana.app/v0alpha1/namespaces/default/ofrep/v1/evaluate/flags"
_SENT = ("/login", "/api/login/ping", "/api/user/auth-tokens/rotate", _FLAGS)
ROUTES = {
    "GET": re.compile("|".join(_READ), re.ASCII),
    "HEAD": re.compile("|".join(_READ), re.ASCII),
    "POST": re.compile("|".join(map(re.escape, _SENT))),
}


def passes(method: str, raw_path: str) -> bool:
    """Say whether a request other than a query passes; `raw_path` is as it came, not decoded.

    A path that could be read in two ways is none of ours: no escapes, no dots as folders, no doubled slashes.
    """
    plain = "%" not in raw_path and "//" not in raw_path and not {"..", "."} & set(raw_path.split("/"))
    allowed = ROUTES.get(method)
    return plain and allowed is not None and allowed.fullmatch(raw_path) is not None
