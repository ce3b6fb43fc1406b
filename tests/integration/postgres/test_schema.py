"""The schema says the same words as the code, and says what each thing is for."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import asyncpg
import pytest

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.statements import SQL, read_statements
from services.adapters.store_rules import HISTORY, NEVER_SENT
from services.core.alarms import Alarm
from services.core.changes import MessageSent
from services.core.model import Advisor, Agency, Alert, Attempt, Contact, Item, Obligation, Person, Receipt, Reply
from services.core.ports.store import DeadLetter
from services.core.states import SETTLED

pytestmark = pytest.mark.stack

ROWS: dict[str, type[Any]] = {
    "profiles": Person,
    "contacts": Contact,
    "obligations": Obligation,
    "attempts": Attempt,
    "receipts": Receipt,
    "replies": Reply,
    "alerts": Alert,
    "messages": MessageSent,
    "advisors": Advisor,
    "agencies": Agency,
    "dead_letters": DeadLetter,
    "alarms": Alarm,
}
ADAPTERS = Path(__file__).parents[3] / "services" / "adapters" / "postgres"


def vocabularies(row: type[Any]) -> Iterator[tuple[str, type[StrEnum]]]:
    """Fields whose values come from a closed list, alone, optional or several."""
    for name, hint in get_type_hints(row).items():
        for part in [hint, *(get_args(hint) if get_origin(hint) in {tuple, UnionType, Union} else ())]:
            if isinstance(part, type) and issubclass(part, StrEnum):
                yield name, part


async def words_of(pool: Pool, constraint: str) -> set[str]:
    """The words of a CHECK."""
    text = await pool.fetchval("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", constraint)
    assert text is not None, f"there is no CHECK {constraint}"
    return set(re.findall(r"'([^']*)'", text))


@pytest.mark.parametrize("table", ROWS)
async def test_columns_are_the_fields(pool: Pool, table: str) -> None:
    """Same names, none missing, none more; a field that can be none is a column that can be null, and only then."""
    columns = await pool.fetch(
        "SELECT column_name, is_nullable = 'YES' AS optional FROM information_schema.columns WHERE table_name = $1", table
    )
    hints = get_type_hints(ROWS[table])
    assert {row["column_name"]: row["optional"] for row in columns} == {
        field.name: type(None) in get_args(hints[field.name]) for field in fields(ROWS[table])
    }


@pytest.mark.parametrize("table", ROWS)
async def test_words_are_the_words(pool: Pool, table: str) -> None:
    """A word that the code knows and the schema does not needs a new migration: ALTER TABLE … DROP CONSTRAINT …, ADD CONSTRAINT …."""
    for name, words in vocabularies(ROWS[table]):
        assert await words_of(pool, f"{table}_{name}_words") == {word.value for word in words}, f"{table}.{name}"


async def test_words_of_items_are_the_words(pool: Pool) -> None:
    """The same for the items of attempts, which have a table of their own."""
    for name, words in [*vocabularies(Item), ("channel", dict(vocabularies(Attempt))["channel"])]:
        assert await words_of(pool, f"attempt_items_{name}_words") == {word.value for word in words}


@pytest.mark.parametrize("table", [name for name in ROWS if name != "dead_letters"])
def test_every_field_is_written(table: str) -> None:
    """A column that the statement forgets would be lost without a word."""
    statement = SQL[f"write_{table}"]
    inserted, _, rest = statement.partition("SELECT")
    selected, _, replaced = rest.partition("ON CONFLICT")
    for field in fields(ROWS[table]):
        word = re.compile(rf"\b{field.name}\b")
        assert word.search(inserted), f"{field.name} is not inserted"
        assert word.search(selected.partition("FROM")[0]), f"{field.name} is not selected"
        assert word.search(replaced), f"{field.name} is neither key nor replaced"


def test_nested_values_are_dataclasses_that_json_knows() -> None:
    """Whatever is not a word, a number, a text or an instant goes as JSON: it has to be a dataclass, a tuple or a mapping."""
    for row in ROWS.values():
        assert is_dataclass(row)


async def test_everything_in_the_schema_says_what_it_is_for(pool: Pool) -> None:
    """One sentence on each table, column, index and guard."""
    silent = await pool.fetch(
        """
        SELECT c.relname || coalesce('.' || a.attname, '') AS what
        FROM pg_class AS c
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
        WHERE c.relnamespace = 'public'::regnamespace
          AND c.relname <> 'schema_migrations'
          AND (
            (c.relkind = 'r' AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL))
            OR (
              c.relkind = 'i'
              AND obj_description(c.oid, 'pg_class') IS NULL
              AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
            )
          )
        """
    )
    assert [row["what"] for row in silent] == []


def test_statements_are_named_used_and_explained(tmp_path: Path) -> None:
    """Every name in the code exists, every statement is used, each says what it is for."""
    code = "".join(path.read_text("utf-8") for path in ADAPTERS.glob("*.py"))
    used = set(re.findall(r'"([a-z_]+)"', code))
    assert set(SQL) - used == set()
    assert set(re.findall(r'SQL\["([a-z_]+)"\]', code)) - set(SQL) == set()
    (tmp_path / "a.sql").write_text("-- name: one\nSELECT 1;\n", "utf-8")
    with pytest.raises(ValueError, match="does not say what it is for"):
        read_statements(tmp_path)
    (tmp_path / "a.sql").write_text("-- name: one\n-- Why.\nSELECT 1;\n\n-- name: one\n-- Why.\nSELECT 2;\n", "utf-8")
    with pytest.raises(ValueError, match="exists already"):
        read_statements(tmp_path)


def test_rules_that_stand_in_sql_are_the_ones_of_python() -> None:
    """Settled states, states that were never sent, how long history stays."""
    lists = set(re.findall(r"state (?:NOT )?IN \(([^)]*)\)", SQL["load_cases"]))
    assert [set(re.findall(r"'(\w+)'", each)) for each in lists] == [{state.value for state in SETTLED}]
    assert f"interval '{HISTORY.days} days'" in SQL["load_cases"]
    assert {state.value for state in NEVER_SENT} == {"skipped", "cancelled"}


async def test_updates_of_attempts_and_most_of_obligations_touch_no_index(pool: Pool) -> None:
    """Columns that change with every decision are in no index: rows are replaced in place (heap-only tuples)."""
    indexed = await pool.fetch(
        """
        SELECT c.relname AS table, a.attname AS column
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indrelid
        JOIN pg_attribute AS a ON a.attrelid = c.oid
          AND (a.attnum = ANY (i.indkey) OR pg_get_expr(i.indpred, i.indrelid) ~ ('\\m' || a.attname || '\\M'))
        WHERE c.relname IN ('attempts', 'obligations') AND a.attnum > 0
        """
    )
    columns = {(row["table"], row["column"]) for row in indexed}
    assert {name for table, name in columns if table == "attempts"} == {"attempt_id", "person_id", "release_at", "token"}
    # the instant of an outage is written once
    expected = {"obligation_id", "person_id", "changed_at", "state", "due_at", "outage_at"}
    assert {name for table, name in columns if table == "obligations"} == expected


async def test_a_word_that_nobody_knows_is_refused(pool: Pool) -> None:
    """Whatever writes it."""
    with pytest.raises(asyncpg.CheckViolationError, match="attempts_state_words"):
        await pool.execute(
            """
            INSERT INTO attempts (
                attempt_id, person_id, channel, contact_id, items, state, cause, chosen_by, excluded, release_at, not_after, tries, parts)
            VALUES ('a', 'p', 'sms', 'c', '[]', 'lost', '', '', '{}', now(), now(), 0, 1)
            """
        )
