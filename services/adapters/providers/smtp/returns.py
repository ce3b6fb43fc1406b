"""What comes back by mail, read: delivery status notifications, complaints, answers; what machines answer is dropped (rules §11.3)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from typing import Final

from services.adapters.providers.smtp.addresses import Returns
from services.core.evidence import statuses
from services.core.evidence.inbound import read_sms
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import ReceiptStatus, ReplyChannel

#: where the quoted mail begins, as mailers write it
_QUOTED: Final = re.compile(
    r"^(?:>|-{2,} ?(?:message|mail) d.origine|-{2,} ?original message|_{10,}|(?:le|on) .{6,120}(?:écrit|wrote) ?:)", re.IGNORECASE
)
_LONGEST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What one mail said; nothing at all for a machine's answer."""

    receipts: tuple[ProviderReceipt, ...] = ()
    replies: tuple[ProviderReply, ...] = ()


def read_returned(octets: bytes, *, mail_from: str, recipient: str, provider: str, returns: Returns, at: datetime) -> Returned:
    """Read a mail that came to ``recipient``. Raises ``ValueError`` for one that the standard library cannot read."""
    try:
        message = message_from_bytes(octets, policy=default)
        digest = _digest(message, octets)
        kind = str(message.get_param("report-type") or "").lower() if message.get_content_type() == "multipart/report" else ""
        if kind == "delivery-status":
            return Returned(receipts=tuple(_notifications(message, digest, recipient, provider, returns, at)))
        if kind == "feedback-report":
            return Returned(receipts=tuple(_complaints(message, digest, provider, returns, at)))
        if mail_from.strip("<> ") == "" or _by_machine(message):
            return Returned()
        return Returned(replies=(_reply(message, digest, returns, at),))
    except (LookupError, AttributeError, TypeError, RecursionError) as error:
        # email.policy raises these for headers written in bad faith
        raise ValueError("unreadable mail") from error


def _digest(message: EmailMessage, octets: bytes) -> str:
    """Tells one mail from another, and knows one that is brought twice. The raw Message-ID: parsed, a malformed one is cut short."""
    own = next((str(value) for name, value in message.raw_items() if name.lower() == "message-id"), "")
    return hashlib.sha256(own.encode("utf-8", "replace") or octets).hexdigest()[:20]


# --- RFC 3464 -----------------------------------------------------------------------------------------------------------


def _notifications(
    message: EmailMessage, digest: str, recipient: str, provider: str, returns: Returns, at: datetime
) -> Iterator[ProviderReceipt]:
    """One receipt for each recipient that the report speaks of; ours have one."""
    groups = _status_groups(message)
    if not groups:
        return
    attempt_id = _attempt_in_parts(message, returns)
    envelope_id = str(groups[0].get("Original-Envelope-Id") or "").strip().lower()
    reference = returns.reference_in(recipient) or (returns.reference(attempt_id) if attempt_id else None) or envelope_id
    if not reference:
        return
    if attempt_id is not None and returns.reference(attempt_id) != reference:
        attempt_id = None
    for index, group in enumerate(groups[1:] or groups):
        action, status = str(group.get("Action") or "").strip(), str(group.get("Status") or "").strip()
        diagnostic = " ".join(str(group.get("Diagnostic-Code") or "").split())
        if not action:
            continue
        reading = statuses.email_dsn(action, status, diagnostic)
        yield ProviderReceipt(
            receipt_id=f"{reference}:{digest}:{index}",
            provider=provider,
            provider_ref=reference,
            attempt_id=attempt_id,
            status=reading.status,
            raw_status=_without_addresses(f"{action} {status} {diagnostic}"),
            reason=reading.reason,
            at=at,
        )


def _status_groups(message: EmailMessage) -> list[Message]:
    """The header groups of message/delivery-status: the message's, then each recipient's."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            groups = part.get_payload()
            return [group for group in groups if isinstance(group, Message)] if isinstance(groups, list) else []
    return []


# --- RFC 5965 -----------------------------------------------------------------------------------------------------------


def _complaints(message: EmailMessage, digest: str, provider: str, returns: Returns, at: datetime) -> Iterator[ProviderReceipt]:
    attempt_id = _attempt_in_parts(message, returns)
    reference = returns.reference(attempt_id) if attempt_id else None
    kind = "abuse"
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            fields = _fields(part)
            kind = fields.get("feedback-type", kind)
            reference = reference or returns.reference_in(fields.get("original-mail-from", ""))
    if reference is None or kind == "not-spam":
        return
    yield ProviderReceipt(
        receipt_id=f"{reference}:{digest}:arf",
        provider=provider,
        provider_ref=reference,
        attempt_id=attempt_id,
        status=ReceiptStatus.COMPLAINT,
        raw_status=f"feedback-type {kind}"[:60],
        reason="arf",
        at=at,
    )


def _fields(part: Message) -> dict[str, str]:
    """A feedback report's lines; the standard library parses it as a message, or leaves it as text."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, Message) and inner.items():
        return {name.lower(): str(value).strip() for name, value in inner.items()}
    raw = part.get_payload(decode=True)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(payload)
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _attempt_in_parts(message: EmailMessage, returns: Returns) -> str | None:
    """From the Message-ID of our own mail, which reports give back whole or as headers."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            raw = part.get_payload(decode=True)
            attempt_id = returns.attempt_in(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "")
        elif part is not message:
            attempt_id = returns.attempt_in(str(part.get("Message-ID") or ""))
        else:
            continue
        if attempt_id is not None:
            return attempt_id
    return None


# --- people and machines ------------------------------------------------------------------------------------------------


def _by_machine(message: EmailMessage) -> bool:
    """Out of office, lists, tickets (RFC 3834 §5, and what older machines write)."""
    submitted = str(message.get("Auto-Submitted") or "no").split(";")[0].strip().lower()
    precedence = str(message.get("Precedence") or "").strip().lower()
    return (
        submitted != "no" or precedence in {"bulk", "junk", "list", "auto_reply"} or "X-Autoreply" in message or "X-Autorespond" in message
    )


def _reply(message: EmailMessage, digest: str, returns: Returns, at: datetime) -> ProviderReply:
    text = _own_words(message)
    _, address = parseaddr(str(message.get("From") or ""))
    attempt_id = returns.attempt_in(f"{message.get('In-Reply-To') or ''} {message.get('References') or ''}")
    return ProviderReply(
        reply_id=f"mail:{digest}",
        channel=ReplyChannel.EMAIL,
        choice=read_sms(text),
        attempt_id=attempt_id,
        sender=address.lower() or None,
        text=text,
        at=at,
    )


def _own_words(message: EmailMessage) -> str:
    """What was written, without what was quoted; an HTML-only mail loses its tags."""
    body = message.get_body(preferencelist=("plain", "html"))
    text = str(body.get_content()) if body is not None else ""
    if body is not None and body.get_content_type() == "text/html":
        text = re.sub(r"<(?:br|/p|/div)[^>]*>", "\n", re.sub(r"(?s)<(style|script).*?</\1>", "", text))
        text = re.sub(r"<[^>]+>", "", text)
    lines: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()) or line.strip() == "--":
            break
        lines.append(line.strip())
    return "\n".join(lines).strip()[:_LONGEST_TEXT]


def _without_addresses(text: str) -> str:
    return " ".join(word for word in text.split() if "@" not in word)[:200]
