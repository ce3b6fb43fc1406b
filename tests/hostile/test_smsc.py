"""A hostile SMS centre on a real socket: whatever it says, the account lives, answers, and publishes only what can be read."""

import asyncio
import struct
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.adapters.providers.smpp import pdu
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.adapters.providers.smpp.session import Answer, Limits, Session
from services.adapters.providers.unreadable import TellUnread, Unread, untold
from services.core.ports.providers import Accepted
from services.core.words import Channel
from tests.conformance.providers.stage import envelope
from tests.hostile.border import Border, run, until

_QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_DEEP = settings(_QUICK, max_examples=2000, derandomize=False)

_SEQUENCES = st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]) | st.integers(0, 0xFFFFFFFF)
_COMMANDS = st.sampled_from([*range(0x0A), 0x15, 0x21, 0x102, 0x103]).flatmap(
    lambda command: st.sampled_from([command, command | pdu.RESPONSE])
) | st.integers(0, 0xFFFFFFFF)
_C_STRINGS = st.binary(max_size=30).map(lambda octets: octets.replace(b"\0", b"") + b"\0")
#: words of a receipt, and what an enemy puts between them
_RECEIPTS = st.lists(
    st.sampled_from(
        [b"id:", b"7f3a", b" sub:001", b" done date:", b"2612101000", b" stat:", b"DELIVRD", b"UNDELIV", b" err:", b"001", b"\xad"]
    )
    | st.binary(max_size=6),
    max_size=12,
).map(b"".join)
_TLVS = st.lists(
    st.tuples(st.sampled_from([0x001E, 0x0423, 0x0424, 0x0427]) | st.integers(0, 0xFFFF), st.binary(max_size=12)), max_size=4
).map(lambda tlvs: b"".join(struct.pack("!HH", tag, len(value)) + value for tag, value in tlvs))


def framed(command: int, sequence: int, body: bytes, status: int = 0) -> bytes:
    """A PDU whose length is honest."""
    return pdu.HEADER.pack(pdu.HEADER.size + len(body), command, status, sequence) + body


@st.composite
def _deliveries(draw: st.DrawFn) -> bytes:
    """A deliver_sm that may be nearly right, or end anywhere."""
    text = draw(_RECEIPTS | st.binary(max_size=140))
    esm_class = draw(st.sampled_from([0x00, 0x04, 0x20, 0x40, 0x44]) | st.integers(0, 255))
    coding = draw(st.sampled_from([0, 1, 3, 8]) | st.integers(0, 255))
    length = draw(st.just(len(text)) | st.integers(0, 255))
    body = draw(_C_STRINGS) + b"\1\1" + draw(_C_STRINGS) + b"\1\1" + draw(_C_STRINGS)
    body += bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, length)) + text + draw(_TLVS)
    return body[: draw(st.just(len(body)) | st.integers(0, len(body)))]


_FRAMES = st.one_of(
    st.builds(framed, st.just(pdu.DELIVER_SM), _SEQUENCES, _deliveries()),
    st.builds(framed, _COMMANDS, _SEQUENCES, st.binary(max_size=60), st.integers(0, 0xFFFFFFFF)),
)


@dataclass(slots=True)
class HostileCentre:
    """Binds whoever comes, says what it was given to say on the first connection, then behaves."""

    says: bytes
    #: what it says instead of binding, once
    bind_says: bytes | None = None
    port: int = 0
    answers: list[pdu.Frame] = field(default_factory=list)
    connections: int = 0
    _said: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        first = self.connections == 1
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4))
                frame = pdu.frame_of(size.to_bytes(4) + await reader.readexactly(size - 4))
                if frame.command == pdu.BIND_TRANSCEIVER:
                    refusal = self.bind_says if first else None
                    writer.write(framed(frame.command | pdu.RESPONSE, frame.sequence, b"x\0") if refusal is None else refusal)
                    if first and refusal is None:
                        writer.write(self.says)
                elif frame.command == pdu.SUBMIT_SM:
                    writer.write(framed(frame.command | pdu.RESPONSE, frame.sequence, b"honest-1\0"))
                elif frame.command & pdu.RESPONSE:
                    self.answers.append(frame)
                else:
                    writer.write(framed(frame.command | pdu.RESPONSE, frame.sequence, b""))
                if first and frame.command == pdu.BIND_TRANSCEIVER and self.bind_says is not None:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _meets(centre: HostileCentre, unread: TellUnread = untold) -> Border:
    """An account that meets this centre, then sends a message as ever; raises when it cannot any more."""
    border = Border()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    limits = Limits(answer=timedelta(milliseconds=500), connect=timedelta(seconds=2))
    account = SmppSettings(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        system_id="sansfaute",
        password="secret",
        sender="38123",
        limits=limits,
        pause=timedelta(milliseconds=5),
        longest_pause=timedelta(milliseconds=20),
    )
    provider = SmppProvider("a", account, border.feedback, border.clock, unread)
    await provider.start()
    try:
        assert await _accepted(provider)
    finally:
        await provider.stop()
        server.close()
    return border


async def _accepted(provider: SmppProvider) -> bool:
    for _ in range(100):
        if isinstance(await provider.send(envelope(Channel.SMS)), Accepted):
            return True
        await asyncio.sleep(0.01)
    return False


@_QUICK
@given(frames=st.lists(_FRAMES, min_size=1, max_size=8))
def test_whatever_it_says(frames: list[bytes]) -> None:
    """Any PDU, known or not, right or nearly: the next message still goes out, and what was published can be read (§11.1)."""
    centre = HostileCentre(b"".join(frames))
    border = run(_meets(centre))
    border.read()
    # "not now" would bring the same one again, for ever
    assert pdu.TEMPORARY not in {frame.status for frame in centre.answers if frame.command == pdu.DELIVER_SM | pdu.RESPONSE}


@pytest.mark.slow
@_DEEP
@given(frames=st.lists(_FRAMES, min_size=1, max_size=20))
def test_whatever_else_it_says(frames: list[bytes]) -> None:
    """The same, deeper and with fresh dice."""
    run(_meets(HostileCentre(b"".join(frames)))).read()


@_QUICK
@given(octets=st.binary(min_size=1, max_size=200))
def test_octets_without_any_sense(octets: bytes) -> None:
    """Not even PDUs: the connection is given up, another one is opened, nothing is published but what can be read."""
    border = run(_meets(HostileCentre(octets)))
    border.read()


@_QUICK
@given(octets=st.binary(max_size=40) | st.builds(framed, _COMMANDS, _SEQUENCES, st.binary(max_size=20), st.integers(0, 0xFFFFFFFF)))
@example(octets=b"")
def test_a_bind_that_is_answered_with_anything(octets: bytes) -> None:
    """No bind is no account: tried again, and bound once the centre is itself again."""
    run(_meets(HostileCentre(b"", bind_says=octets)))


def test_every_delivery_is_answered_and_judged_once() -> None:
    """A receipt that could not be read on the topic is refused for good, so that the network does not send it for ever (§11.1)."""
    text = b"id:" + b"x" * 250 + b" stat:DELIVRD err:000"
    odd = b"\0\1\1331234\0\1\1\0" + bytes((0x04, 0, 0)) + b"\0\0" + bytes((0, 0, 3, 0, len(text) % 256)) + b""
    body = odd[:-1] + b"\0" + struct.pack("!HH", pdu.TLV_MESSAGE_PAYLOAD, len(text)) + text
    good = b"id:7f3a stat:DELIVRD err:000"
    fine = odd[:-1] + bytes((len(good),)) + good
    centre = HostileCentre(framed(pdu.DELIVER_SM, 7, body) + framed(pdu.DELIVER_SM, 8, fine))
    border = run(_meets(centre))
    assert {(frame.sequence, frame.status) for frame in centre.answers} == {(7, pdu.PERMANENT), (8, pdu.OK)}
    assert len(border.read()) == 1
    assert border.unfit == ["receipts.v1"]


_NAMELESS = b"\0\1\1331234\0\1\1\0" + bytes((0x04, 0, 0)) + b"\0\0" + bytes((0, 0, 3, 0, 4)) + b"what"


@pytest.mark.parametrize(
    ("hostile", "counted"),
    [
        (HostileCentre(b"\0\0\0\1 no length of a PDU"), Unread.FRAME),
        (HostileCentre(b"", bind_says=b"HTTP/1.1 400 Bad Request\r\n\r\n"), Unread.FRAME),
        (HostileCentre(framed(pdu.DELIVER_SM, 7, b"\0\1\1331234\0")), Unread.DELIVERY),
        (HostileCentre(framed(pdu.DELIVER_SM, 7, _NAMELESS)), Unread.REPORT),
    ],
    ids=["no length", "a bind answered with HTTP", "ends too early", "a receipt of nothing"],
)
async def test_what_nobody_can_read_is_counted(hostile: HostileCentre, counted: Unread) -> None:
    """Under the provider's name, by what it should have been: a network that changes its ways is seen (§11.1)."""
    told: list[tuple[str, Unread]] = []
    await _meets(hostile, lambda provider, what: told.append((provider, what)))
    assert told == [("a", counted)]


async def test_a_flood_is_answered_not_now() -> None:
    """While Kafka is slow a network that does not wait for our answers fills no memory: beyond a bound it hears "not now" (§11.1)."""
    going, taken = asyncio.Event(), 0

    async def slow(_delivery: pdu.Delivery) -> int:
        nonlocal taken
        taken += 1
        await going.wait()
        return pdu.OK

    async def never(_label: str, _index: int, _answer: Answer) -> None:
        raise AssertionError

    delivery = b"\0\1\0331234\0\1\0\0" + bytes(3) + b"\0\0" + bytes((0, 0, 3, 0, 1)) + b"1"
    flood = b"".join(framed(pdu.DELIVER_SM, number, delivery) for number in range(1, 6001))
    centre = HostileCentre(flood)
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    session = await Session.open(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        system_id="sansfaute",
        password="secret",
        system_type="",
        limits=Limits(),
        tls=None,
        deliver=slow,
        late=never,
    )
    try:
        await until(lambda: len(centre.answers) >= 1000)
        assert {frame.status for frame in centre.answers} == {pdu.TEMPORARY}
        assert taken == 500
        going.set()
        await until(lambda: len(centre.answers) == 6000)
        assert [frame.status for frame in centre.answers].count(pdu.OK) == taken == 5000
    finally:
        await session.close()
        server.close()
