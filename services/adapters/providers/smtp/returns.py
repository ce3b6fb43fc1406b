"""What comes back by mail, read: delivery status notifications, complaints, answers; what machines answer is dropped (rules §11.3).

Anybody in the world may write here, to a process that sends: only so much is read of a mail, and reading takes time in proportion to its
length. The standard library's ``email.policy.default`` does not (60 kB of commas in ``From`` take a minute): its older reader is used.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Final

from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.codes import codes_of_report
from services.core.evidence import statuses
from services.core.evidence.inbound import read_sms
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import ReceiptStatus, ReplyChannel

#: where the quoted mail begins, as mailers write it
_QUOTED: Final = re.compile(
    r"^(?:>|-{2,} ?(?:message|mail) d.origine|-{2,} ?original message|_{10,}|(?:le|on) .{6,120}(?:écrit|wrote) ?:)", re.IGNORECASE
)
_LONGEST_TEXT: Final = 4000
#: octets of a mail that are read; words come first, attachments and originals last
_READ: Final = 131_072
#: octets of a header field, its folded lines included (a line has 998 at most, RFC 5322 §2.1.1)
_LONGEST_FIELD: Final = 2000
_FIELD: Final = re.compile(rb"^([!-9;-~]{1,76}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
#: parts within parts, and lines that may divide them; more is no mail that a person or a server writes
_DEEPEST, _MOST_PARTS = 20, 200
#: recipients that one report speaks of; our mails have one
_MOST_RECIPIENTS: Final = 20
_BREAK: Final = re.compile(r"<(?:br|/p|/div)[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
#: elements whose text nobody reads: from where, to where
_UNSEEN: Final = tuple((re.compile(f"<{name}", re.IGNORECASE), re.compile(f"</{name}", re.IGNORECASE)) for name in ("style", "script"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What one mail said; nothing at all for a machine's answer."""

    receipts: tuple[ProviderReceipt, ...] = ()
    replies: tuple[ProviderReply, ...] = ()


def read_returned(octets: bytes, *, mail_from: str, recipient: str, provider: str, returns: Returns, at: datetime) -> Returned:
    """Read a mail that came to ``recipient``. Raises ``ValueError`` for one that the standard library cannot read."""
    try:
        message = message_from_bytes(_bounded(octets))
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
        # the standard library raises these for mails written in bad faith
        raise ValueError("unreadable mail") from error


def _bounded(octets: bytes) -> bytes:
    """As much of a mail as is read. Raises ``ValueError`` for one in too many parts."""
    head = octets[:_READ]
    if head.lower().count(b"boundary") > _DEEPEST or head.count(b"\n--") > _MOST_PARTS:
        raise ValueError("too many parts")
    return _FIELD.sub(lambda field: field[1][:_LONGEST_FIELD], head)


def _digest(message: Message, octets: bytes) -> str:
    """Tells one mail from another, and knows one that is brought twice. The raw Message-ID: parsed, a malformed one is cut short."""
    own = next((str(value) for name, value in message.raw_items() if name.lower() == "message-id"), "")
    return hashlib.sha256(own.encode("utf-8", "replace") or octets).hexdigest()[:20]


# --- RFC 3464 -----------------------------------------------------------------------------------------------------------


def _notifications(
    message: Message, digest: str, recipient: str, provider: str, returns: Returns, at: datetime
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
    for index, group in enumerate((groups[1:] or groups)[:_MOST_RECIPIENTS]):
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
            raw_status=codes_of_report(action, status, diagnostic),
            reason=reading.reason,
            at=at,
        )


def _status_groups(message: Message) -> list[Message]:
    """The header groups of message/delivery-status: the message's, then each recipient's."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            groups = part.get_payload()
            return [group for group in groups if isinstance(group, Message)] if isinstance(groups, list) else []
    return []


# --- RFC 5965 -----------------------------------------------------------------------------------------------------------


def _complaints(message: Message, digest: str, provider: str, returns: Returns, at: datetime) -> Iterator[ProviderReceipt]:
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
        return {name.lower(): str(value).strip() for name, value in inner.raw_items()}
    raw = part.get_payload(decode=True)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(payload)
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _attempt_in_parts(message: Message, returns: Returns) -> str | None:
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


def _by_machine(message: Message) -> bool:
    """Out of office, lists, tickets (RFC 3834 §5, and what older machines write)."""
    submitted = str(message.get("Auto-Submitted") or "no").split(";")[0].strip().lower()
    precedence = str(message.get("Precedence") or "").strip().lower()
    return (
        submitted != "no" or precedence in {"bulk", "junk", "list", "auto_reply"} or "X-Autoreply" in message or "X-Autorespond" in message
    )


def _reply(message: Message, digest: str, returns: Returns, at: datetime) -> ProviderReply:
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


def _own_words(message: Message) -> str:
    """What was written, without what was quoted; an HTML-only mail loses its tags."""
    shown = list(_shown(message))
    body = next((part for kind in ("text/plain", "text/html") for part in shown if part.get_content_type() == kind), None)
    text = _decoded(body) if body is not None else ""
    if body is not None and body.get_content_type() == "text/html":
        text = _TAG.sub("", _BREAK.sub("\n", _seen(text)))
    lines: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()) or line.strip() == "--":
            break
        lines.append(line.strip())
    return "\n".join(lines).strip()[:_LONGEST_TEXT]


def _shown(part: Message) -> Iterator[Message]:
    """What a mailer shows as the mail itself: neither attachments nor mails within the mail, whose words are somebody else's."""
    payload = part.get_payload()
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
        return
    if isinstance(payload, list):
        for inner in payload:
            if isinstance(inner, Message):
                yield from _shown(inner)
    else:
        yield part


def _decoded(part: Message) -> str:
    octets = part.get_payload(decode=True)
    if not isinstance(octets, bytes):
        return ""
    try:
        return octets.decode(str(part.get_param("charset") or "utf-8"), "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")


def _seen(html: str) -> str:
    """Without style sheets and scripts."""
    for begins, ends in _UNSEEN:
        kept, at = [], 0
        while (start := begins.search(html, at)) is not None:
            kept.append(html[at : start.start()])
            end = ends.search(html, start.end())
            at = end.start() if end is not None else len(html)
        html = "".join([*kept, html[at:]])
    return html
