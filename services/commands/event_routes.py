"""Where an event goes: its topic by type, its Kafka key by the topic's rule (contracts §1), or everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from services.adapters.contracts import CONTENT_TYPE, Decoder, topic_of
from services.core.events import Problem
from services.core.ports.streams import Message

_HEADERS: Final = {"content-type": CONTENT_TYPE}
_PERSON: Final = ("person_id",)

#: topic → fields of ``data`` that are its key, the first that is there
KEYS: Final[Mapping[str, Sequence[str]]] = {
    "appointments.v1": _PERSON,
    "convocations.v1": _PERSON,
    "actualisations.v1": _PERSON,
    "people.v1": _PERSON,
    "advisors.v1": ("advisor_id", "agency_id"),
    "dispatch.sms.v1": _PERSON,
    "dispatch.voice.v1": _PERSON,
    "dispatch.letter.v1": _PERSON,
    "dispatch.email.v1": _PERSON,
    "receipts.v1": ("person_id", "provider_ref", "attempt_id"),
    "replies.v1": ("person_id", "sender_hash", "attempt_id", "obligation_id"),
    "obligations.v1": ("obligation_id",),
    "contacts.v1": _PERSON,
    "alerts.v1": ("agency_id",),
    "alarms.v1": ("type",),
    "dead-letters.v1": ("key", "topic"),
}


class Router:
    """Judges events with the decoder that the readers use: what passes here is never a dead letter there."""

    def __init__(self, decoder: Decoder, topic: str | None = None) -> None:
        self._decoder = decoder
        #: the topic that all events go to; none: it follows from the type
        self._topic = topic

    def judge(self, raw: bytes) -> Message | Sequence[Problem]:
        """The message to publish, its value byte for byte as it came; or every problem, none quoting a value."""
        try:
            event = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            # the decoder has the words for what is no document at all
            decoded = self._decoder(self._topic or "", raw, None)
            return decoded if isinstance(decoded, list) else []
        # without a known type there is no topic, and the decoder says that among the rest
        topic = self._topic or _topic_of(event) or ""
        problems = self._decoder.problems(topic, event)
        return problems or Message(topic=topic, key=_key(topic, event["data"]), value=raw, headers=_HEADERS)


def _topic_of(event: object) -> str | None:
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    data = event.get("data")
    channel = data.get("channel") if isinstance(data, dict) else None
    return topic_of(event["type"], channel if isinstance(channel, str) else None)


def _key(topic: str, data: Mapping[str, Any]) -> str:
    """The key; empty when a record carries nothing that could be one (all such keep their order among themselves)."""
    return next((str(data[name]) for name in KEYS.get(topic, _PERSON) if data.get(name) is not None), "")
