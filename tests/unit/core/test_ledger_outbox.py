"""The ledger's messages for others, whole (contracts §3), and the lines of what did not go out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.alarms import Alarm, AlarmId
from services.core.changes import Changes, JournalLine, Outgoing, Wake
from services.core.ledger import Ledger
from services.core.model import Alert, AlertId, Fact, Item, ObligationId, PersonId
from services.core.words import (
    AlarmType,
    AlertType,
    Channel,
    Routed,
    Severity,
    Step,
    Why,
)
from tests.unit.core.scene import LEILA, NOW, attempt, meeting

LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=1)


def _outgoing(topic: str, type_: str, key: str, subject: str, data: dict[str, object], shard: str = LEILA) -> Outgoing:
    return Outgoing(topic=topic, key=key, type=type_, subject=subject, data=data, shard_key=shard, at=LATER)


def _line(what: str, **fields: object) -> JournalLine:
    return JournalLine(at=LATER, what=what, fields=fields)


# ---- what goes out


def test_a_dispatch_names_the_message_and_carries_no_personal_data() -> None:
    """Identifiers, items and instants; neither number nor words (contracts §3)."""
    ledger = Ledger(LATER)
    duty = meeting()
    items = (
        Item(obligation_id=duty.obligation_id, revision=1, step=Step.R2),
        Item(obligation_id=ObligationId("act:2026-11:leila"), revision=2, step=Step.A5, occurrence=2),
    )
    row = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail", items=items, release_at=NOW, not_after=LATER)
    ledger.dispatch(row)
    data: dict[str, object] = {
        "attempt_id": "a1",
        "person_id": "leila",
        "channel": "email",
        "contact_id": "mail",
        "items": [
            {"obligation_id": "cv:1", "revision": 1, "step": "R2", "occurrence": 1},
            {"obligation_id": "act:2026-11:leila", "revision": 2, "step": "A5", "occurrence": 2},
        ],
        "release_at": NOW,
        "not_after": LATER,
    }
    assert ledger.changes == Changes(outbox=[_outgoing("dispatch.email.v1", "dispatch.requested", "leila", "a1", data)])


def _alert(**changed: object) -> Alert:
    row = Alert(
        alert_id=AlertId("al-1"),
        type=AlertType.CANNOT_COME,
        severity=Severity.HIGH,
        person_id=PersonId("leila"),
        agency_id="agence",
        routed=Routed.AGENCY,
        next_action="call_back",
        act_by=LATER,
        raised_at=NOW,
        updated_at=LATER,
    )
    return replace(row, **changed)  # type: ignore[arg-type]


def test_an_alert_tells_everything_that_is_known() -> None:
    """Codes for tools, words for people, and whose it is (contracts §3)."""
    ledger = Ledger(LATER)
    row = _alert(
        obligation_id=ObligationId("cv:1"),
        advisor_id="adv",
        routed=Routed.REFERENT,
        claimed_by="bak",
        deadline=LATER,
        known=(Fact(code="declined", parameters={"at": "x"}), Fact(code="plain")),
    )
    ledger.alert(row, "alert.updated", ["ne peut pas venir", "simple"], "rappeler")
    data: dict[str, object] = {
        "alert_id": "al-1",
        "type": "CANNOT_COME",
        "severity": "high",
        "person_id": "leila",
        "obligation_id": "cv:1",
        "agency_id": "agence",
        "advisor_id": "adv",
        "routed": "referent",
        "claimed_by": "bak",
        "deadline": LATER,
        "known": [{"code": "declined", "parameters": {"at": "x"}}, {"code": "plain", "parameters": {}}],
        "known_text": ["ne peut pas venir", "simple"],
        "next_action": "call_back",
        "next_action_text": "rappeler",
        "act_by": LATER,
        "raised_at": NOW,
    }
    assert ledger.changes == Changes(alerts=[row], outbox=[_outgoing("alerts.v1", "alert.updated", "agence", "al-1", data)])


@pytest.mark.parametrize("about", [None, "contact:tel"])
def test_an_alert_leaves_out_what_is_not_there(about: str | None) -> None:
    """No advisor, no deadline, no duty; a question of ours is not a duty that others know (contracts §3)."""
    ledger = Ledger(LATER)
    row = _alert(obligation_id=about)
    ledger.alert(row, "alert.raised", [], "rappeler")
    data: dict[str, object] = {
        "alert_id": "al-1",
        "type": "CANNOT_COME",
        "severity": "high",
        "person_id": "leila",
        "agency_id": "agence",
        "routed": "agency",
        "known": [],
        "known_text": [],
        "next_action": "call_back",
        "next_action_text": "rappeler",
        "act_by": LATER,
        "raised_at": NOW,
    }
    assert ledger.changes == Changes(alerts=[row], outbox=[_outgoing("alerts.v1", "alert.raised", "agence", "al-1", data)])


def test_an_alarm_is_told_when_it_rings_and_when_it_ends() -> None:
    """Type, scope, figures and beginning; the journal has it when it rings only (contracts §3)."""
    ring = Alarm(
        alarm_id=AlarmId("ar-1"),
        type=AlarmType.PROVIDER_DOWN,
        scope="smsc",
        channel=Channel.SMS,
        figures={"failed": 20.0},
        since=NOW,
        raised_at=LATER,
    )
    over = replace(ring, cleared_at=LATER)
    data: dict[str, object] = {"type": "PROVIDER_DOWN", "scope": "smsc", "figures": {"failed": 20.0}, "since": NOW}
    ledger = Ledger(LATER)
    ledger.alarm(ring)
    ledger.alarm(over)
    assert ledger.changes == Changes(
        alarms=[ring, over],
        journal=[_line("alarm", type="PROVIDER_DOWN", scope="smsc", figures={"failed": 20.0})],
        outbox=[
            _outgoing("alarms.v1", type_, "PROVIDER_DOWN", "PROVIDER_DOWN", data, "PROVIDER_DOWN")
            for type_ in ("alarm.raised", "alarm.cleared")
        ],
    )


def test_each_item_of_a_message_that_is_left_out_has_its_line() -> None:
    """A bundle that is not sent is two things that did not happen, with the reason (§10.1)."""
    ledger = Ledger(LATER)
    duty = meeting()
    items = (
        Item(obligation_id=duty.obligation_id, revision=1, step=Step.R2),
        Item(obligation_id=ObligationId("cv:2"), revision=1, step=Step.R1),
    )
    ledger.skipped(attempt(about=duty, items=items), "skipped", Why.CAP_REACHED)
    assert ledger.changes == Changes(
        journal=[
            _line("skipped", channel="sms", person="leila", obligation=about, step=step, reason="cap_reached")
            for about, step in (("cv:1", "R2"), ("cv:2", "R1"))
        ]
    )


def test_changes_of_two_steps_are_one() -> None:
    """Every list of the other is appended to ours, in order."""
    one, other = Changes(), Changes()
    one.obligations.append(meeting("cv:1"))
    other.obligations.append(meeting("cv:2"))
    other.removed_people.append(LEILA)
    other.wakes.append(Wake(person_id=LEILA, live_at=NOW, campaign_at=None))
    one.take(other)
    assert one == Changes(obligations=[meeting("cv:1"), meeting("cv:2")], removed_people=[LEILA], wakes=list(other.wakes))
