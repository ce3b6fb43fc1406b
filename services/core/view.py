"""One person's case seen at one instant: what every rule asks again and again, computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.core.calendar import Residence, WorkingDays, local_day
from services.core.channels.availability import Availability, availability
from services.core.channels.pauses import without_paused
from services.core.channels.quiet import without_quiet
from services.core.environment import METROPOLE, Environment
from services.core.messages import Messages
from services.core.model import Attempt, Case, Obligation, Person, Reply
from services.core.policy import Policy
from services.core.words import AttemptState, Channel, Evidence, Kind, ReplyChannel, ReplyEffect, Step

#: cause of a message that goes with another one, whose point may not be relied on (§10.7)
NOT_ALONE = "not_alone"

_MONTH = timedelta(days=30)
_HALF_CLOSED = frozenset({AttemptState.FAILED, AttemptState.RELEASED, AttemptState.SUBMITTING})


# nobody changes it; not frozen, because a frozen one takes several times as long to make
@dataclass(slots=True, kw_only=True)
class View:
    """A case with its environment and the instant at which it is looked at."""

    case: Case
    person: Person
    env: Environment
    #: the numbers
    policy: Policy
    now: datetime
    reach: Availability
    residence: Residence
    working: WorkingDays
    #: the case's messages, sorted
    messages: Messages
    #: local days on which duties beside the actualisation mean to write by SMS (§10.15)
    sms_days: frozenset[date] = frozenset()

    @property
    def printer(self) -> Residence:
        """The printer's calendar."""
        return self.env.residence(METROPOLE)

    def tries_of(self, obligation: Obligation) -> Sequence[Attempt]:
        """Live messages of this revision, oldest first."""
        return self.messages.tries_of(obligation)

    def all_of(self, obligation: Obligation) -> Sequence[Attempt]:
        """Messages of this revision, skipped and cancelled ones too."""
        return self.messages.all_of(obligation)

    def replies_to(self, obligation: Obligation) -> Sequence[Reply]:
        """Answers to this revision, oldest first."""
        if not self.case.replies:
            return ()
        found = [
            reply
            for reply in self.case.replies
            if reply.obligation_id == obligation.obligation_id and reply.revision in (None, obligation.revision)
        ]
        return sorted(found, key=lambda reply: reply.at)

    def known_since(self, obligation: Obligation) -> datetime:
        """From when on something could be planned: the duty is known and so is the person."""
        return max(obligation.known_at, self.person.known_at)

    def local_day(self, at: datetime) -> date:
        """The residence's date."""
        return local_day(self.residence.zone, at)

    def last_call(self) -> datetime | None:
        """When the telephone rang last, or is about to."""
        return self.messages.calls[-1] if self.messages.calls else None

    def room(self, channel: Channel, obligation: Obligation, *, reserve: int = 0, extra: int = 0) -> bool:
        """Is the obligation's cap for this channel not reached yet (§10.4)? ``reserve``: messages to leave room for."""
        caps = self.policy.caps.actualisation if obligation.kind is Kind.ACTUALISATION else self.policy.caps.meeting
        return self.messages.counted(channel, obligation.obligation_id) + reserve < caps[channel] + extra

    def sms_on(self, day: date) -> int:
        """SMS of that local day that the person's cap counts."""
        return self.messages.sms_between(*self.residence.hours_of(day))

    def day_has_room(self, channel: Channel, at: datetime) -> bool:
        """May one more SMS, or call, go to this person on the local day of this instant (§10.4)? Other channels are not counted."""
        messages, caps = self.messages, self.policy.caps.person
        if channel is Channel.SMS:
            return (self.sms_on(self.local_day(at)) if messages.sms else 0) < caps.sms_per_day
        if channel is Channel.VOICE:
            return (messages.calls_between(*self.residence.hours_of(self.local_day(at))) if messages.calls else 0) < caps.voice_per_day
        return True

    def calls_allowed(self, at: datetime, obligation: Obligation) -> bool:
        """May the person's telephone ring at this instant, with the day's and the month's calls in mind (§10.4)?"""
        caps = self.policy.caps.person
        limit = caps.voice_in_30_days_convocation if obligation.kind is Kind.CONVOCATION else caps.voice_in_30_days
        this_month = self.messages.calls_within(at - _MONTH, at) if self.messages.calls else 0
        return this_month < limit and self.day_has_room(Channel.VOICE, at)

    def evidence_by_channel(self, obligation: Obligation) -> dict[Channel, tuple[Evidence, datetime]]:
        """The best level and its instant for each channel that carried this revision; failed messages prove nothing."""
        found: dict[Channel, tuple[Evidence, datetime]] = {}
        for attempt in self.tries_of(obligation):
            if attempt.state in _HALF_CLOSED:
                continue
            level = Evidence.E2 if attempt.state is AttemptState.DELIVERED else Evidence.E1
            _keep_best(found, attempt.channel, level, attempt.delivered_at or attempt.accepted_at or attempt.release_at)
        replies = self.replies_to(obligation)
        by_id = {attempt.attempt_id: attempt for attempt in self.case.attempts} if replies else {}
        for reply in replies:
            source = by_id.get(reply.attempt_id) if reply.attempt_id else None
            # by a link in an e-mail somebody else may have answered (SC-03)
            through_mailbox = reply.channel is ReplyChannel.LINK and source is not None and source.channel is Channel.EMAIL
            if source is not None and reply.effect is ReplyEffect.ACKNOWLEDGED and not through_mailbox:
                _keep_best(found, source.channel, Evidence.E3, reply.at)
            elif source is not None and reply.effect is ReplyEffect.ACKNOWLEDGED:
                found.pop(source.channel, None)
        return found

    def best_channels(self, obligation: Obligation) -> list[Channel]:
        """Usable channels that carried this revision, best evidence first, then the newest (§10.9)."""
        found = self.evidence_by_channel(obligation)
        usable = [channel for channel in found if channel in self.reach.contacts]
        return sorted(usable, key=lambda channel: found[channel], reverse=True)

    def with_attempt(self, attempt: Attempt) -> "View":
        """The same view once this attempt is stored."""
        others = [known for known in self.case.attempts if known.attempt_id != attempt.attempt_id]
        attempts = (*others, attempt)
        is_new = len(others) == len(self.case.attempts)
        messages = self.messages.and_also(attempt) if is_new else Messages(attempts)
        return replace(self, case=replace(self.case, attempts=attempts), messages=messages)

    def with_obligation(self, obligation: Obligation) -> "View":
        """The same view once this obligation is stored."""
        obligations = tuple(obligation if known.obligation_id == obligation.obligation_id else known for known in self.case.obligations)
        return replace(self, case=replace(self.case, obligations=obligations))


def see(case: Case, env: Environment, now: datetime) -> View | None:
    """A view of the case; none while the directory has not told us of the person."""
    if case.person is None:
        return None
    reach = without_quiet(availability(case.person, case.contacts, env.policy.channels), env.policy, case.person.quiet)
    return View(
        case=case,
        person=case.person,
        env=env,
        policy=env.policy,
        now=now,
        reach=without_paused(reach, env.standing),
        residence=env.home(case.person),
        working=env.working_days(case.person.agency_id),
        messages=Messages(case.attempts),
    )


def step_of(attempt: Attempt, obligation: Obligation) -> Step | None:
    """Which step of this obligation the message is."""
    for item in attempt.items:
        if item.obligation_id == obligation.obligation_id:
            return item.step
    return None


def _keep_best(found: dict[Channel, tuple[Evidence, datetime]], channel: Channel, level: Evidence, at: datetime) -> None:
    if channel not in found or (level, at) > found[channel]:
        found[channel] = (level, at)
