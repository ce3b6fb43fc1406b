"""Key figures of the service, from the store in memory; ``postgres/sql/figures.sql`` says the same in SQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from services.adapters.memory.store import MemoryStore
from services.core.model import Alert, Obligation
from services.core.ports.figures import KeyFigures, Split
from services.core.words import MEETINGS, Choice, DigitalEase, Evidence, Kind, ObligationState, ReplyEffect

_SPAN = timedelta(days=30)
_S = ObligationState
_OVER = frozenset({_S.ACKNOWLEDGED, _S.DECLINED, _S.HANDLED, _S.DONE, _S.MISSED, _S.LAPSED})
_SETTLED_BY_HAND = frozenset({"handled", "called", "contact_fixed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duty:
    """What is counted of one."""

    splits: dict[Split, str]
    proved: bool
    lost: bool
    missed: bool
    alerts: int
    acted: int
    margin: timedelta | None
    said_come: bool


class MemoryFigures:
    """Implements ``services.core.ports.figures.Figures``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def key_figures(self, now: datetime) -> Sequence[KeyFigures]:
        """See ``Figures.key_figures``."""
        duties = list(self._duties(now))
        found: dict[tuple[Split, str], list[_Duty]] = {(Split.ALL, ""): duties}
        for split in (Split.SEGMENT, Split.CHANNEL, Split.DEPARTMENT):
            for duty in sorted(duties, key=lambda duty: duty.splits[split]):
                found.setdefault((split, duty.splits[split]), []).append(duty)
        return [_figures(split, value, rows) for (split, value), rows in found.items()]

    def _duties(self, now: datetime) -> Iterator[_Duty]:
        for row in self._store.committed.obligations.all():
            if now - _SPAN < row.due_at <= now and row.kind is not Kind.CONTACT and row.state in _OVER:
                yield self._duty(row)

    def _duty(self, row: Obligation) -> _Duty:
        tables = self._store.committed
        person = tables.profiles.get(row.person_id)
        postal_code = person.postal_code if person else ""
        told = [
            alert
            for alert in tables.alerts.tagged(row.person_id)
            if alert.obligation_id == row.obligation_id and alert.raised_at < row.due_at
        ]
        first = min((alert.raised_at for alert in told), default=None)
        missed = row.state is _S.MISSED or (row.state is _S.LAPSED and row.kind is Kind.ACTUALISATION)
        return _Duty(
            splits={
                Split.SEGMENT: str(person.digital_ease if person else DigitalEase.UNKNOWN),
                Split.CHANNEL: self._first_channel(row),
                Split.DEPARTMENT: postal_code[: 3 if postal_code.startswith(("97", "98")) else 2],
            },
            proved=row.evidence >= Evidence.E3 and row.evidence_at is not None and row.evidence_at < row.due_at,
            missed=row.state is _S.MISSED,
            lost=missed and row.evidence < Evidence.E3,
            alerts=len(told),
            acted=sum(_acted(alert, row.due_at) for alert in told),
            margin=row.due_at - first if first is not None else None,
            said_come=row.state in (_S.DONE, _S.MISSED) and self._said_come(row),
        )

    def _said_come(self, row: Obligation) -> bool:
        said = [
            reply
            for reply in self._store.committed.replies.tagged(row.person_id)
            if reply.obligation_id == row.obligation_id
            and reply.revision == row.revision
            and reply.choice in (Choice.COME, Choice.CANNOT_COME)
            and reply.effect is ReplyEffect.ACKNOWLEDGED
            and reply.at < row.due_at
        ]
        last = max(said, key=lambda reply: (reply.at, reply.reply_id), default=None)
        return row.kind in MEETINGS and last is not None and last.choice is Choice.COME

    def _first_channel(self, row: Obligation) -> str:
        sent = [
            (attempt.submitted_at, attempt.attempt_id, str(attempt.channel))
            for attempt in self._store.committed.attempts.tagged(row.person_id)
            if attempt.submitted_at is not None and any(item.obligation_id == row.obligation_id for item in attempt.items)
        ]
        return min(sent)[2] if sent else ""


def _acted(alert: Alert, due_at: datetime) -> bool:
    claimed = alert.claimed_at is not None and alert.claimed_at < due_at
    return claimed or (alert.closed_at is not None and alert.closed_at < due_at and alert.close_reason in _SETTLED_BY_HAND)


def _figures(split: Split, value: str, rows: Sequence[_Duty]) -> KeyFigures:
    margins = sorted(row.margin for row in rows if row.margin is not None)
    return KeyFigures(
        split=split,
        value=value,
        due=len(rows),
        proved=sum(row.proved for row in rows),
        unflagged=sum(row.lost and not row.alerts for row in rows),
        margin_p50=_percentile(margins, 0.5),
        margin_p90=_percentile(margins, 0.9),
        alerts=sum(row.alerts for row in rows),
        acted=sum(row.acted for row in rows),
        said_come=sum(row.said_come for row in rows),
        false_acks=sum(row.said_come and row.missed for row in rows),
    )


def _percentile(margins: Sequence[timedelta], share: float) -> timedelta | None:
    """The first value at or above this share of them, as PostgreSQL's ``percentile_disc``."""
    return margins[max(ceil(share * len(margins)), 1) - 1] if margins else None
