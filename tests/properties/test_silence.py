"""Nobody answers: the advisor hears of it in time, and an outage of ours never makes more of anything."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.model import Case, Obligation
from services.core.words import Channel, DigitalEase, Evidence, Kind, ReceiptStatus
from tests.properties import promises
from tests.properties.days import END, Fate, Outage, lived
from tests.properties.lives import START, Life, cases
from tests.unit.core.scene import appointment, case, mailbox, mobile, person

_QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_DEEP = settings(_QUICK, max_examples=1000, derandomize=False)
_FATES = st.builds(
    Fate,
    sms=st.sampled_from([None, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED_SOFT, ReceiptStatus.FAILED_HARD]),
    email=st.sampled_from([None, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED_HARD]),
)
#: nobody's point dies on the way: one that is found dead later makes another, not a later, history
_MILD = st.builds(
    Fate,
    sms=st.sampled_from([None, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED_SOFT]),
    email=st.sampled_from([None, ReceiptStatus.DELIVERED]),
)
#: a meeting that became known so long before leaves time for its ladder and its alert (§10.5)
_EARLY = timedelta(days=8)
#: with less left, two channels begin at once (§10.9)
_TWO_AT_ONCE = timedelta(hours=72)


@st.composite
def outages(draw: st.DrawFn) -> tuple[Outage, ...]:
    """One to three of up to three days each, somewhere in the month."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        since = START + timedelta(minutes=draw(st.integers(60 * 24 * 2, 60 * 24 * 25)))
        found.append(Outage(since=since, until=since + timedelta(minutes=draw(st.integers(30, 60 * 72)))))
    return tuple(found)


def in_time(life: Life, duty: Obligation) -> bool:
    """Was an alert about this duty raised while a working day was left?"""
    working = life.env.working_days("agence")
    day = working.local(duty.due_at).date()
    raised = [alert.raised_at for alert in life.case.alerts if alert.obligation_id == duty.obligation_id]
    return any(working.left(working.local(at).date(), day) >= 1 for at in raised)


def _known_early(duty: Obligation, case: Case) -> bool:
    assert case.person is not None
    since = max(duty.known_at, case.person.known_at)
    return duty.kind is not Kind.CONTACT and duty.due_at - since >= _EARLY and duty.due_at < END - timedelta(days=2)


def _alerted(case: Case, fate: Fate) -> None:
    life = lived(case, fate)
    for duty in life.case.obligations:
        reached = duty.evidence >= (Evidence.E2 if duty.kind is Kind.ACTUALISATION else Evidence.E3)
        if _known_early(duty, case) and not reached:
            assert in_time(life, duty), (duty, [(alert.type, alert.raised_at) for alert in life.case.alerts])


def _no_more(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    # several duties share messages and caps, in another way when they are decided at another hour
    case = replace(case, obligations=case.obligations[:1])
    on_time, late = lived(case, fate), lived(case, fate, away)
    if _in_a_hurry(late) and not _in_a_hurry(on_time):
        return  # so little time is left that two channels begin at once (§10.9)
    differ = (Counter(_steps(late)) - Counter(_steps(on_time)), Counter(_steps(on_time)) - Counter(_steps(late)))
    assert _sent(late) <= _sent(on_time) + 1, differ


def _nothing_is_flushed(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    late = lived(case, fate, away)
    promises.each_item_once(late.case)
    promises.caps_hold(late.case, late.env)
    for sent in late.envelopes:
        assert sent.claimed_at is not None
        assert not any(one.since <= sent.claimed_at < one.until for one in away)
        promises.good_moment(late.case, late.env, sent, sent.claimed_at)


def _nobody_is_forgotten(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    late = lived(case, fate, away)
    for duty in late.case.obligations:
        if duty.outage_at is None or duty.evidence >= Evidence.E3 or duty.due_at > END - timedelta(days=2):
            continue
        about = [one for one in late.envelopes if any(item.obligation_id == duty.obligation_id for item in one.items)]
        reached = any(one.accepted_at is not None and one.accepted_at > duty.outage_at for one in about)
        assert reached or any(alert.obligation_id == duty.obligation_id for alert in late.case.alerts), duty


def _in_a_hurry(life: Life) -> bool:
    """Did the first message leave when less than 72 hours were left?"""
    first = min((attempt.claimed_at or attempt.release_at for attempt in life.envelopes), default=None)
    return first is not None and any(duty.due_at - first < _TWO_AT_ONCE for duty in life.case.obligations)


def _sent(life: Life) -> int:
    return len({attempt.attempt_id for attempt in life.envelopes})


def _steps(life: Life) -> list[tuple[str, str, str, datetime]]:
    return [
        (item.obligation_id, item.step, attempt.channel, attempt.claimed_at or attempt.release_at)
        for attempt in life.envelopes
        for item in attempt.items
    ]


@_QUICK
@given(cases(), _FATES)
def test_the_advisor_hears_of_silence_in_time(case: Case, fate: Fate) -> None:
    """Whom nothing reaches, and who never answers, is on a list while a working day is left, if the duty was known early (§10.1.3)."""
    _alerted(case, fate)


@_QUICK
@given(cases(), _MILD, outages())
def test_waking_late_gives_no_more_messages(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """After an outage nothing is flushed: nobody gets more messages than they would have got on time.

    But for what a late beginning asks for, and one message that follows a silence: a reminder that comes before the last channel
    was tried goes by another one, so that the silence of the last is followed once more, within the caps (§10.4).
    """
    _no_more(case, fate, away)


def test_a_reminder_before_the_last_channel_was_tried_is_followed_once_more() -> None:
    """The first notice comes a day late, so that the reminder stands between the calls and the e-mail; found by random lives."""
    known_at, due_at = START + timedelta(days=1), START + timedelta(days=11, minutes=1)
    duty = appointment("rdv:1", known_at=known_at, changed_at=known_at, due_at=due_at)
    who = person(preferred_channel=Channel.SMS, digital_ease=DigitalEase.AT_EASE, known_at=START - timedelta(days=300))
    silence, away = Fate(sms=None, email=None), Outage(since=START + timedelta(days=2), until=START + timedelta(days=2, hours=19.5))
    two_points = case(duty, who=who, contacts=(mobile(), mailbox()))
    _no_more(two_points, silence, (away,))
    on_time, late = lived(two_points, silence), lived(two_points, silence, (away,))
    assert (_sent(on_time), _sent(late)) == (8, 9)
    promises.caps_hold(late.case, late.env)


@_QUICK
@given(cases(), _FATES, outages())
def test_after_an_outage_nothing_is_flushed(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """Whatever waited is judged anew: in its window, before it is useless, within the caps, once (§10.3, §10.4)."""
    _nothing_is_flushed(case, fate, away)


@_QUICK
@given(cases(), _FATES, outages())
def test_whom_an_outage_cost_a_message_is_reached_or_an_advisors(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """Nothing late is sent, and nobody is forgotten for it: a message since then, or a line on an advisor's list (§10.5)."""
    _nobody_is_forgotten(case, fate, away)


@pytest.mark.slow
@_DEEP
@given(cases(), _FATES, outages())
def test_after_no_outage_anybody_is_forgotten(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """The same in many more lives, with fresh dice."""
    _nobody_is_forgotten(case, fate, away)


@pytest.mark.slow
@_DEEP
@given(cases(), _FATES, outages())
def test_after_no_outage_anything_is_flushed(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """The same in many more lives, with fresh dice."""
    _nothing_is_flushed(case, fate, away)


@pytest.mark.slow
@_DEEP
@given(cases(), _FATES)
def test_the_advisor_hears_of_every_silence_in_time(case: Case, fate: Fate) -> None:
    """The same in many more lives, with fresh dice."""
    _alerted(case, fate)


@pytest.mark.slow
@_DEEP
@given(cases(), _MILD, outages())
def test_waking_late_never_gives_more_messages(case: Case, fate: Fate, away: tuple[Outage, ...]) -> None:
    """The same in many more lives, with fresh dice."""
    _no_more(case, fate, away)
