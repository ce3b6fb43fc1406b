"""How many requests one source may make at the doors that stand open to the world: a bucket for each source that fills steadily (§8.4).

Written here because it is this small: the libraries for it count requests alike, and keep every source that ever came.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.core.policy import FloodLimit
from services.core.ports.clock import Clock

#: sources that are remembered; the one that was silent for longest is forgotten first
_SOURCES: Final = 100_000
#: answers to somebody who guesses: wrong signature, no such link, no such provider
_GUESSES: Final = frozenset({401, 403, 404})
#: an IPv6 subscriber has a whole network of addresses (RFC 6177)
_SUBSCRIBER: Final = 64


@dataclass(frozen=True, slots=True)
class _Bucket:
    """So many requests were left at this instant."""

    left: float
    at: datetime


@dataclass(slots=True, kw_only=True)
class Floods:
    """One door's buckets, in this process."""

    limit: FloodLimit
    clock: Clock
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)

    def admit(self, source: str) -> timedelta | None:
        """None for a request that may come in, which is counted; else how long this source has to wait."""
        now = self.clock.now()
        left = self._left(source, now)
        self._keep(source, left - 1 if left >= 1 else left, now)
        return None if left >= 1 else timedelta(minutes=(1 - left) / self.limit.per_minute)

    def guessed(self, source: str) -> None:
        """The request that was let in was a guess: it counts for several."""
        now = self.clock.now()
        self._keep(source, self._left(source, now) - (self.limit.guess - 1), now)

    def _left(self, source: str, now: datetime) -> float:
        bucket = self._buckets.get(source)
        if bucket is None:
            return float(self.limit.burst)
        # a clock that was set back fills nothing
        minutes = max(now - bucket.at, timedelta()) / timedelta(minutes=1)
        return min(bucket.left + minutes * self.limit.per_minute, float(self.limit.burst))

    def _keep(self, source: str, left: float, now: datetime) -> None:
        self._buckets[source] = _Bucket(left=left, at=now)
        self._buckets.move_to_end(source)
        if len(self._buckets) > _SOURCES:
            self._buckets.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An open door: who counts there, what is said to a flood."""

    floods: Floods
    #: seconds to wait → the answer, 429
    refused: Callable[[int], Response]
    #: told of each request that is refused
    told: Callable[[], None]


class FloodGates:
    """Middleware before every address whose first segment names a door."""

    def __init__(self, app: ASGIApp, *, doors: Mapping[str, Door]) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """429 with ``Retry-After``, without reading the body; else the request goes on, and a guess is counted as one."""
        door = self._doors.get(scope["path"].split("/", 2)[1]) if scope["type"] == "http" and scope["path"].startswith("/") else None
        if door is None:
            await self._app(scope, receive, send)
            return
        source = source_of(scope)
        wait = door.floods.admit(source)
        if wait is not None:
            door.told()
            await door.refused(max(1, ceil(wait.total_seconds())))(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _GUESSES:
                door.floods.guessed(source)
            await send(message)

        await self._app(scope, receive, watched)


def source_of(scope: Scope) -> str:
    """Who asks: an IPv4 address, or the network of an IPv6 one; one source for all whose address nobody knows."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> _SUBSCRIBER << _SUBSCRIBER)}/{_SUBSCRIBER}"
