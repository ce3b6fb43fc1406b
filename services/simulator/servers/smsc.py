"""An SMS centre that speaks SMPP 3.4: it takes submit_sm, asks the town, answers as told, and sends receipts and answers back."""

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.alphabet import encode_text
from services.simulator.servers.smsc_octets import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEADER,
    NOT_NOW,
    RESPONSE,
    STATUSES,
    SUBMIT_SM,
    UNBIND,
    Part,
    mobile_parts,
    part_of,
    receipt,
)
from services.simulator.servers.town import Accept, Drop, Hang, Refuse, Submission, Town

#: receipt words of the scenario language, as ``stat`` and ``err``; none says nothing at all
RECEIPTS: Final[Mapping[str, tuple[str, str] | None]] = {
    "none": None,
    "sent": ("ENROUTE", "000"),
    "delivered": ("DELIVRD", "000"),
    "undelivered unknown_subscriber": ("UNDELIV", "001"),
    "undelivered unreachable": ("UNDELIV", "027"),
    "rejected": ("REJECTD", "000"),
    "expired": ("EXPIRED", "000"),
    "deleted": ("DELETED", "000"),
    "unknown": ("UNKNOWN", "000"),
}


@dataclass(slots=True, kw_only=True)
class Message:
    """A message in one or more parts, as it was submitted."""

    source: str
    destination: str
    text: str
    #: as given in the request, empty for none
    validity: str
    registered: bool
    #: 0 (GSM-7) or 8 (UCS-2)
    data_coding: int
    #: message ids, one for each part
    ids: tuple[str, ...]
    #: how to answer what a ``Hang`` held back: connection and sequences
    held: "tuple[_Line, tuple[int, ...]] | None" = None


@dataclass(slots=True)
class _Line:
    """One bound connection."""

    writer: asyncio.StreamWriter
    sequence: int = 0
    waiting: dict[int, "asyncio.Future[int]"] = field(default_factory=dict)
    bound: bool = False


class SmscServer:
    """The centre; ``start`` opens a port, ``stop`` closes it."""

    def __init__(self, name: str, town: Town, clock: Clock, *, password: str = "secret", answer_twice: bool = False) -> None:  # noqa: S107 -- of nothing
        self.name = name
        self._town = town
        self._clock = clock
        self._password = password
        #: every submit_sm_resp goes out twice, as some networks do under load
        self.answer_twice = answer_twice
        self._numbers = itertools.count(1)
        self._lines: list[_Line] = []
        self._parts: dict[tuple[str, str, int], list[Part]] = {}
        self._kept: list[bytes] = []
        self._resending: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._busy = 0
        self._server: asyncio.Server | None = None
        self._port = 0
        #: messages by the id of their first part, oldest first
        self.messages: dict[str, Message] = {}

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one (see ``port``), or the same one again after ``stop``."""
        self._server = await asyncio.start_server(self._connected, host, port or self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._server is not None:
            self._server.close()
            for line in self._lines:
                line.writer.close()
            await self._server.wait_closed()

    async def go_away(self) -> None:
        """Nobody reaches it for a while; what it has to tell waits for ``come_back``."""
        await self.stop()

    async def come_back(self) -> None:
        """It is there again, where it was; returns once somebody has bound and taken what was kept."""
        await self.start()
        while self.bound == 0:
            await self.changed()
        if self._resending is not None:
            await self._resending

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("not started")
        return self._port

    @property
    def busy(self) -> int:
        return self._busy

    @property
    def bound(self) -> int:
        """Connections that are bound now."""
        return sum(1 for line in self._lines if line.bound)

    async def changed(self) -> None:
        """Return when a connection is next bound or lost."""
        self._changed.clear()
        await self._changed.wait()

    def disconnect(self) -> None:
        """Every connection dies, as when the network reboots."""
        for line in list(self._lines):
            line.writer.transport.abort()

    # --- Network --------------------------------------------------------------------------------------------------------

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        message = self.messages[provider_ref]
        if word not in RECEIPTS:
            raise ValueError(f"not a receipt of an SMS: {word}")
        told = RECEIPTS[word]
        if told is None or not message.registered:
            return
        stat, err = told
        await asyncio.gather(*(self._receipt(message, message_id, stat, err, at) for message_id in message.ids))

    async def report_part(self, message_id: str, stat: str, err: str) -> None:
        """A receipt of one part only, in SMPP's own words."""
        message = next(message for message in self.messages.values() if message_id in message.ids)
        await self._receipt(message, message_id, stat, err)

    async def inbound(self, sender: str, text: str) -> None:
        data_coding, octets = encode_text(text)
        for part, esm_class in mobile_parts(data_coding, octets, next(self._numbers) % 256):
            await self._deliver(source=sender.removeprefix("+"), destination="38123", esm_class=esm_class, coding=data_coding, octets=part)

    async def release(self, provider_ref: str) -> None:
        message = self.messages[provider_ref]
        if message.held is not None:
            line, sequences = message.held
            message.held = None
            self._answer(line, sequences, message.ids)
            await self._heard(line)

    @property
    def undelivered(self) -> int:
        return len(self._kept)

    async def resend(self) -> None:
        kept, self._kept = self._kept, []
        for body in kept:
            if not await self._offer(body):
                self._kept.append(body)

    # --- a connection ---------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(writer)
        self._lines.append(line)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4))
                command, status, sequence = struct.unpack("!III", await reader.readexactly(12))
                body = await reader.readexactly(length - 16)
                if not self._request(line, command, status, sequence, body):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._lines.remove(line)
            self._changed.set()
            for answer in line.waiting.values():
                answer.cancel()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _request(self, line: _Line, command: int, status: int, sequence: int, body: bytes) -> bool:
        """Handle one PDU; false ends the connection."""
        if command == BIND_TRANSCEIVER:
            return self._bind(line, sequence, body)
        if command == SUBMIT_SM:
            return self._submitted(line, part_of(sequence, body))
        if command == ENQUIRE_LINK:
            _send(line, ENQUIRE_LINK | RESPONSE, 0, sequence)
        elif command == UNBIND:
            _send(line, UNBIND | RESPONSE, 0, sequence)
            return False
        elif command & RESPONSE:
            answer = line.waiting.pop(sequence, None)
            if answer is not None and not answer.done():
                answer.set_result(status)
        else:
            _send(line, GENERIC_NACK, 0x03, sequence)
        return True

    def _bind(self, line: _Line, sequence: int, body: bytes) -> bool:
        system_id, password = body.split(b"\0")[:2]
        line.bound = password.decode() == self._password
        self._changed.set()
        status = 0 if line.bound else STATUSES["ESME_RINVPASWD"]
        _send(line, BIND_TRANSCEIVER | RESPONSE, status, sequence, system_id + b"\0" if line.bound else b"")
        if line.bound and self._kept:
            self._resending = asyncio.create_task(self.resend())
        return line.bound

    def _submitted(self, line: _Line, part: Part) -> bool:
        parts = [part]
        if part.concatenation is not None:
            reference, total, _ = part.concatenation
            parts = self._parts.setdefault((part.source, part.destination, reference), [])
            parts.append(part)
            if len(parts) < total:
                return True
            del self._parts[(part.source, part.destination, reference)]
        self._busy += 1
        try:
            return self._decide(line, parts)
        finally:
            self._busy -= 1

    def _decide(self, line: _Line, parts: list[Part]) -> bool:
        """Ask the town about a whole message, and answer each of its parts."""
        now = int(self._clock.now().timestamp())
        ids = tuple(f"{self.name}-{now:x}-{next(self._numbers):06x}" for _ in parts)
        in_order = sorted(parts, key=lambda part: part.concatenation[2] if part.concatenation else 0)
        first = in_order[0]
        message = Message(
            source=first.source,
            destination=first.destination,
            text="".join(part.text for part in in_order),
            validity=first.validity,
            registered=first.registered,
            data_coding=first.data_coding,
            ids=ids,
        )
        self.messages[ids[0]] = message
        answer = self._town.answer(
            Submission(
                channel=Channel.SMS,
                provider=self.name,
                to=f"+{first.destination}",
                provider_ref=ids[0],
                text=message.text,
                at=self._clock.now(),
            )
        )
        sequences = tuple(part.sequence for part in in_order)
        match answer:
            case Accept():
                self._answer(line, sequences, ids)
            case Refuse(raw=raw):
                for sequence in sequences:
                    _send(line, SUBMIT_SM | RESPONSE, STATUSES[raw], sequence)
            case Hang():
                message.held = (line, sequences)
            case Drop():
                line.writer.transport.abort()
                return False
        return True

    def _answer(self, line: _Line, sequences: tuple[int, ...], ids: tuple[str, ...]) -> None:
        for sequence, message_id in zip(sequences, ids, strict=True):
            for _ in range(2 if self.answer_twice else 1):
                _send(line, SUBMIT_SM | RESPONSE, 0, sequence, message_id.encode() + b"\0")

    # --- what goes back -------------------------------------------------------------------------------------------------

    async def _receipt(self, message: Message, message_id: str, stat: str, err: str, at: datetime | None = None) -> None:
        octets, tlvs = receipt(message_id, stat, err, (at or self._clock.now()).strftime("%y%m%d%H%M"))
        await self._deliver(source=message.destination, destination=message.source, esm_class=0x04, coding=0, octets=octets, tlvs=tlvs)

    async def _deliver(self, *, source: str, destination: str, esm_class: int, coding: int, octets: bytes, tlvs: bytes = b"") -> None:
        """deliver_sm on the newest bound connection; kept for ``resend`` when nobody is bound or the other side says "not now"."""
        body = (
            b"\0\1\1" + source.encode() + b"\0\1\1" + destination.encode() + b"\0"
            + bytes((esm_class, 0, 0)) + b"\0\0\0\0" + bytes((coding, 0, len(octets))) + octets + tlvs
        )  # fmt: skip
        if not await self._offer(body):
            self._kept.append(body)

    async def _heard(self, line: _Line) -> None:
        """Return once the other side has read all that was written before: it answers requests in their order."""
        self._busy += 1
        try:
            await self._ask(line, ENQUIRE_LINK)
        finally:
            self._busy -= 1

    async def _offer(self, body: bytes) -> bool:
        line = next((line for line in reversed(self._lines) if line.bound), None)
        if line is None:
            return False
        self._busy += 1
        try:
            status = await self._ask(line, DELIVER_SM, body)
        finally:
            self._busy -= 1
        return status is not None and status != NOT_NOW

    async def _ask(self, line: _Line, command: int, body: bytes = b"") -> int | None:
        """The status of the other side's answer; none when the connection ends before."""
        if line not in self._lines:
            return None
        line.sequence += 1
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        line.waiting[line.sequence] = answer
        _send(line, command, 0, line.sequence, body)
        await asyncio.wait([answer])
        return None if answer.cancelled() else answer.result()


def _send(line: _Line, command: int, status: int, sequence: int, body: bytes = b"") -> None:
    if not line.writer.is_closing():
        line.writer.write(HEADER.pack(HEADER.size + len(body), command, status, sequence) + body)
