"""Hostile callbacks: forged ones change nothing, signed ones that make no sense are refused by name, none of them crashes (§8.4, SC-54)."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.adapters.providers.signed import sign
from tests.hostile.public import PUBLIC_URL, SECRET, Public, unchanged

_QUICK = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_DEEP = settings(_QUICK, max_examples=3000, derandomize=False)
_DEEP_JSON = b'{"id":' + b"[" * 100_000

_TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "at-1",
        "delivered",
        "completed",
        "failed",
        "1",
        "²",
        "-1",
        "9" * 400,
        "\ud800",
        "\0",
        "2026-11-25T10:00:00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
        "2026-11-25T10:00:00+01:00",
        *("sms", "come", "decoy", "smpp", "twilio", "x" * 300),
    ]
)
_NAMES = st.sampled_from(
    [
        "id",
        "attempt_id",
        "provider_ref",
        "part",
        "status",
        "error",
        "words",
        "reason",
        "carrier",
        "at",
        "channel",
        "text",
        "choice",
        "sender",
    ]
)
_VALUES = _TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers(), max_size=2)
_OBJECTS = st.dictionaries(_NAMES, _VALUES, max_size=10).map(lambda fields: json.dumps({"id": "r-1", **fields}).encode())
_BODIES = _OBJECTS | st.binary(max_size=60) | st.sampled_from([b"", b"null", b"[]", b'{"id":NaN}', b"\xff", _DEEP_JSON])
#: what a header may hold on the wire
_HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60).map(str.strip)
_SIGNATURES = _HEADERS | st.sampled_from(["t=999999999999,v1=", "t=²,v1=x", "t=" + "9" * 12, "t=-1,v1=", "Basic !", "Bearer é"])


async def _forged(public: Public, provider: str, body: bytes, signature: str) -> None:
    headers = [(name.encode(), signature.encode("latin-1")) for name in ("x-signature", "x-twilio-signature", "authorization")]
    answer = await public.http.post(f"/callbacks/{provider}?attempt=at-1&turn=1", content=body, headers=headers)
    assert answer.status_code == 403
    assert public.published() == 0
    assert public.world.watchers.refused == [provider]


@_QUICK
@given(provider=st.sampled_from(["signed", "voice", "letter"]), body=_BODIES, signature=_SIGNATURES)
@example(provider="signed", body=b"", signature="t=999999999999,v1=")
@example(provider="signed", body=b"", signature="t=²,v1=x")
def test_forged(provider: str, body: bytes, signature: str) -> None:
    """Any body under any signature that is not theirs: 403, counted, nothing read, nothing published."""
    unchanged(lambda public: _forged(public, provider, body, signature))


async def _taken(public: Public, answer: httpx.Response, provider: str) -> None:
    """Understood, or refused by name; nothing on a topic that its reader could not read."""
    assert answer.status_code in {200, 201, 202, 400}, answer.text
    assert public.world.watchers.unreadable == ([provider] if answer.status_code == 400 else [])
    published = public.published()
    assert published == 0 or answer.status_code != 400


async def _signed(public: Public, body: bytes) -> None:
    headers = {"x-signature": sign(body, SECRET, public.world.clock.at)}
    await _taken(public, await public.http.post("/callbacks/signed", content=body, headers=headers), "signed")


@_QUICK
@given(body=_BODIES)
@example(body=_DEEP_JSON)
@example(body=b'{"id":"r","status":"delivered","attempt_id":"at-1","at":"0001-01-01T00:00:00+23:59"}')
@example(body=b'{"id":"r","channel":"sms","sender":"+336","text":"\\ud83d"}')
def test_signed_nonsense(body: bytes) -> None:
    """A gateway gone mad: taken when it can be read, else 400 and counted."""
    unchanged(lambda public: _signed(public, body))


def twilio(public_path: str, form: dict[str, str]) -> httpx.Request:
    """A call's callback as the provider signs it."""
    text = PUBLIC_URL + public_path + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    return httpx.Request("POST", PUBLIC_URL + public_path, content=urlencode(form), headers=headers)


_WHOLE = _TEXTS.filter(lambda text: "\ud800" not in text)
_FORMS = st.dictionaries(
    st.sampled_from(["CallSid", "CallStatus", "AnsweredBy", "Digits", "SipResponseCode", "HangupCause", "Timestamp"]),
    _WHOLE | st.sampled_from(["human", "machine_start", "fax", "no-answer", "Wed, 25 Nov 2026 09:30:00 +0000", "Mon, 99 Foo 10000"]),
    max_size=7,
)
_QUERIES = st.dictionaries(st.sampled_from(["attempt", "turn", "state"]), _WHOLE, max_size=3).map(
    lambda query: urlencode(query, quote_via=quote)
)


async def _called(public: Public, query: str, form: dict[str, str]) -> None:
    answer = await public.http.send(twilio(f"/callbacks/voice?{query}", form))
    # an instant that we could read, and that is too old; an address that is no text
    if answer.status_code == (400 if "%00" in query else 403):
        assert public.published() == 0
        return
    await _taken(public, answer, "voice")


@_QUICK
@given(query=_QUERIES, form=_FORMS)
@example(query="attempt=at-1&turn=1&state=x", form={"CallSid": "CA1"})
@example(query="attempt=at-1", form={"CallSid": "CA1", "CallStatus": "failed", "SipResponseCode": "²"})
@example(query="attempt=at-1", form={"CallSid": "CA1", "CallStatus": "busy", "Timestamp": "Wed, 25 Nov 0000 09:30:00 +0000"})
def test_calls_that_make_no_sense(query: str, form: dict[str, str]) -> None:
    """Keys nobody can press, states nobody packed, calls of nobody: an answer for the telephone, or 400."""
    unchanged(lambda public: _called(public, query, form))


_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event_type": _TEXTS | st.sampled_from(["ON_STATUS_ACCEPTED", "ON_UNDELIVERED_MAIL_RECEIVED", "ON_MAIN_DELIVERY_STATUS_DELIVERED"]),
        "resource_location": _TEXTS | st.sampled_from(["https://x/mail/v2/sendings/a-b", "https://[", "/mail/v2/sendings/" + "a" * 300]),
        "event_date": _TEXTS,
    },
)
_RESOURCES = st.binary(max_size=30) | st.dictionaries(
    st.sampled_from(["status", "undelivered_mail_reason", "main_delivery_status", "reject_reason", "access_token"]), _TEXTS, max_size=5
).map(lambda fields: json.dumps({"access_token": "t", **fields}).encode())


async def _posted(public: Public, body: bytes) -> None:
    credentials = base64.b64encode(f"u:{SECRET}".encode()).decode()
    answer = await public.http.post("/callbacks/letter", content=body, headers={"authorization": f"Basic {credentials}"})
    if answer.status_code == 503:
        assert "retry-after" in answer.headers
        assert public.published() == 0
        return
    await _taken(public, answer, "letter")


@_QUICK
@given(
    body=_EVENTS.map(lambda event: json.dumps(event).encode()) | _BODIES, resource=_RESOURCES, status=st.sampled_from([200, 200, 404, 500])
)
@example(body=b'{"event_type":"x","resource_location":"/mail/v2/sendings/a"}', resource=b"[" * 100_000, status=200)
def test_a_print_shop_gone_mad(body: bytes, resource: bytes, status: int) -> None:
    """Its webhook or its API: taken, 400, or "come again"."""
    api = {"content-encoding": "gzip"} if resource[:1] == b"\x1f" else {}
    token = httpx.Response(200, json={"access_token": "t"})

    def answer(request: httpx.Request) -> httpx.Response:
        return token if "token" in str(request.url) else httpx.Response(status, content=resource, headers=api)

    unchanged(lambda public: _posted(public, body), print_shop=answer)


@pytest.mark.slow
@_DEEP
@given(body=_BODIES, query=_QUERIES, form=_FORMS, provider=st.sampled_from(["signed", "voice", "letter"]), signature=_SIGNATURES)
def test_many_more(body: bytes, query: str, form: dict[str, str], provider: str, signature: str) -> None:
    """All of them, deeper and with fresh dice."""
    unchanged(lambda public: _forged(public, provider, body, signature))
    unchanged(lambda public: _signed(public, body))
    unchanged(lambda public: _called(public, query, form))


def test_a_signed_callback_counts_for_five_minutes() -> None:
    """The same signature later is a replay: 403 (SC-54)."""
    body = b'{"id":"r","status":"delivered","attempt_id":"at-1"}'

    async def replayed(public: Public) -> list[int]:
        headers = {"x-signature": sign(body, SECRET, public.world.clock.at)}
        statuses = []
        for minutes in (0, 4, 6):
            public.world.clock.at = datetime(2026, 11, 25, 9, 30 + minutes, tzinfo=UTC)
            statuses.append((await public.http.post("/callbacks/signed", content=body, headers=headers)).status_code)
        return statuses

    assert unchanged(replayed) == [202, 202, 403]
