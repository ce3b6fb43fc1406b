"""Dispatches, receipts and replies, from checked data to facts (contracts §3)."""

from collections.abc import Mapping
from typing import Any

from services.adapters.contracts.values import instant, maybe_printable, printable, whole
from services.core import events
from services.core.events import Event
from services.core.model import AttemptId, ObligationId, PersonId
from services.core.words import AnsweredBy, Channel, Choice, Identity, ReceiptStatus, ReplyChannel

Data = Mapping[str, Any]
Common = dict[str, Any]


def receipt(common: Common, data: Data) -> Event:
    """What a provider says of a message."""
    attempt, part = data.get("attempt_id"), data.get("part")
    return events.ReceiptReceived(
        **common,
        provider=data["provider"],
        provider_ref=data.get("provider_ref"),
        attempt_id=AttemptId(attempt) if attempt is not None else None,
        part=None if part is None else whole(part),
        status=ReceiptStatus(data["status"]),
        raw_status=printable(data["raw_status"]),
        reason=maybe_printable(data.get("reason")),
        carrier=maybe_printable(data.get("carrier")),
        happened_at=instant(data["at"]),
        received_at=instant(data["received_at"]),
    )


def reply(common: Common, data: Data) -> Event:
    """What somebody answered."""
    attempt, obligation, person = data.get("attempt_id"), data.get("obligation_id"), data.get("person_id")
    return events.ReplyReceived(
        **common,
        channel=ReplyChannel(data["channel"]),
        choice=Choice(data["choice"]),
        identity=Identity(data["identity"]),
        answered_by=AnsweredBy(data["answered_by"]),
        attempt_id=AttemptId(attempt) if attempt is not None else None,
        obligation_id=ObligationId(obligation) if obligation is not None else None,
        person_id=PersonId(person) if person is not None else None,
        sender_hash=data.get("sender_hash"),
        letter=data.get("letter"),
        text_sealed=data.get("text_sealed"),
        reason=maybe_printable(data.get("reason")),
        by=data.get("by"),
        happened_at=instant(data["at"]),
    )


def dispatch(common: Common, data: Data) -> Event:
    """A message to be claimed and sent."""
    return events.DispatchRequested(
        **common,
        attempt_id=AttemptId(data["attempt_id"]),
        person_id=PersonId(data["person_id"]),
        channel=Channel(data["channel"]),
        release_at=instant(data["release_at"]),
        not_after=instant(data["not_after"]),
    )
