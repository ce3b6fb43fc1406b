"""Forgets what is older than its retention (§8.3), a few rows at a time, so that nobody waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.core.ports.retention import Keeper, Keepsake
from services.core.retention_policy import RetentionPolicy

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Forgotten:
    """What one round did."""

    counts: dict[Keepsake, int] = field(default_factory=dict)
    #: some of it came to its limit
    more: bool = False


@dataclass(slots=True, kw_only=True)
class Keeping:
    """What a round needs, and how far earlier ones came: rows that were looked at are not looked at again."""

    keeper: Keeper
    policy: RetentionPolicy
    _done_before: dict[Keepsake, datetime] = field(default_factory=dict)

    async def round(self, now: datetime) -> Forgotten:
        """One batch of everything. Raises ``StoreUnavailable``; can be done again, by several at once."""
        done = Forgotten()
        for what, age in ages(self.policy).items():
            before = now - age
            since = self._done_before.get(what, _EVER)
            count = await self.keeper.forget(what, since=since, before=before, limit=self.policy.batch)
            if count:
                done.counts[what] = count
            if count < self.policy.batch:
                # with some overlap; a row that somebody held for longer waits for the next start of the process
                self._done_before[what] = before - self.policy.every
            else:
                done.more = True
        return done


def ages(policy: RetentionPolicy) -> Mapping[Keepsake, timedelta]:
    """How long each is kept; words go before the evidence that they hang on."""
    return {
        Keepsake.OUTBOX: policy.outbox,
        Keepsake.INBOX: policy.inbox,
        Keepsake.DEAD_LETTERS: policy.dead_letters,
        Keepsake.REFUSED_CALLBACKS: policy.refused_callbacks,
        Keepsake.JOURNAL: policy.journal,
        Keepsake.ACCESSES: policy.accesses,
        Keepsake.RECEIPT_PAYLOADS: policy.payloads,
        Keepsake.STRAY_RECEIPTS: policy.payloads,
        Keepsake.REFERENCES: policy.payloads,
        Keepsake.MESSAGES: policy.words,
        Keepsake.REPLY_WORDS: policy.words,
        Keepsake.OLD_ALERTS: policy.evidence,
        Keepsake.OLD_REPLIES: policy.evidence,
        Keepsake.EVIDENCE: policy.evidence,
    }
