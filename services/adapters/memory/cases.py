"""Which rows make a case, in memory; ``postgres/sql/cases.sql`` says the same in SQL."""

from collections.abc import Collection
from datetime import datetime

from services.adapters.memory.tables import Tables
from services.adapters.store_rules import HISTORY
from services.core.model import Alert, Attempt, Case, Obligation, ObligationId, PersonId, Receipt, Reply
from services.core.states import SETTLED


def load_case(tables: Tables, person: PersonId, also: Collection[str]) -> Case:
    """The case of one person; ``also`` names obligations that belong to it however old they are."""
    known = tables.obligations.tagged(person)
    newest = max((each.changed_at for each in known), default=None)
    since = None if newest is None else newest - HISTORY
    obligations = [each for each in known if _belongs(each, since, also)]
    ids = {each.obligation_id for each in obligations}
    attempts = [each for each in tables.attempts.tagged(person) if _recent(each.release_at, since) or _carries(each, ids)]
    receipts = [receipt for attempt in attempts for receipt in tables.receipts.tagged(attempt.attempt_id)]
    replies = [each for each in tables.replies.tagged(person) if _recent(each.at, since) or each.obligation_id in ids]
    alerts = [each for each in tables.alerts.tagged(person) if each.closed_at is None or each.obligation_id in ids]
    return Case(
        person_id=person,
        person=tables.profiles.get(person),
        contacts=tuple(sorted(tables.contacts.tagged(person), key=lambda each: each.contact_id)),
        obligations=tuple(sorted(obligations, key=_obligation_order)),
        attempts=tuple(sorted(attempts, key=_attempt_order)),
        receipts=tuple(sorted(receipts, key=_receipt_order)),
        replies=tuple(sorted(replies, key=_reply_order)),
        alerts=tuple(sorted(alerts, key=_alert_order)),
    )


def _belongs(obligation: Obligation, since: datetime | None, also: Collection[str]) -> bool:
    return obligation.state not in SETTLED or _recent(obligation.changed_at, since) or obligation.obligation_id in also


def _carries(attempt: Attempt, ids: set[ObligationId]) -> bool:
    return any(item.obligation_id in ids for item in attempt.items)


def _recent(at: datetime, since: datetime | None) -> bool:
    return since is None or at >= since


def _obligation_order(each: Obligation) -> tuple[datetime, str]:
    return each.due_at, each.obligation_id


def _attempt_order(each: Attempt) -> tuple[datetime, str]:
    return each.release_at, each.attempt_id


def _receipt_order(each: Receipt) -> tuple[datetime, str]:
    return each.received_at, each.receipt_id


def _reply_order(each: Reply) -> tuple[datetime, str]:
    return each.at, each.reply_id


def _alert_order(each: Alert) -> tuple[datetime, str]:
    return each.raised_at, each.alert_id
