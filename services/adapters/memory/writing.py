"""How changes become rows in memory, with the guards that the schema of PostgreSQL has."""

from collections.abc import Hashable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import cast

import msgspec

from services.adapters.memory.tables import Line, Looked, PersonRow, Reference, Tables, item_tag, open_alert_tag
from services.adapters.store_errors import GuardBroken
from services.adapters.store_rules import NEVER_SENT, newest, refuse_unlocked, removed_points, shard_of
from services.core.alarms import Alarm
from services.core.changes import Changes, JournalLine, NextInstant, Outgoing, Wake
from services.core.model import Alert, Attempt, ContactId, Obligation, PersonId
from services.core.ports.store import OutboxRow


class Writer:
    """Writes into the tables of one unit."""

    def __init__(
        self,
        *,
        tables: Tables,
        locked: AbstractSet[PersonId],
        numbers: Iterator[int],
        shards: int,
        keeps_journal: bool,
    ) -> None:
        self._tables = tables
        self._locked = locked
        self._numbers = numbers
        self._shards = shards
        self._keeps_journal = keeps_journal

    def write(self, changes: Changes) -> None:
        """Write everything; the order is that of ``PostgresUnit.write``."""
        refuse_unlocked(changes, self._locked)
        self._directory(changes)
        for obligation in changes.obligations:
            self._obligation(obligation)
        for instant in changes.next_instants:
            self._next_instant(instant)
        # What ends comes first: a replacement may stand in the same changes.
        for attempt in sorted(newest(changes.attempts, lambda row: row.attempt_id), key=lambda each: each.state not in NEVER_SENT):
            self._attempt(attempt)
        for receipt in changes.receipts:
            self._tables.receipts.put(receipt)
        for reply in changes.replies:
            self._tables.replies.put(reply)
        for alert in sorted(newest(changes.alerts, lambda row: row.alert_id), key=lambda each: each.closed_at is None):
            self._alert(alert)
        self._proofs(changes)
        for message in changes.messages:
            self._tables.messages.put(message)
        # Last of the facts: whatever else the same batch says of them, they are forgotten.
        for person in changes.removed_people:
            self._erase(person)
        self._wakes(changes)
        self._alarms(changes)
        for outgoing in changes.outbox:
            self._outgoing(outgoing)
        if self._keeps_journal:
            for line in changes.journal:
                self._line(line)

    def _erase(self, person: PersonId) -> None:
        """Who it was and what was said is gone; what happened stays, under a number that means nothing any more (rules §8.3)."""
        self._tables.profiles.remove(person)
        for contact in self._tables.contacts.tagged(person):
            self._tables.contacts.remove((person, contact.contact_id))
        for message in self._tables.messages.tagged(person):
            self._tables.messages.remove((message.attempt_id, message.try_number))
        for reply in self._tables.replies.tagged(person):
            self._tables.replies.put(replace(reply, sender_hash=None, text_sealed=None))
        self._tables.people.put(replace(self._person(person), erased=True))

    def _directory(self, changes: Changes) -> None:
        for person in changes.profiles:
            self._tables.profiles.put(person)
        for person_id, contact_id in removed_points(changes):
            self._tables.contacts.remove((person_id, ContactId(contact_id)))
        for contact in changes.contacts:
            self._tables.contacts.put(contact)
        for advisor in changes.advisors:
            self._tables.advisors.put(advisor)
        for agency in changes.agencies:
            self._tables.agencies.put(agency)

    def _obligation(self, row: Obligation) -> None:
        before = self._tables.obligations.get(row.obligation_id)
        if before is not None and before.person_id != row.person_id:
            raise GuardBroken("an_obligation_has_one_person")
        self._tables.obligations.put(row)

    def _next_instant(self, instant: NextInstant) -> None:
        row = self._tables.obligations.get(instant.obligation_id)
        if row is not None and row.person_id == instant.person_id:
            self._tables.obligations.put(replace(row, next_at=instant.at))

    def _attempt(self, row: Attempt) -> None:
        before = self._tables.attempts.get(row.attempt_id)
        if before is not None and before.person_id != row.person_id:
            raise GuardBroken("an_attempt_has_one_person")
        if row.state not in NEVER_SENT and any(self._taken(item_tag(row, item), row) for item in row.items):
            raise GuardBroken("an_item_is_sent_once")
        if row.token is not None and self._taken(("token", row.token), row):
            raise GuardBroken("a_token_is_of_one_attempt")
        self._tables.attempts.put(row)
        if row.provider is not None and row.provider_ref is not None:
            self._reference(row, row.provider, row.provider_ref)

    def _taken(self, tag: Hashable, by_other_than: Attempt) -> bool:
        return any(other.attempt_id != by_other_than.attempt_id for other in self._tables.attempts.tagged(tag))

    def _reference(self, row: Attempt, provider: str, provider_ref: str) -> None:
        before = self._tables.references.get((provider, provider_ref))
        if before is not None and before.attempt_id != row.attempt_id:
            raise GuardBroken("a_reference_is_of_one_attempt")
        self._tables.references.put(
            Reference(provider=provider, provider_ref=provider_ref, attempt_id=row.attempt_id, person_id=row.person_id)
        )

    def _alert(self, row: Alert) -> None:
        if row.closed_at is None and any(other.alert_id != row.alert_id for other in self._tables.alerts.tagged(open_alert_tag(row))):
            raise GuardBroken("an_alert_is_open_once")
        self._tables.alerts.put(row)

    def _proofs(self, changes: Changes) -> None:
        """What stands in the ledger is never edited."""
        for proof in changes.proofs:
            if self._tables.proofs.get((proof.obligation_id, proof.at)) is None:
                self._tables.proofs.put(proof)

    def _wakes(self, changes: Changes) -> None:
        for wake in changes.wakes:
            self._wake(wake)
        open_alerts = self._tables.alerts.tagged("open") if changes.alerted else ()
        for alerted in changes.alerted:
            people = {each.person_id for each in open_alerts if alerted.advisor_id in (each.advisor_id, each.claimed_by)}
            for person in sorted(people):
                self._wake(Wake(person_id=person, live_at=alerted.at, campaign_at=None))

    def _wake(self, wake: Wake) -> None:
        row = self._person(wake.person_id)
        live, campaign = wake.live_at, wake.campaign_at
        if wake.only_earlier:
            live = min((at for at in (row.live_at, live) if at is not None), default=None)
            campaign = min((at for at in (row.campaign_at, campaign) if at is not None), default=None)
        self._tables.people.put(replace(row, live_at=live, campaign_at=campaign))

    def _alarms(self, changes: Changes) -> None:
        # What is cleared comes first, as above.
        for alarm in sorted(newest(changes.alarms, lambda row: row.alarm_id), key=lambda row: row.cleared_at is None):
            self._alarm(alarm)
        for refused in changes.refused_callbacks:
            before = self._tables.refused_callbacks.get((refused.provider, refused.at))
            self._tables.refused_callbacks.put(replace(refused, count=refused.count + (before.count if before else 0)))
        for access in changes.accesses:
            self._tables.accesses.put(Looked(number=next(self._numbers), access=access))

    def _alarm(self, row: Alarm) -> None:
        others = (other for other in self._tables.alarms.all() if other.alarm_id != row.alarm_id and other.cleared_at is None)
        if row.cleared_at is None and any((other.type, other.scope) == (row.type, row.scope) for other in others):
            raise GuardBroken("an_alarm_is_open_once")
        self._tables.alarms.put(row)

    def _outgoing(self, message: Outgoing) -> None:
        # As it would come back from a database: instants and words as JSON has them.
        plain = replace(message, data=cast(dict[str, object], msgspec.to_builtins(dict(message.data))))
        row = OutboxRow(id=next(self._numbers), shard=shard_of(message.shard_key, self._shards), message=plain)
        self._tables.outbox.put(row)

    def _line(self, line: JournalLine) -> None:
        plain = replace(line, fields=cast(dict[str, object], msgspec.to_builtins(dict(line.fields))))
        self._tables.journal.put(Line(number=next(self._numbers), line=plain))

    def _person(self, person: PersonId) -> PersonRow:
        return self._tables.people.get(person) or PersonRow(person_id=person)
