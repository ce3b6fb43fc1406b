"""The claim: who may send this message, and what it says, decided under the person's lock just before the provider is called."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.core.agency_days import last_agency_day
from services.core.check import AlreadyClaimed, DoNotSend, NotYet, Send, may_send
from services.core.content import Content, Notice, Unrenderable
from services.core.environment import Environment
from services.core.ledger import Ledger
from services.core.model import Attempt, Case, Obligation
from services.core.ports.providers import Envelope
from services.core.ports.texts import Texts
from services.core.states import Moved
from services.core.words import AttemptState, Channel, Constraint, Kind, ObligationState, Step, Why
from services.delivery.ports import Seals, Senders

_FIRST_WORDS = frozenset({Step.N0, Step.CORRECTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """This process, and nobody else, sends this message."""

    attempt: Attempt
    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """Claimed once by somebody who never came back: the provider is asked what became of it."""

    attempt: Attempt
    envelope: Envelope


Answer = Claimed | Abandoned | NotYet | DoNotSend | AlreadyClaimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """What a claim needs."""

    texts: Texts
    seals: Seals
    senders: Senders

    def claim(self, ledger: Ledger, case: Case, attempt: Attempt, environment: Environment) -> Answer:
        """Check, render and mark as being submitted; what must not go is skipped, and the person is looked at again."""
        if attempt.state is AttemptState.SUBMITTING or _overtaken(attempt):
            return self._abandoned(case, attempt, environment, ledger.now)
        verdict = may_send(case, attempt, environment, ledger.now)
        if isinstance(verdict, AlreadyClaimed):
            return verdict
        if isinstance(verdict, NotYet):
            ledger.changes.attempts.append(replace(attempt, try_at=verdict.at))
            ledger.wake(case.person_id)
            return verdict
        if isinstance(verdict, DoNotSend):
            return self._skip(ledger, attempt, verdict)
        try:
            content = self.texts.notice(self._notice(case, attempt, verdict, environment, ledger.now))
        except Unrenderable:
            return self._skip(ledger, attempt, DoNotSend(reason=Why.UNRENDERABLE))
        reference = self.seals.reference(attempt.attempt_id)
        news = replace(
            attempt,
            tries=attempt.tries + 1,
            submitted_at=attempt.submitted_at or ledger.now,
            claimed_at=ledger.now,
            reference=reference,
            token=self.seals.link_token(attempt.attempt_id),
        )
        claimed = ledger.attempt(news, Moved.CLAIMED)
        if claimed is None:
            return AlreadyClaimed()
        return Claimed(attempt=claimed, envelope=_envelope(claimed, verdict, content, environment, reference))

    def _skip(self, ledger: Ledger, attempt: Attempt, verdict: DoNotSend) -> DoNotSend:
        ledger.attempt(replace(attempt, reason=verdict.reason, closed_at=ledger.now), Moved.SKIPPED)
        ledger.skipped(attempt, "skipped", verdict.reason)
        ledger.wake(attempt.person_id)
        return verdict

    def _abandoned(self, case: Case, attempt: Attempt, environment: Environment, now: datetime) -> Abandoned | AlreadyClaimed:
        """Only when whoever claimed it has had time enough to come back (policy ``timers.submitting``)."""
        fresh = now - (attempt.claimed_at or attempt.release_at) < environment.policy.timers.submitting
        if fresh and attempt.state is AttemptState.SUBMITTING:
            return AlreadyClaimed()
        envelope = self.once_more(case, attempt, environment, now)
        return AlreadyClaimed() if envelope is None else Abandoned(attempt=attempt, envelope=envelope)

    def once_more(self, case: Case, attempt: Attempt, environment: Environment, now: datetime) -> Envelope | None:
        """The message of an attempt that was claimed before, as it was written then; none when the person or the duties are gone."""
        contact = next((point for point in case.contacts if point.contact_id == attempt.contact_id), None)
        known = {obligation.obligation_id: obligation for obligation in case.obligations}
        about = tuple(known[item.obligation_id] for item in attempt.items if item.obligation_id in known)
        if contact is None or case.person is None or not about:
            return None
        verdict = Send(person=case.person, contact=contact, obligations=about)
        content = self.texts.notice(self._notice(case, attempt, verdict, environment, attempt.submitted_at or now))
        reference = attempt.reference or self.seals.reference(attempt.attempt_id)
        return _envelope(attempt, verdict, content, environment, reference)

    def _notice(self, case: Case, attempt: Attempt, send: Send, environment: Environment, now: datetime) -> Notice:
        person, first = send.person, send.obligations[0]
        step = attempt.items[0].step
        links = Constraint.LINK_OK in person.constraints
        return Notice(
            channel=attempt.channel,
            step=step,
            obligations=send.obligations,
            person=person,
            contact=send.contact,
            zone=_zone(first, person.postal_code, environment),
            now=now,
            agency=environment.agencies.get(person.agency_id),
            reference=self.seals.reference(attempt.attempt_id),
            link=f"{self.senders.public_url}/a/{self.seals.link_token(attempt.attempt_id)}" if links else None,
            calling_number=self.senders.calling_number,
            sms_sender=self.senders.sms_sender,
            announces_call=_announces_call(case, attempt, step),
            reply_by_sms=self.senders.sms_two_way and Constraint.PREPAID not in person.constraints,
            perhaps_done=first.said_done_at is not None,
            short=first.state is ObligationState.ACKNOWLEDGED,
            reopened=step is Step.CORRECTIVE and _was_cancelled(case, first),
            last_agency_day=last_agency_day(first, person.agency_id, environment),
        )


def _overtaken(attempt: Attempt) -> bool:
    """A receipt came for a message whose hand-over nobody recorded: whoever sent it died before."""
    return attempt.tries > 0 and attempt.provider is None and attempt.state in (AttemptState.DELIVERED, AttemptState.FAILED)


def _zone(obligation: Obligation, postal_code: str, environment: Environment) -> str:
    """A meeting is said on the clock of its place; an actualisation on that of the residence."""
    agency_id = obligation.place.agency_id if obligation.place else None
    if obligation.kind is not Kind.ACTUALISATION and agency_id in environment.agencies:
        return environment.working_days(agency_id or "").zone
    return environment.residence(postal_code).zone


def _announces_call(case: Case, attempt: Attempt, step: Step) -> bool:
    """The first SMS of a meeting names the number that may call later (§5); there is no SMS just for that."""
    if attempt.channel is not Channel.SMS or case.person is None or Constraint.NO_VOICE in case.person.constraints:
        return False
    voice_first = case.person.preferred_channel is Channel.VOICE
    return not voice_first and Channel.VOICE not in case.person.forbidden_channels and step in _FIRST_WORDS


def _was_cancelled(case: Case, obligation: Obligation) -> bool:
    return any(
        item.step is Step.CANCELLATION and item.obligation_id == obligation.obligation_id
        for attempt in case.attempts
        if attempt.submitted_at is not None
        for item in attempt.items
    )


def _envelope(attempt: Attempt, send: Send, content: Content, environment: Environment, reference: str) -> Envelope:
    to = send.contact.e164 or send.contact.value or ""
    return Envelope(
        attempt_id=attempt.attempt_id,
        person_id=attempt.person_id,
        try_number=attempt.tries,
        channel=attempt.channel,
        to=to if attempt.channel is not Channel.LETTER else "",
        to_name=f"{send.person.first_name} {send.person.last_name}",
        content=content,
        valid_until=min(attempt.not_after, (attempt.claimed_at or attempt.release_at) + environment.policy.sms.validity),
        reference=reference,
    )
