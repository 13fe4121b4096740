"""`qhawaq serve`: the prediction service on 127.0.0.1."""

from __future__ import annotations

import click

from warehouse.progress import Progress
from warehouse.settings import Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from service.settings import Settings
    from warehouse.identity.linkage.review import LinkReview

Answer = TypeVar("Answer")

# Each request allocates and frees some thousand chunks of 16 KiB and more, of the C library and of DuckDB's jemalloc.
# Free lists that are too short are filled and emptied at every request, and glibc's grew long over it: features took
# 57 ms at first and 97 after 1,200 requests. With as many chunks kept for each thread as a request takes, they cost the
# same for good, and memory stays (docs/benchmarks.md); with 60,000 it grew for ten minutes.
ALLOCATORS = {
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000:glibc.malloc.tcache_max=262144",
    "DUCKDB_JE_MALLOC_CONF": f"tcache_nslots_large:1000,tcache_gc_incr_bytes:{2**30}",
}
CONSOLE = {"access_log": False, "log_level": "warning", "server_header": False, "date_header": False}


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True, help="On 127.0.0.1.")
@click.option("--new-key", metavar="NAME", help="Make an API key for a machine, print it once, and end.")
@click.option("--scope", multiple=True, help="With --new-key: predict, education, protection, identity, feedback.")
@click.option("--area", multiple=True, help="With --new-key: *, region:15, ugel:150101, school:CODE or province:1501.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long the key is good.")
@click.option("--verify-log", is_flag=True, help="Check the log of who saw whom, line by line, and end.")
@click.pass_obj
def serve(
    context: tuple[Home, Progress],
    port: int,
    new_key: str | None,
    scope: tuple[str, ...],
    area: tuple[str, ...],
    days: int,
    verify_log: bool,
) -> None:
    """Answer predictions, children's pages and identities over HTTP, to callers that are known.

    Tokens of an identity provider are accepted where QHAWAQ_OIDC_ISSUER, QHAWAQ_OIDC_AUDIENCE and QHAWAQ_OIDC_KEYS (a
    JWKS file) are given. TLS ends before it: it listens on 127.0.0.1 only.
    """
    from service import api_keys
    from service.home import verify_journal
    from service.run import run, with_allocators

    home = context[0].existing()
    if new_key:
        click.echo(api_keys.create(home, new_key, scopes=scope, areas=area, days=days))
    elif verify_log:
        click.echo(f"{verify_journal(home)} lines, each as it was written")
    else:
        _with_allocators()
        run(home, port)


def _with_allocators() -> None:
    """Begin again as the same process with what allocators read only when they start, unless somebody set it."""
    if not os.environ.keys() & ALLOCATORS.keys():
        os.execve(sys.executable, sys.orig_argv, os.environ | ALLOCATORS)  # noqa: S606  ourselves


def _check_scopes(scopes: tuple[str, ...], areas: tuple[str, ...]) -> None:
    from service.access import SCOPES

    if not scopes or not areas or set(scopes) - SCOPES.keys():
        raise UsageError(f"--new-key: name --scope ({', '.join(SCOPES)}) and --area")


def make_key(home: Home, name: str, scopes: tuple[str, ...], areas: tuple[str, ...], days: int) -> str:
    """Keep the hash of a new API key and return the key, which nothing else knows.

    Raises:
        UsageError: it would be good for nothing, or a scope does not exist.
    """
    from service.access import hashed

    _check_scopes(scopes, areas)
    key = secrets.token_urlsafe(32)
    expires = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    entry = {"name": name, "sha256": hashed(key), "scopes": scopes, "areas": areas, "expires": expires}
    known = json.loads(home.api_keys.read_text()) if home.api_keys.exists() else []
    kept = [one for one in known if one["name"] != name]  # a new key takes the place of the one before
    write_whole(home.api_keys, json.dumps([*kept, entry], indent=1))
    home.api_keys.chmod(0o600)
    return key


def verify(home: Home) -> int:
    """Return how many lines the log of who saw whom has.

    Raises:
        QhawaqError: a line was changed, removed or put in.
    """
    from service.journal import Broken, Journal

    if not home.journal.exists():
        return 0
    try:
        return sum(1 for _ in Journal(home.journal, _journal_key(home)).lines())
    except Broken as error:
        raise QhawaqError(str(error)) from None


def _journal_key(home: Home) -> bytes:
    from warehouse import keys

    return hmac.new(keys.load(home.secrets).secret.encode(), b"journal", hashlib.sha256).digest()


def settings(home: Home) -> Settings:
    """Return what the service is told of a home.

    Raises:
        QhawaqError: nothing is published or deployed yet.
    """
    from service.settings import Settings

    children = home.serving / "service" / "current.duckdb"
    if not (children.exists() and home.model_config.exists()):
        raise QhawaqError(f"{home.root} has nothing to serve yet: call 'qhawaq run' first")
    return Settings(
        model_config=home.model_config, models=home.models, children=children, journal=home.journal,
        journal_key=_journal_key(home), api_keys=home.api_keys, oidc=_oidc(),
        reveal=lambda child: reveal(home, child), record=lambda event: record(home, event),
        offices=home.serving / "protection", compare=lambda file, line: compare(home, file, line),
        decide=lambda decision: decide(home, decision),
    )  # fmt: skip


def _oidc():  # noqa: ANN202  ml's type, imported late
    from service.settings import Oidc

    given = [os.environ.get(f"QHAWAQ_OIDC_{name}") for name in ("ISSUER", "AUDIENCE", "KEYS")]
    return Oidc(given[0], given[1], Path(given[2])) if all(given) else None


def reveal(home: Home, child: int) -> dict[str, object] | None:
    """Return who a child is from the vault.

    Raises:
        Busy: landing writes the vault.
    """
    from warehouse.identity import vault

    identity = _of_vault(home, lambda db: vault.identity(db, child))
    return asdict(identity) if identity else None


def compare(home: Home, file: str, line: int) -> LinkReview | None:
    """Return a record without a document and the pupil that it may be of; None if nobody has to decide that.

    Raises:
        Busy: landing writes the vault.
    """
    from warehouse import contracts
    from warehouse.identity.linkage import review
    from warehouse.settings import DBT_PROJECT

    known = contracts.read(DBT_PROJECT).values()
    return _of_vault(home, lambda db: review.open_review(db, known, file, line))


def _of_vault(home: Home, asked: Callable[[DuckDBPyConnection], Answer]) -> Answer:
    """Ask the vault, opened read-only for this one question.

    Raises:
        Busy: landing writes it.
    """
    from service.settings import Busy
    from warehouse import database, keys

    db = database.scratch(home)
    try:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return asked(db)
    except QhawaqError:
        raise Busy("the vault is being written: again in a moment") from None
    finally:
        db.close()


def record(home: Home, event: dict[str, object]) -> Path:
    """Put what came of a case into the inbox as a delivery of one line; return the file."""
    return _deliver(home, "feedback_case_events", f"SEGUIMIENTO_CASOS_{event['ANIO']}", event)


def decide(home: Home, decision: dict[str, object]) -> Path:
    """Put what a person decided of a link into the inbox as a delivery of one line; return the file."""
    return _deliver(home, "link_decisions", f"REVISION_VINCULOS_{str(decision['FECHA'])[:4]}", decision)


def _deliver(home: Home, table: str, name: str, row: dict[str, object]) -> Path:
    from warehouse import contracts
    from warehouse.landing import inbox
    from warehouse.settings import DBT_PROJECT

    stem = f"{name}_{datetime.now(UTC):%Y%m%d}_F{secrets.token_hex(6).upper()}"
    return inbox.deliver(home, contracts.read(DBT_PROJECT)[table], stem, list(row), [list(row.values())])


def run(home: Home, port: int) -> None:
    """Serve until told to stop; what has begun is answered.

    Raises:
        QhawaqError: what was deployed and the model's file do not agree.
    """
    import uvicorn

    from service import api
    from service.live import Disagreement

    try:
        app = api.create(settings(home))
    except Disagreement as error:
        raise QhawaqError(str(error)) from None
    click.echo(f"http://127.0.0.1:{port}  ({app.state.service.current.live.version})")
    uvicorn.run(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=15, **CONSOLE)
