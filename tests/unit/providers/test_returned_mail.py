"""Mail that comes back, as servers and mailers really write it (rules §11.3, §11.5)."""

import contextlib
from datetime import UTC, datetime
from time import process_time

import pytest

from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.returns import Returned, read_returned
from services.core.words import Choice, ReceiptStatus

NOW = datetime(2026, 12, 10, 10, 0, tzinfo=UTC)
RETURNS = Returns(secret="a secret of tests", domain="rappel.example")
ATTEMPT = "cv:42:1:N0:1"
REFERENCE = RETURNS.reference(ATTEMPT)
VERP = RETURNS.return_path(ATTEMPT)

DSN = """\
From: MAILER-DAEMON@orange.example
To: {verp}
Subject: Undelivered Mail
Message-ID: <1@orange.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

Votre message n'a pas ete remis.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; orange.example
{envid}
Final-Recipient: rfc822;luc@ancien-fai.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
Subject: France Travail

--b--
"""


def dsn(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 unknown",
    envid: str = "X-Nothing: 1",
    message_id: str = "<x@y>",
) -> bytes:
    """A delivery status notification."""
    text = DSN.format(verp=VERP, envid=envid, action=action, status=status, diagnostic=diagnostic, message_id=message_id)
    return text.replace("\n", "\r\n").encode()


def read(octets: bytes, *, mail_from: str = "<>", recipient: str = VERP) -> Returned:
    """Read it as it came to ``recipient``."""
    return read_returned(octets, mail_from=mail_from, recipient=recipient, provider="b", returns=RETURNS, at=NOW)


def test_the_notification_of_the_rules() -> None:
    """Orange's own words for Luc's mailbox are hard; kept are the codes, and neither his address nor his name."""
    words = "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. <luc@ancien-fai.example> Luc Test, 0612345678"
    (receipt,) = read(dsn(diagnostic=words)).receipts
    assert receipt.status is ReceiptStatus.FAILED_HARD
    assert receipt.provider_ref == REFERENCE
    assert receipt.raw_status == "failed 5.1.1 550 5.1.1"


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("delayed", "4.4.1", ReceiptStatus.FAILED_SOFT),
        ("delivered", "2.1.5", ReceiptStatus.DELIVERED),
        ("relayed", "2.1.9", ReceiptStatus.DELIVERED),
        ("failed", "5.2.2", ReceiptStatus.FAILED_SOFT),
        ("failed", "5.7.1", ReceiptStatus.FAILED_POLICY),
    ],
)
def test_actions(action: str, status: str, expected: ReceiptStatus) -> None:
    """Action, then status."""
    (receipt,) = read(dsn(action=action, status=status, diagnostic="")).receipts
    assert receipt.status is expected


def test_the_reference_is_found_by_any_of_three_ways() -> None:
    """Return path, ENVID in capitals, or our Message-ID in the headers given back (§7)."""
    for octets, recipient in (
        (dsn(), VERP.upper()),
        (dsn(envid=f"Original-Envelope-Id: {REFERENCE.upper()}"), "reponse@rappel.example"),
        (dsn(message_id=RETURNS.message_id(ATTEMPT)), "reponse@rappel.example"),
    ):
        (receipt,) = read(octets, recipient=recipient).receipts
        assert receipt.provider_ref == REFERENCE


def test_a_notification_about_nothing_of_ours() -> None:
    """Without any reference there is no receipt."""
    assert read(dsn(), recipient="reponse@rappel.example") == Returned()


def test_a_forged_message_id_names_no_attempt() -> None:
    """A Message-ID whose reference is not ours for that attempt is not believed."""
    forged = f"<cv/99/1/N0/1/{REFERENCE}@rappel.example>"
    (receipt,) = read(dsn(message_id=forged)).receipts
    assert receipt.attempt_id is None


def test_the_same_report_brought_twice() -> None:
    """A relay that repeats a mail adds a Received line, and nothing else: the receipt is the same."""
    (first,) = read(dsn()).receipts
    (again,) = read(b"Received: by mx2\r\n" + dsn()).receipts
    assert first.receipt_id == again.receipt_id


def person(body: str, headers: str = "") -> bytes:
    """A mail by a person."""
    head = (
        f"From: =?utf-8?q?Le=C3=AFla?= <Leila@Example.org>\nTo: reponse@rappel.example\nSubject: Re\nMessage-ID: <9@example.org>\n{headers}"
    )
    return (head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + body).replace("\n", "\r\n").encode()


def test_a_person_who_answers_is_heard() -> None:
    """Own words only, sender in lower case, the attempt by In-Reply-To."""
    mail = person(
        "Je ne peux pas venir.\n\nLe lun. 30 nov. 2026 à 10:00, France Travail <rappel@rappel.example> a écrit :\n> Mardi 1er décembre\n",
        f"In-Reply-To: {RETURNS.message_id(ATTEMPT)}\n",
    )
    (reply,) = read(mail, mail_from="leila@example.org", recipient="reponse@rappel.example").replies
    assert (reply.text, reply.choice) == ("Je ne peux pas venir.", Choice.CANNOT_COME)
    assert (reply.sender, reply.attempt_id) == ("leila@example.org", ATTEMPT)


@pytest.mark.parametrize(
    "quoted",
    [
        "> quoi",
        "-----Message d'origine-----\nDe : x",
        "-----Original Message-----",
        "________________________________\nDe : x",
        "--\nsignature",
    ],
)
def test_what_was_quoted_is_not_an_answer(quoted: str) -> None:
    """« 1 » in the quoted mail is not a « 1 »."""
    (reply,) = read(person(f"Bonjour\n{quoted}\n1\n"), mail_from="x@example.org", recipient="reponse@rappel.example").replies
    assert reply.text == "Bonjour"
    assert reply.choice is Choice.UNREADABLE


def test_a_mail_of_html_only() -> None:
    """Tags go, words stay, styles are no words."""
    mail = person("<style>p{}</style><p>Oui,<br>je viens</p>").replace(b"text/plain", b"text/html")
    (reply,) = read(mail, mail_from="x@example.org", recipient="reponse@rappel.example").replies
    assert reply.choice is Choice.COME


@pytest.mark.parametrize(
    "headers", ["Auto-Submitted: auto-replied\n", "Auto-Submitted: auto-generated; x=y\n", "Precedence: bulk\n", "X-Autoreply: yes\n"]
)
def test_machines_are_not_heard(headers: str) -> None:
    """Out of office, lists and tickets say nothing about a person."""
    assert read(person("1", headers), mail_from="x@example.org") == Returned()
    assert read(person("1"), mail_from="") == Returned()


ARF = """\
From: fbl@orange.example
To: plaintes@rappel.example
Message-ID: <2@orange.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

Plainte.
--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Orange/1
Version: 1
{more}
--b
Content-Type: message/rfc822

Message-ID: {message_id}
Subject: France Travail

Bonjour
--b--
"""


@pytest.mark.parametrize(
    ("more", "message_id"),
    [(f"Original-Mail-From: <{VERP}>", "<x@y>"), ("Original-Rcpt-To: x@y.example", RETURNS.message_id(ATTEMPT))],
)
def test_complaints(more: str, message_id: str) -> None:
    """Found by the return path that the report names, or by the mail that it gives back."""
    mail = ARF.format(kind="abuse", more=more, message_id=message_id).replace("\n", "\r\n").encode()
    (receipt,) = read(mail, mail_from="fbl@orange.example", recipient="plaintes@rappel.example").receipts
    assert (receipt.status, receipt.provider_ref) == (ReceiptStatus.COMPLAINT, REFERENCE)


def test_not_spam_is_no_complaint() -> None:
    """Somebody took our mail out of the spam folder: the opposite of a complaint."""
    mail = ARF.format(kind="not-spam", more="X: 1", message_id=RETURNS.message_id(ATTEMPT)).encode()
    assert read(mail, mail_from="fbl@orange.example", recipient="plaintes@rappel.example") == Returned()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xff\xfe\x00",
        b"From: \r\n\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nno parts",
        (
            b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: message/feedback-report\r\n\r\n--b--"
        ),
        b"From: =?utf-8?q?=FF?= <a@b>\r\nMessage-ID: <<>>\r\nIn-Reply-To: <\r\n\r\nx",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 200,
    ],
)
def test_mail_in_bad_faith(octets: bytes) -> None:
    """Whatever it is, it is read or refused as unreadable; nothing else is raised."""
    with contextlib.suppress(ValueError):
        read(octets, mail_from="x@example.org", recipient="reponse@rappel.example")


def test_somebody_elses_words_are_not_an_answer() -> None:
    """A mail within the mail, and an attachment, say nothing for the person (« 1 » there is no « 1 »)."""
    mail = (
        b"From: x@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\n1\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: text/plain\r\n\r\n1\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>Bonjour</p>\r\n--b--"
    )
    (reply,) = read(mail, mail_from="x@example.org", recipient="reponse@rappel.example").replies
    assert reply.text == "Bonjour"


def test_a_report_about_many_people_is_not_many_receipts() -> None:
    """Our mails have one recipient: a report that repeats itself is read as far as a real one could go."""
    repeated = (
        dsn()
        .replace(b"Final-Recipient", b"X: 1\r\n\r\nFinal-Recipient")
        .replace(
            b"--b\r\nContent-Type: text/rfc822-headers",
            b"Action: failed\r\nStatus: 5.1.1\r\n\r\n" * 500 + b"--b\r\nContent-Type: text/rfc822-headers",
        )
    )
    assert len(read(repeated).receipts) == 20


def folded(text: str, times: int) -> str:
    """One field over many lines."""
    return "\r\n ".join([text * (900 // len(text))] * (times // 900))


def report(kind: str, part: str, body: str) -> str:
    """A report of one part."""
    return f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\nContent-Type: {part}\r\n\r\n{body}"


LARGE = 2_000_000


@pytest.mark.parametrize(
    "mail",
    [
        "From: " + folded("a,", LARGE) + "\r\n\r\n1",
        "From: " + folded("(", LARGE) + "\r\n\r\n1",
        "From: " + folded('"a" ', LARGE) + "\r\n\r\n1",
        "From: a@b.example\r\nReferences: " + folded("<a@rappel.example> ", LARGE) + "\r\n\r\n1",
        "From: a@b.example\r\nContent-Type: multipart/report; " + folded("a*0*=%41;", LARGE) + "\r\n\r\n1",
        "".join(f"X-{number}: a\r\n" for number in range(LARGE // 10)) + "\r\n1",
        "From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + folded("<", LARGE),
        "From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + folded("<style", LARGE),
        "From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + folded("<br", LARGE),
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(400)) + "x\r\n" * (LARGE // 3),
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(20)) + "x\r\n" * (LARGE // 3),
        report("delivery-status", "", "--b\r\n\r\n" * (LARGE // 7)),
        report("delivery-status", "message/delivery-status", "Action: failed\r\n\r\n" * (LARGE // 18)),
        report("feedback-report", "message/feedback-report", "a: b\r\n" * (LARGE // 6)),
    ],
    ids=lambda mail: repr(mail[:30]),
)
def test_no_mail_takes_long_to_read(mail: str) -> None:
    """Reading happens in the process that sends: two megabytes in bad faith took it hours, and take it a moment (§11.3).

    Bounded generously, for machines that do other things meanwhile; what is not bounded takes minutes at least.
    """
    started = process_time()
    with contextlib.suppress(ValueError):
        read(mail.encode(), mail_from="x@example.org", recipient="reponse@rappel.example")
    assert process_time() - started < 5
