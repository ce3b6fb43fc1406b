"""What mail servers write about a mail: delivery status notifications, complaints, out-of-office notices."""

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP as SMTP_POLICY
from typing import Protocol


class Returnable(Protocol):
    """What a report needs to know of the mail that it is about."""

    @property
    def ref(self) -> str: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def envid(self) -> str: ...
    @property
    def octets(self) -> bytes: ...


def notification(mail: Returnable, action: str, status: str, answer: str, date: str) -> bytes:
    """A delivery status notification (RFC 3464): a sentence, the report, the headers of the mail it is about."""
    report = MIMEMultipart("report", _subparts=None)
    report.set_param("report-type", "delivery-status")
    _head(report, mail, f"Delivery Status Notification {action} {status}", date, "auto-replied")
    report.attach(MIMEText("Voici ce qu'est devenu votre message.\n", "plain", "utf-8"))
    status_part = MIMEBase("message", "delivery-status")
    status_part.attach(_group({"Reporting-MTA": "dns; mx.example"} | ({"Original-Envelope-Id": mail.envid} if mail.envid else {})))
    status_part.attach(
        _group({"Final-Recipient": f"rfc822; {mail.to}", "Action": action, "Status": status, "Diagnostic-Code": f"smtp; {answer}"})
    )
    report.attach(status_part)
    headers = mail.octets.split(b"\r\n\r\n", 1)[0].decode("ascii", "replace")
    report.attach(MIMEText(headers.replace("\r\n", "\n") + "\n", "rfc822-headers", "us-ascii"))
    return report.as_bytes(policy=SMTP_POLICY)


def complaint(mail: Returnable, date: str) -> bytes:
    """An abuse report (RFC 5965)."""
    report = MIMEMultipart("report")
    report.set_param("report-type", "feedback-report")
    _head(report, mail, "complaint about message", date, "no")
    report.attach(MIMEText("Un message a été signalé comme indésirable.\n", "plain", "utf-8"))
    feedback = MIMEBase("message", "feedback-report")
    fields = {"Feedback-Type": "abuse", "User-Agent": "Town/1", "Version": "1", "Original-Mail-From": f"<{mail.mail_from}>"}
    feedback.set_payload("".join(f"{name}: {value}\r\n" for name, value in fields.items()))
    report.attach(feedback)
    report.attach(MIMEMessage(message_from_bytes(mail.octets)))
    return report.as_bytes(policy=SMTP_POLICY)


def absence(mail: Returnable, date: str) -> bytes:
    """An out-of-office notice (RFC 3834)."""
    notice = MIMEText("Je suis absent. Votre message ne sera pas lu.\n", "plain", "utf-8")
    _head(notice, mail, "Absence", date, "auto-replied")
    return notice.as_bytes(policy=SMTP_POLICY)


def _head(message: MIMEBase, mail: Returnable, subject: str, date: str, submitted: str) -> None:
    message["From"] = "MAILER-DAEMON@mx.example"
    message["To"] = mail.mail_from
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = f"<{re.sub('[^A-Za-z0-9]+', '-', f'{subject} {date}')}.{mail.ref}@mx.example>"
    message["Auto-Submitted"] = submitted


def _group(fields: Mapping[str, str]) -> MIMEBase:
    """A group of fields as the standard library nests them in message/delivery-status."""
    group = MIMEBase("text", "plain")
    for name in list(group.keys()):
        del group[name]
    for name, value in fields.items():
        group[name] = value
    return group
