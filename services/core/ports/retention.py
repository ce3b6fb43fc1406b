"""What forgetting asks of the database: a few rows at a time."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Keepsake(StrEnum):
    """What is kept for a while; also a metric label."""

    OUTBOX = "outbox"
    INBOX = "inbox"
    DEAD_LETTERS = "dead_letters"
    REFUSED_CALLBACKS = "refused_callbacks"
    JOURNAL = "journal"
    #: who asked for whose file
    ACCESSES = "accesses"
    #: what providers said in their own words
    RECEIPT_PAYLOADS = "receipt_payloads"
    #: receipts that nobody ever knew what to do with
    STRAY_RECEIPTS = "stray_receipts"
    REFERENCES = "references"
    MESSAGES = "messages"
    REPLY_WORDS = "reply_words"
    #: alerts and answers that belong to no duty
    OLD_ALERTS = "old_alerts"
    OLD_REPLIES = "old_replies"
    #: duties with their messages, receipts, answers and proofs
    EVIDENCE = "evidence"


class Keeper(Protocol):
    """A database that can forget. Raises ``StoreUnavailable``."""

    async def forget(self, what: Keepsake, *, since: datetime, before: datetime, limit: int) -> int:
        """Forget up to ``limit`` of what is from ``since`` on and older than ``before``; how many. Rows in use are left for later."""
        ...
