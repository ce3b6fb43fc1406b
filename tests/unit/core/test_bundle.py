"""Several duties of one person (§10.15): one message a day, the most urgent first, each item on its own account."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core.decision import Decision
from services.core.model import Attempt, Item, Obligation, Place
from services.core.policy import BundlePolicy
from services.core.words import AttemptState, Channel, Constraint, ObligationState, Step, Why
from tests.unit.core.scene import (
    LEILA,
    Story,
    actualisation,
    appointment,
    attempt,
    case,
    environment,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)

_DAWN = paris("2026-11-30", "08:10")
_OPENING = paris("2026-11-30", "09:00")


def _duty(name: str, day: str, hour: str = "10:00", known: datetime = _DAWN) -> Obligation:
    return appointment(f"rdv:{name}", due_at=paris(day, hour), known_at=known)


def _said(message: Attempt) -> list[tuple[str, Step]]:
    return [(item.obligation_id, item.step) for item in message.items]


def _releases(decision: Decision) -> list[tuple[Channel, list[tuple[str, Step]]]]:
    return [(message.channel, _said(message)) for message in decision.releases]


def test_two_first_notices_that_wait_for_the_same_opening_are_one_message() -> None:
    """The soonest meeting stands first, whichever became known first; the message may go until the earliest of their limits (SX-04)."""
    later = _duty("2", "2026-12-11", "14:30", paris("2026-11-30", "07:30"))
    story = Story(case=case(later, _duty("1", "2026-12-09")))
    assert not story.decide(_DAWN).releases
    released = story.decide(_OPENING).releases
    assert [_said(message) for message in released] == [[("rdv:1", Step.N0), ("rdv:2", Step.N0)]]
    assert released[0].not_after == paris("2026-11-30", "19:30")
    assert not story.decide().releases


def test_each_meeting_keeps_its_own_reminder() -> None:
    """What was said together is not reminded together: two days before each (SX-04)."""
    story = Story(case=case(_duty("1", "2026-12-09"), _duty("2", "2026-12-11")))
    story.decide(_OPENING)
    assert [_said(one) for one in story.decide(paris("2026-12-07", "09:30")).releases if one.items[0].step is Step.R2] == [
        [("rdv:1", Step.R2)]
    ]
    assert [_said(one) for one in story.decide(paris("2026-12-09", "09:30")).releases if one.items[0].step is Step.R2] == [
        [("rdv:2", Step.R2)]
    ]


def test_reminders_of_two_meetings_on_one_day_are_one_message() -> None:
    """Both R2 fall on the same morning."""
    story = Story(case=case(_duty("1", "2026-12-09", "14:00"), _duty("2", "2026-12-09", "09:00")))
    story.decide(_OPENING)
    released = [one for one in story.decide(paris("2026-12-07", "09:30")).releases if one.channel is Channel.SMS]
    assert [_said(one) for one in released] == [[("rdv:2", Step.R2), ("rdv:1", Step.R2)]]


def test_an_urgent_notice_takes_the_days_reminder_along() -> None:
    """It does not wait for the reminder, and the reminder does not lose its day to the cap of one SMS."""
    known = _duty("1", "2026-12-09")
    told = attempt(about=known, release_at=_OPENING)
    fresh = _duty("2", "2026-12-18", known=paris("2026-12-07", "08:40"))
    released = Story(case=case(known, fresh, attempts=(told,))).decide(paris("2026-12-07", "09:00")).releases
    assert [(_said(one), one.release_at) for one in released if one.channel is Channel.SMS] == [
        ([("rdv:1", Step.R2), ("rdv:2", Step.N0)], paris("2026-12-07", "09:00"))
    ]


@pytest.mark.parametrize(
    ("who", "contacts", "at"),
    [
        (person(preferred_channel=Channel.VOICE), (mobile(),), paris("2026-11-30", "10:00")),
        (person(preferred_channel=Channel.EMAIL), (mailbox(),), _DAWN),
        (person(preferred_channel=Channel.LETTER), (letterbox(),), _DAWN),
    ],
    ids=["voice", "email", "letter"],
)
def test_the_other_channels_bundle_what_is_due_together(who, contacts, at) -> None:  # type: ignore[no-untyped-def]
    """One call reads both, one e-mail or letter lists both."""
    story = Story(case=case(_duty("1", "2026-12-16"), _duty("2", "2026-12-18"), who=who, contacts=contacts))
    assert _releases(story.decide(at)) == [(who.preferred_channel, [("rdv:1", Step.N0), ("rdv:2", Step.N0)])]


def test_what_a_text_has_no_room_for_goes_by_another_message() -> None:
    """The policy says how many duties a message names; the cap of one SMS a day holds for the rest."""
    policy = replace(environment().policy, bundle=BundlePolicy(duties=dict.fromkeys(Channel, 2)))
    duties = [_duty(str(number), f"2026-12-{8 + number:02}") for number in range(1, 4)]
    story = Story(case=case(*duties), env=replace(environment(), policy=policy))
    assert [_said(one) for one in story.decide(_OPENING).releases] == [[("rdv:1", Step.N0), ("rdv:2", Step.N0)]]
    tomorrow = story.decide(paris("2026-12-01", "09:00")).releases
    assert [("rdv:3", Step.N0)] in [_said(one) for one in tomorrow]


def test_a_bundle_counts_once_for_the_person_and_once_for_each_duty() -> None:
    """One SMS that day; each meeting has had one of its three."""
    story = Story(case=case(_duty("1", "2026-12-09"), _duty("2", "2026-12-11")))
    story.decide(_OPENING)
    third = _duty("3", "2026-12-15", known=paris("2026-11-30", "11:00"))
    story.put(third)
    assert not story.decide(paris("2026-11-30", "11:00")).releases
    assert [_said(one) for one in story.decide(paris("2026-12-01", "09:00")).releases] == [[("rdv:3", Step.N0)]]


def test_one_item_that_nobody_wants_any_more_does_not_take_the_others_back() -> None:
    """Cancelled at the source before the claim: the rest still goes; when all are unwanted, the message is taken back."""
    story = Story(case=case(_duty("1", "2026-12-09"), _duty("2", "2026-12-11")))
    story.decide(_OPENING)
    story.put(replace(story.obligation("rdv:1"), state=ObligationState.CANCELLED))
    assert not story.decide().cancels
    story.put(replace(story.obligation("rdv:2"), state=ObligationState.DONE))
    assert [cancel.reason for cancel in story.decide().cancels] == [Why.CANCELLED_AT_SOURCE]


@pytest.mark.parametrize(("step", "shared"), [(Step.CORRECTIVE, True), (Step.N0, False)])
def test_word_of_a_change_travels_with_the_same_word_only(step: Step, *, shared: bool) -> None:
    """Two meetings that moved are one « déplacés »; a new meeting is told apart."""
    moved = [replace(_duty(name, day), revision=2) for name, day in (("1", "2026-12-09"), ("2", "2026-12-11"))]
    old = tuple(
        replace(attempt(f"a{number}", about=replace(duty, revision=1)), release_at=_DAWN - timedelta(days=3))
        for number, duty in enumerate(moved)
    )
    duties = moved if step is Step.CORRECTIVE else [moved[0], _duty("2", "2026-12-11")]
    released = Story(case=case(*duties, attempts=old if step is Step.CORRECTIVE else old[:1])).decide(_OPENING).releases
    assert [len(one.items) for one in released] == ([2] if shared else [1, 1])


def test_meetings_on_two_clocks_are_told_apart() -> None:
    """A message says its hours on one clock."""
    env = environment()
    far = replace(env.agencies["agence"], agency_id="reunion", postal_code="97400")
    there = Place(kind="agency", name="Saint-Denis", address="x", access_info="y", agency_id="reunion")
    story = Story(
        case=case(
            _duty("1", "2026-12-16"),
            replace(_duty("2", "2026-12-18"), place=there),
            contacts=(mailbox(),),
            who=person(preferred_channel=Channel.EMAIL),
        ),
        env=replace(env, agencies={**env.agencies, "reunion": far}),
    )
    assert [len(one.items) for one in story.decide(_DAWN).releases] == [1, 1]


# ---- an actualisation beside meetings


def _november(day: str, hour: str, *others: Obligation, **changed: object) -> Story:
    """The actualisation of November, with A0 behind; at an instant before a step."""
    return Story(case=case(actualisation(), *others, **changed), now=paris(day, hour))  # type: ignore[arg-type]


def _sms_steps(story: Story, *days: str) -> dict[str, list[list[Step]]]:
    """The SMS of each day, by the steps of their items; every release is handed over at once."""
    found: dict[str, list[list[Step]]] = {}
    for day in days:
        for hour in range(8, 20):
            for released in story.decide(paris(day, f"{hour:02}:59")).releases:
                story.sent(released)
                if released.channel is Channel.SMS:
                    found.setdefault(day, []).append([item.step for item in released.items])
    return found


def test_an_actualisation_reminder_makes_room_for_another_sms() -> None:
    """A2 falls on the day of R2: it moves to the next day, which is before J-2; the meeting's reminder keeps its day."""
    duty = _duty("1", "2026-12-12", known=paris("2026-12-04", "09:00"))
    told = attempt(about=duty, release_at=paris("2026-12-04", "09:00"))
    story = _november("2026-12-09", "20:00", duty, attempts=(told,))
    assert _sms_steps(story, "2026-12-10", "2026-12-11")["2026-12-10"] == [[Step.R2]]
    assert [item.step for one in story.case.attempts for item in one.items].count(Step.A2) == 1
    moved = next(one for one in story.case.attempts if one.items[0].step is Step.A2)
    assert story.env.residence("75011").local(moved.release_at).date().isoformat() == "2026-12-11"


def test_from_two_days_before_the_end_it_is_bundled() -> None:
    """A4 on the day of R2: one SMS says both, and neither waits for the other."""
    duty = _duty("1", "2026-12-16", known=paris("2026-12-08", "09:00"))
    told = attempt(about=duty, release_at=paris("2026-12-08", "09:00"))
    story = _november("2026-12-13", "20:00", duty, attempts=(told,))
    assert _sms_steps(story, "2026-12-14")["2026-12-14"] == [[Step.A4, Step.R2]]


def test_the_second_reminder_of_the_last_day_keeps_its_hour() -> None:
    """A5 comes at 10:00 and at 16:00; a meeting's SMS takes the first along, never the second."""
    duty = _duty("1", "2026-12-17", known=paris("2026-12-09", "09:00"))
    told = attempt(about=duty, release_at=paris("2026-12-09", "09:00"))
    story = _november("2026-12-14", "20:00", duty, attempts=(told,))
    assert _sms_steps(story, "2026-12-15")["2026-12-15"] == [[Step.A5, Step.R2], [Step.A5]]


def test_calls_say_one_thing() -> None:
    """An actualisation is bundled in SMS only: keys mean one thing in a call."""
    duty = _duty("1", "2026-12-20", known=paris("2026-12-11", "13:30"))
    who = person(preferred_channel=Channel.VOICE, forbidden_channels=(Channel.SMS,), constraints=(Constraint.NO_INTERNET,))
    story = Story(case=case(actualisation(), duty, who=who))
    released = story.decide(paris("2026-12-11", "14:30")).releases
    assert all(len(one.items) == 1 for one in released)
    assert released


def test_the_item_is_what_is_sent_once() -> None:
    """A bundle is released with an item for each duty at its own revision and occurrence (contracts §3)."""
    first, second = _duty("1", "2026-12-09"), replace(_duty("2", "2026-12-11"), revision=3, last_revision=3)
    released = Story(case=case(first, second)).decide(_OPENING).releases
    assert released[0].items == (
        Item(obligation_id=first.obligation_id, revision=1, step=Step.N0),
        Item(obligation_id=second.obligation_id, revision=3, step=Step.N0),
    )
    assert released[0].person_id == LEILA
    assert released[0].state is AttemptState.RELEASED


def test_a_formal_letter_stays_alone() -> None:
    """The letter of a formal convocation carries nothing else."""
    formal = meeting("cv:1", due_at=paris("2026-12-16", "10:30"), known_at=_DAWN, legal_value="formal")
    other = _duty("2", "2026-12-18")
    who = person(preferred_channel=Channel.EMAIL)
    released = Story(case=case(formal, other, who=who, contacts=(mailbox(), letterbox()))).decide(_DAWN).releases
    assert sorted((one.channel, len(one.items)) for one in released) == [(Channel.EMAIL, 2), (Channel.LETTER, 1)]
