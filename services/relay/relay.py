"""Outbox → Kafka with confluent-kafka, marked on delivery reports only; one relay at a time per shard, in order.

Next: services/delivery/deliver.py
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from services.core.changes import Outgoing
from services.core.ports.fuse import Fuse, no_fuse
from services.core.ports.store import Store
from services.core.ports.streams import Message, Publisher

Encode = Callable[[Outgoing, str, str], Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """What a round needs."""

    store: Store
    publisher: Publisher
    encode: Encode
    #: who we are in a CloudEvent's ``source``
    source: str
    #: shards taken at once: the more, the fuller the broker's requests; the fewer, the more is left to other relays meanwhile
    together: int = 8
    #: messages of one shard at once
    limit: int = 250
    fuse: Fuse = no_fuse

    async def round(self, now: datetime) -> int:
        """Publish what waits, some shards at a time; returns how many messages Kafka has on disk.

        Raises ``StoreUnavailable`` and ``NotPublished`` with nothing marked: what was published twice carries the same id.
        """
        waiting, published = await self.store.waiting_shards(), 0
        for start in range(0, len(waiting), self.together):
            published += await self._publish(waiting[start : start + self.together], now)
        return published

    async def _publish(self, shards: Collection[int], now: datetime) -> int:
        async with self.store.unit() as unit:
            rows = await unit.claim_outbox(shards, self.limit)
            if not rows:
                return 0
            await self.publisher.publish([self.encode(row.message, str(row.id), self.source) for row in rows])
            self.fuse("after_publish", now)
            await unit.mark_published([row.id for row in rows], now)
            return len(rows)
