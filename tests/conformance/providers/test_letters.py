"""Letters: a print shop's API without doubles, webhooks that are only a knock, and a folder."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest

from services.adapters.providers.letters.folder import FolderLetters, file_name
from services.adapters.providers.letters.maileva import address_fields, recipient_id, sending_id
from services.core.content import LetterContent
from services.core.ports.providers import Absent, Accepted, OutcomeUnknown, Refused, TryLater
from services.core.words import Channel, ReceiptStatus
from services.simulator.servers.town import Accept, Drop, Hang, Refuse
from tests.conformance.providers.rigs import IMPATIENT, MailevaRig
from tests.conformance.providers.stage import CONTENTS, StillClock, envelope

LETTER = cast("LetterContent", CONTENTS[Channel.LETTER])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[MailevaRig]:
    """An account and its print shop."""
    rig = MailevaRig(tmp_path / "printed")
    await rig.start()
    yield rig
    await rig.stop()


async def test_what_the_print_shop_gets(rig: MailevaRig, tmp_path: Path) -> None:
    """The PDF as it is, the address in its lines, returns to be told, our key; and a file to look at."""
    outcome = await rig.provider.send(envelope(Channel.LETTER))
    assert isinstance(outcome, Accepted)
    (sending,) = rig.network.submitted
    assert sending.id == outcome.provider_ref
    assert sending.pdf == LETTER.pdf
    assert sending.fields["custom_id"] == sending_id("cv:42:1:N0:1")
    assert sending.fields["treat_undelivered_mail"] == "True"
    address = {key: value for key, value in sending.recipient.items() if key.startswith("address_line")}
    assert address == {"address_line_1": "LEILA TEST", "address_line_4": "12 RUE DES LILAS", "address_line_6": "59000 LILLE"}
    assert (tmp_path / "printed" / f"{sending.id}.pdf").read_bytes() == LETTER.pdf


async def test_the_same_attempt_is_one_letter(rig: MailevaRig) -> None:
    """Sent twice, by two processes: the second finds what the first submitted."""
    first = await rig.provider.send(envelope(Channel.LETTER))
    second = await (await rig.restarted()).send(envelope(Channel.LETTER))
    assert first == second
    assert len(rig.network.submitted) == 1


@pytest.mark.parametrize("trouble", [Hang(for_=timedelta(seconds=30)), Drop()])
async def test_a_lost_answer_never_makes_a_second_letter(rig: MailevaRig, trouble: Hang | Drop) -> None:
    """Submitted, no answer: unknown; asked again, it is there; sent again, it is not printed again (rules §12 SC-26, §10.1.5)."""
    rig.town.always(trouble)
    impatient = await rig.restarted(IMPATIENT)
    assert isinstance(await impatient.send(envelope(Channel.LETTER)), OutcomeUnknown)
    rig.town.always(Accept())
    found = await rig.provider.find("cv:42:1:N0:1")
    assert isinstance(found, Accepted)
    assert await rig.provider.send(envelope(Channel.LETTER)) == found
    assert len(rig.network.submitted) == 1


async def test_a_forgotten_draft_is_thrown_away(rig: MailevaRig) -> None:
    """A draft that was never submitted is nothing: the next try starts anew."""
    rig.town.always(Refuse(raw="503 BUSY"))
    assert isinstance(await rig.provider.send(envelope(Channel.LETTER)), TryLater)
    assert len(rig.network.sendings) == 1
    assert isinstance(await rig.provider.find("cv:42:1:N0:1"), Absent)
    assert not rig.network.sendings


async def test_an_expired_token_is_renewed(rig: MailevaRig) -> None:
    """One refused request, one new token, nobody notices."""
    await rig.provider.send(envelope(Channel.LETTER))
    rig.network.expire_token()
    assert isinstance(await rig.provider.send(envelope(Channel.LETTER, "cv:43:1:L:1")), Accepted)
    assert rig.network.tokens_given == 2


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("LEILA TEST", "3 AVENUE DU MARECHAL DE LATTRE DE TASSIGNY", "59000 LILLE"), "ADDRESS_LINE_4_TOO_LONG"),
        (("LEILA TEST", "12 RUE DES LILAS", "LILLE"), "ADDRESS_LINE_6_WRONG_FORMAT"),
    ],
)
async def test_addresses_that_the_print_shop_refuses(rig: MailevaRig, lines: tuple[str, ...], problem: str) -> None:
    """A bad address is hard, before anything is printed, and says which line (§6, §11.4)."""
    outcome = await rig.provider.send(envelope(Channel.LETTER, content=replace(LETTER, address_lines=lines)))
    assert outcome == Refused(status=ReceiptStatus.FAILED_HARD, raw_status=problem)
    assert not rig.network.submitted


async def test_accepted_by_the_print_shop(rig: MailevaRig) -> None:
    """The shop has looked at it: E1, as its answer said (§11.4)."""
    outcome = await rig.provider.send(envelope(Channel.LETTER))
    assert isinstance(outcome, Accepted)
    await rig.network.report(outcome.provider_ref, "accepted")
    assert [receipt.status for receipt in rig.feedback.receipts] == [ReceiptStatus.ACCEPTED]


async def test_a_webhook_without_the_password_is_refused(rig: MailevaRig) -> None:
    """Nothing is asked and nothing published."""
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{rig.web.url}/callbacks/d", json={"event_type": "ON_STATUS_PROCESSED"})
    assert response.status_code == 403
    assert not rig.feedback.receipts


async def test_a_webhook_is_only_a_knock(rig: MailevaRig) -> None:
    """An event that the print shop's own words do not confirm is taken (201) and says nothing (§11.5)."""
    outcome = await rig.provider.send(envelope(Channel.LETTER))
    assert isinstance(outcome, Accepted)
    sending = rig.network.sendings[outcome.provider_ref]
    for event, resource in (
        ("ON_UNDELIVERED_MAIL_RECEIVED", "recipient"),
        ("ON_ACKNOWLEDGEMENT_OF_RECEIPT_RECEIVED", "recipient"),
        ("ON_STATUS_PROCESSED", "sending"),
    ):
        await rig.network.notify(sending, event, resource)
    assert not rig.feedback.receipts
    assert not rig.network.refused
    assert rig.network.undelivered == 0


async def test_a_webhook_cannot_send_our_token_elsewhere(rig: MailevaRig) -> None:
    """The resource is read at the host that we were given, whatever host the webhook names; news, too, are answered 201 (§11.5, §13)."""
    outcome = await rig.provider.send(envelope(Channel.LETTER))
    assert isinstance(outcome, Accepted)
    rig.network.sendings[outcome.provider_ref].fields["status"] = "PROCESSED"
    event = {
        "event_type": "ON_STATUS_PROCESSED",
        "event_date": "2026-12-09T13:42:31.137Z",
        "resource_location": f"https://elsewhere.example/mail/v2/sendings/{outcome.provider_ref}",
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{rig.web.url}/callbacks/d", json=event, auth=("webhook", "secret"))
    assert response.status_code == 201
    (receipt,) = rig.feedback.receipts
    assert receipt.status is ReceiptStatus.SENT
    assert receipt.at.isoformat() == "2026-12-09T13:42:31.137000+00:00"


async def test_an_unknown_letter_is_taken_and_says_nothing(rig: MailevaRig) -> None:
    """The print shop wants 201, and gets it for an unknown id too (SC-54, §11.5, §13)."""
    event = {"event_type": "ON_STATUS_PROCESSED", "resource_location": "https://x.example/mail/v2/sendings/nobody"}
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(f"{rig.web.url}/callbacks/d", json=event, auth=("webhook", "secret"))
    assert response.status_code == 201
    assert not rig.feedback.receipts


def test_keys_against_doubles_fit() -> None:
    """At most 38 and 32 characters, the same for the same attempt, different for different ones."""
    short, long = "ob-42-r1-letter", "cv:" + "x" * 150
    assert sending_id(short) == recipient_id(short) == short
    assert len(sending_id(long)) == 38
    assert len(recipient_id(long)) == 32
    assert sending_id(long) == sending_id(long) != sending_id(long + "y")


def test_address_lines_keep_their_places() -> None:
    """Name first, number and street on 4, postal code and city on 6 (NF Z10-011) (§6)."""
    assert list(address_fields(("A", "C"), "l")) == ["l_1", "l_6"]
    assert address_fields(("A", "BAT B", "12 RUE X", "59000 LILLE"), "l") == {
        "l_1": "A",
        "l_3": "BAT B",
        "l_4": "12 RUE X",
        "l_6": "59000 LILLE",
    }
    assert list(address_fields(("A", "B", "C", "D", "E", "F"), "l")) == [f"l_{number}" for number in range(1, 7)]
    with pytest.raises(ValueError, match="two to six"):
        address_fields(("A",), "l")


async def test_letters_in_a_folder(tmp_path: Path) -> None:
    """One PDF and one JSON file for each attempt, complete or absent, never twice."""
    folder = FolderLetters("own", tmp_path / "letters", StillClock())
    assert isinstance(await folder.find("cv:42:1:N0:1"), Absent)
    first = await folder.send(envelope(Channel.LETTER))
    again = await folder.send(envelope(Channel.LETTER, content=replace(LETTER, pdf=b"other")))
    assert first == again == await folder.find("cv:42:1:N0:1")
    assert isinstance(first, Accepted)
    card = json.loads((tmp_path / "letters" / f"{first.provider_ref}.json").read_text())
    assert card["attempt_id"] == "cv:42:1:N0:1"
    assert (tmp_path / "letters" / card["pdf"]).read_bytes() == LETTER.pdf
    assert len(list((tmp_path / "letters").iterdir())) == 2


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A full disk or a file in the way is "try later"."""
    (tmp_path / "letters").write_text("in the way")
    assert isinstance(await FolderLetters("own", tmp_path / "letters", StillClock()).send(envelope(Channel.LETTER)), TryLater)


def test_names_of_files() -> None:
    """Attempts that differ only in what file names may not hold do not share a file."""
    assert file_name("ob-42-r1-letter") == "ob-42-r1-letter"
    assert file_name("cv:1") != file_name("cv-1")
    assert file_name("../../etc/passwd").replace(".", "").replace("-", "").isalnum()
