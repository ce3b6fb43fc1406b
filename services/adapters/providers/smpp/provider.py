"""SMS through an SMPP 3.4 account: one send, one bounded answer; receipts and answers go to ``Feedback`` before the network is told.

A second part's receipt finds its message through this process's memory; after a restart it travels under its own id.
"""

import asyncio
import contextlib
import ssl
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from services.adapters.providers.smpp import pdu
from services.adapters.providers.smpp.feedback import Letterbox, Memory, receipt_of, report_of
from services.adapters.providers.smpp.session import Answer, BindRefused, Limits, NoAnswer, NotWritten, Session
from services.adapters.providers.unreadable import TellUnread, Unread, untold
from services.core.content import SmsContent
from services.core.evidence import statuses
from services.core.ports.clock import Clock
from services.core.ports.providers import (
    Absent,
    Accepted,
    CannotTell,
    Envelope,
    Feedback,
    Outcome,
    OutcomeUnknown,
    ProviderReceipt,
    Refused,
    TryLater,
)
from services.core.words import Channel, ReceiptStatus, Why

_log = structlog.get_logger(__name__)

#: accepted attempts that ``find`` still knows
_REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppSettings:
    """An account at an SMS provider."""

    host: str
    port: int
    system_id: str
    password: str
    #: ``38123``, ``FRTRAVAIL`` or ``0948123456``
    sender: str
    system_type: str = ""
    tls: ssl.SSLContext | None = None
    limits: Limits = field(default_factory=Limits)
    #: first pause before a new connection; doubles up to ``longest_pause``
    pause: timedelta = timedelta(milliseconds=200)
    longest_pause: timedelta = timedelta(seconds=30)
    #: ``err:`` codes of this operator that say "this number will never work", with our word for each
    hard_errors: Mapping[str, str] = field(default_factory=lambda: statuses.SMPP_HARD_ERRORS)


class SmppProvider:
    """One account, one connection that is kept up from ``start`` to ``stop``."""

    channel = Channel.SMS

    def __init__(self, name: str, settings: SmppSettings, feedback: Feedback, clock: Clock, unread: TellUnread = untold) -> None:
        self.name = name
        self._settings = settings
        self._feedback = feedback
        self._clock = clock
        self._unread = partial(unread, name)
        self._session: Session | None = None
        self._bound = asyncio.Event()
        self._unbound = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._memory = Memory()
        self._letterbox = Letterbox(settings.password + settings.system_id)
        self._accepted: OrderedDict[str, Accepted] = OrderedDict()
        self._reference = 0

    async def start(self) -> None:
        """Connect, and keep connected until ``stop``; a provider that is away at start is tried again, not an error."""
        self._keeper = asyncio.create_task(self._keep_bound())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bound.wait(), self._settings.limits.connect.total_seconds())

    async def stop(self) -> None:
        """Unbind; answers that still waited for a part are handed on as they are."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        for reply in self._letterbox.empty(self._clock.now()):
            await self._feedback.reply(reply)

    async def bound(self) -> None:
        """Return once the account is bound, which ``start`` waits for with less patience."""
        await self._bound.wait()

    async def lost(self) -> None:
        """Return when the connection is lost: at once when there is none."""
        if self._session is not None:
            await self._unbound.wait()

    async def send(self, envelope: Envelope) -> Outcome:
        """Submit every part and read every answer."""
        content = envelope.content
        if not isinstance(content, SmsContent):
            raise TypeError("an SMS provider sends SMS")
        self._reference = (self._reference + 1) % 256
        try:
            requests = pdu.submissions(
                sender=self._settings.sender,
                to=envelope.to,
                text=content.text,
                valid_until=envelope.valid_until,
                reference=self._reference,
            )
        except ValueError:
            return Refused(status=ReceiptStatus.FAILED_HARD, raw_status="not an SMPP address")
        session = self._session
        if session is None:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status="not connected")
        self._memory.forget(envelope.attempt_id)
        try:
            label = f"{envelope.attempt_id}/{envelope.try_number}/{len(requests)}"
            answers = await session.submit(requests, label, lambda: envelope.holds(self._clock.now()))
        except NotWritten:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status="connection lost")
        except NoAnswer as lost:
            self._remember(envelope.attempt_id, lost.answers)
            return OutcomeUnknown(raw_status=lost.why)
        return self._outcome(envelope.attempt_id, answers)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """SMPP has no reference of ours to ask by: only this process's own memory can tell."""
        return self._accepted.get(attempt_id) or CannotTell()

    # --- answers --------------------------------------------------------------------------------------------------------

    def _outcome(self, attempt_id: str, answers: Sequence[Answer]) -> Outcome:
        self._remember(attempt_id, answers)
        refused = [answer for answer in answers if answer.status != pdu.OK]
        if not refused:
            return self._keep(attempt_id, Accepted(provider_ref=answers[0].message_id, parts=len(answers)))
        raw = f"command_status 0x{refused[0].status:08x}"
        if len(refused) < len(answers):
            # the other parts are on their way: sending again would send them twice
            return OutcomeUnknown(raw_status=f"some parts refused: {raw}")
        reading = statuses.smpp_answer(refused[0].status)
        if reading is None:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=raw)
        return Refused(status=reading.status, raw_status=raw)

    def _remember(self, attempt_id: str, answers: Sequence[Answer | None]) -> None:
        for number, answer in enumerate(answers, start=1):
            if answer is not None and answer.status == pdu.OK:
                self._memory.remember(answer.message_id, attempt_id, number if len(answers) > 1 else None)

    def _keep(self, attempt_id: str, accepted: Accepted) -> Accepted:
        self._accepted[attempt_id] = accepted
        if len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)
        return accepted

    async def _late(self, label: str, index: int, answer: Answer) -> None:
        """An answer after we gave up: the attempt is ``unknown`` by now, and this says what became of it."""
        attempt_id, try_number, parts = label.rsplit("/", 2)
        part = index + 1 if int(parts) > 1 else None
        reference: str | None = None
        status, reason = ReceiptStatus.ACCEPTED, None
        if answer.status == pdu.OK:
            reference = self._memory.remember(answer.message_id, attempt_id, part)
            if part is None:
                self._keep(attempt_id, Accepted(provider_ref=reference))
        else:
            reading = statuses.smpp_answer(answer.status)
            status, reason = (reading.status, reading.reason) if reading else (ReceiptStatus.FAILED_SOFT, "overload")
        await self._feedback.receipt(
            ProviderReceipt(
                receipt_id=f"{attempt_id}/{try_number}#{index}:late",
                provider=self.name,
                provider_ref=reference,
                attempt_id=attempt_id,
                part=part,
                status=status,
                raw_status=f"late answer 0x{answer.status:08x}",
                reason=reason,
                at=self._clock.now(),
            )
        )

    # --- what comes in --------------------------------------------------------------------------------------------------

    async def _deliver(self, delivery: pdu.Delivery) -> int:
        if not delivery.is_report:
            for reply in self._letterbox.take(delivery, self._clock.now()):
                await self._feedback.reply(reply)
            return pdu.OK
        report = report_of(delivery)
        if report is None:
            self._unread(Unread.REPORT)
            return pdu.PERMANENT
        at = self._clock.now()
        submitted = self._memory.get(report.message_id)
        if submitted is None and self._session is not None:
            await self._session.parts_answered()
            # the sender's coroutine, woken by the same answer, remembers first
            await asyncio.sleep(0)
            submitted = self._memory.get(report.message_id)
        receipt = receipt_of(report, submitted, provider=self.name, hard_errors=self._settings.hard_errors, at=at)
        await self._feedback.receipt(receipt)
        return pdu.OK

    # --- the connection -------------------------------------------------------------------------------------------------

    async def _keep_bound(self) -> None:
        pause = self._settings.pause
        while True:
            try:
                session = await self._open()
            except (OSError, BindRefused) as error:
                _log.warning("provider not reachable", action="smpp_not_bound", provider=self.name, error=type(error).__name__)
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, self._settings.longest_pause)
                continue
            pause = self._settings.pause
            self._session = session
            self._unbound.clear()
            self._bound.set()
            _log.info("bound", action="smpp_bound", provider=self.name)
            try:
                await session.closed.wait()
            finally:
                self._session = None
                self._bound.clear()
                self._unbound.set()
                await session.close()

    async def _open(self) -> Session:
        settings = self._settings
        return await Session.open(
            host=settings.host,
            port=settings.port,
            system_id=settings.system_id,
            password=settings.password,
            system_type=settings.system_type,
            limits=settings.limits,
            tls=settings.tls,
            deliver=self._deliver,
            late=self._late,
            unread=self._unread,
        )
