"""What an answer, the end of a duty, or several people with one value change of contact points: rows and messages, whole (§10.7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.changes import JournalLine, Outgoing, Wake
from services.core.evidence.contacts import answered, ended, points_due, question, replaced_id
from services.core.evidence.same_value import close_sms, disown, disowned_since, give_letters, last_written_to, meant_by, soonest_asked
from services.core.ledger import Ledger
from services.core.model import Case, Contact, ContactId, Item, Obligation, ObligationId, PersonId
from services.core.words import AttemptState, Channel, ContactStatus, Evidence, Kind, ObligationState, ReceiptStatus, Step
from tests.unit.core.scene import (
    LEILA,
    NOW,
    actualisation,
    attempt,
    case,
    environment,
    letterbox,
    mailbox,
    meeting,
    mobile,
    person,
    receipt,
    view,
)

H, D = timedelta(hours=1), timedelta(days=1)
_POLICY = environment().policy.contacts
_TEL = ContactId("tel")


def _question(point: Contact, revision: int = 7, **changed: Any) -> Obligation:
    return replace(question(LEILA, point, revision, NOW - H, _POLICY), **changed)


def test_a_question_is_a_duty_of_ours() -> None:
    """Named after the person, the point and the snapshot that brought it; open for three days, a letter's for longer."""
    row = Obligation(
        obligation_id=ObligationId("contact:leila:tel:7"),
        person_id=LEILA,
        kind=Kind.CONTACT,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=NOW,
        due_at=NOW + _POLICY.answer_within,
        changed_at=NOW,
    )
    assert question(LEILA, mobile(), 7, NOW, _POLICY) == row
    by_post = replace(row, obligation_id=ObligationId("contact:leila:home:7"), due_at=NOW + _POLICY.letter_answer_within)
    assert question(LEILA, letterbox(), 7, NOW, _POLICY) == by_post


def test_the_id_of_a_replaced_value() -> None:
    """Derived from the point and the snapshot, so that a replay keeps nothing twice; no longer than ids may be."""
    assert replaced_id(_TEL, 7) == "was-672f7fcfe0996b4bd5a7"
    assert len({replaced_id(_TEL, 7), replaced_id(_TEL, 8), replaced_id(ContactId("mail"), 7)}) == 3


def _observed(point: Contact, observation: str, reason: str) -> Outgoing:
    data = {
        "person_id": LEILA,
        "contact_id": point.contact_id,
        "channel": str(point.kind),
        "observation": observation,
        "reason": reason,
        "at": NOW,
    }
    return Outgoing(topic="contacts.v1", key=LEILA, type="contact.observed", subject=LEILA, data=data, shard_key=LEILA, at=NOW)


def _status(point: Contact, status: str, reason: str) -> JournalLine:
    return JournalLine(at=NOW, what="contact", fields={"person": LEILA, "channel": point.kind, "status": status, "reason": reason})


def test_an_answer_makes_a_point_active_and_settles_its_question() -> None:
    """The directory hears that it is verified; the question is over with E3; other duties and other questions stay what they are."""
    point = mobile(status=ContactStatus.UNVERIFIED, only_verification=True, failed_at=NOW - D, silent_duties=2)
    mine, other = _question(point), _question(mailbox())
    over = _question(point, 6, state=ObligationState.LAPSED)
    before = case(meeting(), over, mine, other, contacts=(mailbox(), point))
    ledger = Ledger(NOW)
    after = answered(ledger, before, _TEL, proves=True)
    active = mobile(status=ContactStatus.ACTIVE, status_reason="answered", status_at=NOW, human_at=NOW)
    settled = replace(
        mine,
        state=ObligationState.DONE,
        evidence=Evidence.E3,
        evidence_how="answered",
        evidence_at=NOW,
        settled_at=NOW,
        changed_at=NOW,
    )
    assert after == replace(before, contacts=(mailbox(), active), obligations=(meeting(), over, settled, other))
    assert ledger.changes.contacts == [active]
    assert ledger.changes.obligations == [settled]
    assert ledger.changes.outbox == [_observed(point, "verified", "answered")]
    assert ledger.changes.journal[0] == _status(point, "active", "answered")


def test_a_human_who_proves_nothing_ends_the_silence() -> None:
    """Somebody picked up: the point is as it was, its silence is over, its question is still asked."""
    point = mobile(status=ContactStatus.SUSPECT, silent_duties=2, failed_at=NOW - D)
    before = case(_question(point), contacts=(point,))
    ledger = Ledger(NOW)
    after = answered(ledger, before, _TEL, proves=False)
    heard = replace(point, human_at=NOW, silent_duties=0)
    assert after == replace(before, contacts=(heard,))
    assert (ledger.changes.contacts, ledger.changes.obligations, ledger.changes.outbox) == ([heard], [], [])


@pytest.mark.parametrize(
    ("point", "status"),
    [
        # somebody else answered there once; the person confirms that it is theirs (SC-14)
        (mobile(status=ContactStatus.DISABLED, status_reason="wrong_person"), ContactStatus.ACTIVE),
        # dead numbers are the directory's to enable
        (mobile(status=ContactStatus.DISABLED, status_reason="failed_hard"), ContactStatus.DISABLED),
    ],
)
def test_a_disabled_point_is_enabled_by_its_owner_alone(point: Contact, status: ContactStatus) -> None:
    """Only where the reason was that somebody else answered."""
    after = answered(Ledger(NOW), case(contacts=(point,)), _TEL, proves=True)
    assert after.contacts[0].status is status


@pytest.mark.parametrize("point", [mailbox(), mobile(problem="replaced")])
def test_an_answer_at_a_point_that_is_not_in_use(point: Contact) -> None:
    """One that the directory took away, or replaced: nothing changes."""
    ledger = Ledger(NOW)
    before = case(contacts=(point,))
    assert answered(ledger, before, _TEL, proves=True) == before
    assert ledger.changes.contacts == []


@pytest.mark.parametrize(
    ("before", "after", "silent"),
    [
        (ObligationState.OPEN, ObligationState.LAPSED, 1),
        (ObligationState.OPEN, ObligationState.MISSED, 1),
        (ObligationState.OPEN, ObligationState.ACKNOWLEDGED, 0),
        (ObligationState.LAPSED, ObligationState.MISSED, 0),
        (ObligationState.OPEN, ObligationState.CANCELLED, 0),
        (ObligationState.OPEN, ObligationState.NOT_REQUIRED, 0),
    ],
)
def test_when_a_duty_ends_its_points_were_silent(before: ObligationState, after: ObligationState, silent: int) -> None:
    """Once, when it is over; not when the service took it back: nothing was asked any more."""
    duty = meeting(state=before)
    ledger = Ledger(NOW)
    of = ended(ledger, case(duty, attempts=(attempt(about=duty),)), duty, replace(duty, state=after))
    assert of.contacts[0].silent_duties == silent
    assert [row.silent_duties for row in ledger.changes.contacts] == [silent] * bool(silent)


def test_only_points_that_were_written_to_about_it_were_silent() -> None:
    """Not by a message about another duty, nor by one that never left; a question of ours is no duty."""
    duty, other = meeting(), meeting("cv:2")
    sent = (
        attempt("a1", about=other),
        attempt("a2", about=duty, channel=Channel.EMAIL, contact_id=ContactId("mail"), state=AttemptState.SKIPPED),
        attempt("a3", about=duty, channel=Channel.LETTER, contact_id=ContactId("home")),
    )
    of = case(duty, other, contacts=(mobile(), mailbox(), letterbox()), attempts=sent)
    after = ended(Ledger(NOW), of, duty, replace(duty, state=ObligationState.LAPSED))
    assert [point.silent_duties for point in after.contacts] == [0, 0, 1]
    asked = _question(mobile())
    told = attempt(about=asked, step=Step.VERIFICATION)
    silent = ended(Ledger(NOW), case(asked, attempts=(told,)), asked, replace(asked, state=ObligationState.LAPSED))
    assert silent.contacts[0].silent_duties == 0


_WAS = mobile("was-1", problem="replaced")


@pytest.mark.parametrize(
    ("of", "dropped"),
    [
        # nothing asked: nobody needs it
        (case(contacts=(_WAS,)), True),
        (case(_question(_WAS), contacts=(_WAS,)), False),
        # its time is over, to the second
        (case(_question(_WAS, due_at=NOW), contacts=(_WAS,)), True),
        (case(_question(_WAS, due_at=NOW + H / 3600), contacts=(_WAS,)), False),
        (case(_question(_WAS, state=ObligationState.DONE), contacts=(_WAS,)), True),
        (case(_question(_WAS, state=ObligationState.DONE), _question(_WAS, 8), contacts=(_WAS,)), False),
        # another point's question, and a duty, say nothing of this one
        (case(_question(mailbox()), meeting(), contacts=(_WAS,)), True),
        # a message to it failed; one to another point says nothing
        (
            case(_question(_WAS), contacts=(_WAS,), attempts=(attempt(about=meeting(), contact_id="was-1", state=AttemptState.FAILED),)),
            True,
        ),
        (case(_question(_WAS), contacts=(_WAS,), attempts=(attempt(about=meeting(), state=AttemptState.FAILED),)), False),
    ],
)
def test_a_replaced_value_is_dropped_once_nobody_needs_it(of: Case, dropped: bool) -> None:
    """Told that it was replaced, or too late to tell (§10.7)."""
    assert points_due(view(of)).dropped == (("was-1",) if dropped else ())


@pytest.mark.parametrize(
    ("since", "dropped"),
    [
        ({"failed_at": NOW - _POLICY.remembered}, True),
        ({"failed_at": NOW - _POLICY.remembered + H, "status_at": NOW - 900 * D}, False),
        ({"status_at": NOW - _POLICY.remembered}, True),
        ({"status_at": NOW - _POLICY.remembered + H}, False),
    ],
)
def test_a_dead_value_is_remembered(since: dict[str, Any], dropped: bool) -> None:
    """Counted from its failure, else from when it was disabled: imported again, it is known."""
    point = replace(_WAS, status=ContactStatus.DISABLED, **since)
    assert points_due(view(case(contacts=(point,)))).dropped == (("was-1",) if dropped else ())


def test_a_dead_value_of_which_nothing_else_is_known() -> None:
    """Counted from when the person became known."""
    point = replace(_WAS, status=ContactStatus.DISABLED)
    for known, dropped in ((NOW - _POLICY.remembered, ("was-1",)), (NOW - _POLICY.remembered + H, ())):
        assert points_due(view(case(contacts=(point,), who=person(known_at=known)))).dropped == dropped


@pytest.mark.parametrize(
    ("words", "permanent"),
    [
        ("550 refused", True),
        ("5.5.0 refused", True),
        ("550-5.2.0 refused", True),
        # the enhanced code says more than the basic one
        ("550 4.2.0 later", False),
        ("451 4.7.0 greylisted, retry in 5 minutes", False),
        ("451 over quota of 50 MB", False),
        ("later", False),
    ],
)
def test_what_a_server_calls_permanent(words: str, permanent: bool) -> None:
    """A reply code of three digits or an enhanced status (RFC 3463), on two days; not every number in the server's words."""
    duties = [meeting(f"cv:{n}") for n in range(2)]
    sent = [attempt(f"a{n}", about=duty, channel=Channel.EMAIL, contact_id=ContactId("mail")) for n, duty in enumerate(duties)]
    rows = [receipt(f"r{n}", ReceiptStatus.FAILED_SOFT, attempt_id=f"a{n}", raw_status=words, received_at=NOW - n * D) for n in range(2)]
    of = case(*duties, contacts=(mailbox(),), attempts=tuple(sent), receipts=tuple(rows))
    assert [seen.reason for seen in points_due(view(of)).observed] == (["refused_twice"] if permanent else [])


# ---- several people with one value (§10.14)

_ANNE, _BEN, _CLEO = PersonId("anne"), PersonId("ben"), PersonId("cleo")
_PEOPLE = (_ANNE, _BEN, _CLEO)


def _of(name: PersonId, *points: Contact, **changed: Any) -> Case:
    mine = tuple(replace(point, person_id=name) for point in points or (mobile(),))
    return Case(person_id=name, person=person(person_id=name), contacts=mine, **changed)


def _shared(letter: str | None = None, contact_id: str = "tel", **changed: Any) -> Contact:
    return mobile(contact_id, sender_hash="h", letter=letter, **changed)


def _written(name: str, **changed: Any) -> dict[str, Any]:
    duty = meeting(name)
    return {"obligations": (duty,), "attempts": (attempt(about=duty, **changed),)}


@pytest.mark.parametrize(
    ("letter", "people"),
    [("B", [_BEN]), ("A", [_ANNE]), ("Z", [_ANNE, _BEN, _CLEO]), (None, [_CLEO])],
)
def test_a_letter_says_who_answered(letter: str | None, people: list[PersonId]) -> None:
    """A letter that nobody has says nothing; without one it is who was written to about something open."""
    cases = {_ANNE: _of(_ANNE, _shared("A")), _BEN: _of(_BEN, _shared("B")), _CLEO: _of(_CLEO, _shared(), **_written("cv:3"))}
    assert meant_by(cases, _PEOPLE, "h", letter) == people


def test_without_letters_or_anything_open_it_may_be_anybody() -> None:
    """A letter in front of an answer means nothing before letters were given."""
    cases = {name: _of(name, _shared()) for name in _PEOPLE}
    assert meant_by(cases, _PEOPLE, "h", "A") == [_ANNE, _BEN, _CLEO]
    cases[_BEN] = _of(_BEN, _shared(), **_written("cv:1"))
    assert meant_by(cases, _PEOPLE, "h", "A") == [_BEN]
    assert meant_by(cases, _PEOPLE, "h", None) == [_BEN]


def test_the_soonest_duty_about_which_they_were_written_to() -> None:
    """By SMS or e-mail that left; open; of two at one instant the first by name."""
    late, soon, twin = meeting("cv:a", due_at=NOW + 9 * D), meeting("cv:c", due_at=NOW + 3 * D), meeting("cv:b", due_at=NOW + 3 * D)
    over = meeting("cv:0", due_at=NOW + D, state=ObligationState.DONE)
    every = (late, soon, twin, over)
    sent = tuple(attempt(f"a{n}", about=duty) for n, duty in enumerate(every))
    assert soonest_asked(case(*every, attempts=sent)) == twin
    mail = attempt("m", about=late, channel=Channel.EMAIL)
    assert soonest_asked(case(*every, attempts=(mail,))) == late
    unsent = attempt("u", about=soon, submitted_at=None)
    by_post = attempt("p", about=twin, channel=Channel.LETTER)
    call = attempt("v", about=soon, channel=Channel.VOICE)
    assert soonest_asked(case(*every, attempts=(unsent, by_post, call))) is None


def test_what_is_said_of_a_number_is_said_of_the_newest_sms() -> None:
    """Calls and mails are not answered by SMS; who got none comes last; at the same instant the last by name."""
    cases = {
        _ANNE: _of(_ANNE, **_written("cv:1", submitted_at=NOW)),
        _BEN: _of(_BEN, **_written("cv:2", submitted_at=NOW + 5 * H, channel=Channel.VOICE)),
        _CLEO: _of(_CLEO, **_written("cv:3", submitted_at=None)),
    }
    assert last_written_to(cases, _PEOPLE) == _ANNE
    assert last_written_to(cases, (_BEN, _CLEO)) == _CLEO
    cases[_BEN] = _of(_BEN, **_written("cv:2", submitted_at=NOW))
    assert last_written_to(cases, (_BEN, _ANNE)) == _BEN


def test_letters_are_given_once() -> None:
    """In order of person; who has one keeps it, on every point of the same value; a free letter is the next in the alphabet."""
    cases = {
        _CLEO: _of(_CLEO, _shared(), _shared(contact_id="second")),
        _BEN: _of(_BEN, _shared("A"), _shared(contact_id="second")),
        _ANNE: _of(_ANNE, _shared(), mailbox(sender_hash="other"), _shared(contact_id="dead", status=ContactStatus.DISABLED)),
    }
    ledger = Ledger(NOW)
    give_letters(ledger, cases, (_CLEO, _ANNE, _BEN), "h")
    assert {name: [point.letter for point in of.contacts] for name, of in cases.items()} == {
        _ANNE: ["B", None, None],
        _BEN: ["A", "A"],
        _CLEO: ["C", "C"],
    }
    assert [(row.person_id, row.contact_id, row.letter) for row in ledger.changes.contacts] == [
        (_ANNE, "tel", "B"),
        (_BEN, "second", "A"),
        (_CLEO, "tel", "C"),
        (_CLEO, "second", "C"),
    ]


def test_the_alphabet_ends() -> None:
    """The twenty-seventh of a household has no letter: their answers are nobody's, and nothing fails."""
    people = [PersonId(f"p{n:02d}") for n in range(27)]
    cases = {name: _of(name, _shared()) for name in people}
    give_letters(Ledger(NOW), cases, people, "h")
    assert [cases[people[n]].contacts[0].letter for n in (0, 25, 26)] == ["A", "Z", None]


def test_what_was_just_disowned() -> None:
    """Values on which somebody has said that they are not this person; not those of before, nor a point that is dead for another reason."""
    lost = {"status": ContactStatus.DISABLED, "status_reason": "wrong_person"}
    before = _of(_ANNE, mobile("a", sender_hash="1"), mobile("b", sender_hash="2", **lost), mobile("c", sender_hash="3"), mobile("d"))
    after = _of(
        _ANNE,
        mobile("a", sender_hash="1", **lost),
        mobile("b", sender_hash="2", **lost),
        mobile("c", sender_hash="3", status=ContactStatus.DISABLED, status_reason="failed_hard"),
        mobile("d", **lost),
        mobile("e", sender_hash="5"),
    )
    assert disowned_since(before, after) == {"1"}


def test_a_disowned_value_is_nobody_s() -> None:
    """Disabled for everybody who has it, and they are looked at; somebody with another value is left alone (SC-14)."""
    cases = {_ANNE: _of(_ANNE, _shared()), _BEN: _of(_BEN, mobile(sender_hash="other"))}
    ledger = Ledger(NOW)
    disown(ledger, cases, (_ANNE, _BEN), {"h"})
    lost = replace(_shared(), person_id=_ANNE, status=ContactStatus.DISABLED, status_reason="wrong_person", status_at=NOW, failed_at=NOW)
    assert ledger.changes.contacts == [lost]
    assert cases[_ANNE].contacts == (lost,)
    assert ledger.changes.wakes == [Wake(person_id=_ANNE, live_at=NOW, campaign_at=None)]


def test_stop_closes_sms_for_each_of_them() -> None:
    """The telephone is still called; who closed it before, and a mailbox of the same hash, are left alone (§10.12)."""
    cases = {
        _ANNE: _of(_ANNE, _shared()),
        _BEN: _of(_BEN, _shared(closed_channels=(Channel.SMS,))),
        _CLEO: _of(_CLEO, mailbox(sender_hash="h")),
    }
    ledger = Ledger(NOW)
    close_sms(ledger, cases, _PEOPLE, "h")
    closed = replace(_shared(), person_id=_ANNE, closed_channels=(Channel.SMS,))
    assert ledger.changes.contacts == [closed]
    assert cases[_ANNE].contacts == (closed,)
    assert ledger.changes.wakes == [Wake(person_id=_ANNE, live_at=NOW, campaign_at=None)]
    fields = {"person": _ANNE, "channel": "sms", "status": "disabled", "reason": "stop"}
    assert ledger.changes.journal == [JournalLine(at=NOW, what="contact", fields=fields)]


def test_an_item_of_a_bundle_counts_too() -> None:
    """The second duty of a message was written about as well as its first."""
    duty = meeting("cv:2")
    items = tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.N0) for name in ("cv:1", "cv:2"))
    of = case(meeting(), duty, attempts=(attempt(about=meeting(), items=items),))
    assert ended(Ledger(NOW), of, duty, replace(duty, state=ObligationState.LAPSED)).contacts[0].silent_duties == 1
    assert soonest_asked(replace(of, obligations=(duty, actualisation()))) == duty
