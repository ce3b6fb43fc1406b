"""What both stores do alike: which rows count as over, which rows a step may write, where a message waits."""

import zlib
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from services.adapters.store_errors import NotLocked
from services.core.changes import Changes, Wake
from services.core.model import PersonId
from services.core.words import AttemptState

R = TypeVar("R")

#: attempts that never went out: they do not stand in the way of a real one for the same item
NEVER_SENT = frozenset({AttemptState.SKIPPED, AttemptState.CANCELLED})
#: settled obligations stay in the case for so long after the newest change of the same person: the caps look back 30 days (rules §10.4),
#: and a case must not grow with a person's history
HISTORY = timedelta(days=60)
#: silences of feeds are remembered for longer than a period of actualisation lasts
SILENCES = timedelta(days=20)


def shard_of(key: str, shards: int) -> int:
    """Shard of an outbox key, from 0 to ``shards`` - 1; CRC-32 (RFC 1952 §8), because ``hash()`` differs from process to process."""
    return zlib.crc32(key.encode()) % shards


def refuse_unlocked(changes: Changes, locked: Collection[PersonId]) -> None:
    """Raise ``NotLocked`` when the changes are about somebody else than ``locked``."""
    strangers = set(_people_of(changes)).difference(locked)
    if strangers:
        raise NotLocked(strangers)


def newest(rows: Iterable[R], key: Callable[[R], Hashable]) -> list[R]:
    """The last row of each key, where it stood first: what a step writes twice in one go counts as it was written last."""
    return list({key(row): row for row in rows}.values())


def removed_points(changes: Changes) -> list[tuple[PersonId, str]]:
    """Contact points to remove, each with its person: identifiers may repeat from person to person."""
    return [(person, str(point)) for person, point in changes.removed_contacts]


def _people_of(changes: Changes) -> Iterator[PersonId]:
    yield from changes.removed_people
    yield from (person for person, _ in removed_points(changes))
    for rows in (
        changes.profiles,
        changes.contacts,
        changes.obligations,
        changes.next_instants,
        changes.attempts,
        changes.alerts,
        changes.proofs,
        changes.messages,
        changes.wakes,
    ):
        for row in rows:
            yield row.person_id
    for facts in (changes.receipts, changes.replies):
        for fact in facts:
            if fact.person_id is not None:
                yield fact.person_id


def folded(wakes: Iterable[Wake]) -> list[Wake]:
    """One wake for each person that does what all of theirs would do one after the other."""
    result: dict[PersonId, Wake] = {}
    for wake in wakes:
        before = result.get(wake.person_id)
        if before is None or not wake.only_earlier:
            result[wake.person_id] = wake
            continue
        result[wake.person_id] = Wake(
            person_id=wake.person_id,
            live_at=_earlier(before.live_at, wake.live_at),
            campaign_at=_earlier(before.campaign_at, wake.campaign_at),
            only_earlier=before.only_earlier,
        )
    return list(result.values())


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
