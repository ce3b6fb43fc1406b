"""The count from outside: a world without fault counts 0 everywhere, and each thing that may never happen is seen when it does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.core.words import Channel, Kind
from tests.chaos.behind import Arrival
from tests.chaos.facts import READ, AlertSeen, AttemptSeen, DutySeen, Facts
from tests.chaos.hours import CLOSES, Hours
from tests.chaos.judge import GRACE, Verdict, judge
from tests.chaos.people import Duty, Resident

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
OWNER = Resident(number=1, place=CLOSES, channel=Channel.SMS)
DUTY = Duty(obligation_id="cv:c1", kind=Kind.CONVOCATION, owner=OWNER, ends=False, events=())
HOURS = Hours(closes_at=NOW + timedelta(minutes=5), opens_at=NOW)
ROW = DutySeen(
    obligation_id="cv:c1", person_id=OWNER.id, state="open", evidence="E1", revision=1, version=2, due_at=NOW + timedelta(days=9),
    next_at=NOW + timedelta(days=1), non_receipt=False, verdict=None,
)  # fmt: skip
ATTEMPT = AttemptSeen(
    attempt_id="at-1", person_id=OWNER.id, channel=Channel.SMS, contact_id="p-m", items=(("cv:c1", 1, "N0", 1),), state="accepted",
    reason=None, tries=1, not_after=NOW + timedelta(hours=2), provider_ref="sms-1", token="token-1", claimed_at=NOW,
)  # fmt: skip
ARRIVAL = Arrival(channel=Channel.SMS, to=OWNER.phone, provider_ref="sms-1", text="Venez : http://ici/a/token-1", attempt_id=None, at=NOW)
ALERT = AlertSeen(alert_id="al-1", person_id=OWNER.id, obligation_id="cv:c1", type="UNCONFIRMED", open=True)


def told(**changes: Any) -> dict[str, Any]:
    """The newest record about the duty."""
    data = {"obligation_id": "cv:c1", "version": 2, "state": "open", "evidence": "E1", "revision": 1, "non_receipt": False}
    return {"id": str(changes.get("version", 2)), "type": "obligation.changed", "data": data | changes}


def raised(alert_id: str) -> dict[str, Any]:
    """An alert on the topic."""
    data = {"alert_id": alert_id, "person_id": OWNER.id, "obligation_id": "cv:c1", "type": "UNCONFIRMED"}
    return {"id": alert_id, "type": "alert.raised", "data": data}


WELL = Facts(
    at=NOW, duties=[ROW], attempts=[ATTEMPT], alerts=[], words=[("at-1", ARRIVAL.text)], outbox=0, published=3, quarantined=0,
    replied=frozenset(), topics={name: [] for name in READ} | {"obligations.v1": [told(version=1), told()]}, arrivals=[ARRIVAL],
    reported={}, answered=frozenset(), owners={OWNER.phone: OWNER.id},
)  # fmt: skip


def counted(facts: Facts, wrong_by: float = 0.0) -> Verdict:
    """The count over these facts."""
    return judge(facts, [DUTY], HOURS, lambda _: wrong_by)


def test_a_world_without_fault() -> None:
    """One duty, one message, its record: 0 everywhere."""
    verdict = counted(WELL)
    assert verdict.good, verdict.examples
    assert verdict.became == {"at a provider": 1}


def later(seconds: float) -> Arrival:
    """The message, so long after the window's end."""
    return replace(ARRIVAL, at=HOURS.closes_at + timedelta(seconds=seconds))


WRONG: dict[str, Callable[[], Facts]] = {
    "lost": lambda: replace(WELL, arrivals=[], attempts=[], duties=[replace(ROW, next_at=None)]),
    "sent twice": lambda: replace(WELL, arrivals=[ARRIVAL, replace(ARRIVAL, provider_ref="sms-2")]),
    "outside its hours": lambda: replace(WELL, arrivals=[later(GRACE + 1)]),
    "after its not_after": lambda: replace(WELL, attempts=[replace(ATTEMPT, not_after=NOW - timedelta(seconds=GRACE + 1))]),
    "open without a next step": lambda: replace(WELL, duties=[replace(ROW, next_at=NOW)]),
    "left in submitting": lambda: replace(WELL, attempts=[replace(ATTEMPT, state="submitting")]),
    "left in the outbox": lambda: replace(WELL, outbox=1),
    "alerts twice": lambda: replace(WELL, topics=WELL.topics | {"alerts.v1": [raised("al-1"), raised("al-2")]}),
    "topic differs from row": lambda: replace(WELL, topics=WELL.topics | {"obligations.v1": [told(state="done")]}),
    "order lost on obligations.v1": lambda: replace(WELL, topics=WELL.topics | {"obligations.v1": [told(), told(version=1)]}),
    "receipts lost": lambda: replace(WELL, reported={(Channel.SMS, "sms-1"): "delivered"}),
    "answers lost": lambda: replace(WELL, answered=frozenset({OWNER.id})),
    "in quarantine": lambda: replace(WELL, quarantined=1),
    "dead letters": lambda: replace(WELL, topics=WELL.topics | {"dead-letters.v1": [{"data": {"topic": "people.v1"}}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_each_thing_that_may_never_happen_is_seen(name: str) -> None:
    """Its own count is not 0, and says where."""
    verdict = counted(WRONG[name]())
    assert verdict.counts[name] > 0
    assert verdict.examples[name]
    assert not verdict.good


def test_an_advisor_who_knows_is_enough() -> None:
    """Nobody could be written to, and somebody was told: not lost, though never well."""
    verdict = counted(replace(WELL, arrivals=[], attempts=[], alerts=[ALERT]))
    assert verdict.counts["lost"] == 0
    assert verdict.became == {"an advisor knows": 1}


def test_all_counts_are_proven() -> None:
    """No count without a case in which it is not 0."""
    assert set(counted(WELL).counts) == set(WRONG)


def test_two_attempts_for_one_item_are_twice() -> None:
    """An item goes once by a channel to a contact point, whatever the messages are called (contracts §3)."""
    twin = replace(ATTEMPT, attempt_id="at-2", token="token-2", provider_ref="sms-2")
    arrivals = [ARRIVAL, replace(ARRIVAL, text="Venez : http://ici/a/token-2")]
    assert counted(replace(WELL, attempts=[ATTEMPT, twin], arrivals=arrivals)).counts["sent twice"] == 1


def test_a_wrong_clock_is_allowed_for() -> None:
    """While the sender's clock was wrong by so much, so much is not called outside."""
    outside = replace(WELL, arrivals=[later(GRACE + 5)])
    assert counted(outside, wrong_by=10).counts["outside its hours"] == 0


def test_a_message_that_nobody_knows_is_not_lost() -> None:
    """Claimed by somebody who died, never at the provider: its next step stands in the row."""
    verdict = counted(replace(WELL, arrivals=[], attempts=[replace(ATTEMPT, state="unknown")]))
    assert verdict.counts["lost"] == 0
    assert verdict.became == {"nobody knows, next step planned": 1}


def test_what_was_looked_at_is_counted() -> None:
    """Each count says among how many things it was made: 0 found among 0 would prove nothing."""
    looked = counted(WELL).looked
    assert set(looked) == set(WRONG)
    expected = {"lost": 1, "sent twice": 1, "outside its hours": 1, "after its not_after": 1, "left in the outbox": 3, "alerts twice": 0}
    assert {name: looked[name] for name in expected} == expected
    assert looked["order lost on obligations.v1"] == 2


def test_a_step_that_should_have_been_taken_is_seen_after_an_answer_too() -> None:
    """An acknowledged duty whose next step lies behind is one that nobody looks at any more."""
    assert counted(replace(WELL, duties=[replace(ROW, state="acknowledged", next_at=NOW)])).counts["open without a next step"] == 1
    assert counted(replace(WELL, duties=[replace(ROW, state="acknowledged", next_at=None)])).counts["open without a next step"] == 0


def test_what_is_within_the_grace_is_measured() -> None:
    """A busy machine is no finding and no secret: by how many seconds a boundary was passed at most stands in the report."""
    verdict = counted(replace(WELL, arrivals=[later(GRACE + 5)]), wrong_by=8)
    assert verdict.counts["outside its hours"] == 0
    assert verdict.passed_by["outside its hours"] == GRACE - 3


def test_what_cannot_be_told_from_others_is_said() -> None:
    """Two SMS of one person with the same words and no link: compared with the claims in number, and not called known."""
    alike = [replace(ARRIVAL, text="Venez"), replace(ARRIVAL, text="Venez")]
    twin = replace(ATTEMPT, attempt_id="at-2", token="token-2", items=(("cv:c1", 1, "R1", 1),))
    facts = replace(WELL, attempts=[ATTEMPT, twin], arrivals=alike, words=[("at-1", "Venez"), ("at-2", "Venez")])
    assert counted(WELL).named == 1
    assert counted(facts).named == 0
    assert counted(facts).counts["sent twice"] == 0
    assert counted(replace(facts, arrivals=[*alike, alike[0]])).counts["sent twice"] == 1
