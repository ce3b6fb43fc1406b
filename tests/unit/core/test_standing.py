"""What open alarms change: who carries a message, which domains are left alone, what waits for a feed (§10.16, §10.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alarms import (
    ANOTHER_PROVIDER,
    CLOSING_IN_DAYS,
    Alarm,
    Standing,
    alarm_id,
    circuit,
    circuit_of,
    closing_soon,
    domain_of,
    standing_of,
)
from services.core.check import DoNotSend, NotYet, Send, may_send
from services.core.environment import Environment
from services.core.model import Attempt, Obligation
from services.core.words import AlarmType, AttemptState, Channel, ReceiptStatus, Step, Why
from tests.unit.core.scene import Story, actualisation, attempt, case, environment, letterbox, mailbox, meeting, mobile, paris, person, view

NOW = paris("2026-12-10", "10:30")
PROVIDERS = {Channel.SMS: ("a", "b")}


def alarm(type_: AlarmType = AlarmType.RECEIPTS_LOW, scope: str = "a/SFR", **changed: Any) -> Alarm:
    """An open one."""
    row = Alarm(
        alarm_id=alarm_id(type_, scope, NOW),
        type=type_,
        scope=scope,
        channel=Channel.SMS,
        figures={},
        since=NOW - timedelta(minutes=30),
        raised_at=NOW - timedelta(minutes=7),
        until=paris("2026-12-11"),
    )
    return replace(row, **changed)


def standing(*alarms: Alarm, now: datetime = NOW) -> Standing:
    """What these change."""
    return standing_of(alarms, now, PROVIDERS)


def with_alarms(*alarms: Alarm, now: datetime = NOW) -> Environment:
    """The environment in which these are open."""
    return environment().with_standing(standing(*alarms, now=now))


SILENT = alarm(AlarmType.FEED_SILENT, "actualisations.v1", channel=None, until=None, raised_at=paris("2026-12-10", "09:00"))
PAUSED = alarm(AlarmType.POLICY_REJECTIONS, "example.org", channel=Channel.EMAIL, until=NOW + timedelta(minutes=30))


# ---- circuits


@pytest.mark.parametrize(
    ("open_", "carrier", "chosen"),
    [
        ((), "SFR", "a"),
        ((alarm(),), "SFR", "b"),
        ((alarm(),), "Orange", "a"),
        ((alarm(),), None, "a"),
        ((alarm(scope="a/unknown"),), None, "b"),
        ((alarm(AlarmType.PROVIDER_DOWN, "a"),), "Orange", "b"),
        ((alarm(AlarmType.POLICY_REJECTIONS, "a"),), "Orange", "b"),
        # better tried than not
        ((alarm(), alarm(scope="b/SFR")), "SFR", "a"),
        # another channel's provider of the same name
        ((alarm(AlarmType.PROVIDER_DOWN, "a", channel=Channel.EMAIL),), "SFR", "a"),
        ((alarm(until=NOW),), "SFR", "a"),
        ((alarm(cleared_at=NOW),), "SFR", "a"),
    ],
)
def test_who_carries_a_message(open_: tuple[Alarm, ...], carrier: str | None, chosen: str) -> None:
    """The first in order of preference whose circuit for that network is closed (SC-23, §4.4)."""
    assert standing(*open_).provider_for(Channel.SMS, ("a", "b"), carrier) == chosen


def test_a_scope_names_provider_and_network() -> None:
    """There and back, for networks that nobody named too."""
    assert circuit("a", "SFR") == "a/SFR"
    assert circuit_of("a/SFR") == ("a", "SFR")
    assert circuit_of(circuit("a", None)) == ("a", None)


def test_the_domain_of_a_point() -> None:
    """In lower case; only mail addresses have one."""
    assert domain_of(mailbox(value="Leila@Example.ORG")) == "example.org"
    assert domain_of(mobile()) is None


# ---- replacement


def lost(about: Obligation, **changed: Any) -> Attempt:
    """An SMS of provider ``a`` about which nothing was heard for four hours."""
    facts: dict[str, Any] = {"state": AttemptState.UNKNOWN, "reason": Why.NO_RECEIPT, "closed_at": NOW}
    return attempt("lost", about=about, release_at=NOW - timedelta(hours=4), **{**facts, **changed})


ACT = actualisation()


def replaced(head: Attempt, *alarms: Alarm, carrier: str | None = "SFR") -> list[Attempt]:
    """What is released for somebody with nothing but a mobile phone who does not want calls."""
    who = person(forbidden_channels=(Channel.VOICE,))
    story = Story(case=case(ACT, who=who, contacts=[mobile(carrier=carrier)], attempts=(head,)), env=with_alarms(*alarms), now=NOW)
    return story.decide().releases


def test_what_one_provider_lost_another_carries() -> None:
    """Without another channel, at once, as a new occurrence, although the day has had its SMS (§10.4)."""
    (again,) = replaced(lost(ACT, step=Step.A2), alarm())
    assert (again.channel, again.chosen_by, again.cause) == (Channel.SMS, ANOTHER_PROVIDER, "no_receipt")
    (item,) = again.items
    assert (item.step, item.occurrence) == (Step.A2, 11)
    assert again.release_at == NOW


@pytest.mark.parametrize(
    ("changed", "alarms", "carrier"),
    [
        # the same provider would get it again
        ({}, (), "SFR"),
        ({}, (alarm(),), "Orange"),
        # nobody else is there
        ({}, (alarm(), alarm(scope="b/SFR")), "SFR"),
        # it was a replacement already
        ({"chosen_by": ANOTHER_PROVIDER, "occurrence": 11}, (alarm(),), "SFR"),
        # a late receipt came
        ({"state": AttemptState.DELIVERED, "delivered_at": NOW, "last_status": ReceiptStatus.DELIVERED}, (alarm(),), "SFR"),
        # it may have been taken: never repeated
        ({"reason": Why.NO_OUTCOME}, (alarm(),), "SFR"),
    ],
)
def test_what_is_not_replaced(changed: dict[str, Any], alarms: tuple[Alarm, ...], carrier: str) -> None:
    """Once at most, and only when another provider can do better (SC-23)."""
    assert replaced(lost(ACT, step=Step.A2, **changed), *alarms, carrier=carrier) == []


def test_another_channel_comes_before_a_replacement() -> None:
    """Who can be e-mailed is e-mailed (§10.5)."""
    story = Story(
        case=case(ACT, contacts=[mobile(carrier="SFR"), mailbox()], attempts=(lost(ACT, step=Step.A1),)),
        env=with_alarms(alarm()),
        now=NOW,
    )
    assert [one.channel for one in story.decide().releases] == [Channel.EMAIL]


def test_a_meeting_is_replaced_too() -> None:
    """A first notice that a network swallowed goes out again the same day, outside the caps (§10.4)."""
    duty = meeting(due_at=paris("2026-12-18", "10:00"), known_at=NOW - timedelta(hours=4))
    who = person(forbidden_channels=(Channel.VOICE,))
    story = Story(case=case(duty, who=who, contacts=[mobile(carrier="SFR")], attempts=(lost(duty),)), env=with_alarms(alarm()), now=NOW)
    (again,) = story.decide().releases
    assert (again.channel, again.chosen_by, again.items[0].step) == (Channel.SMS, ANOTHER_PROVIDER, Step.F)
    story.sent(again)
    counted = view(story.case, NOW, story.env)
    assert counted.sms_on(counted.local_day(NOW)) == 1


# ---- pauses


def test_a_paused_domain_is_left_alone() -> None:
    """The next channel carries new messages, and the page says why; another domain is not concerned (§10.16)."""
    duty = meeting(due_at=paris("2026-12-18", "10:00"), known_at=NOW)
    who = person(preferred_channel=Channel.EMAIL)
    story = Story(case=case(duty, who=who, contacts=[mailbox(), mobile()]), env=with_alarms(PAUSED), now=NOW)
    decision = story.decide()
    (notice,) = decision.releases
    assert (notice.channel, notice.items[0].step) == (Channel.SMS, Step.N0)
    assert "email: paused" in notice.excluded
    elsewhere = replace(story, case=case(duty, who=who, contacts=[mailbox(value="leila@laposte.example"), mobile()]))
    assert [one.channel for one in elsewhere.decide().releases] == [Channel.EMAIL]


def test_a_pause_is_waited_for_when_there_is_no_other_way() -> None:
    """The message is decided, and the check before sending holds it back until the pause's end; nobody is told that there is no way."""
    duty = meeting(due_at=paris("2026-12-18", "10:00"), known_at=NOW)
    env = with_alarms(PAUSED)
    story = Story(case=case(duty, who=person(preferred_channel=Channel.EMAIL), contacts=[mailbox()]), env=env, now=NOW)
    decision = story.decide()
    (notice,) = decision.releases
    assert not decision.alerts
    assert may_send(story.case, notice, env, NOW) == NotYet(at=NOW + timedelta(minutes=30))
    after = with_alarms(PAUSED, now=NOW + timedelta(minutes=30))
    assert isinstance(may_send(story.case, notice, after, NOW + timedelta(minutes=30)), Send)


def test_a_pause_stops_what_was_on_its_way() -> None:
    """A message released just before is left out, so that the next channel gets it."""
    duty = meeting(due_at=paris("2026-12-18", "10:00"), known_at=NOW)
    who = person(preferred_channel=Channel.EMAIL)
    released = attempt(
        about=duty, channel=Channel.EMAIL, contact_id="mail", state=AttemptState.RELEASED, accepted_at=None, not_after=duty.due_at, tries=0
    )
    known = case(duty, who=who, contacts=[mailbox(), letterbox()], attempts=(released,))
    assert may_send(known, released, with_alarms(PAUSED), NOW) == DoNotSend(reason=Why.PAUSED)


# ---- silence


@pytest.mark.parametrize(
    ("at", "silent"),
    [("08:59", False), ("09:00", True), ("11:59", True), ("12:00", False)],
)
def test_when_a_feed_was_silent(at: str, silent: bool) -> None:
    """From the alarm until it was cleared, also when asked later (§10.16)."""
    over = replace(SILENT, cleared_at=paris("2026-12-10", "12:00"))
    assert standing(over, now=NOW + timedelta(days=3)).feed_silent(paris("2026-12-10", at)) is silent


def steps(story: Story, now: datetime) -> list[tuple[Step, str]]:
    """What is released at this instant, and what is left out and why."""
    decision = story.decide(now)
    found = [(one.items[0].step, "released") for one in decision.releases]
    return found + [(one.items[0].step, str(one.reason)) for one in decision.skips]


def test_steps_wait_for_a_silent_feed_and_go_out_in_their_own_window() -> None:
    """Nobody is reminded of what may be done; when the feed speaks again the same day, the step goes out (§10.16)."""
    who = person(forbidden_channels=(Channel.VOICE,), known_at=paris("2026-12-09", "08:00"))
    story = Story(case=case(actualisation(known_at=paris("2026-12-09", "08:00")), who=who), env=with_alarms(SILENT), now=NOW)
    assert steps(story, paris("2026-12-10", "18:00")) == []
    story.env = with_alarms(replace(SILENT, cleared_at=paris("2026-12-10", "18:30")), now=paris("2026-12-10", "18:30"))
    assert steps(story, paris("2026-12-10", "18:30")) == [(Step.A2, "released")]


def test_a_step_that_waited_too_long_is_left_to_the_next() -> None:
    """Its window is over: superseded, not late (§10.16)."""
    who = person(forbidden_channels=(Channel.VOICE,), known_at=paris("2026-12-09", "08:00"))
    duty = actualisation(known_at=paris("2026-12-09", "08:00"))
    over = replace(SILENT, cleared_at=paris("2026-12-11", "09:00"))
    story = Story(case=case(duty, who=who), env=with_alarms(over, now=paris("2026-12-11", "09:00")), now=NOW)
    assert steps(story, paris("2026-12-11", "09:00")) == [(Step.A2, "superseded")]
    late = Story(case=case(duty, who=who), env=with_alarms(), now=NOW)
    assert steps(late, paris("2026-12-11", "09:00")) == [(Step.A2, "too_late")]


def test_the_last_steps_go_out_although_the_feed_is_silent() -> None:
    """A4 and A5 do not wait; nor does a step to who says that it is done, because it says « si ce n'est pas déjà fait » (§10.16)."""
    who = person(forbidden_channels=(Channel.VOICE,), known_at=paris("2026-12-12", "08:00"))
    duty = actualisation(known_at=paris("2026-12-12", "08:00"))
    story = Story(case=case(duty, who=who), env=with_alarms(SILENT), now=NOW)
    assert steps(story, paris("2026-12-14", "11:30")) == [(Step.A4, "released")]
    said = actualisation(known_at=paris("2026-12-09", "08:00"), said_done_at=paris("2026-12-09", "09:00"))
    known = person(forbidden_channels=(Channel.VOICE,), known_at=paris("2026-12-09", "08:00"))
    told = Story(case=case(said, who=known), env=with_alarms(SILENT), now=NOW)
    assert steps(told, paris("2026-12-10", "18:00")) == [(Step.A2, "released")]


_CLOSING = paris("2026-12-15", "23:59:59")


@pytest.mark.parametrize(
    ("about", "now", "closes"),
    [
        ({}, paris("2026-12-14", "10:00"), _CLOSING),
        ({}, _CLOSING - timedelta(seconds=1), _CLOSING),
        ({}, _CLOSING, None),
        ({"figures": {"missing": 4.0}}, paris("2026-12-14", "10:00"), None),
        ({"type_": AlarmType.PROVIDER_DOWN}, paris("2026-12-14", "10:00"), None),
        # between two actualisations nothing closes
        ({"raised_at": paris("2026-11-20", "10:00")}, paris("2026-11-20", "11:00"), None),
    ],
)
def test_agencies_are_told_when_receipts_fail_near_a_closing(about: dict[str, Any], now: datetime, closes: datetime | None) -> None:
    """Of the closing that was near when the alarm rang, until it has passed (SC-23)."""
    told = {"figures": {CLOSING_IN_DAYS: 1.0}, "raised_at": paris("2026-12-14", "09:00"), **about}
    assert closing_soon(alarm(**told), now) == closes
