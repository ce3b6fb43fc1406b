"""N0: on which channel, when, and what starts together with it (§10.2, §10.5, §10.7, §10.9, §10.11)."""

from datetime import timedelta

import pytest

from services.core.model import Contact, Person
from services.core.words import AttemptState, Channel, Constraint, ContactStatus, DigitalEase, Step, Why
from tests.unit.core.scene import NOW, Story, attempt, case, landline, letterbox, mailbox, meeting, mobile, paris, person

_S, _V, _E, _L = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER
_ALL: tuple[Contact, ...] = (mobile(), mailbox(), letterbox())


def _first(
    who: Person, points: tuple[Contact, ...], *, known: tuple[str, str] = ("2026-11-20", "16:00"), due: tuple[str, str] | None = None
) -> Story:
    at = paris(*known)
    duty = meeting(known_at=at, due_at=paris(*due) if due else paris("2026-12-18", "10:30"))
    story = Story(case=case(duty, who=who, contacts=points), now=at)
    story.decide()
    return story


def _released(story: Story) -> list[Channel]:
    return [one.channel for one in story.case.attempts if one.reason is None]


@pytest.mark.parametrize(
    ("who", "points", "channels"),
    [
        (person(), _ALL, [_S]),
        (person(preferred_channel=_V), _ALL, [_V]),
        (person(preferred_channel=_E), _ALL, [_E]),
        (person(preferred_channel=_L), _ALL, [_L]),
        (person(preferred_channel=_E), (mobile(),), [_S]),
        (person(forbidden_channels=(_S, _V)), _ALL, [_E]),
        # offline: voice first; an e-mail that was asked for is used and never alone
        (person(digital_ease=DigitalEase.OFFLINE, preferred_channel=_L), (mobile(),), [_V]),
        (person(digital_ease=DigitalEase.OFFLINE, preferred_channel=_E), _ALL, [_E, _V]),
        (person(constraints=(Constraint.NO_INTERNET,), preferred_channel=_E), _ALL, [_E, _V]),
        # suspect and unverified points are usable, never alone
        (person(), (mobile(status=ContactStatus.SUSPECT), mailbox()), [_S, _V, _E]),
        (person(preferred_channel=_E), (mobile(), mailbox(status=ContactStatus.UNVERIFIED)), [_E, _S]),
        (person(preferred_channel=_E), (mailbox(status=ContactStatus.SUSPECT),), [_E]),
        (person(), (), []),
    ],
)
def test_on_which_channel(who: Person, points: tuple[Contact, ...], channels: list[Channel]) -> None:
    """The preferred one if usable, else the first of the order; the next ones too while none may be relied on alone."""
    assert sorted(_released(_first(who, points))) == sorted(channels)


@pytest.mark.parametrize(
    ("channel", "known", "leaves"),
    [
        (_S, ("2026-11-20", "16:00"), ("2026-11-20", "16:00")),
        (_S, ("2026-11-20", "21:00"), ("2026-11-21", "09:30")),
        (_S, ("2026-11-22", "12:00"), ("2026-11-23", "09:00")),
        (_V, ("2026-11-23", "09:00"), ("2026-11-23", "10:00")),
        (_V, ("2026-11-23", "13:00"), ("2026-11-23", "14:00")),
        (_V, ("2026-11-23", "11:07"), ("2026-11-23", "11:07")),
        (_V, ("2026-11-20", "19:00"), ("2026-11-23", "10:00")),
        (_E, ("2026-11-22", "12:00"), ("2026-11-22", "12:00")),
        (_L, ("2026-11-22", "12:00"), ("2026-11-22", "12:00")),
    ],
)
def test_when_it_leaves(channel: Channel, known: tuple[str, str], leaves: tuple[str, str]) -> None:
    """At once inside the window, else at its opening; a call needs no slot for the first notice."""
    story = _first(person(preferred_channel=channel), _ALL, known=known)
    if not story.case.attempts:
        ahead = [one for one in story.decide().outlooks[0].ahead if one.step is Step.N0]
        assert [(one.channel, one.at) for one in ahead] == [(channel, paris(*leaves))]
    else:
        assert [(one.channel, one.release_at) for one in story.case.attempts] == [(channel, paris(*leaves))]


def test_close_to_the_date_the_next_channel_starts_with_it() -> None:
    """E-mail may be relied on alone until 72 hours before (§10.2)."""
    assert _released(_first(person(preferred_channel=_E), _ALL, due=("2026-11-24", "10:00"))) == [_E]
    assert sorted(_released(_first(person(preferred_channel=_E), _ALL, due=("2026-11-23", "15:00")))) == [_E, _S]


def test_a_letter_past_its_limit_is_left_out() -> None:
    """Skipped, LETTER_TOO_LATE; the next channel carries the notice."""
    story = _first(person(preferred_channel=_L), _ALL, due=("2026-11-26", "10:30"))
    assert {one.channel: one.reason for one in story.case.attempts} == {_L: Why.LETTER_TOO_LATE, _S: None}


def test_nothing_is_sent_in_the_last_hour() -> None:
    """SMS and voice until an hour before; later, they are of no use."""
    story = _first(person(), (mobile(),), known=("2026-11-23", "10:00"), due=("2026-11-23", "10:59"))
    assert {one.reason for one in story.case.attempts} == {Why.TOO_LATE}


def test_nobody_is_told_of_what_is_past() -> None:
    """The meeting was yesterday when it became known."""
    story = _first(person(), _ALL, known=("2026-11-23", "10:00"), due=("2026-11-22", "10:00"))
    assert not story.case.attempts


@pytest.mark.parametrize(
    ("legal_value", "points", "letters"),
    [("formal", _ALL, [Step.L]), ("informative", _ALL, []), ("formal", (mobile(),), [])],
)
def test_a_formal_convocation_is_accompanied_by_a_letter(legal_value: str, points: tuple[Contact, ...], letters: list[Step]) -> None:
    """The same day, beside the first notice (§10.5, §2.4)."""
    duty = meeting(legal_value=legal_value, due_at=paris("2026-12-18", "10:30"))
    story = Story(case=case(duty, contacts=points))
    story.decide()
    assert [one.items[0].step for one in story.case.attempts if one.channel is _L] == letters
    assert [one.channel for one in story.case.attempts if one.items[0].step is Step.N0] == [_S]


def test_a_preferred_letter_is_the_formal_one() -> None:
    """One letter, not two; and none that would come too late (§2.4)."""
    duty = meeting(legal_value="formal", due_at=paris("2026-12-18", "10:30"))
    story = Story(case=case(duty, who=person(preferred_channel=_L), contacts=_ALL))
    story.decide()
    assert [one.items[0].step for one in story.case.attempts] == [Step.N0]
    late = Story(case=case(meeting(legal_value="formal", due_at=paris("2026-11-26", "10:30")), contacts=_ALL))
    late.decide()
    assert [(one.items[0].step, one.reason) for one in late.case.attempts if one.channel is _L] == [(Step.L, Why.LETTER_TOO_LATE)]


def test_less_than_a_day_brings_the_mailbox_too() -> None:
    """As a complement, at once (§10.11); not when it is dead."""
    soon = {"known": ("2026-11-30", "17:00"), "due": ("2026-12-01", "09:00")}
    assert sorted(_released(_first(person(), _ALL, **soon))) == [_E, _S]
    assert _released(_first(person(), (mobile(), mailbox(status=ContactStatus.DISABLED)), **soon)) == [_S]


def test_the_directory_comes_after_the_duty() -> None:
    """Nothing can be planned before the person is known: the notice is due from then on."""
    duty = meeting(due_at=paris("2026-12-18", "10:30"))
    who = person(known_at=NOW + timedelta(hours=1))
    story = Story(case=case(duty, who=who), now=NOW + timedelta(hours=1))
    assert [one.release_at for one in story.decide().releases] == [NOW + timedelta(hours=1)]


def test_the_ladder_moves_on_and_the_first_notice_does_not_come_back() -> None:
    """It was sent; whatever became of it is the fallback's to follow."""
    duty = meeting(due_at=paris("2026-12-18", "10:30"))
    sent = attempt(about=duty, contact_id="tel")
    story = Story(case=case(duty, contacts=(landline(), mobile()), attempts=(sent,)))
    assert not story.decide().releases


@pytest.mark.parametrize(
    ("due", "points", "channels", "skipped"),
    [
        # under 72 hours the notice does not wait for tomorrow's SMS; a letter is not sooner
        (("2026-11-25", "14:00"), (mobile(),), [_V], [(Step.N0, Why.CAP_REACHED)]),
        (("2026-11-25", "14:00"), (mobile(closed_channels=(_V,)), letterbox()), [], []),
        (("2026-12-11", "14:00"), (mobile(),), [], []),
    ],
)
def test_the_sms_of_the_day_has_been_sent(
    due: tuple[str, str], points: tuple[Contact, ...], channels: list[Channel], skipped: list[tuple[Step, Why]]
) -> None:
    """One SMS a day (§10.4): at short notice SMS is not usable today, and the next channel is (§10.5, §10.9)."""
    at = paris("2026-11-23", "15:00")
    other = meeting("rdv:before", due_at=paris("2026-12-18"), known_at=paris("2026-11-23", "11:00"))
    duty = meeting(known_at=at, due_at=paris(*due))
    story = Story(case=case(duty, other, contacts=points, attempts=(attempt("s", about=other, state=AttemptState.DELIVERED),)), now=at)
    decision = story.decide()
    mine = [row for row in decision.releases if row.items[0].obligation_id == duty.obligation_id]
    assert [row.channel for row in mine] == channels
    assert [(row.items[0].step, row.reason) for row in decision.skips] == skipped
