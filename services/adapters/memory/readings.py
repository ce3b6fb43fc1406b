"""What the watch counts, from the store in memory; ``postgres/sql/alarms.sql`` says the same in SQL."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.adapters.memory.store import MemoryStore
from services.adapters.memory.tables import PersonRow, Tables
from services.core.alarms import domain_of
from services.core.changes import FileAccess
from services.core.model import Attempt, Contact, Obligation, PersonId
from services.core.ports.owed import Owed, Owing
from services.core.ports.watch import Affected, DeadLetterCount, FilesRead, LostMessages, Overdue, ProviderTrouble, Refusals, SmsReceipts
from services.core.words import AlertType, AttemptState, Channel, Evidence, Kind, Lane, ObligationState, ReceiptStatus, ReplyEffect, Why

_PAST = frozenset({ObligationState.MISSED, ObligationState.LAPSED})
_AFTER_DATE = frozenset({AlertType.NON_RECEIPT_DOSSIER, AlertType.ACTUALISATION_MISSED})
_AHEAD = frozenset({ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED})


class MemoryReadings:
    """Implements ``services.core.ports.watch.Readings``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @property
    def _tables(self) -> Tables:
        return self._store.committed

    async def receipts(self, since: datetime, until: datetime) -> Sequence[SmsReceipts]:
        """See ``Readings.receipts``."""
        accepted: Counter[tuple[str, str | None]] = Counter()
        told: Counter[tuple[str, str | None]] = Counter()
        for attempt in self._accepted_sms(since, until):
            key = (attempt.provider or "", self._carrier(attempt))
            accepted[key] += 1
            told[key] += attempt.delivered_at is not None or attempt.state is AttemptState.FAILED
        ordered = sorted(accepted, key=lambda key: (key[0], key[1] is None, key[1] or ""))
        return [SmsReceipts(provider=key[0], carrier=key[1], accepted=accepted[key], told=told[key]) for key in ordered]

    async def refusals(self, since: datetime) -> Sequence[Refusals]:
        """See ``Readings.refusals``."""
        messages: Counter[tuple[Channel, str]] = Counter()
        refused: Counter[tuple[Channel, str]] = Counter()
        for attempt in self._tables.attempts.all():
            scope = self._scope(attempt)
            if scope is None or attempt.claimed_at is None or attempt.state is AttemptState.SUBMITTING:
                continue
            policy = attempt.last_status is ReceiptStatus.FAILED_POLICY
            refused_at = (attempt.closed_at or attempt.claimed_at) if policy else None
            messages[attempt.channel, scope] += attempt.claimed_at >= since
            refused[attempt.channel, scope] += refused_at is not None and refused_at >= since
        found = sorted(key for key in messages if messages[key] or refused[key])
        return [Refusals(channel=key[0], scope=key[1], messages=messages[key], refused=refused[key]) for key in found]

    async def last_completion(self) -> datetime | None:
        """See ``Readings.last_completion``."""
        rows = self._tables.obligations.all()
        done = (row.changed_at for row in rows if row.kind is Kind.ACTUALISATION and row.state is ObligationState.DONE)
        return max(done, default=None)

    async def refused_callbacks(self, since: datetime) -> Sequence[tuple[str, datetime, int]]:
        """See ``Readings.refused_callbacks``."""
        return sorted((row.provider, row.at, row.count) for row in self._tables.refused_callbacks.all() if row.at >= since)

    async def dead_letters(self, since: datetime) -> Sequence[DeadLetterCount]:
        """See ``Readings.dead_letters``."""
        by_topic: dict[str, list[datetime]] = {}
        for letter in self._tables.dead_letters.all():
            if letter.at >= since:
                by_topic.setdefault(letter.topic, []).append(letter.at)
        return [
            DeadLetterCount(topic=topic, count=len(ats), first_at=min(ats), last_at=max(ats)) for topic, ats in sorted(by_topic.items())
        ]

    async def overdue(self, now: datetime) -> Sequence[Overdue]:
        """See ``Readings.overdue``."""
        people, attempts = self._tables.people.all(), self._tables.attempts.all()
        quarantined = [row.quarantined_at for row in people if row.quarantined_at is not None]
        due = {lane: [at for row in people if (at := row.due_at(lane)) is not None and at <= now] for lane in Lane}
        released = [
            max(at for at in (row.release_at, row.try_at) if at is not None)
            for row in attempts
            if row.state is AttemptState.RELEASED and row.release_at <= now and (row.try_at or row.release_at) <= now
        ]
        queues = {
            "wakes": due[Lane.LIVE],
            "campaign": due[Lane.CAMPAIGN],
            "outbox": [row.message.at for row in self._tables.outbox.all()],
            "quarantined": quarantined,
            "released": released,
            "submitting": [row.claimed_at or row.release_at for row in attempts if row.state is AttemptState.SUBMITTING],
            "adrift": [row.next_at or row.changed_at for row in self._tables.obligations.all() if self._adrift(row, now)],
        }
        return [Overdue(what=what, count=len(ats), since=min(ats, default=None)) for what, ats in queues.items()]

    def _adrift(self, row: Obligation, now: datetime) -> bool:
        """Still ahead, without a future, and no advisor was told."""
        if row.state not in _AHEAD or row.kind is Kind.CONTACT or row.due_at <= now or (row.next_at is not None and row.next_at > now):
            return False
        person = self._tables.people.get(row.person_id)
        if person is None or person.quarantined_at is not None or ((at := _wake(person)) is not None and at <= now):
            return False
        alerts = self._tables.alerts.tagged(row.person_id)
        return not any(alert.obligation_id == row.obligation_id and alert.closed_at is None for alert in alerts)

    async def accesses(self, since: datetime) -> Sequence[FilesRead]:
        """See ``Readings.accesses``."""
        looks: dict[str, list[FileAccess]] = {}
        for row in self._tables.accesses.all():
            if row.access.at >= since:
                looks.setdefault(row.access.actor, []).append(row.access)
        return [_files_read(actor, found) for actor, found in sorted(looks.items())]

    async def owing(self, now: datetime, after: timedelta, limit: int) -> Owing:
        """See ``Readings.owing``."""
        rows = [self._owed(row, row.outage_at) for row in self._tables.obligations.all() if row.outage_at and row.due_at > now - after]
        owed = sorted((one for one in rows if one is not None), key=lambda one: (one.due_at <= now, one.due_at, one.obligation_id))
        return Owing(
            duties=len(owed),
            past=sum(1 for one in owed if one.due_at <= now),
            untold=sum(1 for one in owed if one.alert is None),
            since=min((one.outage_at for one in owed), default=None),
            first=tuple(owed[:limit]),
        )

    def _owed(self, duty: Obligation, outage_at: datetime) -> Owed | None:
        """The duty, when nobody was reached about it since, and no advisor has settled it."""
        alerts = [row for row in self._tables.alerts.tagged(duty.person_id) if row.obligation_id == duty.obligation_id]
        told = min((row for row in alerts if row.closed_at is None), key=lambda row: (-row.raised_at.timestamp(), row.type), default=None)
        if duty.state is ObligationState.OPEN:
            tries = self._tables.attempts.tagged(duty.person_id)
            settled = any(_handed_over(row, duty, outage_at) for row in tries)
        else:
            settled = duty.state not in _PAST or any(row.type in _AFTER_DATE and row.closed_at is not None for row in alerts)
        if settled or duty.evidence >= Evidence.E3:
            return None
        return Owed(
            person_id=duty.person_id,
            obligation_id=duty.obligation_id,
            kind=duty.kind,
            state=duty.state,
            due_at=duty.due_at,
            outage_at=outage_at,
            next_at=duty.next_at,
            alert=told.type if told else None,
            agency_id=told.agency_id if told else None,
            advisor_id=(told.claimed_by or told.advisor_id) if told else None,
        )

    async def providers(self, since: datetime) -> Sequence[ProviderTrouble]:
        """See ``Readings.providers``."""
        by_provider: dict[tuple[Channel, str], list[Attempt]] = {}
        for row in self._tables.attempts.all():
            handed = row.claimed_at is not None and row.claimed_at >= since and row.state is not AttemptState.SUBMITTING
            if handed and row.provider is not None:
                by_provider.setdefault((row.channel, row.provider), []).append(row)
        return [
            ProviderTrouble(
                channel=key[0],
                provider=key[1],
                taken=sum(1 for row in rows if _taken(row, since)),
                troubled=sum(1 for row in rows if _troubled(row)),
                since=min(row.claimed_at for row in rows if row.claimed_at is not None),
            )
            for key, rows in sorted(by_provider.items())
        ]

    async def affected(self, lost: LostMessages) -> Sequence[Affected]:
        """See ``Readings.affected``."""
        whose: dict[PersonId, list[Attempt]] = {}
        for row in self._accepted_sms(lost.since, lost.until):
            early = row.accepted_at is not None and row.accepted_at < lost.noticed_at
            late = row.delivered_at is None or (early and row.delivered_at >= lost.noticed_at)
            same = row.provider == lost.provider and self._carrier(row) == lost.carrier
            if late and same and row.state is not AttemptState.FAILED:
                whose.setdefault(row.person_id, []).append(row)
        return [Affected(person_id=person, recovered=self._recovered(person, rows)) for person, rows in sorted(whose.items())]

    def _recovered(self, person: PersonId, rows: list[Attempt]) -> bool:
        at = min(row.accepted_at for row in rows if row.accepted_at is not None)
        if any(row.delivered_at is not None for row in rows):
            return True
        reached = any(row.delivered_at is not None and row.delivered_at > at for row in self._tables.attempts.tagged(person))
        answers = self._tables.replies.tagged(person)
        return reached or any(row.at > at and row.effect is ReplyEffect.ACKNOWLEDGED for row in answers)

    def _accepted_sms(self, since: datetime, until: datetime) -> list[Attempt]:
        return [
            row
            for row in self._tables.attempts.all()
            if row.channel is Channel.SMS
            and row.accepted_at is not None
            and since <= row.accepted_at < until
            and row.provider is not None
            and row.provider_ref is not None
        ]

    def _contact(self, attempt: Attempt) -> Contact | None:
        return self._tables.contacts.get((attempt.person_id, attempt.contact_id))

    def _carrier(self, attempt: Attempt) -> str | None:
        contact = self._contact(attempt)
        return contact.carrier if contact is not None else None

    def _scope(self, attempt: Attempt) -> str | None:
        if attempt.channel is Channel.SMS:
            return attempt.provider
        contact = self._contact(attempt) if attempt.channel is Channel.EMAIL else None
        return domain_of(contact) if contact is not None else None


def _taken(row: Attempt, since: datetime) -> bool:
    return row.accepted_at is not None and row.accepted_at >= since and row.last_status is not ReceiptStatus.UNKNOWN


def _troubled(row: Attempt) -> bool:
    later = row.state is AttemptState.RELEASED and row.last_status is None
    return later or (row.state is AttemptState.UNKNOWN and row.reason is Why.NO_OUTCOME)


def _wake(row: PersonRow) -> datetime | None:
    """When somebody wants to look at this person, in either lane; never while quarantined."""
    return min((at for at in (row.due_at(lane) for lane in Lane) if at is not None), default=None)


def _files_read(actor: str, looks: list[FileAccess]) -> FilesRead:
    people, shown = {look.person_id for look in looks}, {look.person_id for look in looks if look.granted}
    instants = [look.at for look in looks]
    return FilesRead(actor=actor, files=len(people), denied=len(people - shown), first_at=min(instants), last_at=max(instants))


def _handed_over(row: Attempt, duty: Obligation, since: datetime) -> bool:
    """A provider took a message about this duty since then, and nothing says that it failed."""
    taken = row.state in (AttemptState.ACCEPTED, AttemptState.DELIVERED) and row.accepted_at is not None and row.accepted_at > since
    return taken and any(item.obligation_id == duty.obligation_id for item in row.items)
