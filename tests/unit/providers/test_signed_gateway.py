"""Callbacks of somebody else's gateway, and the list of sources."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.providers.callbacks import CallbackRequest
from services.adapters.providers.signed import SignedCallbacks, sign
from services.adapters.providers.sources import SOURCES, SourceParts
from services.core.content import VoiceContent
from services.core.words import Choice, ReceiptStatus, ReplyChannel

NOW = datetime(2026, 12, 10, 10, 0, tzinfo=UTC)


class Now:
    """Always the same instant."""

    def now(self) -> datetime:
        return NOW


class NoScripts:
    """No calls here."""

    async def script(self, attempt_id: str) -> VoiceContent | None:
        return None


SOURCE = SignedCallbacks("passerelle", "secret", Now())


def request(body: object, *, secret: str = "secret", at: datetime = NOW, signature: str | None = None) -> CallbackRequest:
    """A signed request."""
    octets = json.dumps(body).encode()
    header = sign(octets, secret, at) if signature is None else signature
    return CallbackRequest(method="POST", url="https://x/callbacks/passerelle", headers={"x-signature": header}, body=octets)


def test_signatures() -> None:
    """The right secret, the whole body, within five minutes either way; anything else is a stranger."""
    body = {"id": "1", "attempt_id": "a", "status": "delivered"}
    assert SOURCE.authentic(request(body))
    assert SOURCE.authentic(request(body, at=NOW - timedelta(minutes=5)))
    assert not SOURCE.authentic(request(body, at=NOW - timedelta(minutes=5, seconds=1)))
    assert not SOURCE.authentic(request(body, at=NOW + timedelta(minutes=6)))
    assert not SOURCE.authentic(request(body, secret="other"))
    genuine = request(body).headers["x-signature"]
    assert not SOURCE.authentic(request({**body, "status": "failed_hard"}, signature=genuine))
    for nonsense in ("", "t=,v1=", "t=99999999999999,v1=x", "v1=x", "t=é"):
        assert not SOURCE.authentic(request(body, signature=nonsense))


async def test_a_receipt() -> None:
    """A canonical status under attempt or reference, with its own instant."""
    result = await SOURCE.read(
        request(
            {"id": "1", "provider_ref": "r", "part": 2, "status": "failed_hard", "reason": "landline", "at": "2026-12-10T10:59:00+01:00"}
        )
    )
    (receipt,) = result.receipts
    assert (receipt.status, receipt.part, receipt.reason) == (ReceiptStatus.FAILED_HARD, 2, "landline")
    assert receipt.at == NOW - timedelta(minutes=1)
    assert result.status_code == 202


@pytest.mark.parametrize(
    ("words", "status", "error", "reading"),
    [
        ("smpp", "UNDELIV", "001", (ReceiptStatus.FAILED_HARD, "unknown_subscriber", "UNDELIV 001")),
        ("twilio", "undelivered", "30007", (ReceiptStatus.FAILED_POLICY, "carrier_filtered", "undelivered 30007")),
        ("vonage", "failed", "3", (ReceiptStatus.FAILED_HARD, "unknown_subscriber", "failed 3")),
        ("brevo", "soft_bounce", None, (ReceiptStatus.FAILED_SOFT, None, "soft_bounce")),
    ],
)
async def test_a_receipt_in_a_providers_own_words(
    words: str, status: str, error: str | None, reading: tuple[ReceiptStatus, str | None, str]
) -> None:
    """A gateway may hand on what its provider said; it is read by that provider's table (rules §11.1), and kept as it was."""
    body = {"id": "1", "attempt_id": "a", "status": status, "error": error, "words": words}
    (receipt,) = (await SOURCE.read(request(body))).receipts
    assert (receipt.status, receipt.reason, receipt.raw_status) == reading


async def test_an_answer_among_the_receipts() -> None:
    """Brevo tells of an answer where it tells of receipts: it is an answer (rules §11.1)."""
    body = {"id": "4", "status": "replied", "words": "brevo", "channel": "sms", "text": "1", "sender": "+33612345678"}
    result = await SOURCE.read(request(body))
    assert not result.receipts
    assert [reply.choice for reply in result.replies] == [Choice.COME]


async def test_an_answer() -> None:
    """Words are read as everywhere; a choice is taken as it is."""
    (read,) = (await SOURCE.read(request({"id": "2", "channel": "sms", "text": "1", "sender": "+33612345678"}))).replies
    assert (read.channel, read.choice, read.at) == (ReplyChannel.SMS, Choice.COME, NOW)
    (told,) = (await SOURCE.read(request({"id": "3", "channel": "voice", "choice": "call_me_back"}))).replies
    assert told.choice is Choice.CALL_ME_BACK


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"status": "delivered", "attempt_id": "a"},
        {"id": "1", "status": "delivered"},
        {"id": "1", "status": "arrived", "attempt_id": "a"},
        {"id": "1", "status": "delivered", "attempt_id": "a", "words": "pigeon"},
        {"id": "1", "status": "delivered", "words": "vonage"},
        {"id": "1", "status": "replied", "attempt_id": "a", "words": "brevo"},
        {"id": "1", "channel": "pigeon", "text": "1"},
        {"id": "1", "channel": "sms", "choice": "decoy"},
        {"id": "1", "attempt_id": "a", "status": "delivered", "at": "2026-12-10T10:00:00"},
    ],
)
async def test_bodies_that_cannot_be_read(body: object) -> None:
    """``ValueError``, so that the border answers 400."""
    with pytest.raises(ValueError, match=r".+"):
        await SOURCE.read(request(body))


def test_every_source_can_be_made() -> None:
    """The list's names are the words of configuration; a print shop needs its API."""
    parts = SourceParts(name="x", secret="s", public_url="https://x", scripts=NoScripts(), clock=Now())
    assert {SOURCES[kind](parts).name for kind in ("twilio", "signed")} == {"x"}
    with pytest.raises(ValueError, match="API"):
        SOURCES["maileva"](parts)
