"""Whatever is cut off, everybody hears once of what is new for them."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.notify.conftest import NOON, SCHOOL, Place
from warehouse.notify import channels, notification, outbox, recipients
from warehouse.notify.notification import Round
from warehouse.notify.outbox import Content, Entry, EntryKind
from warehouse.progress import Progress
from warehouse.settings import Home


class CutOff(BaseException):
    """Ends a round as a kill does."""


ROUNDS = st.lists(
    st.tuples(st.frozensets(st.integers(0, 6), max_size=7), st.sampled_from(["", "before", "after", "refused"])),
    min_size=1,
    max_size=8,
)


@dataclass
class Receiver:
    """Takes a message, or is cut off before or after it has it, or refuses."""

    fault: str = ""
    arrived: dict[str, Content] = field(default_factory=dict)

    def take(self, message: outbox.Message, *_: object) -> None:
        if self.fault == "refused":
            raise channels.NotTaken("a")
        if self.fault != "before":
            assert self.arrived.setdefault(message.id, message.content) == message.content
        if self.fault:
            raise CutOff


@given(rounds=ROUNDS)
@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_cut_off_each_entry_is_told_once(
    rounds: list[tuple[frozenset[int], str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One recipient, any sequence of lists: as many messages tell of a child as it came onto the list."""
    home, receiver = Home(tmp_path_factory.mktemp("box")), Receiver()
    everyone = {"a": recipients.Recipient("a", "school", SCHOOL, "webhook", "https://x", None, False)}
    every = [*rounds, (rounds[-1][0], "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "send", receiver.take)
        for at, (listed, receiver.fault) in enumerate(every):
            entries = [Entry("a", EntryKind.LISTED, str(child)) for child in listed]
            with outbox.opened(home) as box, suppress(CutOff):
                box.take_up(entries, f"{at:03d}")
                if waiting := box.waiting(entries).get("a"):
                    content = Content("", " ".join(entry.item for entry in waiting), {}, "")
                    box.compose("a", waiting, content, NOON)
                notification.send(home, box, everyone, Progress(quiet=True), NOON, {})
    told = Counter(child for content in receiver.arrived.values() for child in content.text.split())
    before = [frozenset(), *(listed for listed, _ in every)]
    assert told == Counter(str(child) for old, (new, _) in zip(before, every, strict=False) for child in new - old)


@pytest.mark.parametrize("wanted", [30, pytest.param(200, marks=pytest.mark.faults)])
def test_over_many_kills_nobody_is_missed_or_told_twice(place: Place, wanted: int) -> None:
    """Real processes ended by SIGKILL at any moment, while the lists grow; the receivers know a number again."""
    chance = random.Random(7)
    names = [f"escuela{at}" for at in range(6)]
    for at, name in enumerate(names):
        place.hears(name, "school", f"000000{at}-0", ("webhook", "smtp")[at % 2])
    everyone: list[tuple[str, str]] = []
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warehouse.notify.notification", "tests.notify.test_cut_off"])
    arguments = (place.home.root, place.environment)
    kills, longest = 0, 0.5
    for at in range(1000):
        if at % 10 == 0:
            everyone += [(f"000000{chance.randrange(6)}-0", str(10**12 + at * 100 + one)) for one in range(7)]
            place.publish(everyone)
        process = context.Process(target=_round, args=arguments)
        begun = time.monotonic()
        process.start()
        process.join(chance.uniform(0, longest))
        if process.exitcode is None:
            process.kill()
            kills += 1
            process.join()
        else:
            longest = 0.8 * longest + 0.4 * (time.monotonic() - begun)
        if kills == wanted:
            break
    assert kills == wanted
    place.tell()
    assert place.tell() == Round(0, 0, 0, ())
    told = dict.fromkeys(names, 0)
    for one in place.hook.once.values():
        told[one["recipient"]] += one["counts"]["listed"]
    for one in place.mail.once.values():
        said = one["text"].split("- ")[1].split(" ")[0]
        told[one["to"][0].split("@")[0]] += 1 if said == "una" else int(said)
    assert told == {f"escuela{at}": sum(school == f"000000{at}-0" for school, _ in everyone) for at in range(6)}


def _round(root: Path, environment: dict[str, str]) -> None:
    notification.notify(Home(root), Progress(quiet=True), NOON, environment)
