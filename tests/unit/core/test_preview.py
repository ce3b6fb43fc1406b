"""Previews: the ladder folded over an imagined future (rules R8), for one person at a time."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.changes import JournalLine
from services.core.content import Unrenderable
from services.core.environment import Environment
from services.core.explaining.branches import Branch, forecasts, silence
from services.core.explaining.preview import preview
from services.core.model import Attempt, Case, Contact, Hold, Obligation, Person
from services.core.words import Channel, Constraint, ObligationState
from services.planner.record import record
from tests.unit.core.scene import (
    NOW,
    Words,
    actualisation,
    appointment,
    attempt,
    case,
    environment,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)

_RECORD = partial(record, texts=Words())


def _branches(of: Case, now: datetime = NOW) -> dict[Branch, list[JournalLine]]:
    return {one.branch: list(one.lines) for one in forecasts(of, environment(), now, _RECORD)}


def _sent(lines: list[JournalLine]) -> list[tuple[str, str, str]]:
    """Day and hour in Paris, channel, step."""
    home = environment().residence("75011")
    return [
        (f"{home.local(line.at):%a %d %H:%M}", str(line.fields["channel"]), str(line.fields["step"]))
        for line in lines
        if line.what == "sent"
    ]


def _alerts(lines: list[JournalLine]) -> list[str]:
    return [str(line.fields["type"]) for line in lines if line.what == "alert"]


def test_the_branches_of_a_convocation() -> None:
    """Silence climbs the ladder; a dead number goes on by e-mail at once; an answer leaves one reminder; a refusal leaves none."""
    found = _branches(case(meeting(), contacts=(mobile(), mailbox())))
    assert list(found) == [Branch.SILENT, Branch.SMS_FAILS, Branch.COMES, Branch.CANNOT_COME]
    silent, dead = _sent(found[Branch.SILENT]), _sent(found[Branch.SMS_FAILS])
    assert [(channel, step) for _, channel, step in silent][:2] == [("sms", "N0"), ("voice", "F")]
    assert silent[0][0] == "Fri 20 16:00"
    assert silent[1][0] == "Mon 23 10:00"
    assert {"R1", "R2", "R3"} <= {step for _, _, step in silent}
    assert "UNCONFIRMED" in _alerts(found[Branch.SILENT])
    assert dead[:2] == [("Fri 20 16:00", "sms", "N0"), ("Fri 20 16:00", "email", "F")]
    assert "CONTACT_DEAD" in _alerts(found[Branch.SMS_FAILS])
    assert [step for _, _, step in _sent(found[Branch.COMES])] == ["N0", "R2"]
    assert _alerts(found[Branch.COMES]) == []
    assert [step for _, _, step in _sent(found[Branch.CANNOT_COME])] == ["N0"]
    assert _alerts(found[Branch.CANNOT_COME]) == ["CANNOT_COME"]


def test_somebody_without_credit_answers_by_telephone() -> None:
    """An SMS would cost: who is on prepaid credit is not imagined to write one."""
    found = _branches(case(meeting(), who=person(constraints=(Constraint.PREPAID,))))
    assert [line.fields["channel"] for line in found[Branch.COMES] if line.what == "reply"] == ["phone"]


def test_an_actualisation_is_done_or_not() -> None:
    """Nobody « comes » to it: doing it ends everything; silence goes to the last day, and beyond with how to register again."""
    duty = actualisation()
    found = _branches(case(duty, who=person(asked_opening_notice=True), contacts=(mobile(),)), duty.known_at)
    assert Branch.CANNOT_COME not in found
    assert [step for _, _, step in _sent(found[Branch.COMES])] == ["A0"]
    steps = [step for _, _, step in _sent(found[Branch.SILENT])]
    assert (steps[0], steps[-1]) == ("A0", "A6")
    assert _alerts(found[Branch.SILENT])[-1] == "ACTUALISATION_MISSED"


def test_a_letter_is_answered_when_the_post_has_come() -> None:
    """Who has a letterbox alone cannot answer before the letter is there."""
    found = _branches(case(meeting(), who=person(preferred_channel=Channel.LETTER), contacts=(letterbox(),)))
    assert Branch.SMS_FAILS not in found
    replies = [line.at for line in found[Branch.COMES] if line.what == "reply"]
    # handed over on Friday after 15:00: produced on Monday, posted on Tuesday, three days on the way
    assert replies == [paris("2026-11-27", "12:00")]


def test_what_is_under_way_goes_on() -> None:
    """A message that was sent yesterday is not sent again; its silence counts from its delivery."""
    duty = meeting()
    before = case(duty, contacts=(mobile(),), attempts=(attempt(about=duty),))
    lines = preview(before, environment(), NOW + timedelta(minutes=1), silence, _RECORD)
    assert [step for _, _, step in _sent(lines)].count("N0") == 0
    assert _sent(lines)[0] == ("Mon 23 10:00", "voice", "F")


def test_a_hold_is_nothing_but_an_alert() -> None:
    """§10.17: nobody writes; the advisor is told."""
    found = _branches(case(meeting(), who=person(hold=Hold(reason="accord"))))
    assert _sent(found[Branch.SILENT]) == []
    assert _alerts(found[Branch.SILENT])[0] == "NO_CHANNEL"


def test_nothing_owed_is_nothing_ahead() -> None:
    """Without a duty, or after it, the future is empty."""
    assert preview(case(), environment(), NOW, silence, _RECORD) == []
    done = meeting(state=ObligationState.DONE)
    assert preview(case(done), environment(), NOW, silence, _RECORD) == []


def test_a_message_that_cannot_be_written_is_skipped() -> None:
    """Words that refuse bring the next channel, as at the claim."""

    def no_sms(case: Case, attempt: Attempt, environment: Environment, at: datetime) -> str:
        if attempt.channel is Channel.SMS:
            raise Unrenderable("sms_too_long")
        return "texte"

    lines = preview(case(meeting(), contacts=(mobile(), mailbox())), environment(), NOW, silence, _RECORD, words=no_sms)
    skipped = [(line.fields["channel"], line.fields["reason"]) for line in lines if line.what == "skipped"]
    assert ("sms", "unrenderable") in skipped
    assert "sms" not in {channel for _, channel, _ in _sent(lines)}


_PEOPLE = st.builds(
    lambda channel, forbidden, constraints, postal_code: person(
        preferred_channel=channel, forbidden_channels=tuple(forbidden), constraints=tuple(constraints), postal_code=postal_code
    ),
    st.sampled_from(list(Channel)),
    st.sets(st.sampled_from(list(Channel)), max_size=2),
    st.sets(st.sampled_from(list(Constraint)), max_size=2),
    st.sampled_from(["75011", "97110", "97400", "67000"]),
)
_POINTS = st.sets(st.sampled_from([mobile, landline, mailbox, letterbox]), min_size=1).map(lambda made: tuple(one() for one in made))
_DUTIES = st.builds(
    lambda days, make: (make(known_at=NOW, due_at=NOW + timedelta(days=days, hours=17)),),
    st.integers(0, 40),
    st.sampled_from([meeting, appointment]),
)


@settings(max_examples=30, deadline=None)
@given(_PEOPLE, _POINTS, _DUTIES)
def test_a_preview_ends_and_repeats(who: Person, points: tuple[Contact, ...], duties: tuple[Obligation, ...]) -> None:
    """For anybody: the same twice, in order, nothing sent before now or after the duty, nothing on a forbidden channel."""
    of = case(*duties, who=who, contacts=points)
    for branch, lines in _branches(of).items():
        assert lines == _branches(of)[branch]
        assert [line.at for line in lines] == sorted(line.at for line in lines)
        sent = [line for line in lines if line.what == "sent"]
        assert all(NOW <= line.at <= duties[0].due_at for line in sent)
        assert not {line.fields["channel"] for line in sent} & set(who.forbidden_channels)


def test_the_case_itself_is_not_touched() -> None:
    """Nothing of the imagined future is in the facts."""
    of = case(meeting(), contacts=(mobile(), mailbox()))
    twin = replace(of)
    _branches(of)
    assert of == twin
