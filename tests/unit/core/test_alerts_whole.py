"""What each rule for alerts answers, whole: the instant, what to do, what is told, how urgent, whose, until when (§10.5, §10.12)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.core.alerts import RULES
from services.core.alerts.found import Found
from services.core.model import Agency, Case, Fact, Hold, Reply
from services.core.words import (
    AlertType,
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Severity,
    Why,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    actualisation,
    appointment,
    attempt,
    case,
    day,
    environment,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    reply,
    view,
)

AT = NOW + timedelta(hours=2)
_T = AlertType
_S = ReceiptStatus


def _found(type_: AlertType, of: Case, now: datetime = AT, place: int = 0) -> Found | None:
    return RULES[type_](view(of, now), of.obligations[place])


def _fact(code: str, **parameters: str) -> Fact:
    return Fact(code=code, parameters=parameters)


def _said(choice: Choice, minutes: int = 0, effect: ReplyEffect = ReplyEffect.ACKNOWLEDGED, **changed: Any) -> Reply:
    about = {"obligation_id": "cv:1", "revision": 1, "attempt_id": "a1", "person_id": LEILA, **changed}
    return reply(
        f"y{choice}{minutes}{changed.get('obligation_id', '')}", choice, at=NOW + timedelta(minutes=minutes), effect=effect, **about
    )


# ---- what the person said


@pytest.mark.parametrize(("mandatory", "at_least"), [(True, Severity.HIGH), (False, Severity.INFO)])
def test_a_refusal_goes_to_the_meetings_own_advisor(mandatory: bool, at_least: Severity) -> None:
    """Instant and reason are told; at least high when mandatory (§10.12)."""
    duty = meeting(state=ObligationState.DECLINED, declined_at=NOW, declined_reason="ill", mandatory=mandatory, advisor_id="her-own")
    assert _found(_T.CANNOT_COME, case(duty)) == Found(
        at=NOW,
        next_action="ask_reason",
        facts=(_fact("declined", at=NOW.isoformat(), reason="ill"),),
        at_least=at_least,
        advisor_id="her-own",
    )


def test_a_refusal_by_a_helper_without_a_reason_is_worded_so() -> None:
    """The last refusal counts: « par un proche » (§10.12)."""
    duty = meeting(state=ObligationState.DECLINED, declined_at=NOW)
    by = [_said(Choice.CANNOT_COME, 1), _said(Choice.CANNOT_COME, 2, answered_by=AnsweredBy.HELPER), _said(Choice.COME, 3)]
    found = _found(_T.CANNOT_COME, case(duty, replies=tuple(by)))
    assert found is not None
    assert found.facts == (_fact("declined", at=NOW.isoformat(), reason="", by="helper"),)
    reversed_ = _found(_T.CANNOT_COME, case(duty, replies=(by[0], replace(by[1], at=NOW), by[2])))
    assert reversed_ is not None
    assert reversed_.facts == (_fact("declined", at=NOW.isoformat(), reason=""),)


@pytest.mark.parametrize("changed", [{"state": ObligationState.OPEN}, {"declined_at": None}])
def test_what_was_not_declined_asks_nothing(changed: dict[str, Any]) -> None:
    """The state and the instant are both needed."""
    assert _found(_T.CANNOT_COME, case(meeting(**{"state": ObligationState.DECLINED, "declined_at": NOW, **changed}))) is None


def _bundle_refused(*, mandatory: bool, after: tuple[Reply, ...] = ()) -> Case:
    duties = (
        appointment("cv:1", mandatory=False, advisor_id="own"),
        appointment("cv:2", due_at=paris("2026-12-03", "09:00"), mandatory=mandatory),
    )
    about: dict[str, Any] = {"effect": ReplyEffect.FORWARDED, "minutes": 5}
    rows = (_said(Choice.CANNOT_COME, **about), _said(Choice.CANNOT_COME, obligation_id="cv:2", **about))
    return case(*duties, replies=(*rows, *after))


@pytest.mark.parametrize(("mandatory", "at_least"), [(True, Severity.HIGH), (False, Severity.INFO)])
def test_a_refusal_of_several_meetings_is_about_the_earliest(mandatory: bool, at_least: Severity) -> None:
    """At least high when one of them is mandatory; the others raise nothing (§10.12)."""
    of = _bundle_refused(mandatory=mandatory)
    assert _found(_T.CANNOT_COME, of) == Found(
        at=NOW + timedelta(minutes=5), next_action="ask_reason", facts=(_fact("group_reply"),), at_least=at_least, advisor_id="own"
    )
    assert _found(_T.CANNOT_COME, of, place=1) is None


def test_a_later_answer_takes_the_place_of_a_refusal_of_several() -> None:
    """« Je viens » afterwards: the last that was said counts; so does a state that is decided."""
    assert _found(_T.CANNOT_COME, _bundle_refused(mandatory=True, after=(_said(Choice.COME, 9),))) is None
    of = _bundle_refused(mandatory=True)
    handled = replace(of, obligations=(replace(of.obligations[0], state=ObligationState.HANDLED), of.obligations[1]))
    assert _found(_T.CANNOT_COME, handled) is None


def test_a_wish_to_be_called_has_two_working_days() -> None:
    """From the first wish, on the day's end; or the duty, when that is sooner (§10.12)."""
    wishes = (_said(Choice.CALL_ME_BACK, 1), _said(Choice.CALL_ME_BACK, 7), _said(Choice.COME, 0))
    asked = NOW + timedelta(minutes=1)
    expected = Found(
        at=asked,
        next_action="call_back",
        facts=(_fact("callback_wanted", at=asked.isoformat()),),
        act_by=paris("2026-11-24", "18:00"),
    )
    assert _found(_T.CALLBACK_REQUESTED, case(meeting(), replies=wishes)) == expected
    soon = meeting(due_at=paris("2026-11-23", "10:30"))
    assert _found(_T.CALLBACK_REQUESTED, case(soon, replies=wishes)) == replace(expected, act_by=soon.due_at)
    past = meeting(due_at=NOW - timedelta(days=1))
    assert _found(_T.CALLBACK_REQUESTED, case(past, replies=wishes)) == replace(expected, act_by=asked)


@pytest.mark.parametrize(
    ("state", "choice", "effect"),
    [
        (ObligationState.CANCELLED, Choice.CALL_ME_BACK, ReplyEffect.ACKNOWLEDGED),
        (ObligationState.OPEN, Choice.COME, ReplyEffect.ACKNOWLEDGED),
        (ObligationState.OPEN, Choice.CALL_ME_BACK, ReplyEffect.BOT_SUSPECT),
    ],
)
def test_nobody_is_called_without_a_wish(state: ObligationState, choice: Choice, effect: ReplyEffect) -> None:
    """A settled duty, another answer, a machine's answer."""
    assert _found(_T.CALLBACK_REQUESTED, case(meeting(state=state), replies=(_said(choice, effect=effect),))) is None


def test_one_call_is_enough_for_several_duties() -> None:
    """« 3 » to a message about two meetings is raised for the earlier one (§10.12); another answer at another time is another wish."""
    duties = (meeting("cv:1"), meeting("cv:2", due_at=paris("2026-11-30", "09:00")))
    rows = (_said(Choice.CALL_ME_BACK), _said(Choice.CALL_ME_BACK, obligation_id="cv:2"))
    assert _found(_T.CALLBACK_REQUESTED, case(*duties, replies=rows)) is None
    assert _found(_T.CALLBACK_REQUESTED, case(*duties, replies=rows), place=1) is not None
    apart = (rows[0], replace(rows[1], at=NOW + timedelta(minutes=3)))
    assert _found(_T.CALLBACK_REQUESTED, case(*duties, replies=apart)) is not None
    unnamed = tuple(replace(row, attempt_id=None) for row in rows)
    assert _found(_T.CALLBACK_REQUESTED, case(*duties, replies=unnamed)) is not None


def test_two_answers_that_contradict_each_other() -> None:
    """The instant of the first contradiction; what was said last, and the last other thing before it."""
    said = (_said(Choice.COME, 0), _said(Choice.COME, 1), _said(Choice.CANNOT_COME, 2), _said(Choice.COME, 3), _said(Choice.COME, 4))
    assert _found(_T.CONTRADICTORY_REPLIES, case(meeting(), replies=said)) == Found(
        at=NOW + timedelta(minutes=2), next_action="clarify", facts=(_fact("contradictory", first="cannot_come", second="come"),)
    )
    assert _found(_T.CONTRADICTORY_REPLIES, case(meeting(state=ObligationState.DONE), replies=said)) is None
    assert _found(_T.CONTRADICTORY_REPLIES, case(meeting(), replies=said[:2])) is None
    held = (said[0], replace(said[2], effect=ReplyEffect.BOT_SUSPECT))
    assert _found(_T.CONTRADICTORY_REPLIES, case(meeting(), replies=held)) is None
    other = (said[0], _said(Choice.CALL_ME_BACK, 5))
    assert _found(_T.CONTRADICTORY_REPLIES, case(meeting(), replies=other)) is None


@pytest.mark.parametrize("choice", [Choice.UNREADABLE, Choice.STOP])
def test_words_that_no_rule_reads_are_for_a_human(choice: Choice) -> None:
    """The first of them, as information (§10.12)."""
    rows = (_said(choice, 1, ReplyEffect.FORWARDED, channel=ReplyChannel.EMAIL), _said(choice, 2, ReplyEffect.FORWARDED))
    at = NOW + timedelta(minutes=1)
    expected = Found(
        at=at, next_action="read_message", facts=(_fact("inbound", channel="email", at=at.isoformat()),), severity=Severity.INFO
    )
    assert _found(_T.INBOUND_MESSAGE, case(meeting(), replies=rows)) == expected
    assert _found(_T.INBOUND_MESSAGE, case(meeting(state=ObligationState.DONE), replies=rows)) is None
    ignored = tuple(replace(row, effect=ReplyEffect.IGNORED) for row in rows)
    assert _found(_T.INBOUND_MESSAGE, case(meeting(), replies=ignored)) is None


# ---- no way


def _dead(status: ReceiptStatus = _S.FAILED_HARD, attempt_id: str = "a1", **changed: Any) -> Any:
    news = {"state": AttemptState.FAILED, "last_status": status, "closed_at": NOW, **changed}
    return attempt(attempt_id, about=meeting(), **news)


_GONE = mobile(status=ContactStatus.DISABLED)


def test_nothing_can_be_used() -> None:
    """At planning; not while something is on its way, arrived, or failed for good (§10.1.6)."""
    duty = meeting()
    expected = Found(at=NOW, next_action="fix_contact")
    assert _found(_T.NO_CHANNEL, case(duty, contacts=())) == expected
    assert _found(_T.NO_CHANNEL, case(duty, contacts=(), attempts=(_dead(_S.EXPIRED),))) == expected
    assert _found(_T.NO_CHANNEL, case(duty, contacts=(), attempts=(_dead(),))) is None
    assert _found(_T.NO_CHANNEL, case(duty, contacts=(), attempts=(attempt(about=duty),))) is None
    assert _found(_T.NO_CHANNEL, case(duty)) is None
    assert _found(_T.NO_CHANNEL, case(meeting(state=ObligationState.ACKNOWLEDGED), contacts=())) is None


@pytest.mark.parametrize(("until", "told"), [(None, ""), (date(2026, 12, 9), "2026-12-09")])
def test_a_hold_is_told_with_its_reason(until: date | None, told: str) -> None:
    """Nobody writes: the advisor hears of each duty at planning (§10.17); a hold that is over counts no more."""
    who = person(hold=Hold(reason="en soins", until=until), known_at=NOW + timedelta(minutes=1))
    assert _found(_T.NO_CHANNEL, case(meeting(), who=who)) == Found(
        at=NOW + timedelta(minutes=1),
        next_action="call_before_deadline",
        facts=(_fact("hold", reason="en soins", until=told),),
    )
    over = person(hold=Hold(reason="en soins", until=date(2026, 11, 20)))
    assert _found(_T.NO_CHANNEL, case(meeting(), who=over)) is None


def test_every_channel_failed_hard() -> None:
    """And nothing is on its way or arrived (§10.5)."""
    duty = meeting()
    rows = (_dead(), _dead(_S.EXPIRED, "a2"))
    expected = Found(at=AT, next_action="call_before_deadline")
    assert _found(_T.UNREACHABLE, case(duty, contacts=(_GONE,), attempts=rows)) == expected
    assert _found(_T.UNREACHABLE, case(duty, contacts=(_GONE,), attempts=rows[1:])) is None
    assert _found(_T.UNREACHABLE, case(duty, contacts=(_GONE,), attempts=(*rows, attempt("a3", about=duty)))) is None
    assert _found(_T.UNREACHABLE, case(duty, contacts=(_GONE,))) is None
    assert _found(_T.UNREACHABLE, case(duty, contacts=(_GONE, mailbox()), attempts=rows)) is None
    assert _found(_T.UNREACHABLE, case(meeting(evidence=Evidence.E2), contacts=(_GONE,), attempts=rows)) is None
    assert _found(_T.UNREACHABLE, case(meeting(evidence=Evidence.E1), contacts=(_GONE,), attempts=rows)) == expected
    assert _found(_T.UNREACHABLE, case(meeting(state=ObligationState.DECLINED), contacts=(_GONE,), attempts=rows)) is None


def test_a_letter_that_comes_too_late_is_no_way() -> None:
    """Only paper is left, and it is too late for it, whatever the person prefers; in time it is still a way (§10.2, §10.5)."""
    late, early = meeting(due_at=paris("2026-11-25", "10:30")), meeting()
    for preferred in (Channel.LETTER, Channel.SMS):
        by_post: dict[str, Any] = {"who": person(preferred_channel=preferred), "contacts": (_GONE, letterbox()), "attempts": (_dead(),)}
        assert _found(_T.UNREACHABLE, case(late, **by_post)) == Found(at=AT, next_action="call_before_deadline")
        assert _found(_T.UNREACHABLE, case(early, **by_post)) is None
    monthly = actualisation(known_at=NOW)
    row = attempt(about=monthly, state=AttemptState.FAILED, last_status=_S.FAILED_HARD)
    nothing_else = case(monthly, contacts=(_GONE, letterbox()), attempts=(row,))
    assert _found(_T.UNREACHABLE, nothing_else, paris("2026-12-06", "15:00")) is None
    assert _found(_T.UNREACHABLE, nothing_else, paris("2026-12-06", "15:01")) is not None


@pytest.mark.parametrize(
    ("row", "raised"),
    [
        ({"state": AttemptState.DELIVERED}, True),
        ({"state": AttemptState.UNKNOWN}, True),
        ({"state": AttemptState.ACCEPTED, "channel": Channel.EMAIL, "contact_id": "mail"}, True),
        ({"state": AttemptState.ACCEPTED}, False),
        ({"state": AttemptState.ACCEPTED, "channel": Channel.LETTER, "contact_id": "home"}, False),
        ({"state": AttemptState.RELEASED, "channel": Channel.EMAIL, "contact_id": "mail"}, False),
    ],
)
def test_the_last_channel_went_after_the_first_notice(row: dict[str, Any], raised: bool) -> None:
    """STOP, or a word of the directory: no reminder can go any more, and a human hears of it unless something is under way (§10.1.6)."""
    duty = meeting()
    closed = mobile(closed_channels=(Channel.SMS, Channel.VOICE))
    found = _found(_T.NO_CHANNEL, case(duty, contacts=(closed,), attempts=(attempt(about=duty, **row),)))
    assert (found is not None) is raised
    heard = meeting(evidence=Evidence.E3)
    assert _found(_T.NO_CHANNEL, case(heard, contacts=(closed,), attempts=(attempt(about=heard, **row),))) is None


@pytest.mark.parametrize(("last", "raised"), [(_S.FAILED_HARD, False), (_S.WRONG_PERSON, False), (_S.UNKNOWN, True), (None, True)])
def test_a_point_that_is_dead(last: ReceiptStatus | None, raised: bool) -> None:
    """Found dead by a message about this duty, its own alert says so (§10.8); by another duty's, nobody would hear of this one (R5)."""
    duty = meeting()
    state = AttemptState.UNKNOWN if raised else AttemptState.FAILED
    found = _found(_T.NO_CHANNEL, case(duty, contacts=(_GONE,), attempts=(attempt(about=duty, state=state, last_status=last),)))
    assert (found is not None) is raised


def test_a_letterbox_that_is_too_late_is_no_channel() -> None:
    """A period whose letters are over, a meeting too near for paper; from the start SHORT_NOTICE says it (§10.2, §10.5)."""
    monthly = actualisation(known_at=paris("2026-12-07"))
    assert _found(_T.NO_CHANNEL, case(monthly, contacts=(letterbox(),)), paris("2026-12-07")) is not None
    duty = meeting()
    by_post = case(duty, contacts=(letterbox(),))
    assert _found(_T.NO_CHANNEL, by_post) is None
    assert _found(_T.NO_CHANNEL, by_post, duty.due_at - timedelta(days=2)) is not None
    late = meeting(known_at=duty.due_at - timedelta(days=4))
    assert _found(_T.NO_CHANNEL, case(late, contacts=(letterbox(),)), late.known_at) is None


def test_what_cannot_be_written_is_no_channel() -> None:
    """Without the way there no letter is sent (SC-18): who has nothing else is told by a human, until the event says more."""
    duty = meeting()
    row = attempt(about=duty, channel=Channel.LETTER, contact_id="home", state=AttemptState.SKIPPED, reason=Why.UNRENDERABLE)
    assert _found(_T.NO_CHANNEL, case(duty, contacts=(letterbox(),), attempts=(row,))) is not None
    assert _found(_T.NO_CHANNEL, case(meeting(revision=2), contacts=(letterbox(),), attempts=(row,))) is None
    assert _found(_T.NO_CHANNEL, case(duty, contacts=(letterbox(), mobile()), attempts=(row,))) is None


@pytest.mark.parametrize("preferred", [Channel.LETTER, Channel.SMS])
def test_short_notice_says_nothing_of_somebody_on_hold(preferred: Channel) -> None:
    """One alert for each duty: NO_CHANNEL says it all (§10.17)."""
    duty = meeting(due_at=NOW + timedelta(hours=50))
    assert _found(_T.SHORT_NOTICE, case(duty, who=person(preferred_channel=preferred))) is not None
    held = person(preferred_channel=preferred, hold=Hold(reason="accord"))
    assert _found(_T.SHORT_NOTICE, case(duty, who=held, contacts=(mobile(), letterbox()))) is None


# ---- the clock, and after the date


@pytest.mark.parametrize(("minutes", "hours"), [(0, "71"), (30, "70")])
def test_short_notice_tells_the_whole_hours(minutes: int, hours: str) -> None:
    """Of the duty and the person, the one that became known last (§10.5)."""
    duty = meeting(due_at=NOW + timedelta(hours=71, minutes=0))
    known = NOW + timedelta(minutes=minutes)
    of = case(duty, who=person(known_at=known))
    assert _found(_T.SHORT_NOTICE, of) == Found(at=known, next_action="call_now", facts=(_fact("short_notice", hours=hours),))
    assert _found(_T.SHORT_NOTICE, replace(of, contacts=())) is None


def test_short_notice_is_for_meetings_that_nobody_has_answered() -> None:
    """Not for an actualisation, nor after an answer."""
    soon: dict[str, Any] = {"due_at": NOW + timedelta(hours=71)}
    assert _found(_T.SHORT_NOTICE, case(meeting(**soon, evidence=Evidence.E3))) is None
    assert _found(_T.SHORT_NOTICE, case(meeting(**soon, state=ObligationState.ACKNOWLEDGED))) is None
    assert _found(_T.SHORT_NOTICE, case(actualisation(**soon))) is None
    assert _found(_T.SHORT_NOTICE, case(meeting())) is None


@pytest.mark.parametrize("points", [(letterbox(),), (letterbox(), mobile())])
def test_the_preferred_letter_is_too_late(points: tuple[Any, ...]) -> None:
    """The advisor calls; the fact says why (§10.2)."""
    duty = meeting(known_at=paris("2026-11-24", "15:01"))
    of = case(duty, who=person(preferred_channel=Channel.LETTER), contacts=points)
    assert _found(_T.SHORT_NOTICE, of) == Found(
        at=paris("2026-11-24", "15:01"), next_action="call_before_deadline", facts=(_fact("letter_too_late"),)
    )


def test_unconfirmed_asks_for_a_call() -> None:
    """Three working days before a convocation at 08:00, one before an appointment at 09:00 (§10.5)."""
    assert _found(_T.UNCONFIRMED, case(meeting())) == Found(at=paris("2026-11-26", "08:00"), next_action="call_before_deadline")
    assert _found(_T.UNCONFIRMED, case(appointment())) == Found(at=paris("2026-11-30", "09:00"), next_action="call_before_deadline")
    assert _found(_T.UNCONFIRMED, case(meeting(evidence=Evidence.E3))) is None
    assert _found(_T.UNCONFIRMED, case(meeting(due_at=NOW + timedelta(hours=71)))) is None


def test_the_lists_of_an_actualisation_ask_to_do_it_by_telephone() -> None:
    """At their instants, or when the duty becomes known after them (§10.5)."""
    on, late = actualisation(), actualisation(known_at=paris("2026-12-14", "15:00"))
    by_phone: dict[str, Any] = {"next_action": "actualise_by_phone"}
    assert _found(_T.ACTUALISATION_AT_RISK, case(on)) == Found(at=paris("2026-12-11", "08:00"), **by_phone)
    assert _found(_T.ACTUALISATION_LAST_DAY, case(on)) == Found(at=paris("2026-12-14", "14:00"), **by_phone)
    for type_ in (_T.ACTUALISATION_AT_RISK, _T.ACTUALISATION_LAST_DAY):
        assert _found(type_, case(late)) == Found(at=late.known_at, **by_phone)
        assert _found(type_, case(meeting())) is None
        assert _found(type_, case(actualisation(state=ObligationState.DONE))) is None


@pytest.mark.parametrize(("closures", "first"), [((), "2026-12-11"), (("2026-12-14", "2026-12-15"), "2026-12-10")])
def test_list_1_leaves_a_worked_day(closures: tuple[str, ...], first: str) -> None:
    """The agency is closed from the list to the closing day: it is made a day earlier; list 2 only moves to a worked day (§10.1.3)."""
    closed = tuple(day(text) for text in closures)
    agency = Agency(agency_id="agence", name="A", phone="3949", address="x", postal_code="75000", closures=closed)
    seen = view(case(actualisation()), AT, environment().with_staff({"agence": agency}, {}))
    at_risk, last_day = (RULES[type_](seen, seen.case.obligations[0]) for type_ in (_T.ACTUALISATION_AT_RISK, _T.ACTUALISATION_LAST_DAY))
    assert at_risk is not None
    assert last_day is not None
    assert at_risk.at == paris(first, "08:00")
    assert last_day.at == paris("2026-12-11" if closures else "2026-12-14", "14:00")


def test_a_meeting_that_was_missed_without_proof() -> None:
    """Below E3: call before any procedure; at the instant the source tells, else now (SC-48)."""
    missed = meeting(state=ObligationState.MISSED, evidence=Evidence.E2, settled_at=NOW)
    expected = Found(at=NOW, next_action="call_before_procedure", facts=(_fact("evidence", level="E2"),))
    assert _found(_T.NON_RECEIPT_DOSSIER, case(missed)) == expected
    assert _found(_T.NON_RECEIPT_DOSSIER, case(replace(missed, settled_at=None))) == replace(expected, at=AT)
    assert _found(_T.NON_RECEIPT_DOSSIER, case(replace(missed, evidence=Evidence.E3))) is None
    assert _found(_T.NON_RECEIPT_DOSSIER, case(replace(missed, state=ObligationState.LAPSED))) is None
    assert _found(_T.NON_RECEIPT_DOSSIER, case(replace(missed, kind=Kind.ACTUALISATION))) is None
