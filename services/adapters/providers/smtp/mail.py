"""The mail itself: fixed From and Reply-To, text, HTML, calendar, and the headers that keep machines from answering."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.core.content import EmailContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes; constant, so that people can learn to trust it (rules §8.2)."""

    name: str
    #: on the official domain, aligned with SPF, DKIM and DMARC (rules §7)
    address: str
    #: a mailbox that is read: Laposte.net refuses senders that cannot receive (LPN007_405)
    reply_to: str
    #: Orange asks for one above 1,000 mails a day
    feedback_id: str | None = None


def compose(content: EmailContent, sender: Sender, *, to: str, to_name: str, message_id: str, at: datetime) -> EmailMessage:
    """The message, seven bits throughout. Raises ``ValueError`` for an address or a header that may not be sent (line breaks)."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _address(sender.name, sender.address)
    message["Reply-To"] = sender.reply_to
    message["To"] = _address(to_name, to)
    message["Subject"] = content.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    # no vacation notice shall answer (RFC 3834), people may
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if sender.feedback_id is not None:
        message["Feedback-ID"] = sender.feedback_id
    message.set_content(content.text, cte="quoted-printable")
    if content.html:
        message.add_alternative(content.html, subtype="html", cte="quoted-printable")
    if content.calendar is not None:
        message.add_attachment(
            content.calendar,
            maintype="text",
            subtype="calendar",
            filename="rendez-vous.ics",
            params={"method": "PUBLISH", "charset": "utf-8"},
        )
    return message


def _address(name: str, address: str) -> Address:
    """Names may hold anything but control characters; addresses must be ASCII."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("not an e-mail address")
    if not name.isprintable():
        raise ValueError("control character in a name")
    return Address(display_name=name, username=local, domain=domain)
