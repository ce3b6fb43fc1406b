"""The pages' questions, answered from PostgreSQL: read only, no lock."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.adapters.postgres.cases import cases_from
from services.adapters.postgres.connection import Connection, Pool, database_errors
from services.adapters.postgres.readings import RELEASED, owing_of
from services.adapters.postgres.statements import SQL
from services.core.alarms import Alarm
from services.core.changes import MessageSent
from services.core.model import Advisor, Agency, PersonId
from services.core.ports.figures import KeyFigures, Split
from services.core.ports.owed import Owing
from services.core.ports.pages import (
    ChannelCount,
    DeskLine,
    LinkCase,
    OpenAlarm,
    OpenAlerts,
    Operations,
    PersonFile,
    Quarantined,
    Waiting,
)
from services.core.ports.store import DeadLetter
from services.core.ports.watch import Affected, lost_by
from services.core.proof import Proof
from services.core.words import AlarmType, Channel, Severity

#: counting what millions owe takes seconds: everybody who looks meanwhile sees the same figures
_FIGURES_HOLD = timedelta(seconds=15)
_MONTH_HOLDS = timedelta(minutes=10)
#: more people than anybody reads on one page
_SHOWN = 200

_link = msgspec.json.Decoder(LinkCase)
_desk = msgspec.json.Decoder(list[DeskLine])
_advisor = msgspec.json.Decoder(Advisor)
_advisors = msgspec.json.Decoder(list[Advisor])
_proof = msgspec.json.Decoder(Proof)
_agency = msgspec.json.Decoder(Agency)
_messages = msgspec.json.Decoder(tuple[MessageSent, ...])
_alarms = msgspec.json.Decoder(list[Alarm])
_dead_letters = msgspec.json.Decoder(tuple[DeadLetter, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """Of all obligations, at one instant."""

    at: datetime
    open: int
    answered: int
    adrift: int
    recent_due: int
    recent_answered: int


class PostgresPages:
    """Implements ``services.core.ports.pages.Pages``; raises ``StoreUnavailable``."""

    def __init__(self, pool: Pool, *, owed_after: timedelta | None = None) -> None:
        """``owed_after``: for so long after its date a duty is owed (policy: ``watch.late_after_outage``); none: that is not asked for."""
        self._pool = pool
        self._owed_after = owed_after
        self._owed: tuple[datetime, Owing] | None = None
        self._figures: _Figures | None = None
        self._ringing: tuple[datetime, tuple[OpenAlarm, ...]] | None = None
        self._counting = asyncio.Lock()
        self._month: tuple[datetime, list[KeyFigures]] | None = None
        self._counting_month = asyncio.Lock()

    async def link(self, token: str) -> LinkCase | None:
        """See ``Pages.link``."""
        text = await self._value("page_link", token)
        return _link.decode(text) if text else None

    async def advisors(self) -> Sequence[Advisor]:
        """See ``Pages.advisors``."""
        return _advisors.decode(await self._value("page_advisors"))

    async def advisor(self, advisor_id: str) -> Advisor | None:
        """See ``Pages.advisor``."""
        text = await self._value("page_advisor", advisor_id)
        return _advisor.decode(text) if text else None

    async def desk(self, advisor_id: str, agency_id: str) -> Sequence[DeskLine]:
        """See ``Pages.desk``."""
        return _desk.decode(await self._value("page_desk", advisor_id, agency_id))

    async def key_figures(self, now: datetime) -> Sequence[KeyFigures]:
        """See ``services.core.ports.figures.Figures``; at most ten minutes old: it reads a month of duties."""
        async with self._counting_month:
            if self._month is None or not timedelta(0) <= now - self._month[0] < _MONTH_HOLDS:
                with database_errors():
                    async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                        await connection.fetch(SQL["page_settings"])
                        rows = await connection.fetch(SQL["key_figures"], now)
                self._month = now, [KeyFigures(**{**row, "split": Split(row["split"])}) for row in rows]
            return self._month[1]

    async def proof(self, obligation_id: str) -> Proof | None:
        """See ``services.core.ports.proofs.Proofs``."""
        text = await self._value("proof", obligation_id)
        return _proof.decode(text) if text else None

    async def file(self, person_id: PersonId) -> PersonFile | None:
        """See ``Pages.file``."""
        with database_errors():
            async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                case = cases_from(await connection.fetchval(SQL["load_cases"], [person_id], [])).get(person_id)
                if case is None:
                    return None
                beside = (await connection.fetch(SQL["page_messages"], person_id))[0]
        return PersonFile(
            case=case,
            messages=_messages.decode(beside["messages"]),
            agency=_agency.decode(beside["agency"]) if beside["agency"] else None,
        )

    async def operations(self, now: datetime, day_start: datetime) -> Operations:
        """See ``Pages.operations``; the figures of obligations are at most 15 s old."""
        with database_errors():
            async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                await connection.fetch(SQL["page_settings"])
                figures = await self._obligations(connection, now)
                return Operations(
                    channels=tuple(_channel(row) for row in await connection.fetch(SQL["page_channels"], day_start)),
                    waiting=tuple(Waiting(**row) for row in await connection.fetch(SQL["page_waiting"], now)),
                    alerts=tuple(_alerts(row) for row in await connection.fetch(SQL["page_alerts"])),
                    quarantined=tuple(Quarantined(**row) for row in await connection.fetch(SQL["page_quarantined"])),
                    dead_letters=_dead_letters.decode(await connection.fetchval(SQL["page_dead_letters"])),
                    dead_letters_total=await connection.fetchval(SQL["page_dead_letters_total"]),
                    obligations_open=figures.open,
                    obligations_answered=figures.answered,
                    obligations_adrift=figures.adrift,
                    recent_due=figures.recent_due,
                    recent_answered=figures.recent_answered,
                    alarms=await self._alarms(connection, now),
                    owing=await self._owing(connection, now),
                )

    async def _alarms(self, connection: Connection, now: datetime) -> tuple[OpenAlarm, ...]:
        """Open alarms; the people whose messages were lost are looked for at most every 15 s."""
        async with self._counting:
            if self._ringing is not None and timedelta(0) <= now - self._ringing[0] < _FIGURES_HOLD:
                return self._ringing[1]
            rows = _alarms.decode(await connection.fetchval(SQL["open_alarms"]))
            found = tuple([await _open_alarm(connection, row, now) for row in rows])
            self._ringing = (now, found) if found else None
            return found

    async def _owing(self, connection: Connection, now: datetime) -> Owing:
        """Whom we owe what; looked for at most every 15 s."""
        if self._owed_after is None:
            return Owing()
        async with self._counting:
            if self._owed is None or not timedelta(0) <= now - self._owed[0] < _FIGURES_HOLD:
                self._owed = now, owing_of(await connection.fetch(SQL["watch_owed"], now, self._owed_after, _SHOWN))
            return self._owed[1]

    async def _obligations(self, connection: Connection, now: datetime) -> _Figures:
        async with self._counting:
            known = self._figures
            if known is not None and timedelta(0) <= now - known.at < _FIGURES_HOLD:
                return known
            owed = (await connection.fetch(SQL["page_obligations"], now))[0]
            recent = (await connection.fetch(SQL["page_recent"], now))[0]
            self._figures = _Figures(
                at=now,
                open=owed["open"],
                answered=owed["answered"],
                adrift=owed["adrift"],
                recent_due=recent["due"],
                recent_answered=recent["answered"],
            )
            return self._figures

    async def _value(self, statement: str, *values: object) -> Any:
        with database_errors():
            return await self._pool.fetchval(SQL[statement], *values)


def _channel(row: Any) -> ChannelCount:
    return ChannelCount(**{**row, "channel": Channel(row["channel"])})


def _alerts(row: Any) -> OpenAlerts:
    return OpenAlerts(**{**row, "severity": Severity(row["severity"])})


async def _open_alarm(connection: Connection, alarm: Alarm, now: datetime) -> OpenAlarm:
    people: list[Affected] = []
    if alarm.type is AlarmType.RECEIPTS_LOW:
        lost = lost_by(alarm, now)
        given = (lost.provider, lost.carrier, lost.since, lost.until, lost.noticed_at, lost.since - RELEASED)
        people = [Affected(**row) for row in await connection.fetch(SQL["watch_lost"], *given)]
    return OpenAlarm(
        type=alarm.type,
        scope=alarm.scope,
        figures=alarm.figures,
        since=alarm.since,
        raised_at=alarm.raised_at,
        until=alarm.until,
        affected=tuple(sorted(people, key=lambda person: person.recovered)[:_SHOWN]),
        persons=len(people),
        recovered=sum(1 for person in people if person.recovered),
    )
