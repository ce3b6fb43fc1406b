"""The ledger: what each of its methods writes, whole: the row, the message for others (contracts §3), the journal line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.changes import Changes, JournalLine, Outgoing, Wake
from services.core.ledger import Ledger
from services.core.states import Happened, Moved
from services.core.words import (
    AttemptState,
    Channel,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    Verdict,
)
from tests.unit.core.scene import LEILA, NOW, actualisation, appointment, attempt, case, mailbox, meeting, mobile

LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=1)


def _outgoing(topic: str, type_: str, key: str, subject: str, data: dict[str, object], shard: str = LEILA) -> Outgoing:
    return Outgoing(topic=topic, key=key, type=type_, subject=subject, data=data, shard_key=shard, at=LATER)


def _line(what: str, **fields: object) -> JournalLine:
    return JournalLine(at=LATER, what=what, fields=fields)


def test_a_ledger_adds_to_the_changes_it_is_given() -> None:
    """A second step of one transaction continues the first one's changes; without any, it begins with none."""
    shared = Changes()
    Ledger(LATER, shared).line("first")
    Ledger(LATER, shared).line("second", number=2)
    assert shared == Changes(journal=[_line("first"), _line("second", number=2)])
    assert Ledger(LATER).changes == Changes()


def test_a_person_is_woken_in_one_lane() -> None:
    """A fact wakes in the lane of the living; an opening in the campaign's, so that it never stands before a convocation."""
    ledger = Ledger(LATER)
    ledger.wake(LEILA)
    ledger.wake(LEILA, campaign=True)
    assert ledger.changes.wakes == [
        Wake(person_id=LEILA, live_at=LATER, campaign_at=None, only_earlier=True),
        Wake(person_id=LEILA, live_at=None, campaign_at=LATER, only_earlier=True),
    ]


def test_a_second_change_of_a_person_builds_on_the_first() -> None:
    """Within a batch a case is read once: what the ledger changed of it replaces the rows read, in their order, and adds none."""
    one, two = meeting("cv:1"), meeting("cv:2")
    sent, other = attempt("a1", about=one), attempt("a2", about=two)
    phone, mail = mobile(), mailbox()
    before = case(one, two, contacts=(phone, mail), attempts=(sent, other))
    ledger = Ledger(LATER)
    assert ledger.onto(before) == before
    new_two = replace(two, state=ObligationState.HANDLED)
    new_one = replace(sent, state=AttemptState.DELIVERED)
    new_mail = replace(mail, status=ContactStatus.DISABLED)
    ledger.changes.obligations += [new_two, meeting("cv:3")]
    ledger.changes.attempts += [new_one, attempt("a3", about=one)]
    ledger.changes.contacts += [new_mail, mobile("new")]
    assert ledger.onto(before) == replace(before, obligations=(one, new_two), attempts=(new_one, other), contacts=(phone, new_mail))


# ---- obligations


def test_a_transition_changes_state_and_instant_and_is_journalled() -> None:
    """A duty moves through the table only, and the journal has both ends of the move."""
    ledger = Ledger(LATER)
    duty = meeting()
    assert ledger.moved(duty, Happened.DECLINED) == replace(duty, state=ObligationState.DECLINED, changed_at=LATER)
    line = _line("state", obligation="cv:1", person="leila", **{"from": "open", "to": "declined"})
    assert ledger.changes == Changes(journal=[line])


def test_a_transition_onto_itself_is_not_journalled() -> None:
    """A second « je viens » changes the instant, not the state."""
    ledger = Ledger(LATER)
    duty = meeting(state=ObligationState.ACKNOWLEDGED)
    assert ledger.moved(duty, Happened.CONFIRMED) == replace(duty, changed_at=LATER)
    assert ledger.changes == Changes()


def test_a_transition_the_table_does_not_know_changes_nothing() -> None:
    """Nobody declines what is done."""
    ledger = Ledger(LATER)
    duty = meeting(state=ObligationState.DONE)
    assert ledger.moved(duty, Happened.DECLINED) is duty
    assert ledger.changes == Changes()


@pytest.mark.parametrize("known", [Evidence.E2, Evidence.E3])
def test_evidence_only_rises(known: Evidence) -> None:
    """What is proved already is not proved again, and never lowered (§10.6)."""
    ledger = Ledger(LATER)
    duty = meeting(evidence=known, evidence_how="delivered", evidence_at=NOW)
    assert ledger.proved(duty, Evidence.E2, "voicemail_left", EARLIER) is duty
    assert ledger.changes == Changes()


def test_new_evidence_says_how_and_when_and_is_journalled() -> None:
    """The instant of the evidence is the provider's or the person's, the instant of the change is ours (§10.6)."""
    ledger = Ledger(LATER)
    duty = meeting(evidence=Evidence.E2, evidence_how="delivered", evidence_at=NOW)
    after = ledger.proved(duty, Evidence.E3, "sms", EARLIER)
    assert after == replace(duty, evidence=Evidence.E3, evidence_how="sms", evidence_at=EARLIER, changed_at=LATER)
    assert ledger.changes == Changes(journal=[_line("evidence", obligation="cv:1", person="leila", level="E3", how="sms")])


def test_a_presumption_can_be_withdrawn() -> None:
    """The letter came back: the duty stands at what the rest proves, nothing here (§10.6)."""
    ledger = Ledger(LATER)
    duty = meeting(evidence=Evidence.E2, evidence_how="presumed", evidence_at=NOW)
    after = ledger.withdrawn(duty, Evidence.E1, None, None)
    assert after == replace(duty, evidence=Evidence.E1, evidence_how=None, evidence_at=None, changed_at=LATER)
    assert ledger.withdrawn(duty, Evidence.E1, "accepted", EARLIER).evidence_at == EARLIER
    lines = [_line("evidence", obligation="cv:1", person="leila", level="E1", how=how) for how in (None, "accepted")]
    assert ledger.changes == Changes(journal=lines)


def test_a_new_duty_is_stored_and_published() -> None:
    """Version 1, only what is known, and the higher of the two revisions (contracts §3)."""
    ledger = Ledger(LATER)
    duty = meeting(revision=2, last_revision=3)
    after = ledger.obligation(None, duty)
    assert after == replace(duty, version=1, changed_at=LATER)
    data: dict[str, object] = {
        "obligation_id": "cv:1",
        "version": 1,
        "kind": "convocation",
        "person_id": "leila",
        "revision": 3,
        "state": "open",
        "evidence": "E0",
        "due_at": duty.due_at,
        "attempts": 0,
        "non_receipt": False,
        "changed_at": LATER,
    }
    message = _outgoing("obligations.v1", "obligation.changed", "cv:1", "cv:1", data)
    assert ledger.changes == Changes(obligations=[after], outbox=[message])


def test_a_changed_duty_is_published_with_all_that_is_known() -> None:
    """A sanction procedure reads evidence, refusal, verdict and the number of messages from one event (contracts §3)."""
    ledger = Ledger(LATER)
    before = meeting(version=4, revision=3, last_revision=2)
    changed = replace(
        before,
        state=ObligationState.MISSED,
        evidence=Evidence.E3,
        evidence_how="voice",
        declined_at=EARLIER,
        declined_reason="ill",
        non_receipt=True,
        verdict=Verdict.ABSENCE_ANNOUNCED,
    )
    after = ledger.obligation(before, changed, attempts=7)
    assert after == replace(changed, version=5, changed_at=LATER)
    data: dict[str, object] = {
        "obligation_id": "cv:1",
        "version": 5,
        "kind": "convocation",
        "person_id": "leila",
        "revision": 3,
        "state": "missed",
        "evidence": "E3",
        "evidence_how": "voice",
        "due_at": before.due_at,
        "attempts": 7,
        "declined_at": EARLIER,
        "declined_reason": "ill",
        "non_receipt": True,
        "verdict": "absence_announced",
        "changed_at": LATER,
    }
    assert ledger.changes == Changes(obligations=[after], outbox=[_outgoing("obligations.v1", "obligation.changed", "cv:1", "cv:1", data)])


def test_what_others_do_not_see_is_stored_and_not_published() -> None:
    """The next instant, our own version and the instant of a change say nothing to others: same version, no event."""
    ledger = Ledger(LATER)
    before = meeting(version=4)
    after = replace(before, next_at=LATER, version=5, changed_at=LATER, said_done_at=NOW)
    assert ledger.obligation(before, after, attempts=2) is after
    assert ledger.changes == Changes(obligations=[after])


@pytest.mark.parametrize(
    "changed",
    [
        {"state": ObligationState.HANDLED},
        {"evidence": Evidence.E1},
        {"evidence_how": "sms"},
        {"due_at": LATER},
        {"declined_at": NOW},
        {"declined_reason": "ill"},
        {"non_receipt": True},
        {"verdict": Verdict.PROVED},
        {"revision": 9},
        {"last_revision": 9},
    ],
)
def test_whatever_others_see_is_published_when_it_changes(changed: dict[str, object]) -> None:
    """Each field of ``obligation.changed`` counts (contracts §3)."""
    ledger = Ledger(LATER)
    before = meeting(version=4)
    after = ledger.obligation(before, replace(before, **changed))  # type: ignore[arg-type]
    assert after.version == 5
    assert [message.data["version"] for message in ledger.changes.outbox] == [5]


def test_our_own_question_about_a_contact_point_is_never_published() -> None:
    """« Est-ce votre numéro ? » is no duty: others hear nothing of it, new or changed (§10.7)."""
    ledger = Ledger(LATER)
    question = meeting("contact:tel", kind=Kind.CONTACT)
    changed = replace(question, state=ObligationState.ACKNOWLEDGED)
    assert ledger.obligation(None, question) is question
    assert ledger.obligation(question, changed) is changed
    assert ledger.changes == Changes(obligations=[question, changed])


def test_a_plain_opening_is_not_published_the_first_change_is() -> None:
    """Millions of openings would say nothing; one that is not required, or changes, does (contracts §3)."""
    ledger = Ledger(LATER)
    opened = actualisation()
    assert ledger.obligation(None, opened) is opened
    assert ledger.changes == Changes(obligations=[opened])
    done = ledger.obligation(opened, replace(opened, state=ObligationState.DONE))
    exempt = ledger.obligation(None, actualisation("2026-12", state=ObligationState.NOT_REQUIRED))
    assert ledger.changes.obligations == [opened, done, exempt]
    assert [message.data["state"] for message in ledger.changes.outbox] == ["done", "not_required"]


def test_a_new_appointment_is_published() -> None:
    """Only the plain opening of an actualisation is kept to ourselves (contracts §3)."""
    ledger = Ledger(LATER)
    ledger.obligation(None, appointment())
    assert [message.data["kind"] for message in ledger.changes.outbox] == ["appointment"]


# ---- attempts and contact points


def test_a_message_moves_through_its_table() -> None:
    """The row is stored with its news and its new state; a step the table does not know stores nothing."""
    ledger = Ledger(LATER)
    row = attempt(about=meeting(), delivered_at=LATER)
    assert ledger.attempt(row, Moved.CLAIMED) is None
    assert ledger.changes == Changes()
    after = ledger.attempt(row, Moved.DELIVERED)
    assert after == replace(row, state=AttemptState.DELIVERED)
    assert ledger.changes == Changes(attempts=[after])


@pytest.mark.parametrize("status", [ContactStatus.DISABLED, ContactStatus.SUSPECT])
def test_a_point_that_is_doubted_is_told_to_the_directory(status: ContactStatus) -> None:
    """Row, journal line and ``contact.observed`` (contracts §3)."""
    ledger = Ledger(LATER)
    phone = mobile()
    after = ledger.contact(phone, status, "failed_hard")
    assert after == replace(phone, status=status, status_reason="failed_hard", status_at=LATER)
    data: dict[str, object] = {
        "person_id": "leila",
        "contact_id": "tel",
        "channel": "phone",
        "observation": str(status),
        "reason": "failed_hard",
        "at": LATER,
    }
    assert ledger.changes == Changes(
        contacts=[after],
        journal=[_line("contact", person="leila", channel="phone", status=str(status), reason="failed_hard")],
        outbox=[_outgoing("contacts.v1", "contact.observed", "leila", "leila", data)],
    )


def test_a_point_that_works_is_not_news_to_the_directory() -> None:
    """An active point is stored and journalled; that it was verified is told on its own."""
    ledger = Ledger(LATER)
    mail = mailbox(status=ContactStatus.UNVERIFIED)
    after = ledger.contact(mail, ContactStatus.ACTIVE, "answered")
    assert ledger.changes == Changes(
        contacts=[after], journal=[_line("contact", person="leila", channel="email", status="active", reason="answered")]
    )


def test_one_use_of_a_point_is_closed_by_the_person() -> None:
    """STOP closes SMS beside what was closed before; the directory hears of the channel, not of the point's kind (§10.12)."""
    ledger = Ledger(LATER)
    phone = mobile(closed_channels=(Channel.VOICE,))
    after = ledger.closed_use(phone, Channel.SMS, "stop")
    assert after == replace(phone, closed_channels=(Channel.VOICE, Channel.SMS))
    data: dict[str, object] = {
        "person_id": "leila",
        "contact_id": "tel",
        "channel": "sms",
        "observation": "stopped",
        "reason": "stop",
        "at": LATER,
    }
    assert ledger.changes == Changes(
        contacts=[after],
        journal=[_line("contact", person="leila", channel="sms", status="disabled", reason="stop")],
        outbox=[_outgoing("contacts.v1", "contact.observed", "leila", "leila", data)],
    )
