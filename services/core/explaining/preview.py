"""A preview: ``decide()`` folded over an imagined future, with the ledger, receipts and answers of the real steps. Nothing is stored.

What it answers is the journal of that future, in the words of every journal.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappop, heappush
from typing import TypeVar

from services.core.changes import Changes, JournalLine
from services.core.check import DoNotSend, NotYet, may_send
from services.core.content import Unrenderable
from services.core.decide import decide
from services.core.decision import Decision
from services.core.environment import Environment
from services.core.evidence.answers import apply_reply
from services.core.evidence.receipts import apply_receipt, attempts_of
from services.core.ledger import Ledger
from services.core.messages import carries
from services.core.model import Attempt, AttemptId, Case, Obligation, ObligationId, Receipt, Reply
from services.core.states import SETTLED, Happened, Moved
from services.core.words import AttemptState, Evidence, Kind, ReceiptEffect, ReceiptStatus, Why

Row = TypeVar("Row")

#: more instants than any ladder has: a preview always ends
_MOST_INSTANTS = 1_000
#: decisions at one instant: a message that check-at-send withholds brings the next one
_MOST_ROUNDS = 40
#: who the imagined provider and the imagined producer are, in facts
IMAGINED = "preview"

#: writes a decision into a ledger: the planner's own function
Record = Callable[[Ledger, Case, Decision, Environment], None]
#: the words of a message that leaves now; may raise ``Unrenderable``
Words = Callable[[Case, Attempt, Environment, datetime], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The provider reports something about a message."""

    at: datetime
    attempt_id: AttemptId
    status: ReceiptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Somebody answers; ``reply`` holds what, to which message, and when."""

    at: datetime
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """An actualisation is done, by itself as far as we are concerned."""

    at: datetime
    obligation_id: ObligationId


Happening = Reported | Answered | Completed

#: what the world does with a message that a provider has just accepted; instants are not earlier than the third argument
World = Callable[[Case, Attempt, datetime, Environment], Sequence[Happening]]


def preview(
    case: Case, environment: Environment, now: datetime, world: World, record: Record, *, words: Words | None = None
) -> list[JournalLine]:
    """Everything that will happen to one person from ``now`` on, in this world, until the last duty is over or nothing more is due.

    Messages under way are taken as handed over now. Deterministic, bounded in time and in steps. Raises what ``decide()`` raises.
    """
    future = _Future(case=case, environment=environment, now=now, world=world, record=record, words=words)
    future.run()
    return future.lines


@dataclass(slots=True, kw_only=True)
class _Future:
    """One person's days to come."""

    case: Case
    environment: Environment
    now: datetime
    world: World
    record: Record
    words: Words | None
    lines: list[JournalLine] = field(default_factory=list)
    _queue: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _count: int = 0

    def run(self) -> None:
        end = self._end()
        if end is None:
            return
        for attempt in self.case.attempts:
            if attempt.state is AttemptState.ACCEPTED:
                self._imagine(attempt)
        for _ in range(_MOST_INSTANTS):
            wake = self._settle()
            at = min((at for at in (wake, self._queue[0][0] if self._queue else None) if at is not None), default=None)
            if at is None or at > end:
                return
            self.now = at
            while self._queue and self._queue[0][0] <= at:
                self._happen(heappop(self._queue)[2])

    def _end(self) -> datetime | None:
        """A meeting has begun, a period is over and its last message sent: nothing more is to be expected; none when nothing is owed."""
        after = self.environment.policy.alerts.lapse_after
        owed = [row for row in self.case.obligations if row.state not in SETTLED]
        return max((row.due_at + after if row.kind is Kind.ACTUALISATION else row.due_at for row in owed), default=None)

    def _settle(self) -> datetime | None:
        """Decide and hand over until nothing more is due at this instant; when to look again."""
        for _ in range(_MOST_ROUNDS):
            ledger = Ledger(self.now)
            decision = decide(self.case, self.environment, self.now)
            self.record(ledger, self.case, decision, self.environment)
            self._store(ledger)
            ready = [row for row in self.case.attempts if _is_ready(row, self.now)]
            if not ready:
                return min((at for at in (decision.live_at, decision.campaign_at) if at is not None), default=None)
            for attempt in ready:
                self._hand_over(attempt)
        return None

    def _hand_over(self, attempt: Attempt) -> None:
        """The claim and the provider's answer, which is yes."""
        ledger = Ledger(self.now)
        verdict = self._verdict(attempt)
        if isinstance(verdict, DoNotSend):
            ledger.attempt(replace(attempt, reason=verdict.reason, closed_at=self.now), Moved.SKIPPED)
            ledger.skipped(attempt, "skipped", verdict.reason)
        elif isinstance(verdict, NotYet):
            ledger.changes.attempts.append(replace(attempt, try_at=verdict.at, dispatched_at=self.now))
        else:
            self._sent(ledger, attempt, verdict)
        self._store(ledger)
        after = next(row for row in self.case.attempts if row.attempt_id == attempt.attempt_id)
        if after.state is AttemptState.ACCEPTED:
            self._imagine(after)

    def _verdict(self, attempt: Attempt) -> DoNotSend | NotYet | str:
        """The words, when it may go; a message that somebody has claimed is on its way."""
        if attempt.state is AttemptState.RELEASED:
            verdict = may_send(self.case, attempt, self.environment, self.now)
            if isinstance(verdict, DoNotSend | NotYet):
                return verdict
        try:
            return self.words(self.case, attempt, self.environment, self.now) if self.words else ""
        except Unrenderable:
            return DoNotSend(reason=Why.UNRENDERABLE)

    def _sent(self, ledger: Ledger, attempt: Attempt, words: str) -> None:
        claimed: Attempt | None = attempt
        if attempt.state is AttemptState.RELEASED:
            news = replace(attempt, tries=attempt.tries + 1, submitted_at=attempt.submitted_at or self.now, claimed_at=self.now)
            claimed = ledger.attempt(news, Moved.CLAIMED)
        if claimed is None:
            return
        ledger.attempt(replace(claimed, provider=IMAGINED, accepted_at=self.now), Moved.ACCEPTED)
        ledger.line(
            "sent",
            channel=str(attempt.channel),
            person=attempt.person_id,
            obligations=[item.obligation_id for item in attempt.items],
            revision=attempt.items[0].revision,
            step=str(attempt.items[0].step),
            occurrence=attempt.items[0].occurrence,
            contact=attempt.contact_id,
            text=words,
            cause=attempt.cause,
            chosen_by=attempt.chosen_by,
        )
        for row in self.case.obligations:
            if carries(attempt, row):
                _keep(ledger, self.case, row, ledger.proved(row, Evidence.E1, "accepted", self.now))

    def _imagine(self, attempt: Attempt) -> None:
        for happening in self.world(self.case, attempt, self.now, self.environment):
            heappush(self._queue, (max(happening.at, self.now), self._next(), happening))

    def _happen(self, happening: Happening) -> None:
        ledger = Ledger(self.now)
        match happening:
            case Reported():
                self._report(ledger, happening)
            case Answered():
                apply_reply(ledger, self.case, happening.reply, self.environment.policy.link)
            case Completed():
                self._complete(ledger, happening)
        self._store(ledger)

    def _report(self, ledger: Ledger, happening: Reported) -> None:
        attempt = next(row for row in self.case.attempts if row.attempt_id == happening.attempt_id)
        receipt = Receipt(
            receipt_id=f"{IMAGINED}-{self._next()}",
            provider=IMAGINED,
            attempt_id=attempt.attempt_id,
            status=happening.status,
            raw_status=str(happening.status),
            at=self.now,
            received_at=self.now,
            effect=ReceiptEffect.WAITING,
        )
        apply_receipt(ledger, self.case, attempt, receipt)

    def _complete(self, ledger: Ledger, happening: Completed) -> None:
        row = next(row for row in self.case.obligations if row.obligation_id == happening.obligation_id)
        after = ledger.moved(row, Happened.SATISFIED)
        if after is not row:
            _keep(ledger, self.case, row, ledger.proved(replace(after, settled_at=self.now), Evidence.E5, "web", self.now))

    def _store(self, ledger: Ledger) -> None:
        self.lines += ledger.changes.journal
        self.case = stored(self.case, ledger.changes)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _is_ready(attempt: Attempt, now: datetime) -> bool:
    """Handed out now, or while nobody looked."""
    if attempt.state is AttemptState.SUBMITTING:
        return True
    return attempt.state is AttemptState.RELEASED and max(attempt.release_at, attempt.try_at or attempt.release_at) <= now


def _keep(ledger: Ledger, case: Case, before: Obligation, after: Obligation) -> None:
    if after is not before:
        ledger.obligation(before, after, attempts=attempts_of(case, before))


def stored(case: Case, changes: Changes) -> Case:
    """The case once these changes are stored: rows replace those of the same key."""
    next_at = {row.obligation_id: row.at for row in changes.next_instants}
    obligations = _rows(case.obligations, changes.obligations, lambda row: row.obligation_id)
    return replace(
        case,
        obligations=tuple(replace(row, next_at=next_at.get(row.obligation_id, row.next_at)) for row in obligations),
        attempts=_rows(case.attempts, changes.attempts, lambda row: row.attempt_id),
        contacts=_rows(case.contacts, changes.contacts, lambda row: row.contact_id),
        receipts=_rows(case.receipts, changes.receipts, lambda row: row.receipt_id),
        replies=_rows(case.replies, changes.replies, lambda row: row.reply_id),
        alerts=_rows(case.alerts, changes.alerts, lambda row: row.alert_id),
    )


def _rows(before: tuple[Row, ...], changed: Iterable[Row], key: Callable[[Row], str]) -> tuple[Row, ...]:
    if not changed:
        return before
    rows = {key(row): row for row in before} | {key(row): row for row in changed}
    return tuple(rows.values())
