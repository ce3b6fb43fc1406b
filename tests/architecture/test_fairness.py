"""Who a person is decides nothing: no age, sex, nationality or name stands where a rule could read it (rules §10.1.7)."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.decide import decide
from services.core.model import Case
from tests.properties.lives import START, cases
from tests.unit.core.scene import environment

ROOT = Path(__file__).resolve().parents[2]
#: in English and in French, as fields, attributes, columns or keys
FORBIDDEN = {
    "age", "birth_date", "birthdate", "birthday", "birth_place", "birthplace", "date_of_birth", "born", "sex", "gender", "civility",
    "nationality", "citizenship", "origin", "ethnicity", "religion", "naissance", "date_naissance", "sexe", "genre", "civilite",
    "nationalite",
}  # fmt: skip


def _names(path: Path) -> Iterator[str]:
    """Every name that a module defines, takes, or reads off a value."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case _:
                pass


def test_no_value_has_a_field_for_it() -> None:
    """Whatever the room, no dataclass of the services has such a field (§8.3)."""
    found = [
        f"{path.relative_to(ROOT)}: {item.target.id}"
        for path in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id in FORBIDDEN
    ]
    assert not found


def test_no_rule_reads_it() -> None:
    """Nothing in the core defines, takes or reads such a name."""
    core = sorted((ROOT / "services" / "core").rglob("*.py"))
    assert [f"{path.relative_to(ROOT)}: {name}" for path in core for name in _names(path) if name in FORBIDDEN] == []
    # the search sees what rules do read
    assert {"digital_ease", "postal_code", "forbidden_channels"} <= {name for path in core for name in _names(path)}


def test_nobody_can_send_it_to_us_or_find_it_stored() -> None:
    """No event's schema has such a property, no table such a column."""
    schemas = sorted((ROOT / "contracts" / "events").glob("*.json"))
    properties = {key for path in schemas for key in _keys(json.loads(path.read_text("utf-8")))}
    assert "digital_ease" in properties
    assert not properties & FORBIDDEN
    migrations = "".join(path.read_text("utf-8") for path in (ROOT / "services/adapters/postgres/migrations").glob("*.sql"))
    columns = set(re.findall(r"^\s+(?:ADD COLUMN )?([a-z_0-9]+)\s", migrations, re.MULTILINE))
    assert "digital_ease" in columns
    assert not columns & FORBIDDEN


def _keys(schema: object) -> Iterator[str]:
    match schema:
        case dict():
            properties = schema.get("properties")
            yield from properties if isinstance(properties, dict) else ()
            for value in schema.values():
                yield from _keys(value)
        case list():
            for value in schema:
                yield from _keys(value)
        case _:
            pass


@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=cases(), first_name=st.sampled_from(["Mohamed", "Marie", "Nguyễn", "X"]), last_name=st.sampled_from(["Ben Saïd", "Dupont", ""]))
def test_a_name_decides_nothing(case: Case, first_name: str, last_name: str) -> None:
    """The same person under another name, which may sound like another sex, age or origin, is decided about in the same way."""
    assert case.person is not None
    other = replace(case, person=replace(case.person, first_name=first_name, last_name=last_name))
    for hours in (49, 24 * 7, 24 * 21):
        now = START + timedelta(hours=hours + 10)
        assert decide(other, environment(), now) == decide(case, environment(), now)
