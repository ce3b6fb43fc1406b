"""A0 to A5: the steps of a period, counted back from its closing day (§10.5)."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from services.core.calendar import Residence
from services.core.channels.spread import within
from services.core.channels.windows import Opening, next_opening, next_slot, reminder_on, spaced
from services.core.decision import Intent, Omission, Plan
from services.core.meeting.reminders import settled
from services.core.model import Obligation
from services.core.policy import ActualisationStep, Policy
from services.core.timing import last_useful
from services.core.view import NOT_ALONE, View, step_of
from services.core.words import Channel, Lane, Step, Why

_SATURDAY = 5


def campaign(view: View, obligation: Obligation) -> Plan:
    """Every step that is due or ahead; a step whose instant was past when the period became known is not made up for."""
    plan = Plan()
    done = settled(view.all_of(obligation), obligation)
    for rung in view.policy.actualisation.steps:
        if rung.only_for_those_who_need_it and not _needs_opening_notice(view):
            continue
        if (rung.step, rung.occurrence) not in done:
            _add_rung(plan, view, obligation, rung)
    return plan


def closing_day(view: View, obligation: Obligation) -> date:
    """The local day on which the period ends."""
    return view.local_day(obligation.due_at)


def first_weekday(residence: Residence, day: date) -> date:
    """The first Monday to Friday, no holiday, from this day on."""
    while day.weekday() >= _SATURDAY or residence.is_holiday(day):
        day += timedelta(days=1)
    return day


def opening_day(residence: Residence, opens_at: datetime, hour: time) -> date:
    """The first weekday on which this hour is in the period: west of Paris it opens on the evening before (§2.1, §10.5)."""
    day = residence.local(opens_at).date()
    return first_weekday(residence, day if residence.instant(day, hour) >= opens_at else day + timedelta(days=1))


def _add_rung(plan: Plan, view: View, obligation: Obligation, rung: ActualisationStep) -> None:
    """The one message of this step, on the first channel that can carry it; or, when none can, what is left out."""
    left_out: list[Omission] = []
    since = view.known_since(obligation)
    for channel, chosen_by in _candidates(view, obligation, rung):
        if not view.messages.writable(obligation, channel):
            continue
        when = _instant(view, obligation, rung, channel)
        if when is None:
            nominal = _nominal(view, obligation, rung)
            if view.now <= last_useful(view, obligation, channel) and nominal >= since:
                left_out.append(_left_out(obligation, rung, channel, Why.CLOSED_DAY, nominal))
            continue
        if when[0] < since:
            continue
        if channel is Channel.SMS and rung.moves and (view.sms_days or view.messages.sms):
            when = _clear_of_other_sms(view, obligation, rung, channel, when)
        if view.now >= when[1]:
            late = Why.LETTER_TOO_LATE if channel is Channel.LETTER else Why.TOO_LATE
            reason = Why.SUPERSEDED if _waits(view, obligation, rung, when[1]) else late
            left_out.append(_left_out(obligation, rung, channel, reason, when[1]))
            break
        if _waits(view, obligation, rung, view.now):
            # everybody is woken when the feed speaks again
            return
        if not view.room(channel, obligation) or not _free(view, obligation, rung, channel, when[0]):
            left_out.append(_left_out(obligation, rung, channel, Why.CAP_REACHED, when[0]))
            continue
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=rung.step,
                occurrence=rung.occurrence,
                channel=channel,
                at=when[0],
                not_after=when[1],
                cause="step",
                chosen_by=chosen_by,
                lane=Lane.CAMPAIGN,
            )
        )
        return
    plan.omissions += left_out


def waits_for_feed(view: View, obligation: Obligation, step: Step) -> bool:
    """Does this step wait now, because nobody knows who has done it (§10.16)?"""
    return any(rung.step is step and _waits(view, obligation, rung, view.now) for rung in view.policy.actualisation.steps)


def _waits(view: View, obligation: Obligation, rung: ActualisationStep, at: datetime) -> bool:
    """Completions are silent; what says « si ce n'est pas déjà fait » anyway goes out: the last steps, and to who says that it is done."""
    standing = view.env.standing
    return bool(standing.silences) and rung.waits and obligation.said_done_at is None and standing.feed_silent(at)


def _left_out(obligation: Obligation, rung: ActualisationStep, channel: Channel, reason: Why, at: datetime) -> Omission:
    return Omission(obligation=obligation, step=rung.step, occurrence=rung.occurrence, channel=channel, reason=reason, at=at)


def _needs_opening_notice(view: View) -> bool:
    """A0: who asked, who missed one of the last three, who depends on the agency, and who has nothing but a letterbox (§10.5)."""
    person = view.person
    letter_only = view.reach.order == (Channel.LETTER,)
    return person.asked_opening_notice or person.missed_actualisations > 0 or person.non_web or letter_only


def _candidates(view: View, obligation: Obligation, rung: ActualisationStep) -> Sequence[tuple[Channel, str]]:
    """Channels in the order in which the step tries them, with the reason."""
    if rung.channel == "first_notice":
        preferred = view.person.preferred_channel
        return [(channel, "preferred" if channel is preferred else "order") for channel in view.reach.order]
    last = _last_step_channel(view, obligation) if rung.channel == "another" else None
    return _in_order(view.policy, rung, view.reach.order, last)


@lru_cache(maxsize=1024)
def _in_order(policy: Policy, rung: ActualisationStep, reached: Sequence[Channel], last: Channel | None) -> Sequence[tuple[Channel, str]]:
    """The same for everybody whom these channels reach; ``last``: on which the step before went out."""
    usable = [channel for channel in policy.channels.actualisation_order if channel in reached]
    if rung.channel == "another":
        last = last or next(iter(usable), None)
        others = [channel for channel in usable if channel is not last]
        # voice again when voice is the only one
        return [(channel, "another") for channel in others] or [(channel, "only_one") for channel in usable if channel is Channel.VOICE]
    return [(channel, "order") for channel in usable if rung.called or channel is not Channel.VOICE]


def _last_step_channel(view: View, obligation: Obligation) -> Channel | None:
    for attempt in view.tries_of(obligation):
        if attempt.cause != NOT_ALONE and step_of(attempt, obligation) is Step.A2:
            return attempt.channel
    return None


def _opens_at(obligation: Obligation) -> datetime:
    return obligation.opens_at or obligation.known_at


def _day(residence: Residence, rung: ActualisationStep, opens_at: datetime, due_at: datetime) -> date:
    if rung.opening:
        return opening_day(residence, opens_at, rung.hour)
    return residence.local(due_at).date() - timedelta(days=rung.days_before)


def _nominal(view: View, obligation: Obligation, rung: ActualisationStep) -> datetime:
    return view.residence.instant(_day(view.residence, rung, _opens_at(obligation), obligation.due_at), rung.hour)


@lru_cache(maxsize=4096)
def _hours(
    policy: Policy, residence: Residence, rung: ActualisationStep, channel: Channel, opens_at: datetime, due_at: datetime
) -> tuple[datetime, datetime, datetime] | None:
    """Over which span people are spread for a step, and until when it may be sent; none when the channel is closed and the step stays.

    The same for everybody who lives alike, so it is computed once for all of them.
    """
    hour = (rung.voice_hour or rung.hour) if channel is Channel.VOICE else rung.hour
    closing = residence.local(due_at).date()
    day = _day(residence, rung, opens_at, due_at)
    opening = reminder_on(policy, channel, residence, day, hour, closing_day=closing, moves=rung.moves)
    if opening is None:
        return None
    start, closes = opening
    latest = due_at - policy.not_after[channel]
    return start, min(_campaign_end(policy, start, closes, rung), latest), min(closes, latest)


def _instant(view: View, obligation: Obligation, rung: ActualisationStep, channel: Channel) -> Opening | None:
    """This person's own instant for the step, and until when; none when the channel is closed that day and the step stays."""
    if channel is Channel.LETTER:
        return _letter_instant(view, obligation, rung)
    hours = _hours(view.policy, view.residence, rung, channel, _opens_at(obligation), obligation.due_at)
    if hours is None:
        return None
    start, end, until = hours
    at = within(view.person.person_id, start, end)
    if channel is Channel.VOICE and not spaced(view.policy, view.residence, at, view.last_call()):
        return _later_that_day(view, obligation, at)
    later = _after_pause(view, obligation, channel, at, rung) if obligation.said_done_at is not None else at
    if later == at:
        return at, until
    until = next_opening(view.policy, channel, view.residence, later, closing_day(view, obligation))[1]
    return later, min(until, last_useful(view, obligation, channel))


def _later_that_day(view: View, obligation: Obligation, at: datetime) -> Opening | None:
    """The telephone rang too short a while ago: the day's next slot, in another half-day (§10.4); none when there is none."""
    start, closes = next_slot(view.policy, view.residence, at, view.last_call())
    if view.local_day(start) != view.local_day(at):
        return None
    end = min(closes, last_useful(view, obligation, Channel.VOICE))
    return within(view.person.person_id, start, end), end


def _campaign_end(policy: Policy, start: datetime, closes: datetime, rung: ActualisationStep) -> datetime:
    """The end of the span over which people are spread: the campaign's hours or the step's own, inside the window."""
    spread = rung.spread or policy.actualisation.spread
    return min(start + spread, closes)


def _letter_instant(view: View, obligation: Obligation, rung: ActualisationStep) -> Opening | None:
    """A letter is submitted that day before the printer's cut-off; it is useless after the 6th (§10.5).

    Who has nothing but a letterbox hears of the period by it alone: when it becomes known later, it leaves then, as a first notice would.
    """
    start = _nominal(view, obligation, rung)
    cutoff = view.printer.instant(view.printer.local(start).date(), view.policy.letters.cutoff)
    at = within(view.person.person_id, start, max(cutoff, start))
    if view.reach.order == (Channel.LETTER,):
        at = max(at, view.known_since(obligation))
    return at, letters_until(view, obligation)


def letters_until(view: View, obligation: Obligation) -> datetime:
    """Until when a letter about a period is submitted (§10.5): later it comes too close to the closing."""
    letters = view.policy.letters
    return view.printer.instant(closing_day(view, obligation).replace(day=letters.actualisation_last_day), letters.cutoff)


def _clear_of_other_sms(view: View, obligation: Obligation, rung: ActualisationStep, channel: Channel, when: Opening) -> Opening:
    """On the day of another SMS a step moves to the next allowed day before J-2; it stays when there is none, to be bundled (§10.15)."""
    day = view.local_day(when[0])
    if not _has_another_sms(view, day):
        return when
    last = closing_day(view, obligation) - timedelta(days=view.policy.actualisation.makes_room_until + 1)
    while (day := day + timedelta(days=1)) <= last:
        opening = reminder_on(view.policy, channel, view.residence, day, rung.hour, moves=False)
        if opening is not None and not _has_another_sms(view, day):
            start, closes = opening
            end = min(_campaign_end(view.policy, start, closes, rung), last_useful(view, obligation, channel))
            return within(view.person.person_id, start, end), closes
    return when


def _has_another_sms(view: View, day: date) -> bool:
    return day in view.sms_days or view.sms_on(day) >= view.policy.caps.person.sms_per_day


def _after_pause(view: View, obligation: Obligation, channel: Channel, at: datetime, rung: ActualisationStep) -> datetime:
    """« C'est fait » pauses the steps before alert list 1 for a day (§10.12)."""
    said = obligation.said_done_at
    before_list_1 = rung.opening or rung.days_before > view.policy.alerts.at_risk.days_before
    if said is None or not before_list_1:
        return at
    resume = said + view.policy.actualisation.pause.said_done
    return at if at >= resume or at < said else next_opening(view.policy, channel, view.residence, resume)[0]


def _free(view: View, obligation: Obligation, rung: ActualisationStep, channel: Channel, at: datetime) -> bool:
    """The person's own caps: one SMS a day but for the two of the last day, calls in their limits (§10.4)."""
    if channel is Channel.VOICE:
        return view.calls_allowed(at, obligation)
    return channel is not Channel.SMS or rung.step is Step.A5 or view.day_has_room(channel, at)
