"""A record's bytes into a fact of ``services/core/events.py``, or every mistake in it (contracts §1, §2)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from services.adapters.contracts import directory, duties, traffic
from services.adapters.contracts.beyond import beyond
from services.adapters.contracts.schemas import Schemas
from services.adapters.contracts.types import DISPATCH, travels_on
from services.adapters.contracts.values import instant
from services.core.events import Event, PersonRemoved, Problem
from services.core.model import PersonId
from services.core.words import Kind

_PEOPLE: Final = "people.v1"
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
#: a tombstone says neither who wrote it nor when
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Decoder:
    """Decodes records of every topic that the product reads; safe to share. Whatever the bytes are, it never raises."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._json = msgspec.json.Decoder()

    def __call__(self, topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
        """One record. A tombstone on ``people.v1`` is an erasure."""
        if value is None:
            return _tombstone(topic, key)
        try:
            event = self._json.decode(value)
        except RecursionError:
            return [Problem(path="/", message="is nested too deep")]
        except ValueError:  # msgspec's own error is one, and so is that of broken UTF-8
            return [Problem(path="/", message="is not a JSON document in UTF-8")]
        problems = self.problems(topic, event)
        if problems:
            return problems
        build = _BUILDERS.get(event["type"])
        if build is None:
            return [Problem(path="/type", message="is a type that the product writes, and does not read")]
        common = {"source": event["source"], "event_id": event["id"], "at": instant(event["time"])}
        return build(common, event["data"])

    def problems(self, topic: str, event: object) -> list[Problem]:
        """Everything that is wrong with a document that came on this topic."""
        if not isinstance(event, dict):
            return [Problem(path="/", message="is not a JSON object")]
        type_ = event.get("type")
        if type_ is None:
            return self._schemas.envelope_problems(event) or [Problem(path="/type", message="is required")]
        if not isinstance(type_, str) or type_ not in self._schemas.types:
            problems = [problem for problem in self._schemas.envelope_problems(event) if problem.path != "/type"]
            return [*problems, Problem(path="/type", message="is not a type of the contracts")]
        problems = self._schemas.problems(type_, event)
        if not travels_on(type_, topic):
            return [*problems, Problem(path="/type", message="is a type that does not travel on this topic")]
        return problems or beyond(type_, topic, event["data"])


def _tombstone(topic: str, key: str | None) -> Event | list[Problem]:
    if topic != _PEOPLE:
        return [Problem(path="/", message="is an empty record")]
    if not key or _IDENTIFIER.fullmatch(key) is None:
        return [Problem(path="/", message="is an empty record whose key is not an identifier")]
    return PersonRemoved(source="tombstone", event_id=key, at=_LONG_AGO, person_id=PersonId(key))


_BUILDERS: Final[Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], Event]]] = {
    "appointment.scheduled": duties.scheduled(Kind.APPOINTMENT),
    "appointment.rescheduled": duties.scheduled(Kind.APPOINTMENT),
    "appointment.cancelled": duties.cancelled(Kind.APPOINTMENT),
    "appointment.attended": duties.attended(Kind.APPOINTMENT),
    "appointment.missed": duties.missed(Kind.APPOINTMENT),
    "convocation.issued": duties.scheduled(Kind.CONVOCATION),
    "convocation.rescheduled": duties.scheduled(Kind.CONVOCATION),
    "convocation.cancelled": duties.cancelled(Kind.CONVOCATION),
    "convocation.attended": duties.attended(Kind.CONVOCATION),
    "convocation.missed": duties.missed(Kind.CONVOCATION),
    "actualisation.opened": duties.actualisation_opened,
    "actualisation.completed": duties.actualisation_completed,
    "person.updated": directory.person,
    "person.removed": directory.removed,
    "advisor.updated": directory.advisor,
    "agency.updated": directory.agency,
    "receipt.received": traffic.receipt,
    "reply.received": traffic.reply,
    DISPATCH: traffic.dispatch,
}

#: types that the product reads; every other one it only writes
READ: Final = frozenset(_BUILDERS)
