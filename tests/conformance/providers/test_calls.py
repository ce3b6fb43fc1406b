"""Calls in Twilio's shape: the dialogue over signed HTTP, from the ringing to the receipt."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from services.adapters.providers.callbacks import CallbackRequest
from services.adapters.providers.twilio.callbacks import verify_twilio
from services.core.ports.providers import Accepted
from services.core.words import Channel, Choice, Identity, ReceiptStatus, ReplyChannel
from tests.conformance.providers.rigs import TwilioRig
from tests.conformance.providers.stage import SCRIPT, envelope


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[TwilioRig]:
    """An account, its exchange, and the web process's callbacks."""
    rig = TwilioRig(tmp_path)
    await rig.start()
    yield rig
    await rig.stop()


async def call(rig: TwilioRig, word: str) -> list[str]:
    """Place a call, let something happen to it; what was heard."""
    await rig.provider.send(envelope(Channel.VOICE))
    await rig.network.report(rig.town.last.provider_ref, word)
    return rig.network.calls[rig.town.last.provider_ref].heard


@pytest.mark.parametrize(
    ("keys", "choice", "thanks"),
    [
        ("1 1", Choice.COME, SCRIPT.thanks["1"]),
        ("1 2", Choice.CANNOT_COME, SCRIPT.thanks["2"]),
        ("1 3", Choice.CALL_ME_BACK, SCRIPT.thanks["3"]),
        ("1 0 7 1", Choice.COME, SCRIPT.thanks["1"]),
    ],
)
async def test_an_answer_by_keys(rig: TwilioRig, keys: str, choice: Choice, thanks: str) -> None:
    """Keys at the last question are one answer with its attempt, and no receipt contradicts it when the call ends (§5, §10.12)."""
    heard = await call(rig, f'keys "{keys}"')
    (reply,) = rig.feedback.replies
    assert (reply.channel, reply.choice, reply.identity) == (ReplyChannel.VOICE, choice, Identity.DTMF)
    assert reply.attempt_id == "cv:42:1:N0:1"
    assert not rig.feedback.receipts
    assert heard[:4] == [SCRIPT.greeting, SCRIPT.identity_question, SCRIPT.body, SCRIPT.choices]
    assert heard[-1] == thanks


@pytest.mark.parametrize("word", ['keys "9"', "human_silent", "machine", "fax", 'keys "5 5 5"', 'keys "2"'])
async def test_nothing_of_the_content_is_said_to_strangers(rig: TwilioRig, word: str) -> None:
    """Somebody else, nobody, a machine: no date, no place, no question about coming (rules §5)."""
    heard = await call(rig, word)
    assert SCRIPT.body not in heard
    assert SCRIPT.choices not in heard


async def test_an_answering_machine_records_the_neutral_message(rig: TwilioRig) -> None:
    """After the beep: who should be called back, nothing else."""
    assert await call(rig, "machine") == [SCRIPT.voicemail]


async def test_silence_hears_the_question_three_times_and_a_neutral_goodbye(rig: TwilioRig) -> None:
    """Rules §12 SC-41 (§10.10)."""
    heard = await call(rig, "human_silent")
    assert heard == [SCRIPT.greeting, *[SCRIPT.identity_question] * 3, SCRIPT.voicemail]
    assert [receipt.status for receipt in rig.feedback.receipts] == [ReceiptStatus.ANSWERED_NO_INPUT]


async def test_call_me_later(rig: TwilioRig) -> None:
    """A discreet person presses 2 at the first question: an attempt, no refusal (rules §12 SC-17, §5)."""
    rig.scripts.known = replace(SCRIPT, later_allowed=True)
    await call(rig, 'keys "2"')
    (receipt,) = rig.feedback.receipts
    assert (receipt.status, receipt.reason) == (ReceiptStatus.ANSWERED_NO_INPUT, "later")
    assert not rig.feedback.replies


async def test_an_actualisation_is_said_to_be_done(rig: TwilioRig) -> None:
    """Without attendance, 1 says « c'est fait »."""
    rig.scripts.known = replace(SCRIPT, thanks={"1": "Merci.", "3": "Nous rappelons."})
    await call(rig, 'keys "1 1"')
    assert [reply.choice for reply in rig.feedback.replies] == [Choice.DONE]


async def test_slow_speech_and_repetition(rig: TwilioRig) -> None:
    """A simple script is spoken slower and its body twice; the words stay the same (§5)."""
    rig.scripts.known = replace(SCRIPT, rate=80, repeat=True)
    heard = await call(rig, 'keys "1 1"')
    assert heard[2] == f"{SCRIPT.body} {SCRIPT.body}"


async def test_words_cannot_break_the_document(rig: TwilioRig) -> None:
    """A name with markup in it is read out, not obeyed."""
    rig.scripts.known = replace(SCRIPT, greeting='Bonjour <Hangup/> & "Léïla"')
    heard = await call(rig, 'keys "1 1"')
    assert heard[0] == 'Bonjour <Hangup/> & "Léïla"'
    assert len(rig.feedback.replies) == 1


async def test_an_unknown_attempt_is_hung_up_on(rig: TwilioRig) -> None:
    """No script, no words, no fact but the call's own end."""
    rig.scripts.known = None
    assert await call(rig, 'keys "1 1"') == []
    assert not rig.feedback.replies


async def test_the_answer_survives_another_web_process(rig: TwilioRig) -> None:
    """The completed callback at a process that did not lead the dialogue tells at most an attempt, never another answer."""
    await rig.provider.send(envelope(Channel.VOICE))
    source = rig.web.source
    assert source is not None
    source._ended = type(source._ended)()  # type: ignore[attr-defined]
    await rig.network.report(rig.town.last.provider_ref, 'keys "1 1"')
    assert [reply.choice for reply in rig.feedback.replies] == [Choice.COME]
    assert {receipt.status for receipt in rig.feedback.receipts} <= {ReceiptStatus.ANSWERED_NO_INPUT}


async def test_kafka_away_in_the_middle_of_a_dialogue(rig: TwilioRig) -> None:
    """A key that could not be stored is not thanked for: the exchange hangs up, and the call's end is told later."""
    await rig.provider.send(envelope(Channel.VOICE))
    rig.feedback.away = True
    await rig.network.report(rig.town.last.provider_ref, 'keys "1 1"')
    assert SCRIPT.thanks["1"] not in rig.network.calls[rig.town.last.provider_ref].heard
    rig.feedback.away = False
    await rig.network.resend()
    assert rig.network.undelivered == 0
    assert not rig.feedback.replies


async def test_forged_callbacks_are_refused(rig: TwilioRig) -> None:
    """Wrong signature, no signature, a signature for another address, a changed field: 403, nothing published (§8.4)."""
    await rig.provider.send(envelope(Channel.VOICE))
    url = f"{rig.web.url}/callbacks/c?attempt=cv%3A42%3A1%3AN0%3A1"
    body = urlencode({"CallSid": "CA1", "CallStatus": "busy"})
    async with httpx.AsyncClient(trust_env=False) as client:
        for signature in ("", "AAAA", "é"):
            headers = {
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": signature.encode("latin-1").decode("latin-1"),
            }
            response = await client.post(url, content=body, headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()])
            assert response.status_code == 403
    assert not rig.feedback.receipts


async def test_an_old_signed_instant_is_refused(rig: TwilioRig) -> None:
    """A genuine callback played again six minutes later is refused; one of four minutes ago is not (rules §12 SC-54, §8.4)."""
    source = rig.web.source
    assert source is not None
    for age, expected in ((timedelta(minutes=4), True), (timedelta(minutes=6), False), (-timedelta(minutes=6), False)):
        fields = {"CallSid": "CA1", "CallStatus": "busy", "Timestamp": format_datetime(rig.clock.now() - age)}
        signature = rig.network.signature("https://rappel.example/callbacks/c?attempt=x", fields)
        request = CallbackRequest(
            method="POST",
            url="https://rappel.example/callbacks/c?attempt=x",
            headers={"x-twilio-signature": signature},
            body=urlencode(fields).encode(),
            query={"attempt": "x"},
        )
        assert source.authentic(request) is expected


@pytest.mark.parametrize(
    ("address", "fields", "content_type"),
    [
        ("attempt=x&turn=1", {"CallSid": "CA1"}, "application/xml"),
        ("attempt=x", {"CallSid": "CA1", "CallStatus": "busy"}, ""),
    ],
    ids=["what to say", "how it ended"],
)
async def test_the_exchange_wants_2xx_and_twiml(rig: TwilioRig, address: str, fields: dict[str, str], content_type: str) -> None:
    """Asked what to say we answer 2xx with a TwiML document, told how a call ended any 2xx: 201 is Maileva's, not theirs (§11.5, §13)."""
    url = f"{rig.web.url}/callbacks/c?{address}"
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": rig.network.signature(url, fields)}
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(url, content=urlencode(fields), headers=headers)
    assert response.is_success
    if content_type:
        assert response.headers["content-type"].startswith(content_type)
        assert "<Response>" in response.text


def test_the_signature_of_twilios_own_example() -> None:
    """Address and sorted parameters, as the provider's documentation shows it (§11.5)."""
    params = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030", "To": "+18005551212"}
    assert verify_twilio("0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "https://mycompany.com/myapp.php?foo=1&bar=2", params, "12345")
    assert not verify_twilio("0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "https://mycompany.com/myapp.php?foo=1&bar=3", params, "12345")
    assert not verify_twilio("", "https://mycompany.com/", {}, "12345")


async def test_what_the_exchange_is_asked(rig: TwilioRig) -> None:
    """25 seconds of ringing, our number, one callback at the end, the attempt in the address."""
    outcome = await rig.provider.send(envelope(Channel.VOICE))
    assert isinstance(outcome, Accepted)
    placed = rig.network.calls[outcome.provider_ref]
    assert (placed.to, placed.caller, placed.ring_seconds) == ("+33140010000", "+33948123456", 25)
    assert placed.status_callback == f"{rig.web.url}/callbacks/c?attempt=cv%3A42%3A1%3AN0%3A1"
    assert rig.town.last.attempt_id == "cv:42:1:N0:1"
