"""The state of a home in words: what `qhawaq run` ends with and `qhawaq status` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from warehouse import modes
from warehouse.errors import DamagedFile
from warehouse.files import read_json
from warehouse.landing import intake
from warehouse.publish import decisions, switching
from warehouse.settings import Home

Facts = Mapping[str, Any]  # as `status.json` holds them
AGAIN = "call 'qhawaq run': it writes it again"
COUNTED = ("landed", "refused", "duplicate", "delivered_rows", "accepted_rows", "quarantined_rows")
NEEDED = (*COUNTED, "quarantine", "refusals", "missing", "absent", "metrics")
KINDS = {"synthetic": "synthetic data, no real child", "real": "real data"}


def lines(home: Home, facts: Facts, landed: int | None = None) -> list[str]:
    """Return the state of a home, a fact a line.

    Args:
        home: the home.
        facts: of its last main job.
        landed: how many deliveries were new in a run that has just ended.
    """
    steps = facts.get("steps", {})
    day = steps.get("build", {}).get("today")
    return [
        f"Qhawaq{f', {day}' if day else ''} ({KINDS.get(_kind(home) or '', 'no home')})",
        *_deliveries(facts, landed),
        *(f"  missing      {source} {period}, region {region}" for source, period, region in facts["missing"]),
        *(f"  not to see   {topic}: {text}" for topic, text in facts["absent"]),
        *(f"  not whole    {topic}: {text}" for topic, text in facts.get("incomplete", ())),
        *_steps(steps),
        *_metrics(facts["metrics"]),
        *_notes(facts.get("notes", [])),
        *_published(home, steps.get("publish", {})),
    ]


def read(home: Home) -> dict[str, Any]:
    """Return the facts of the last main job.

    Raises:
        DamagedFile: the side file lacks some.
    """
    facts = read_json(home.status, dict, AGAIN)
    if lacking := [name for name in NEEDED if name not in facts]:
        raise DamagedFile(f"{home.status} is damaged, it lacks {', '.join(lacking)}: {AGAIN}")
    return facts


def is_whole(home: Home) -> bool:
    """Return whether the side file is there and can be shown."""
    try:
        lines(home, read(home))
    except (OSError, DamagedFile, *UNSHOWN):
        return False
    return True


UNSHOWN = (KeyError, TypeError, ValueError, AttributeError)  # of facts that are there and of another kind


def _kind(home: Home) -> str | None:
    try:
        return home.kind
    except (OSError, DamagedFile):
        return None


def _releases(home: Home) -> tuple[str | None, str | None]:
    """Return the current release, and the later one from which somebody went back to it."""
    try:
        return switching.current(home), switching.gone_back_from(home)
    except (OSError, DamagedFile):
        return None, None


def _waiting(home: Home) -> int:
    try:
        return len(intake.waiting(home.inbox))
    except OSError:
        return 0


def _unfinished(home: Home) -> list[str]:
    """Say which deletions were begun and have not ended, without opening what is noted of them."""
    erasures = len(list(home.erasing.glob("[0-9]*.age")))
    told = {
        "a deletion of what was kept long enough": home.retaining.exists(),
        f"the erasure of {erasures} persons": erasures > 0,
        "the erasure of persons who were erased after the backup": home.to_erase.exists(),
        "what families decided after the backup": home.to_decide.exists(),
        "the replacement of the secret": home.rotating.exists(),
        "the publication without persons who were erased": switching.shows_erased(home).exists(),
    }
    return [what for what, is_there in told.items() if is_there]


def _to_ask(home: Home) -> list[str]:
    """Say what families asked for and a restored backup could not carry out."""
    try:
        return [f"{one.kind} of {one.day}, child {one.child} {one.detail}" for one in decisions.read(home.to_ask)]
    except DamagedFile:
        return []


def known(home: Home) -> dict[str, Any]:
    """Return what is known of a home, however damaged: of what cannot be read nothing."""
    facts: dict[str, Any] = {"home": str(home.root), "kind": _kind(home), "waiting": _waiting(home)}
    facts |= {"unfinished": _unfinished(home), "to_ask": _to_ask(home)}
    return facts | (read(home) if is_whole(home) else {})


def shown(home: Home, facts: Facts) -> list[str]:
    """Return what is known of a home as lines."""
    passed_over = [f"  left         {name} {why}" for name, why in intake.passed_over(home.inbox).items()]
    state = lines(home, facts) if "steps" in facts else []
    ends = f"'qhawaq {'rotate-secret' if home.rotating.exists() else 'run'}' ends it"
    left = [
        *(f"  unfinished   {what}: {ends}" for what in facts["unfinished"]),
        *(f"  ask again    {what}: the restored backup lacks it" for what in facts["to_ask"]),
    ]
    return [*state, *_open(home), f"  waiting      {facts['waiting']} files in {home.inbox}", *passed_over, *left]


def _open(home: Home) -> Iterator[str]:
    """Say what others on this machine can read or write."""
    found = [path for path, _ in modes.wide(home)] if home.root.is_dir() else []
    if found:
        first = found[0] if found[0] == home.root else found[0].relative_to(home.root)
        yield f"  open         {len(found)} files and folders to others ({first}): what writes next narrows them"


def _deliveries(facts: Facts, landed: int | None) -> Iterator[str]:
    new = "" if landed is None else f"{landed} new; "
    yield f"  deliveries   {new}{facts['landed']} landed, {facts['refused']} refused, {facts['duplicate']} duplicate"
    yield (
        f"  rows         {facts['delivered_rows']:,} delivered = {facts['accepted_rows']:,} accepted "
        f"+ {facts['quarantined_rows']:,} quarantined"
    )
    yield from (f"               {n:,} of {source}: {reason}" for source, reason, n in facts["quarantine"])
    yield from (f"  refused      {file}: {reason}" for file, reason in facts["refusals"])


def _steps(steps: Facts) -> Iterator[str]:
    """Yield tests and the live model; an orchestrator that built the home keeps them in its own log."""
    build, score, deploy = (steps.get(name, {}) for name in ("build", "score", "deploy"))
    if "tests" in build and "tests" in score:
        tests = build["tests"] + score["tests"]
        models = build["models"] + score["models"]
        yield f"  tests        {tests} passed on {models} models"
    if "live" in deploy:
        yield f"  live         {deploy['live']} ({deploy['gate']})"


NOTES = {
    "gates": "no probability of {} (deciding years)",
    "drift": "no probability of {} (data unlike those that trained; train again)",
    "outcomes": "no probability of {} (what was announced did not come; train again)",
    "test_year": "the test year belies {} (decides nothing)",
}


def _notes(notes: list[list[Any]]) -> Iterator[str]:
    """Say where the live model's probabilities are withheld, and what the test year says against it."""
    for kind, segment, metric, value, low, high in notes:
        interval = "" if low is None else f" [{low:.2f}, {high:.2f}]"
        yield f"  model        {NOTES[kind].format(segment)}: {metric} {value:.2f}{interval}"


def _metrics(metrics: list[list[Any]]) -> Iterator[str]:
    for dataset, ranked_by, _, value, low, high in metrics:
        yield f"  {dataset:<12} {ranked_by:<18} precision at capacity {value:.3f} [{low:.3f}, {high:.3f}]"


def _published(home: Home, publish: Facts) -> Iterator[str]:
    if "release" in publish:
        current, later = _releases(home)
        release = f"{current or publish['release']}{f', gone back to from {later}' if later else ''}"
        yield f"  published    release {release}, {publish['files']} files in {home.serving}"
    yield f"  look at      {home.serving / 'officials' / 'current.duckdb'} with any DuckDB client; qhawaq status"
