"""However events are cut into batches and repeated, the facts end the same."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.events import Event, MeetingCancelled, MeetingScheduled, ReceiptReceived, ReplyReceived
from services.core.model import Case, ObligationId, Place
from services.core.words import Choice, Identity, Kind, ReceiptStatus, ReplyChannel
from tests.fixtures.steps import House
from tests.unit.core.scene import LEILA, NOW, attempt, case, meeting, paris

_QUICK = settings(max_examples=60, deadline=None, derandomize=True)


def _receipt(number: int, status: ReceiptStatus) -> Event:
    return ReceiptReceived(
        source="urn:a",
        event_id=f"r{number}",
        at=NOW,
        provider="a",
        provider_ref="ref-a1",
        status=status,
        raw_status=str(status),
        happened_at=NOW,
        received_at=NOW,
    )


def _reply(number: int, choice: Choice) -> Event:
    return ReplyReceived(
        source="urn:a",
        event_id=f"y{number}",
        at=NOW,
        channel=ReplyChannel.SMS,
        choice=choice,
        identity=Identity.NONE,
        person_id=LEILA,
        happened_at=NOW,
    )


def _change(number: int, revision: int, *, cancelled: bool) -> Event:
    about: dict[str, Any] = {
        "source": "urn:si",
        "event_id": f"e{number}",
        "at": NOW,
        "obligation_id": ObligationId("cv:1"),
        "revision": revision,
        "person_id": LEILA,
    }
    if cancelled:
        return MeetingCancelled(**about)
    starts_at = paris(f"2026-12-{revision + 1:02}", "10:30")
    return MeetingScheduled(**about, kind=Kind.CONVOCATION, starts_at=starts_at, place=Place(kind="agency", name="Agence"), purpose="Point")


@st.composite
def batches(draw: st.DrawFn, events: st.SearchStrategy[list[Event]]) -> tuple[list[Event], list[list[Event]]]:
    """The events in order, and the same in batches of which some come twice."""
    ordered = draw(events)
    cuts = sorted(draw(st.sets(st.integers(0, len(ordered)))))
    parts = [ordered[start:end] for start, end in zip([0, *cuts], [*cuts, len(ordered)], strict=True)]
    again = draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    return ordered, [part for part, twice in zip(parts, again, strict=True) for part in ([part, part] if twice else [part])]


feedback = st.lists(st.sampled_from(ReceiptStatus) | st.sampled_from(Choice), max_size=8).map(
    lambda words: [_receipt(place, word) if isinstance(word, ReceiptStatus) else _reply(place, word) for place, word in enumerate(words)]
)
changes = st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=8).map(
    lambda words: [_change(place, revision, cancelled=cancelled) for place, (revision, cancelled) in enumerate(words)]
)


async def _heard(parts: list[list[Event]]) -> Case:
    house = House()
    await house.stored(case(meeting(), attempts=(attempt(about=meeting()),)))
    for part in parts:
        await house.hear(*part)
    return await house.case()


async def _received(parts: list[list[Event]]) -> Case:
    house = House()
    for part in parts:
        if part:
            await house.receive(*(house.record(event) for event in part))
    async with house.store.unit() as unit:
        return (await unit.lock([LEILA]))[LEILA]


@_QUICK
@given(batches(feedback))
def test_receipts_and_answers_in_any_batches(cut: tuple[list[Event], list[list[Event]]]) -> None:
    """One by one, all at once, or some of it twice after a crash: the same messages, duties, points and answers (§4.4)."""
    ordered, parts = cut
    assert asyncio.run(_heard(parts)) == asyncio.run(_heard([[event] for event in ordered]))


@_QUICK
@given(batches(changes))
def test_changes_of_a_meeting_in_any_batches(cut: tuple[list[Event], list[list[Event]]]) -> None:
    """The same duty, in the same revision and state."""
    ordered, parts = cut
    assert asyncio.run(_received(parts)) == asyncio.run(_received([[event] for event in ordered]))
