"""One bound SMPP connection: a window of outstanding requests, keep-alive, and what comes in handed on.

It knows for every request whether it was written: a connection that dies before is "try again", after is "nobody knows".
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from aiosmpplib.protocol import SubmitSm

from services.adapters.providers.smpp import pdu
from services.adapters.providers.unreadable import Unread
from services.core.ports.providers import Unfit

_log = structlog.get_logger(__name__)

#: deliveries handled at the same time; beyond, the network waits for our answers
_DELIVERIES: Final = 500
#: deliveries taken in and not yet answered; more are answered "not now" at once, whatever the network's own window is
_TAKEN_IN: Final = 5_000
#: octets of ours that the other side has not read: beyond, it is not listening
_UNREAD: Final = 1_000_000
_LAST_SEQUENCE: Final = 0x7FFFFFFF
#: requests without an answer that are remembered
_GIVEN_UP: Final = 10_000
#: seconds that a goodbye may take
_GOODBYE: Final = 1.0


class NotWritten(Exception):
    """The connection was gone before the request was written, or there was room too late: the provider does not have it."""


class NoAnswer(Exception):
    """Written, and not every answer came: nobody knows.

    ``why`` is ``connection_lost`` or ``silent``; ``answers`` has those that did come.
    """

    def __init__(self, why: str, answers: "Sequence[Answer | None]" = ()) -> None:
        self.why = why
        self.answers = answers
        super().__init__(why)


class BindRefused(Exception):
    """The provider does not want us: wrong account, wrong address, too many connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A submit_sm_resp; ``message_id`` is empty when it refuses."""

    status: int
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Patience and greed of a connection."""

    #: requests written and not answered; the provider names its own figure
    window: int = 100
    connect: timedelta = timedelta(seconds=10)
    #: an answer to submit_sm that has not come by then is not waited for any more
    answer: timedelta = timedelta(seconds=15)
    #: silence after which an enquire_link asks whether anybody is there
    keep_alive: timedelta = timedelta(seconds=30)


class Session:
    """One connection, from ``open`` to ``closed``."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        deliver: Callable[[pdu.Delivery], Awaitable[int]],
        late: Callable[[str, int, Answer], Awaitable[None]],
        unread: Callable[[Unread], None] = lambda _what: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._deliver = deliver
        self._late = late
        self._unread = unread
        self._sequence = 0
        self._room = asyncio.Semaphore(limits.window)
        #: one message at a time takes its room, so that two messages of several parts cannot wait for each other
        self._entry = asyncio.Lock()
        self._outstanding: dict[int, asyncio.Future[pdu.Frame]] = {}
        #: by their first sequence, requests of this turn of the event loop that are not written yet
        self._ready: dict[int, bytes] = {}
        #: answers to messages of several parts
        self._in_parts: set[asyncio.Future[pdu.Frame]] = set()
        #: sequence → label and index of a request nobody waits for any more
        self._given_up: dict[int, tuple[str, int]] = {}
        self._deliveries = asyncio.Semaphore(_DELIVERIES)
        self._tasks: set[asyncio.Task[None]] = set()
        self._handling: set[asyncio.Task[None]] = set()
        self._heard = asyncio.Event()
        self._open = True
        #: set once the connection is gone
        self.closed = asyncio.Event()

    @classmethod
    async def open(  # noqa: PLR0913 -- what a connection is made of
        cls,
        *,
        host: str,
        port: int,
        system_id: str,
        password: str,
        system_type: str,
        limits: Limits,
        tls: ssl.SSLContext | None,
        deliver: Callable[[pdu.Delivery], Awaitable[int]],
        late: Callable[[str, int, Answer], Awaitable[None]],
        unread: Callable[[Unread], None] = lambda _what: None,
    ) -> "Session":
        """Connect and bind as a transceiver.

        ``deliver`` takes each deliver_sm and says the status of its answer; ``late`` gets answers that come after ``NoAnswer``,
        with the label and the index of their request; ``unread`` is told of octets that nobody can read. Raises ``OSError``
        (``TimeoutError`` too) or ``BindRefused``.
        """
        async with asyncio.timeout(limits.connect.total_seconds()):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            session = cls(reader, writer, limits, deliver, late, unread)
            try:
                await session._bind(system_id, password, system_type)
            except BaseException:
                writer.close()
                raise
        session._start(session._read(), session._tasks)
        session._start(session._keep_alive(), session._tasks)
        return session

    async def _bind(self, system_id: str, password: str, system_type: str) -> None:
        self._writer.write(pdu.bind(self._next(), system_id=system_id, password=password, system_type=system_type))
        try:
            frame = await self._frame()
        except asyncio.IncompleteReadError as error:
            raise BindRefused("connection closed at bind") from error
        except pdu.MalformedPdu as error:
            self._unread(Unread.FRAME)
            raise BindRefused("no SMPP at bind") from error
        if frame.command != pdu.BIND_TRANSCEIVER | pdu.RESPONSE or frame.status != pdu.OK:
            raise BindRefused(f"bind answered with status 0x{frame.status:08x}")

    async def submit(self, requests: Sequence[SubmitSm], label: str, still: Callable[[], bool]) -> list[Answer]:
        """Write these requests together, once the window has room for all of them, and wait for their answers, in order.

        ``label`` comes back with the index of the part when an answer is late; ``still`` is asked when there is room. Raises
        ``NotWritten`` or ``NoAnswer``.
        """
        room = min(len(requests), self._limits.window)
        await self._take(room)
        answers: list[asyncio.Future[pdu.Frame]] = []
        sequences: list[int] = []
        try:
            if not self._open or not still():
                raise NotWritten
            octets = b""
            for request in requests:
                request.sequence_num = self._next()
                octets += request.pdu()
                sequences.append(request.sequence_num)
                answers.append(asyncio.get_running_loop().create_future())
            self._outstanding.update(zip(sequences, answers, strict=True))
            if len(answers) > 1:
                self._in_parts.update(answers)
            self._write_together(sequences[0], octets)
            await asyncio.wait(answers, timeout=self._limits.answer.total_seconds())
            if self._ready.pop(sequences[0], None) is not None:
                raise NotWritten
            return self._together(answers)
        finally:
            for index, (sequence, answer) in enumerate(zip(sequences, answers, strict=True)):
                if self._outstanding.pop(sequence, None) is not None and not answer.done():
                    self._give_up(sequence, (label, index))
            self._in_parts.difference_update(answers)
            self._give(room)

    def _write_together(self, sequence: int, octets: bytes) -> None:
        """With whatever else is ready in this turn of the event loop: one call of the system for a window full of messages."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._flush)
        self._ready[sequence] = octets

    def _flush(self) -> None:
        # what a lost connection leaves here was not written: whoever asked for it finds it
        if self._ready and self._open:
            self._writer.write(b"".join(self._ready.values()))
            self._ready.clear()

    def _together(self, answers: "Sequence[asyncio.Future[pdu.Frame]]") -> list[Answer]:
        came = [_answer_of(answer.result()) if answer.done() and not answer.cancelled() else None for answer in answers]
        whole = [answer for answer in came if answer is not None]
        if len(whole) < len(answers):
            raise NoAnswer("silent" if self._open else "connection_lost", came)
        return whole

    def _give_up(self, sequence: int, label: tuple[str, int]) -> None:
        self._given_up[sequence] = label
        if len(self._given_up) > _GIVEN_UP:
            self._given_up.pop(next(iter(self._given_up)))

    async def parts_answered(self) -> None:
        """Return once every request in several parts that is outstanding now has its answers: a receipt may overtake them."""
        waiting = list(self._in_parts)
        if waiting:
            await asyncio.wait(waiting, timeout=self._limits.answer.total_seconds())

    async def close(self) -> None:
        """Say goodbye, wait a little for what is being handled, hang up."""
        if self._open:
            goodbye: asyncio.Future[pdu.Frame] = asyncio.get_running_loop().create_future()
            sequence = self._next()
            self._outstanding[sequence] = goodbye
            self._flush()
            self._writer.write(pdu.unbind(sequence))
            await asyncio.wait([goodbye], timeout=_GOODBYE)
            if self._handling:
                await asyncio.wait(self._handling, timeout=_GOODBYE)
            self._outstanding.pop(sequence, None)
        self._hang_up()
        tasks = [*self._tasks, *self._handling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    # --- inside ---------------------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        return self._sequence

    async def _take(self, count: int) -> None:
        taken = 0
        async with self._entry:
            try:
                for taken in range(count):  # noqa: B007 -- read when interrupted
                    await self._room.acquire()
            except asyncio.CancelledError:
                self._give(taken)
                raise

    def _give(self, count: int) -> None:
        for _ in range(count):
            self._room.release()

    def _start(self, work: Coroutine[None, None, None], tasks: "set[asyncio.Task[None]]") -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def _hang_up(self) -> None:
        if not self._open:
            return
        self._open = False
        self._writer.close()
        for answer in self._outstanding.values():
            if not answer.done():
                answer.cancel()
        self.closed.set()

    async def _frame(self) -> pdu.Frame:
        length = await self._reader.readexactly(4)
        size = int.from_bytes(length)
        if not pdu.HEADER.size <= size <= pdu.LONGEST:
            raise pdu.MalformedPdu("length")
        return pdu.frame_of(length + await self._reader.readexactly(size - 4))

    async def _read(self) -> None:
        try:
            while self._open:
                self._handle(await self._frame())
                self._heard.set()
                if self._writer.transport.get_write_buffer_size() > _UNREAD:
                    _log.warning("talks and does not listen", action="smpp_not_listening")
                    self._hang_up()
        except pdu.MalformedPdu:
            self._unread(Unread.FRAME)
            _log.warning("octets that are no SMPP", action="smpp_unreadable_frame")
        except (OSError, asyncio.IncompleteReadError):
            _log.info("connection lost", action="smpp_connection_lost")
        finally:
            self._hang_up()

    def _handle(self, frame: pdu.Frame) -> None:
        if frame.command & pdu.RESPONSE:
            self._answered(frame)
        elif frame.command == pdu.DELIVER_SM:
            self._take_in(frame)
        elif frame.command == pdu.ENQUIRE_LINK:
            self._writer.write(pdu.enquire_link_answer(frame.sequence))
        elif frame.command == pdu.UNBIND:
            self._writer.write(pdu.unbind_answer(frame.sequence))
            self._hang_up()
        elif frame.command != pdu.ALERT_NOTIFICATION:
            self._writer.write(pdu.not_understood(frame.sequence))

    def _answered(self, frame: pdu.Frame) -> None:
        answer = self._outstanding.pop(frame.sequence, None)
        if answer is not None and not answer.done():
            answer.set_result(frame)
            return
        label = self._given_up.pop(frame.sequence, None)
        if label is not None:
            self._start(self._told_late(label, _answer_of(frame)), self._handling)

    async def _told_late(self, label: tuple[str, int], answer: Answer) -> None:
        try:
            await self._late(*label, answer)
        except Exception as error:  # noqa: BLE001 -- the attempt stays unknown, which is true
            _log.warning("late answer not stored", action="smpp_late_answer_not_stored", error=type(error).__name__)

    def _take_in(self, frame: pdu.Frame) -> None:
        if len(self._handling) < _TAKEN_IN:
            self._start(self._delivered(frame), self._handling)
        else:
            self._writer.write(pdu.delivery_answer(frame.sequence, pdu.TEMPORARY))

    async def _delivered(self, frame: pdu.Frame) -> None:
        async with self._deliveries:
            try:
                status = await self._deliver(pdu.delivery_of(frame.body))
            except (pdu.MalformedPdu, Unfit) as error:
                self._unread(Unread.DELIVERY)
                _log.warning("unreadable delivery", action="smpp_unreadable_delivery", error=type(error).__name__)
                status = pdu.PERMANENT
            except Exception as error:  # noqa: BLE001 -- the network keeps the message and tries again; the connection goes on
                _log.warning("delivery not stored", action="smpp_delivery_not_stored", error=type(error).__name__)
                status = pdu.TEMPORARY
            if self._open:
                self._writer.write(pdu.delivery_answer(frame.sequence, status))
                with contextlib.suppress(OSError):
                    await self._writer.drain()

    async def _keep_alive(self) -> None:
        pause = self._limits.keep_alive.total_seconds()
        asked = False
        while self._open:
            self._heard.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._heard.wait()
                asked = False
            except TimeoutError:
                if asked:
                    _log.warning("no answer to enquire_link", action="smpp_silent")
                    self._hang_up()
                    return
                asked = True
                self._writer.write(pdu.enquire_link(self._next()))


def _answer_of(frame: pdu.Frame) -> Answer:
    if frame.command == pdu.GENERIC_NACK:
        return Answer(status=frame.status or pdu.PERMANENT, message_id="")
    return Answer(status=frame.status, message_id=pdu.c_string(frame.body)[0] if frame.status == pdu.OK else "")
