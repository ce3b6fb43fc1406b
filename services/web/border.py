"""The contracts at the HTTP border: where a producer's CloudEvent goes, or everything that is wrong with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from services.core.events import Problem
from services.core.ports.streams import Message

#: Topics that producers write (contracts §2); what we write ourselves is not accepted from outside.
WRITABLE: Final = frozenset({"appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1"})
#: Octets of one event: Kafka takes a record of a million, and "come again" would be said for ever of a larger one.
LARGEST: Final = 900_000
#: Fields that may be the key, in this order: an advisor's event names its agency too.
_KEYS: Final = ("person_id", "advisor_id", "agency_id")
_HEADERS: Final = {"content-type": "application/cloudevents+json; charset=UTF-8"}

#: topic, value, key → the event, or every problem of it
Decode = Callable[[str, bytes | None, str | None], object]
#: type of a CloudEvent → topic; none for a type that nobody knows
TopicOf = Callable[[str], str | None]


class _Head(msgspec.Struct):
    """As much as is needed to find the decoder; the decoder itself names what is wrong with the rest."""

    type: object = None
    data: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """Judges one event with the same decoder as intake, so that what is taken here is never a dead letter there."""

    decode: Decode
    topic_of: TopicOf

    def judge(self, event: bytes) -> Message | Sequence[Problem]:
        """The message to publish, value as it came; or every problem, none quoting a value."""
        if len(event) > LARGEST:
            return [Problem(path="/", message=f"is larger than {LARGEST} octets")]
        try:
            head = msgspec.json.decode(event, type=_Head)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return [Problem(path="/", message="not a JSON object in UTF-8")]
        topic = self.topic_of(head.type) if isinstance(head.type, str) else None
        if topic is None or topic not in WRITABLE:
            return [Problem(path="/type", message="not a type that producers write")]
        decoded = self.decode(topic, event, None)
        if isinstance(decoded, list):
            return decoded
        data = head.data if isinstance(head.data, dict) else {}
        # the decoder saw to it that one of them is there
        key = next(str(data[name]) for name in _KEYS if name in data)
        return Message(topic=topic, key=key, value=event, headers=_HEADERS)
