"""What we say, as CloudEvents 1.0 in structured mode (contracts §1)."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from services.core.changes import TOMBSTONE, Outgoing
from services.core.ports.streams import Message

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
_ENCODER: Final = msgspec.json.Encoder()


def encode(outgoing: Outgoing, event_id: str, source: str, at: datetime | None = None) -> Message:
    """One message for Kafka; ``at`` is the event's time, by default when it was written."""
    if outgoing.type == TOMBSTONE:
        return Message(topic=outgoing.topic, key=outgoing.key, value=None)
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": outgoing.type,
        "subject": outgoing.subject,
        "time": (at or outgoing.at).astimezone(UTC),
        "datacontenttype": "application/json",
        "data": outgoing.data,
    }
    return Message(topic=outgoing.topic, key=outgoing.key, value=_ENCODER.encode(event), headers={"content-type": CONTENT_TYPE})
