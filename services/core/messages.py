"""One person's messages, sorted once for all the questions that rules ask of them again and again: by duty, by day, by call.

An index, not a fact: it is made from the attempts of a case, and made anew when one of them changes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

from services.core.alarms import ANOTHER_PROVIDER
from services.core.model import Attempt, Obligation, ObligationId
from services.core.states import LIVE
from services.core.words import AttemptState, Channel, Step, Why

#: messages that no cap counts (§10.4)
UNCOUNTED = frozenset({Step.CORRECTIVE, Step.CANCELLATION, Step.VERIFICATION, Step.CHANGED})


_WAITING = frozenset({AttemptState.RELEASED, AttemptState.SUBMITTING, AttemptState.ACCEPTED})


class Messages:
    """What was released and not taken back is *live*; skipped and cancelled messages are known, and count nowhere."""

    __slots__ = ("_about", "_all", "_counted", "_tries", "_unwritable", "calls", "sms", "waiting")

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        #: those that wait for somebody, a provider or a receipt, in the order of the case
        self.waiting: list[Attempt] = []
        self._about: dict[ObligationId, list[Attempt]] = {}
        #: when calls were placed or will be, in order
        self.calls: list[datetime] = []
        #: when SMS that the person's cap counts were released, in order
        self.sms: list[datetime] = []
        self._all: dict[tuple[ObligationId, int], Sequence[Attempt]] = {}
        self._tries: dict[tuple[ObligationId, int], Sequence[Attempt]] = {}
        self._counted: dict[tuple[ObligationId, Channel], int] = {}
        self._unwritable: set[tuple[ObligationId, int, Channel]] = set()
        self._take(attempts)

    def _take(self, attempts: Iterable[Attempt]) -> None:
        # looked up once: some people have a hundred messages
        voice, sms, unrenderable = Channel.VOICE, Channel.SMS, Why.UNRENDERABLE
        for attempt in attempts:
            for item in attempt.items:
                mine = self._about.get(item.obligation_id)
                if mine is None:
                    self._about[item.obligation_id] = [attempt]
                elif mine[-1] is not attempt:
                    mine.append(attempt)
            if attempt.state in _WAITING:
                self.waiting.append(attempt)
            elif attempt.reason is unrenderable:
                self._unwritable |= {(item.obligation_id, item.revision, attempt.channel) for item in attempt.items}
            if attempt.state in LIVE:
                if attempt.channel is voice:
                    self.calls.append(called_at(attempt))
                elif attempt.channel is sms and _counts(attempt):
                    self.sms.append(attempt.release_at)
        self.calls.sort()
        self.sms.sort()

    def and_also(self, newest: Attempt) -> "Messages":
        """These and one more: what was sorted and counted about other duties is kept."""
        duties = {item.obligation_id for item in newest.items}
        after = Messages(())
        after.waiting = self.waiting.copy()
        after.calls, after.sms = self.calls.copy(), self.sms.copy()
        after._unwritable = self._unwritable.copy()
        after._about = {duty: rows.copy() if duty in duties else rows for duty, rows in self._about.items()}
        after._all = {key: rows for key, rows in self._all.items() if key[0] not in duties}
        after._tries = {key: rows for key, rows in self._tries.items() if key[0] not in duties}
        after._counted = {key: count for key, count in self._counted.items() if key[0] not in duties}
        after._take((newest,))
        return after

    def about(self, obligation_id: ObligationId) -> Sequence[Attempt]:
        """Messages of any revision, skipped and cancelled ones too, in the order of the case."""
        return self._about.get(obligation_id, ())

    def all_of(self, obligation: Obligation) -> Sequence[Attempt]:
        """Messages of this revision, skipped and cancelled ones too, in the order of the case."""
        about = self._about.get(obligation.obligation_id)
        if about is None:
            return ()
        key = obligation.obligation_id, obligation.revision
        found = self._all.get(key)
        if found is None:
            found = self._all[key] = [row for row in about if carries(row, obligation)]
        return found

    def tries_of(self, obligation: Obligation) -> Sequence[Attempt]:
        """Live messages of this revision, oldest first."""
        if obligation.obligation_id not in self._about:
            return ()
        key = obligation.obligation_id, obligation.revision
        found = self._tries.get(key)
        if found is None:
            mine = [row for row in self.all_of(obligation) if row.state in LIVE]
            found = self._tries[key] = sorted(mine, key=lambda row: (row.release_at, row.attempt_id))
        return found

    def counted(self, channel: Channel, obligation_id: ObligationId) -> int:
        """Live messages of any revision on this channel that the duty's cap counts (§10.4)."""
        mine = self._about.get(obligation_id)
        if mine is None:
            return 0
        count = self._counted.get((obligation_id, channel))
        if count is None:
            count = sum(1 for row in mine if row.channel is channel and row.state in LIVE and _counts(row, obligation_id))
            self._counted[obligation_id, channel] = count
        return count

    def writable(self, obligation: Obligation, channel: Channel) -> bool:
        """Can words about this revision be made for this channel, as far as was tried? A letter without the way there cannot (SC-18)."""
        return not self._unwritable or (obligation.obligation_id, obligation.revision, channel) not in self._unwritable

    def sms_between(self, start: datetime, end: datetime) -> int:
        """SMS released in [start, end) that the person's cap counts."""
        return bisect_left(self.sms, end) - bisect_left(self.sms, start)

    def calls_between(self, start: datetime, end: datetime) -> int:
        """Calls placed, or about to be, in [start, end)."""
        return bisect_left(self.calls, end) - bisect_left(self.calls, start)

    def calls_within(self, after: datetime, until: datetime) -> int:
        """Calls placed, or about to be, in (after, until]."""
        return bisect_right(self.calls, until) - bisect_right(self.calls, after)


def carries(attempt: Attempt, obligation: Obligation) -> bool:
    """Is this revision of the obligation in the message?"""
    # asked of every message again and again: a generator would take three times as long
    for item in attempt.items:  # noqa: SIM110
        if item.obligation_id == obligation.obligation_id and item.revision == obligation.revision:
            return True
    return False


def called_at(attempt: Attempt) -> datetime:
    """When a call was or will be placed."""
    return attempt.submitted_at or attempt.release_at


def _counts(attempt: Attempt, about: ObligationId | None = None) -> bool:
    """Do the caps count it? Not word of a change, nor what replaces a message that its provider lost (§10.4)."""
    if attempt.chosen_by == ANOTHER_PROVIDER:
        return False
    for item in attempt.items:  # noqa: SIM110
        if item.step not in UNCOUNTED and about in (None, item.obligation_id):
            return True
    return False
