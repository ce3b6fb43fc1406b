"""Previews and comparisons of policies over stored people: read, never written."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from services.adapters.clock import SystemClock
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.owing import people_who_owe
from services.adapters.postgres.store import PostgresStore
from services.commands import run
from services.commands.exits import Exit
from services.core.changes import Changes
from services.core.model import PersonId
from services.core.words import LineType, ObligationState, PointKind
from tests.fixtures.facts import contact, obligation, person

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("logs_put_back")]

#: the commands look at the machine's clock
NOW = SystemClock().now()


async def _town(pool: Pool, count: int) -> list[PersonId]:
    people = [PersonId(f"p-{number:03d}") for number in range(count)]
    changes = Changes(
        profiles=[person(one, known_at=NOW) for one in people],
        contacts=[
            contact(one, f"{one}:phone", kind=PointKind.PHONE, value="+33612345678", e164="+33612345678", line_type=LineType.MOBILE)
            for one in people
        ],
        obligations=[obligation(f"rdv:{one}", person_id=one, known_at=NOW, due_at=NOW + timedelta(days=20)) for one in people],
    )
    async with PostgresStore(pool).unit() as unit:
        await unit.lock(people)
        await unit.write(changes)
    return people


async def test_people_who_owe_come_in_pages(pool: Pool) -> None:
    """In order of id, up to the limit; who owes nothing any more, or was erased, is left out."""
    people = await _town(pool, 450)
    over = obligation("rdv:p-001", person_id=people[1], state=ObligationState.DONE, due_at=NOW + timedelta(days=20))
    past = obligation("rdv:p-002", person_id=people[2], due_at=NOW - timedelta(days=1))
    async with PostgresStore(pool).unit() as unit:
        await unit.lock(people[:4])
        await unit.write(Changes(obligations=[over, past], removed_people=[people[3]]))
    pages = [page async for page in people_who_owe(pool, NOW, None)]
    assert [one for page in pages for one in page] == [people[0], *people[4:]]
    assert len(pages) == 3
    limited = [one async for page in people_who_owe(pool, NOW, 250) for one in page]
    assert limited == [people[0], *people[4:253]]


async def test_a_stored_person_is_previewed_and_compared(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The commands find people in the database of the settings, and leave it as it is."""
    people = await _town(pool, 3)
    monkeypatch.setenv("DATABASE_URL", database)
    assert await asyncio.to_thread(run, ["preview", "--person", people[0], "--json"]) == Exit.DONE
    silent = json.loads(capsys.readouterr().out)["branches"][0]
    assert next(line["step"] for line in silent["lines"] if line["what"] == "sent") == "N0"
    assert await asyncio.to_thread(run, ["preview", "--person", "nobody"]) == Exit.WRONG_USAGE
    other = tmp_path / "other.toml"
    other.write_text('version = "other"\n[meeting.reminders.R3]\nhour = "11:00"\n', encoding="utf-8")
    capsys.readouterr()
    assert await asyncio.to_thread(run, ["policy", "diff", str(other), "--people", "2", "--json"]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["compared"] == 2
    assert {one["what"] for changed in found["changed"] for one in changed["changes"]} <= {"R3 voice", "R3 sms"}
    assert await pool.fetchval("SELECT count(*) FROM attempts") == 0
