"""Key figures of the service, whichever store is there (§10.8)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.adapters.memory.figures import MemoryFigures
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pages import PostgresPages
from services.core.changes import Changes
from services.core.model import ContactId, Item, Obligation, PersonId
from services.core.ports.figures import Figures, KeyFigures, Split
from services.core.words import AttemptState, Channel, Choice, DigitalEase, Evidence, Kind, ObligationState, ReplyEffect
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, item, obligation, person, reply

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_S = ObligationState


@pytest.fixture
def figures(store: AnyStore, request: pytest.FixtureRequest) -> Figures:
    """The figures over the same store."""
    if isinstance(store, MemoryStore):
        return MemoryFigures(store)
    pool: Pool = request.getfixturevalue("pool")
    return PostgresPages(pool)


def _due(
    name: str, who: PersonId = LUC, state: ObligationState = _S.MISSED, evidence: Evidence = Evidence.E2, **changed: Any
) -> Obligation:
    """A meeting of yesterday, missed."""
    at = changed.pop("due_at", NOW - DAY)
    return obligation(name, who, state=state, evidence=evidence, due_at=at, **changed)


def _item(name: str) -> tuple[Item, ...]:
    return (item(name),)


async def _stored(store: AnyStore, rows: Changes) -> None:
    async with store.unit() as unit:
        await unit.lock({row.person_id for row in rows.profiles} | {row.person_id for row in rows.obligations})
        await unit.write(rows)


async def test_nothing_was_due(figures: Figures) -> None:
    """One line of noughts, and no median of nothing."""
    empty = KeyFigures(split=Split.ALL, value="", due=0, proved=0, unflagged=0, margin_p50=None, margin_p90=None, alerts=0, acted=0)
    assert list(await figures.key_figures(NOW)) == [empty]


async def test_which_duties_count(store: AnyStore, figures: Figures) -> None:
    """Of the last 30 days, with an outcome; not our own questions about a contact point, nothing cancelled, nothing ahead."""
    rows = Changes(profiles=[person(LUC)])
    rows.obligations += [
        _due("rdv:1", state=_S.DONE, evidence=Evidence.E5, evidence_at=NOW - DAY - HOUR),
        _due("rdv:2", due_at=NOW - 30 * DAY),
        _due("rdv:3", due_at=NOW + HOUR, state=_S.ACKNOWLEDGED),
        _due("rdv:4", state=_S.CANCELLED),
        _due("contact:1", kind=Kind.CONTACT),
        _due("rdv:5", due_at=NOW, state=_S.OPEN),
    ]
    await _stored(store, rows)
    whole = (await figures.key_figures(NOW))[0]
    assert (whole.split, whole.due, whole.proved, whole.unflagged) == (Split.ALL, 1, 1, 0)


async def test_proved_before_the_date_and_lost_without_a_word(store: AnyStore, figures: Figures) -> None:
    """Proved afterwards does not count; what an advisor was told of before is not unflagged; an unknown outcome is no loss."""
    rows = Changes(profiles=[person(LUC)])
    rows.obligations += [
        _due("rdv:1", evidence=Evidence.E3, evidence_at=NOW - 2 * DAY, state=_S.ACKNOWLEDGED),
        _due("rdv:2", evidence=Evidence.E4, evidence_at=NOW - HOUR),
        _due("rdv:3"),
        _due("rdv:4"),
        _due("rdv:5"),
        _due("rdv:6", state=_S.LAPSED),
        _due("act:2026-10:luc", state=_S.LAPSED, kind=Kind.ACTUALISATION),
    ]
    rows.alerts += [
        alert("al4", obligation_id="rdv:4", raised_at=NOW - 2 * DAY),
        # too late to do anything
        alert("al5", obligation_id="rdv:5", raised_at=NOW - HOUR),
    ]
    await _stored(store, rows)
    whole = (await figures.key_figures(NOW))[0]
    assert (whole.due, whole.proved, whole.unflagged) == (7, 1, 3)


async def test_margins_and_what_was_acted_on(store: AnyStore, figures: Figures) -> None:
    """From the first alert of a duty to its date; acted means claimed, or settled by somebody, before the date."""
    due = NOW - DAY
    rows = Changes(profiles=[person(LUC)])
    rows.obligations += [_due(f"rdv:{n}", due_at=due) for n in range(1, 5)]
    rows.alerts += [
        alert("al1", obligation_id="rdv:1", raised_at=due - HOUR, claimed_by="adv", claimed_at=due - HOUR / 2),
        alert("al2", obligation_id="rdv:2", raised_at=due - 2 * HOUR, closed_at=due - HOUR, close_reason="handled"),
        alert("al3", obligation_id="rdv:3", raised_at=due - 3 * HOUR, closed_at=due - HOUR, close_reason="acknowledged"),
        alert("al4", obligation_id="rdv:4", raised_at=due - 4 * HOUR, claimed_by="adv", claimed_at=due + HOUR),
    ]
    await _stored(store, rows)
    whole = (await figures.key_figures(NOW))[0]
    assert (whole.margin_p50, whole.margin_p90, whole.alerts, whole.acted) == (2 * HOUR, 4 * HOUR, 4, 2)


async def test_the_splits(store: AnyStore, figures: Figures) -> None:
    """Ease with digital tools, channel of the first message, département (three digits overseas); people who were erased are unknown."""
    rows = Changes(profiles=[person(LUC, digital_ease=DigitalEase.OFFLINE), person(ANNIE, postal_code="97400")])
    gone = PersonId("gone")
    rows.obligations += [_due("rdv:1"), _due("rdv:2", ANNIE), _due("rdv:3", gone)]
    sent: dict[str, Any] = {"state": AttemptState.DELIVERED, "submitted_at": NOW - 3 * DAY}
    later: dict[str, Any] = {"state": AttemptState.DELIVERED, "submitted_at": NOW - 2 * DAY}
    rows.attempts += [
        attempt("a1", LUC, items=_item("rdv:1"), channel=Channel.VOICE, **sent),
        attempt("a2", LUC, items=_item("rdv:1"), channel=Channel.SMS, contact_id=ContactId("autre"), **later),
        attempt("a3", ANNIE, items=_item("rdv:2"), **sent),
    ]
    await _stored(store, rows)
    found: Sequence[KeyFigures] = await figures.key_figures(NOW)
    assert [(row.split, row.value, row.due) for row in found] == [
        (Split.ALL, "", 3),
        (Split.SEGMENT, "offline", 1),
        (Split.SEGMENT, "unknown", 2),
        (Split.CHANNEL, "", 1),
        (Split.CHANNEL, "sms", 1),
        (Split.CHANNEL, "voice", 1),
        (Split.DEPARTMENT, "", 1),
        (Split.DEPARTMENT, "59", 1),
        (Split.DEPARTMENT, "974", 1),
    ]


async def test_who_said_come_and_was_not_there(store: AnyStore, figures: Figures) -> None:
    """The last answer of this revision before the date counts; an outcome that nobody told says nothing, nor does an actualisation."""
    rows = Changes(profiles=[person(LUC)])
    rows.obligations += [
        _due("rdv:1"),
        _due("rdv:2", state=_S.DONE),
        _due("rdv:3"),
        _due("rdv:4", state=_S.LAPSED),
        _due("rdv:5"),
        _due("rdv:6", revision=2),
        _due("rdv:7"),
        _due("act:2026-10:luc", state=_S.DONE, kind=Kind.ACTUALISATION),
    ]
    come: dict[str, Any] = {"choice": Choice.COME, "effect": ReplyEffect.ACKNOWLEDGED, "revision": 1}
    early, late = NOW - 3 * DAY, NOW - 2 * DAY
    rows.replies += [
        *(reply(f"y{n}", obligation_id=f"rdv:{n}", at=late, **come) for n in (1, 2, 4, 6)),
        reply("ya", obligation_id="act:2026-10:luc", at=late, **come),
        reply("y3a", obligation_id="rdv:3", at=early, **come),
        reply("y3b", obligation_id="rdv:3", at=late, **{**come, "choice": Choice.CANNOT_COME}),
        reply("y5", obligation_id="rdv:5", at=late, **{**come, "effect": ReplyEffect.BOT_SUSPECT}),
        reply("y7", obligation_id="rdv:7", at=NOW, **come),
    ]
    await _stored(store, rows)
    whole = (await figures.key_figures(NOW))[0]
    assert (whole.said_come, whole.false_acks) == (2, 1)
