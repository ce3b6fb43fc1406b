"""Millions of people in the database, made inside it from a handful of prototypes that the store wrote."""

from collections.abc import Callable
from dataclasses import replace

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes
from services.core.model import Contact, Person, PersonId
from services.core.words import Channel, Constraint, DigitalEase
from tests.benchmarks.people import email_of, filled, ids, phone_of, profile_of

#: how people live and are reached, in the proportions of the study (§1.2) and all over the territories (§3), roughly
_LIVES: tuple[tuple[str, Channel, DigitalEase, tuple[Constraint, ...]], ...] = (
    ("59000", Channel.SMS, DigitalEase.AT_EASE, ()),
    ("75011", Channel.EMAIL, DigitalEase.AT_EASE, ()),
    ("13001", Channel.SMS, DigitalEase.AT_EASE, ()),
    ("35000", Channel.EMAIL, DigitalEase.UNFAMILIAR, ()),
    ("97400", Channel.SMS, DigitalEase.AT_EASE, ()),
    ("67000", Channel.VOICE, DigitalEase.UNFAMILIAR, ()),
    ("97200", Channel.SMS, DigitalEase.UNFAMILIAR, (Constraint.PREPAID,)),
    ("69003", Channel.EMAIL, DigitalEase.AT_EASE, ()),
    ("23000", Channel.VOICE, DigitalEase.OFFLINE, (Constraint.NO_INTERNET,)),
    ("33000", Channel.SMS, DigitalEase.AT_EASE, ()),
)
#: rows that the database makes in one statement
_SLICE = 250_000
#: how a prototype becomes somebody else, by table and column; other columns are the prototype's
_COPIES = {
    "profiles": {"person_id": "'p' || made.digits"},
    "contacts": {
        "person_id": "'p' || made.digits",
        "value": "CASE WHEN proto.kind = 'email' THEN 'p' || made.digits || '@courriel.example' ELSE '06' || made.long END",
        "e164": "CASE WHEN proto.e164 IS NOT NULL THEN '+336' || made.long END",
        "sender_hash": "proto.kind || '-' || made.digits",
    },
}
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position"
_PEOPLE = "INSERT INTO people (person_id) SELECT 'p' || lpad(n::text, 7, '0') FROM generate_series($1::int, $2::int) AS n"


async def fill(people: int, pool: Pool, tell: Callable[[int], None]) -> None:
    """So many people: p0000000 and on, the first of them the prototypes; ``tell`` hears how many there are so far."""
    await filled(len(_LIVES))(pool)
    store = PostgresStore(pool)
    prototypes = ids(len(_LIVES))
    async with store.unit() as unit:
        await unit.lock(prototypes)
        changes = Changes(profiles=[_lives(each, number) for number, each in enumerate(prototypes)], contacts=_points(prototypes))
        await unit.write(changes)
    copies = [_copied(table, [row["column_name"] for row in await pool.fetch(_COLUMNS, table)]) for table in _COPIES]
    for first in range(len(_LIVES), people, _SLICE):
        last = min(people, first + _SLICE) - 1
        await pool.execute(_PEOPLE, first, last, timeout=None)
        for copy in copies:
            await pool.execute(copy, first, last, timeout=None)
        tell(last + 1)
    await pool.execute("VACUUM (ANALYZE, FREEZE)", timeout=None)


def _lives(each: PersonId, number: int) -> Person:
    postal_code, channel, ease, constraints = _LIVES[number]
    return replace(
        profile_of(each), revision=2, postal_code=postal_code, preferred_channel=channel, digital_ease=ease, constraints=constraints
    )


def _points(prototypes: list[PersonId]) -> list[Contact]:
    return [point for each in prototypes for point in (phone_of(each), email_of(each))]


def _copied(table: str, columns: list[str]) -> str:
    """A statement that gives people $1 to $2 the rows of their prototypes, whatever the table's columns are."""
    values = ", ".join(_COPIES[table].get(column, f"proto.{column}") for column in columns)
    return f"""
        INSERT INTO {table} ({", ".join(columns)})
        SELECT {values}
        FROM (
            SELECT
                lpad(n::text, 7, '0') AS digits, lpad(n::text, 8, '0') AS long,
                'p' || lpad((n % {len(_LIVES)})::text, 7, '0') AS like_whom
            FROM generate_series($1::int, $2::int) AS n
        ) AS made
        JOIN {table} AS proto ON proto.person_id = made.like_whom"""
