"""What must hold at every instant of every life, written again from the rules and not from the code."""

from collections import Counter
from datetime import datetime, time, timedelta
from itertools import pairwise

from services.core.channels.leadtime import letter_limit
from services.core.decide import decide
from services.core.decision import Decision
from services.core.environment import Environment
from services.core.model import Attempt, Case, Contact, Obligation, Person
from services.core.words import AttemptState, Channel, Constraint, ContactStatus, Evidence, Kind, LineType, ObligationState, PointKind, Step

_UNDER_WAY = (AttemptState.RELEASED, AttemptState.SUBMITTING, AttemptState.ACCEPTED)
_NEVER_SENT = (AttemptState.SKIPPED, AttemptState.CANCELLED)
_OUTSIDE_THE_CAPS = (Step.CORRECTIVE, Step.CANCELLATION, Step.VERIFICATION, Step.CHANGED, Step.A6)
_CAPS = {
    Kind.APPOINTMENT: {Channel.SMS: 3, Channel.VOICE: 3, Channel.EMAIL: 3, Channel.LETTER: 1},
    Kind.CONVOCATION: {Channel.SMS: 3, Channel.VOICE: 3, Channel.EMAIL: 3, Channel.LETTER: 1},
    Kind.CONTACT: dict.fromkeys(Channel, 0),
    Kind.ACTUALISATION: {Channel.SMS: 6, Channel.VOICE: 4, Channel.EMAIL: 4, Channel.LETTER: 1},
}
_POINT = {Channel.SMS: PointKind.PHONE, Channel.VOICE: PointKind.PHONE, Channel.EMAIL: PointKind.EMAIL, Channel.LETTER: PointKind.POSTAL}


def nothing_new(case: Case, env: Environment, now: datetime) -> None:
    """Deciding again at the same instant, once everything is stored, gives nothing new (§10.1)."""
    again = decide(case, env, now)
    assert not again.releases, (now, again.releases)
    assert not again.skips, again.skips
    assert not again.cancels, again.cancels
    assert not again.timeouts, again.timeouts
    assert not again.redispatches, again.redispatches
    assert not again.transitions, again.transitions
    assert not again.alerts, again.alerts
    assert not again.closed, again.closed
    assert not again.dossiers, again.dossiers


def can_wait(case: Case, env: Environment, now: datetime, wake: datetime) -> None:
    """Nothing would be decided if the person were looked at now, and nothing is due before they will be."""
    nothing_new(case, env, now)
    decision = decide(case, env, now)
    wanted = min((at for at in (decision.live_at, decision.campaign_at) if at is not None), default=None)
    assert wanted is None or wake <= wanted, (wake, wanted)


def good_moment(case: Case, env: Environment, attempt: Attempt, now: datetime) -> None:
    """Inside the window of its channel, where the person lives (§10.3), and not later than it is of use."""
    assert now <= attempt.not_after, (now, attempt)
    assert case.person is not None
    if attempt.channel is Channel.LETTER:
        return
    home = env.residence(case.person.postal_code)
    local = home.local(now)
    closed = local.weekday() == 6 or home.is_holiday(local.date())
    assert _is_open(attempt, local, closed=closed, closing=_closes(case, attempt, local)), local


def _closes(case: Case, attempt: Attempt, local: datetime) -> bool:
    known = {row.obligation_id: row for row in case.obligations}
    return any(
        known[item.obligation_id].kind is Kind.ACTUALISATION
        and known[item.obligation_id].due_at.astimezone(local.tzinfo).date() == local.date()
        for item in attempt.items
        if item.obligation_id in known
    )


def _is_open(attempt: Attempt, local: datetime, *, closed: bool, closing: bool) -> bool:
    at, saturday = local.time(), local.weekday() == 5
    match attempt.channel:
        case Channel.EMAIL:
            return time(7, 30) <= at < time(20)
        case Channel.VOICE:
            return not closed and not saturday and (time(10) <= at < time(12, 45) or time(14) <= at < time(18, 45))
        case _:
            if closed:
                return closing and time(10) <= at < time(18)
            return time(9, 30) <= at < time(18) if saturday else time(9) <= at < time(19, 30)


def allowed_channel(case: Case, attempt: Attempt) -> None:
    """Not forbidden, not excluded, to a point that works (§10.1.7, §10.9)."""
    assert case.person is not None
    assert attempt.channel not in case.person.forbidden_channels
    assert not (attempt.channel is Channel.VOICE and Constraint.NO_VOICE in case.person.constraints)
    contact = next(point for point in case.contacts if point.contact_id == attempt.contact_id)
    assert contact.kind is _POINT[attempt.channel]
    assert contact.status is not ContactStatus.DISABLED
    assert attempt.channel not in contact.closed_channels
    assert attempt.channel is not Channel.SMS or contact.line_type is LineType.MOBILE


def nobody_on_hold(person: Person, env: Environment, now: datetime) -> None:
    """Nobody writes to a person on hold (§10.17)."""
    if person.hold is not None:
        assert person.hold.until is not None
        assert env.residence(person.postal_code).local(now).date() >= person.hold.until


def still_wanted(case: Case, attempt: Attempt, now: datetime) -> None:
    """About a duty that is still owed, in its present revision, before its date (§10.1.4)."""
    known = {row.obligation_id: row for row in case.obligations}
    for item in attempt.items:
        duty = known[item.obligation_id]
        assert item.revision == duty.revision
        assert now < duty.due_at or item.step is Step.A6
        allowed = {
            ObligationState.OPEN: True,
            ObligationState.ACKNOWLEDGED: item.step is Step.R2,
            ObligationState.CANCELLED: item.step is Step.CANCELLATION,
            ObligationState.LAPSED: item.step is Step.A6,
        }
        assert allowed.get(duty.state, False), (duty.state, item.step)


def each_item_once(case: Case) -> None:
    """An item goes at most once per channel and contact; retries are tries of the same message (§10.1.5)."""
    live = [attempt for attempt in case.attempts if attempt.state not in _NEVER_SENT]
    seen = Counter((item, attempt.channel, attempt.contact_id) for attempt in live for item in attempt.items)
    assert all(count == 1 for count in seen.values()), seen.most_common(1)


def caps_hold(case: Case, env: Environment) -> None:
    """Fatigue limits per duty and per person (§10.4)."""
    live = [attempt for attempt in case.attempts if attempt.state not in _NEVER_SENT]
    for duty in case.obligations:
        for channel, cap in _CAPS[duty.kind].items():
            counted = [attempt for attempt in live if attempt.channel is channel and _step(attempt, duty) not in (None, *_OUTSIDE_THE_CAPS)]
            # one of its own, or one that travels in another duty's message (§10.15)
            last_chance = 1 if any(attempt.chosen_by == "last_chance" or _rides(attempt, duty) for attempt in counted) else 0
            said = [(attempt.release_at, attempt.chosen_by, attempt.items) for attempt in counted]
            assert len(counted) <= cap + last_chance, (duty.obligation_id, channel, said)
    assert case.person is not None
    home = env.residence(case.person.postal_code)
    days = Counter(home.local(attempt.release_at).date() for attempt in live if attempt.channel is Channel.SMS and _counts(attempt))
    assert all(count <= 1 for count in days.values()), days.most_common(1)
    _calls(case, env, [attempt for attempt in live if attempt.channel is Channel.VOICE and _counts(attempt)])


def _rides(attempt: Attempt, duty: Obligation) -> bool:
    return _step(attempt, duty) is Step.R3 and len({item.obligation_id for item in attempt.items}) > 1


def _calls(case: Case, env: Environment, calls: list[Attempt]) -> None:
    assert case.person is not None
    home = env.residence(case.person.postal_code)
    instants = sorted(attempt.submitted_at or attempt.release_at for attempt in calls)
    convoked = any(duty.kind is Kind.CONVOCATION for duty in case.obligations)
    per_day = Counter(home.local(at).date() for at in instants)
    assert all(count <= 2 for count in per_day.values()), per_day.most_common(1)
    for place, at in enumerate(instants):
        month = [other for other in instants[: place + 1] if at - timedelta(days=30) < other]
        assert len(month) <= (6 if convoked else 4)
    halves = Counter((home.local(at).date(), home.local(at).time() >= time(13)) for at in instants)
    assert all(count == 1 for count in halves.values()), halves.most_common(1)
    assert all(after - before >= timedelta(hours=3) for before, after in pairwise(instants))


def _counts(attempt: Attempt) -> bool:
    """A last chance, the two of the closing day and what a change asks for stand outside the person's caps."""
    free = (*_OUTSIDE_THE_CAPS, Step.A5)
    return attempt.chosen_by != "last_chance" and not any(item.step in free for item in attempt.items)


def _step(attempt: Attempt, duty: Obligation) -> Step | None:
    return next((item.step for item in attempt.items if item.obligation_id == duty.obligation_id), None)


def nothing_is_forgotten(case: Case, decision: Decision, now: datetime) -> None:
    """Every duty that is still owed has a next instant in the future, or an open alert; the person is woken by then (design)."""
    open_alerts = {alert.obligation_id for alert in case.alerts if alert.closed_at is None}
    wake = min((at for at in (decision.live_at, decision.campaign_at) if at is not None), default=None)
    assert wake is None or wake > now
    for duty in case.obligations:
        if duty.state in (ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED, ObligationState.HANDLED):
            assert (duty.next_at is not None and duty.next_at > now) or duty.obligation_id in open_alerts, duty
        if duty.next_at is not None:
            assert duty.next_at > now
            assert wake is not None
            assert wake <= duty.next_at
    for attempt in case.attempts:
        waits = attempt.state in (AttemptState.RELEASED, AttemptState.SUBMITTING)
        waits = waits or (attempt.state is AttemptState.ACCEPTED and attempt.channel in (Channel.SMS, Channel.VOICE))
        assert not waits or wake is not None, attempt


def nobody_is_left_alone(case: Case, env: Environment, now: datetime) -> None:
    """Who cannot be reached by any channel, and is owed word of something, is on an advisor's list at once (R5, §10.1.6).

    A letter that comes too late reaches nobody (§10.2, §10.5); what arrived and was not answered is no reason to stop.
    """
    assert case.person is not None
    told = {alert.obligation_id for alert in case.alerts if alert.closed_at is None}
    usable = [channel for channel in Channel if any(_serves(case.person, contact, channel) for contact in case.contacts)]
    for duty in case.obligations:
        if duty.kind is Kind.CONTACT or duty.state is not ObligationState.OPEN:
            continue  # a question of ours
        if not max(duty.known_at, case.person.known_at) <= now < duty.due_at:
            continue
        too_late = now > _letters_until(case.person, duty, env)
        if duty.evidence >= Evidence.E3 or [channel for channel in usable if channel is not Channel.LETTER or not too_late]:
            continue
        items = (duty.obligation_id, duty.revision)
        about = [row for row in case.attempts if items in {(item.obligation_id, item.revision) for item in row.items}]
        under_way = [row for row in about if row.state in _UNDER_WAY and (row.state, row.channel) != (AttemptState.ACCEPTED, Channel.EMAIL)]
        assert under_way or duty.obligation_id in told, (duty.obligation_id, about)


def _letters_until(person: Person, duty: Obligation, env: Environment) -> datetime:
    home, paris = env.residence(person.postal_code), env.residence("75000")
    day = home.local(duty.due_at).date()
    if duty.kind is Kind.ACTUALISATION:
        return paris.instant(day.replace(day=6), time(15))
    return letter_limit(env.policy.letters, home, paris, day).submit_by


def _serves(person: Person, contact: Contact, channel: Channel) -> bool:
    if channel in person.forbidden_channels or (channel is Channel.VOICE and Constraint.NO_VOICE in person.constraints):
        return False
    dead = contact.status is ContactStatus.DISABLED or contact.problem is not None or channel in contact.closed_channels
    wrong = contact.kind is not _POINT[channel] or (channel is Channel.SMS and contact.line_type is not LineType.MOBILE)
    return not dead and not wrong


def nobody_is_skipped_silently(case: Case, decision: Decision) -> None:
    """What was left out or taken back has its reason, and each message says why none of the other channels carries it (R8, §10.1.1)."""
    for attempt in case.attempts:
        if attempt.state in _NEVER_SENT:
            assert attempt.reason is not None, attempt
            assert attempt.closed_at is not None, attempt
    for attempt in decision.releases:
        why_not = dict(line.split(": ") for line in attempt.excluded)
        assert attempt.cause, attempt
        assert attempt.chosen_by, attempt
        assert set(why_not) | {str(attempt.channel)} == {str(channel) for channel in Channel}, attempt
        assert all(why_not.values()), attempt


def evidence_only_rises(before: Case, after: Case) -> None:
    """What is proved about a revision stays proved (§10.6)."""
    known = {(row.obligation_id, row.revision): row.evidence for row in before.obligations}
    for row in after.obligations:
        assert row.evidence >= known.get((row.obligation_id, row.revision), row.evidence)
