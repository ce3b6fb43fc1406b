"""R1, R2, R3 (§10.5, §10.9): shifted earlier, never made up for, on the channel that has shown that it works."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.model import Attempt
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    DigitalEase,
    Evidence,
    Kind,
    ObligationState,
    ReplyChannel,
    ReplyEffect,
    Step,
    Why,
)
from tests.unit.core.scene import (
    NOW,
    Story,
    appointment,
    attempt,
    case,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    reply,
    residence,
)

_S, _V, _E, _L = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER


def _sent(channel: Channel, contact: str, **changed: object) -> Attempt:
    base = {"channel": channel, "contact_id": contact, "state": AttemptState.DELIVERED, "delivered_at": NOW, "about": meeting()}
    return attempt(f"a-{channel}", **{**base, **changed})  # type: ignore[arg-type]


def _ahead(story: Story) -> dict[Step, tuple[Channel, str]]:
    home = residence()
    reminders = (Step.R1, Step.R2, Step.R3)
    return {one.step: (one.channel, f"{home.local(one.at):%a %d %H}") for one in story.decide().outlooks[0].ahead if one.step in reminders}


def test_the_rungs_before_a_meeting() -> None:
    """SC-01: J-7 at 10:00, the day before the eve on Saturday (Sunday is closed), the eve by another channel."""
    story = Story(case=case(meeting(), contacts=(mobile(),), attempts=(_sent(_S, "tel"),)))
    assert _ahead(story) == {Step.R1: (_S, "Tue 24 10"), Step.R2: (_S, "Sat 28 09"), Step.R3: (_V, "Mon 30 10")}


@pytest.mark.parametrize(("days", "there"), [(10, False), (11, True)])
def test_a_week_before_only_when_it_was_known_for_long(days: int, there: bool) -> None:
    """R1: more than ten days between knowing and the meeting."""
    duty = appointment(due_at=NOW + timedelta(days=days))
    assert (Step.R1 in _ahead(Story(case=case(duty, attempts=(_sent(_S, "tel", about=duty),))))) is there


def test_what_is_past_when_it_becomes_known_is_not_made_up_for() -> None:
    """Known on the eve at noon: neither R2 nor R3, and no word of them (§10.1.3)."""
    at = paris("2026-11-30", "12:00")
    duty = meeting(known_at=at)
    story = Story(case=case(duty, attempts=(_sent(_S, "tel", about=duty, release_at=at),)), now=at)
    decision = story.decide()
    assert not [one for one in decision.skips if one.items[0].step in (Step.R2, Step.R3)]
    assert _ahead(story) == {}


def test_the_best_evidence_carries_the_reminders() -> None:
    """Delivered is better than accepted; of two equals the newest; R3 takes another (§10.9)."""
    points = (mobile(), mailbox(), letterbox())
    tries = (_sent(_S, "tel", state=AttemptState.ACCEPTED), _sent(_E, "mail", step=Step.F))
    found = _ahead(Story(case=case(meeting(), contacts=points, attempts=tries)))
    assert (found[Step.R1][0], found[Step.R2][0]) == (_E, _E)
    assert found[Step.R3][0] is _S


@pytest.mark.parametrize(
    ("state", "hours_before", "sent"),
    [
        (ObligationState.ACKNOWLEDGED, 48, True),
        (ObligationState.ACKNOWLEDGED, 3, False),
        (ObligationState.DECLINED, 48, False),
        (ObligationState.HANDLED, 48, False),
    ],
)
def test_who_has_answered_gets_the_short_reminder_only(state: ObligationState, hours_before: int, sent: bool) -> None:
    """R2 goes to them too, unless the answer is less than a day old; never to those who declined (§10.5)."""
    instant = paris("2026-11-28", "09:30")
    duty = meeting(state=state, evidence=Evidence.E3, evidence_how="sms", evidence_at=instant - timedelta(hours=hours_before))
    story = Story(case=case(duty, attempts=(_sent(_S, "tel"),)), now=instant + timedelta(minutes=30))
    decision = story.decide()
    assert [one.items[0].step for one in decision.releases] == ([Step.R2] if sent else [])
    if state is ObligationState.ACKNOWLEDGED and not sent:
        assert [(one.items[0].step, one.reason) for one in decision.skips] == [(Step.R2, Why.ACKNOWLEDGED)]


def test_a_second_answer_is_as_fresh_as_the_first() -> None:
    """She asked for a call three days ago, and said that she comes an hour ago: no R2 (§10.5)."""
    at = paris("2026-11-28", "09:30")
    long_ago = at - timedelta(days=3)
    duty = meeting(state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_how="sms", evidence_at=long_ago)
    said = reply("y1", Choice.COME, at=at - timedelta(hours=1), obligation_id=duty.obligation_id, effect=ReplyEffect.ACKNOWLEDGED)
    of = case(duty, attempts=(_sent(_S, "tel"),), replies=(said,))
    for story, sent in ((Story(case=of, now=at), []), (Story(case=replace(of, replies=()), now=at), [Step.R2])):
        home = story.decide(paris("2026-11-28", "10:00"))
        assert [row.items[0].step for row in home.releases] == sent


def test_after_a_link_in_an_email_the_reminder_is_an_sms() -> None:
    """Somebody else may read the mailbox: by SMS if usable, whatever carried the meeting or comes first (§10.9, SC-03)."""
    duty = meeting(state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_how="link", evidence_at=NOW)
    tries = (_sent(_E, "mail"), _sent(_V, "fixe", step=Step.F))
    about = {"obligation_id": duty.obligation_id, "attempt_id": "a-email"}
    said = reply("y1", Choice.COME, ReplyChannel.LINK, effect=ReplyEffect.ACKNOWLEDGED, **about)
    points = (mobile(), landline(), mailbox())
    who = person(preferred_channel=_E, digital_ease=DigitalEase.OFFLINE)
    assert _ahead(Story(case=case(duty, who=who, contacts=points, attempts=tries, replies=(said,))))[Step.R2][0] is _S


@pytest.mark.parametrize(("about", "there"), [("rdv:9", True), ("cv:1", False)])
def test_the_last_chance_may_be_the_days_second_sms(about: str, there: bool) -> None:
    """When the first one was about something else (§10.4); what it says itself it does not repeat on the same day."""
    at = paris("2026-11-30", "09:40")
    other = meeting("rdv:9", due_at=paris("2026-12-18"))
    duty = meeting()
    today = attempt("today", about=other if about == "rdv:9" else duty, step=Step.F, state=AttemptState.DELIVERED, release_at=at)
    before = attempt("n0", about=duty, state=AttemptState.DELIVERED)
    of = case(duty, other, who=person(forbidden_channels=(_V,)), attempts=(before, today))
    assert (Step.R3 in _ahead(Story(case=of, now=at))) is there


def test_the_last_chance_is_an_sms_when_nothing_else_can_carry_it() -> None:
    """One SMS more than the cap (§10.4)."""
    tries = tuple(attempt(f"s-{step}", about=meeting(), step=step, state=AttemptState.DELIVERED) for step in (Step.N0, Step.R1, Step.R2))
    who = person(forbidden_channels=(_V,))
    story = Story(case=case(meeting(), who=who, attempts=tries), now=paris("2026-11-30", "09:00"))
    decision = story.decide()
    assert [(one.step, one.channel, one.chosen_by) for one in decision.outlooks[0].ahead] == [(Step.R3, _S, "last_chance")]


def test_a_reminder_finds_another_channel_when_its_cap_is_reached() -> None:
    """Three e-mails have left: R2 goes by SMS; with nothing else it is left out, CAP_REACHED."""
    tries = tuple(
        attempt(f"e{place}", about=meeting(), channel=_E, contact_id="mail", step=step, state=AttemptState.DELIVERED, delivered_at=NOW)
        for place, step in enumerate((Step.N0, Step.F, Step.R1))
    )
    at = paris("2026-11-29", "10:00")
    who = person(forbidden_channels=(_V,))
    story = Story(case=case(meeting(), contacts=(mailbox(), mobile()), who=who, attempts=tries), now=at - timedelta(days=2))
    assert _ahead(story)[Step.R2][0] is _S
    alone = Story(case=case(meeting(), contacts=(mailbox(),), attempts=tries), now=at)
    assert (Step.R2, Why.CAP_REACHED) in [(one.items[0].step, one.reason) for one in alone.decide().skips]


def test_a_letter_is_a_reminder_only_while_it_can_arrive() -> None:
    """Two days before the meeting it cannot: left out, and not for want of trying."""
    duty = meeting(kind=Kind.CONVOCATION)
    tries = (_sent(_L, "home", state=AttemptState.ACCEPTED),)
    who = person(preferred_channel=_L)
    story = Story(case=case(duty, contacts=(letterbox(),), who=who, attempts=tries), now=paris("2026-11-29", "10:00"))
    assert (Step.R2, Why.CAP_REACHED) in [(one.items[0].step, one.reason) for one in story.decide().skips]


def test_two_calls_are_three_hours_apart_reminders_too() -> None:
    """R3 by voice at 10:00 does not follow a call of 09:00."""
    call = _sent(_V, "fixe", release_at=paris("2026-11-30", "09:30"), submitted_at=paris("2026-11-30", "09:30"))
    sms = _sent(_S, "tel")
    story = Story(case=case(meeting(), contacts=(mobile(), landline()), attempts=(call, sms)), now=paris("2026-11-30", "10:45"))
    assert not [one for one in story.decide().releases if one.channel is _V]
