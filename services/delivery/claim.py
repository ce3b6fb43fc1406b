"""The claim: who may send this message, and what it says, decided under the person's lock just before the provider is called."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.core.actualisation.agency_days import is_agency_over, last_agency_day
from services.core.check import AlreadyClaimed, DoNotSend, NotYet, Send, may_send
from services.core.content import Content, Notice, Unrenderable
from services.core.decide import unwanted
from services.core.environment import Environment
from services.core.evidence.stopped import still_to_be_told
from services.core.ledger import Ledger
from services.core.meeting.change import announced_as_cancelled
from services.core.model import Attempt, Case, Obligation
from services.core.ports.providers import Envelope
from services.core.ports.texts import Texts
from services.core.states import Moved
from services.core.words import AttemptState, Channel, Constraint, Kind, ObligationState, Step, Why
from services.delivery.ports import Seals, Senders

_FIRST_WORDS = frozenset({Step.N0, Step.CORRECTIVE})
_REMINDERS = frozenset({Step.R1, Step.R2, Step.R3})


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
        written = self._write(case, attempt, verdict, environment, ledger.now)
        if written is None:
            return self._skip(ledger, attempt, DoNotSend(reason=Why.UNRENDERABLE))
        content, about = written
        attempt = _narrowed(ledger, case, attempt, about)
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

    def _write(
        self, case: Case, attempt: Attempt, send: Send, environment: Environment, now: datetime
    ) -> tuple[Content, tuple[Obligation, ...]] | None:
        """The words, and the duties that they are about: as many as fit, the most urgent first; none when not one can be said."""
        try:
            return self.texts.notice(self._notice(case, attempt, send, environment, now)), send.obligations
        except Unrenderable:
            pass
        best: tuple[Content, tuple[Obligation, ...]] | None = None
        for obligation in send.obligations if len(send.obligations) > 1 else ():
            about = (*best[1], obligation) if best else (obligation,)
            try:
                best = self.texts.notice(self._notice(case, attempt, replace(send, obligations=about), environment, now)), about
            except Unrenderable:
                continue
        return best

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
        person = send.person
        # meetings first: they are what an answer is about (§10.12)
        about = sorted(send.obligations, key=lambda obligation: obligation.kind is Kind.ACTUALISATION)
        first, step = about[0], _step(attempt, about)
        links = Constraint.LINK_OK in person.constraints
        return Notice(
            channel=attempt.channel,
            step=step,
            obligations=tuple(about),
            person=person,
            contact=send.contact,
            zone=environment.zone_of(first, person.postal_code),
            now=now,
            agency=environment.agencies.get(person.agency_id),
            reference=self.seals.reference(attempt.attempt_id),
            link=f"{self.senders.public_url}/a/{self.seals.link_token(attempt.attempt_id)}" if links else None,
            calling_number=self.senders.calling_number,
            sms_sender=self.senders.sms_sender,
            bundle_parts=environment.policy.sms.bundle_parts,
            announces_call=_announces_call(case, attempt, step),
            reply_by_sms=self.senders.sms_two_way and Constraint.PREPAID not in person.constraints,
            perhaps_done=_perhaps_done(about, environment, now),
            short=all(
                obligation.state is ObligationState.ACKNOWLEDGED
                for obligation in about
                if obligation.kind is first.kind or obligation.kind is not Kind.ACTUALISATION
            ),
            after_stop=still_to_be_told(case, attempt, now),
            reopened=step is Step.CORRECTIVE and announced_as_cancelled(case, first),
            last_agency_day=last_agency_day(about[-1], person.agency_id, environment),
            agency_over=is_agency_over(about[-1], person.agency_id, environment, now),
        )


def _overtaken(attempt: Attempt) -> bool:
    """A receipt came for a message whose hand-over nobody recorded: whoever sent it died before."""
    return attempt.tries > 0 and attempt.provider is None and attempt.state in (AttemptState.DELIVERED, AttemptState.FAILED)


def _step(attempt: Attempt, about: list[Obligation]) -> Step:
    """What the message is: of several meetings it reminds only when that is all it does."""
    steps = [
        item.step for duty in about for item in attempt.items if item.obligation_id == duty.obligation_id and duty.kind is about[0].kind
    ]
    return next((step for step in steps if step not in _REMINDERS), steps[0])


def _narrowed(ledger: Ledger, case: Case, attempt: Attempt, about: tuple[Obligation, ...]) -> Attempt:
    """The message with what it really says: nobody is taken to have heard what is not in it. What is still wanted is planned again."""
    said = {obligation.obligation_id for obligation in about}
    items = tuple(item for item in attempt.items if item.obligation_id in said)
    if items == attempt.items:
        return attempt
    known = {obligation.obligation_id: obligation for obligation in case.obligations}
    for item in attempt.items:
        reason = unwanted(known.get(item.obligation_id), item)
        if reason is not None:
            ledger.skipped(replace(attempt, items=(item,)), "cancelled", reason)
    ledger.wake(attempt.person_id)
    return replace(attempt, items=items)


def _perhaps_done(about: Sequence[Obligation], environment: Environment, now: datetime) -> bool:
    """The person says that it is done (§10.12), or nobody can know because completions are silent (§10.16)."""
    silent = environment.standing.feed_silent(now)
    return any(duty.said_done_at is not None or (silent and duty.kind is Kind.ACTUALISATION) for duty in about)


def _announces_call(case: Case, attempt: Attempt, step: Step) -> bool:
    """The first SMS of a meeting names the number that may call later (§5); every one does for people whose answer by SMS costs money."""
    if attempt.channel is not Channel.SMS or case.person is None or Constraint.NO_VOICE in case.person.constraints:
        return False
    voice_first = case.person.preferred_channel is Channel.VOICE
    says_so = step in _FIRST_WORDS or Constraint.PREPAID in case.person.constraints
    return not voice_first and Channel.VOICE not in case.person.forbidden_channels and says_so


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
        hand_over_by=min(attempt.not_after, (attempt.claimed_at or attempt.release_at) + environment.policy.timers.hand_over),
    )
