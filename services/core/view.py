"""One person's case seen at one instant: what every rule asks again and again, computed once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.core.alarms import ANOTHER_PROVIDER
from services.core.availability import Availability, availability
from services.core.calendar import Residence, WorkingDays
from services.core.environment import METROPOLE, Environment
from services.core.model import Attempt, Case, Obligation, Person, Reply
from services.core.pauses import without_paused
from services.core.policy import Policy
from services.core.quiet import without_quiet
from services.core.states import LIVE
from services.core.words import AttemptState, Channel, Evidence, Kind, ReplyChannel, ReplyEffect, Step

#: messages that no cap counts (§10.4)
UNCOUNTED = frozenset({Step.CORRECTIVE, Step.CANCELLATION, Step.VERIFICATION, Step.CHANGED})

#: cause of a message that goes with another one, whose point may not be relied on (§10.7)
NOT_ALONE = "not_alone"

_HALF_CLOSED = frozenset({AttemptState.FAILED, AttemptState.RELEASED, AttemptState.SUBMITTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A case with its environment and the instant at which it is looked at."""

    case: Case
    person: Person
    env: Environment
    now: datetime
    reach: Availability
    residence: Residence
    working: WorkingDays
    #: local days on which duties beside the actualisation mean to write by SMS (§10.15)
    sms_days: frozenset[date] = frozenset()

    @property
    def policy(self) -> Policy:
        """The numbers."""
        return self.env.policy

    @property
    def printer(self) -> Residence:
        """The printer's calendar."""
        return self.env.residence(METROPOLE)

    @property
    def live_attempts(self) -> Iterator[Attempt]:
        """Messages that were released and not taken back."""
        return (attempt for attempt in self.case.attempts if attempt.state in LIVE)

    def tries_of(self, obligation: Obligation) -> list[Attempt]:
        """Live messages of this revision, oldest first."""
        found = [attempt for attempt in self.live_attempts if carries(attempt, obligation)]
        return sorted(found, key=lambda attempt: (attempt.release_at, attempt.attempt_id))

    def all_of(self, obligation: Obligation) -> list[Attempt]:
        """Messages of this revision, skipped and cancelled ones too."""
        return [attempt for attempt in self.case.attempts if carries(attempt, obligation)]

    def replies_to(self, obligation: Obligation) -> list[Reply]:
        """Answers to this revision, oldest first."""
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
        return self.residence.local(at).date()

    def last_call(self) -> datetime | None:
        """When the telephone rang last, or is about to."""
        return max((called_at(attempt) for attempt in self.live_attempts if attempt.channel is Channel.VOICE), default=None)

    def room(self, channel: Channel, obligation: Obligation, *, reserve: int = 0, extra: int = 0) -> bool:
        """Is the obligation's cap for this channel not reached yet (§10.4)? ``reserve``: messages to leave room for."""
        caps = self.policy.caps.actualisation if obligation.kind is Kind.ACTUALISATION else self.policy.caps.meeting
        count = sum(
            1
            for attempt in self.live_attempts
            if attempt.channel is channel
            and attempt.chosen_by != ANOTHER_PROVIDER
            and any(item.obligation_id == obligation.obligation_id and item.step not in UNCOUNTED for item in attempt.items)
        )
        return count + reserve < caps[channel] + extra

    def sms_on(self, day: date) -> int:
        """SMS of that local day that the person's cap counts."""
        return sum(
            1
            for attempt in self.live_attempts
            if attempt.channel is Channel.SMS
            and attempt.chosen_by != ANOTHER_PROVIDER
            and self.local_day(attempt.release_at) == day
            and any(item.step not in UNCOUNTED for item in attempt.items)
        )

    def calls_allowed(self, at: datetime, obligation: Obligation) -> bool:
        """May the person's telephone ring at this instant, with the day's and the month's calls in mind (§10.4)?"""
        caps = self.policy.caps.person
        calls = [called_at(attempt) for attempt in self.live_attempts if attempt.channel is Channel.VOICE]
        month = sum(1 for call in calls if at - timedelta(days=30) < call <= at)
        day = self.local_day(at)
        today = sum(1 for call in calls if self.local_day(call) == day)
        limit = caps.voice_in_30_days_convocation if obligation.kind is Kind.CONVOCATION else caps.voice_in_30_days
        return month < limit and today < caps.voice_per_day

    def evidence_by_channel(self, obligation: Obligation) -> dict[Channel, tuple[Evidence, datetime]]:
        """The best level and its instant for each channel that carried this revision; failed messages prove nothing."""
        found: dict[Channel, tuple[Evidence, datetime]] = {}
        by_id = {attempt.attempt_id: attempt for attempt in self.case.attempts}
        for attempt in self.tries_of(obligation):
            if attempt.state in _HALF_CLOSED:
                continue
            level = Evidence.E2 if attempt.state is AttemptState.DELIVERED else Evidence.E1
            _keep_best(found, attempt.channel, level, attempt.delivered_at or attempt.accepted_at or attempt.release_at)
        for reply in self.replies_to(obligation):
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
        others = tuple(known for known in self.case.attempts if known.attempt_id != attempt.attempt_id)
        return replace(self, case=replace(self.case, attempts=(*others, attempt)))

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
        now=now,
        reach=without_paused(reach, env.standing),
        residence=env.home(case.person),
        working=env.working_days(case.person.agency_id),
    )


def carries(attempt: Attempt, obligation: Obligation) -> bool:
    """Is this revision of the obligation in the message?"""
    return any(item.obligation_id == obligation.obligation_id and item.revision == obligation.revision for item in attempt.items)


def step_of(attempt: Attempt, obligation: Obligation) -> Step | None:
    """Which step of this obligation the message is."""
    return next((item.step for item in attempt.items if item.obligation_id == obligation.obligation_id), None)


def called_at(attempt: Attempt) -> datetime:
    """When a call was or will be placed."""
    return attempt.submitted_at or attempt.release_at


def _keep_best(found: dict[Channel, tuple[Evidence, datetime]], channel: Channel, level: Evidence, at: datetime) -> None:
    if channel not in found or (level, at) > found[channel]:
        found[channel] = (level, at)
