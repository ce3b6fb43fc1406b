"""Made-up stories through every step of the product, on memory: with servers and processes away, crashes, shared numbers, erasure."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, note, settings

from services.adapters.memory.store import MemoryStore
from services.adapters.rendering.texts import JinjaTexts
from services.core.environment import Environment
from services.core.model import Attempt, Case, ObligationId, PersonId
from services.core.surroundings import environment_at
from services.core.words import ObligationState, Step
from services.simulator.app import memory_play, templates
from services.simulator.conductor import Conductor
from services.simulator.scenario.file import ActualisationEvent, Erase, MeetingEvent, Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.town import Held
from tests.properties import promises
from tests.properties.stories import CAUGHT_UP, stories

_QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_DEEP = settings(_QUICK, max_examples=2000, derandomize=False)
_TEXTS = JinjaTexts(templates())
_ENDED = frozenset((ObligationState.DONE, ObligationState.CANCELLED, ObligationState.MISSED, ObligationState.NOT_REQUIRED))
#: what is still said of a duty that has ended
_LAST_WORDS = frozenset((Step.CANCELLATION, Step.A6))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A story that was played to its end."""

    scenario: Scenario
    play: Conductor
    cases: Mapping[PersonId, Case]
    environment: Environment
    quarantined: list[tuple[PersonId, str | None]]

    @property
    def now(self) -> datetime:
        """When it ended."""
        return self.scenario.until

    def held(self, case: Case) -> list[tuple[Held, Attempt]]:
        """What this person got, with what we know of it."""
        known = {str(row.attempt_id): row for row in case.attempts}
        return [(held, known[held.attempt_id]) for held in self.play.town.messages(case.person_id) if held.attempt_id in known]


async def _played(text: str) -> End:
    scenario = parse_text(text, "made-up.yaml")
    assert isinstance(scenario, Scenario), scenario
    play = memory_play(scenario, _TEXTS)
    await play.play()
    store = play.stage.store
    assert isinstance(store, MemoryStore)
    rows = list(store._tables.people.all())
    async with store.unit() as unit:
        cases = await unit.load([row.person_id for row in rows if not row.erased])
        environment = await environment_at(unit, play.stage.snapshot, scenario.until)
    quarantined = [(row.person_id, row.quarantine_error) for row in rows if row.quarantined_at is not None]
    return End(scenario=scenario, play=play, cases=cases, environment=environment, quarantined=quarantined)


def _keeps_its_promises(text: str) -> None:
    note(text)
    end = asyncio.run(_played(text))
    assert not end.quarantined
    _no_try_twice(end)
    _nobody_erased_hears_more(end)
    _nothing_after_the_end(end)
    for case in end.cases.values():
        promises.each_item_once(case)
        if case.person is not None:
            promises.caps_hold(case, end.environment)
            for held, attempt in end.held(case):
                promises.good_moment(case, end.environment, attempt, held.at)
            _nothing_waits_for_ever(case, end)


def _no_try_twice(end: End) -> None:
    """A provider takes each message once, whatever dies and whatever is away."""
    for name in end.scenario.people:
        taken = Counter(held.attempt_id for held in end.play.town.messages(name))
        assert all(count == 1 for count in taken.values()), taken.most_common(1)


def _nobody_erased_hears_more(end: End) -> None:
    """Once an erasure has arrived, nothing goes out."""
    for event in end.scenario.events:
        if isinstance(event, Erase):
            late = [held for held in end.play.town.messages(event.person) if held.at > event.at + CAUGHT_UP]
            assert not late, (event, late[0].at)


def _nothing_after_the_end(end: End) -> None:
    """Once the source has said that a duty is cancelled, over or done, and it has not been opened again, nothing is said of it but that."""
    news: dict[ObligationId, list[MeetingEvent | ActualisationEvent]] = {}
    for event in end.scenario.events:
        if isinstance(event, ActualisationEvent):
            news.setdefault(ObligationId(f"act:{event.period}:{event.person}"), []).append(event)
        elif isinstance(event, MeetingEvent):
            kind = "cv" if event.word.startswith("convocation.") else "rdv"
            news.setdefault(ObligationId(f"{kind}:{event.id}"), []).append(event)
            if event.replaces is not None:
                news.setdefault(ObligationId(f"{kind}:{event.replaces}"), []).append(event)
    for case in end.cases.values():
        for duty in case.obligations:
            told = news.get(duty.obligation_id)
            if duty.state in _ENDED and told:
                over = told[-1].at + CAUGHT_UP
                after = [held for held in end.play.town.messages(case.person_id) if held.at > over and _speaks_of(held, duty.obligation_id)]
                assert not after, (duty.obligation_id, duty.state, after[0].at, after[0].steps)


def _speaks_of(held: Held, duty: ObligationId) -> bool:
    return any(said == duty and step not in _LAST_WORDS for said, step in zip(held.obligations, held.steps, strict=True))


def _nothing_waits_for_ever(case: Case, end: End) -> None:
    """Everything is decided; each duty that is still owed has a next instant ahead, or stands on somebody's list."""
    if end.play.away:
        return
    promises.nothing_new(case, end.environment, end.now)
    listed = {alert.obligation_id for alert in case.alerts if alert.closed_at is None}
    for duty in case.obligations:
        if duty.state in (ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED, ObligationState.HANDLED):
            assert (duty.next_at is not None and duty.next_at > end.now) or duty.obligation_id in listed, duty


@_QUICK
@given(stories())
def test_a_story_that_nobody_wrote_keeps_every_promise(text: str) -> None:
    """Nothing goes out twice, at night, too late, to who is forgotten or about what has ended; nothing is lost, nobody is quarantined."""
    _keeps_its_promises(text)


@pytest.mark.slow
@_DEEP
@given(stories())
def test_many_stories_that_nobody_wrote_keep_every_promise(text: str) -> None:
    """The same in two thousand stories, with fresh dice."""
    _keeps_its_promises(text)
