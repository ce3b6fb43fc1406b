"""The same words in the schemas, in the core and in topics.yaml."""

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import pytest
import yaml

from services.adapters.contracts import TOPICS
from services.core import words
from tests.unit.contracts.corpus import CONTRACTS, SCHEMAS

EVENTS = CONTRACTS / "events"


def document(name: str) -> dict[str, Any]:
    """A schema file."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


DEFS = document("defs")["$defs"]


def data_of(type_: str) -> dict[str, Any]:
    """The fields of a type's data."""
    fields: dict[str, Any] = document(type_)["properties"]["data"]["properties"]
    return fields


@pytest.mark.parametrize(
    ("enum", "vocabulary"),
    [
        (DEFS["channel"], words.Channel),
        (DEFS["evidence"], words.Evidence),
        (DEFS["receipt_status"], words.ReceiptStatus),
        (DEFS["contact"]["properties"]["channel"], words.PointKind),
        (DEFS["contact"]["properties"]["declared_by"], words.DeclaredBy),
        (DEFS["alert"]["properties"]["type"], words.AlertType),
        (DEFS["alert"]["properties"]["severity"], words.Severity),
        (DEFS["alarm"]["properties"]["type"], words.AlarmType),
        (DEFS["alert"]["properties"]["routed"], words.Routed),
        (data_of("person.updated")["constraints"]["items"], words.Constraint),
        (data_of("person.updated")["digital_ease"], words.DigitalEase),
        (data_of("reply.received")["channel"], words.ReplyChannel),
        (data_of("reply.received")["choice"], set(words.Choice) - {words.Choice.DECOY}),
        (data_of("reply.received")["identity"], words.Identity),
        (data_of("reply.received")["answered_by"], words.AnsweredBy),
        (data_of("obligation.changed")["kind"], set(words.Kind) - {words.Kind.CONTACT}),
        (data_of("obligation.changed")["state"], words.ObligationState),
        (data_of("obligation.changed")["verdict"], words.Verdict),
    ],
)
def test_vocabularies(enum: dict[str, Any], vocabulary: Iterable[StrEnum]) -> None:
    """A closed choice has the same members in the schema and in the core."""
    assert set(enum["enum"]) == {str(word) for word in vocabulary}


def test_topics_are_declared() -> None:
    """Every topic that a type travels on is created from topics.yaml, and the other way round."""
    declared = set(yaml.safe_load((CONTRACTS / "topics.yaml").read_text(encoding="utf-8"))["topics"])
    assert set(TOPICS.values()) | {f"dispatch.{channel}.v1" for channel in words.Channel} == declared


def test_each_schema_names_its_type() -> None:
    """File name, title, identifier and the constant of ``type`` say the same; every reference leads somewhere."""
    for type_ in SCHEMAS.types:
        schema = document(type_)
        assert schema["title"] == schema["properties"]["type"]["const"] == type_
        assert schema["$id"].endswith(f"/{type_}.schema.json")
        assert schema["description"]
        for reference in _references(schema):
            assert reference.removeprefix("defs.schema.json#/$defs/") in DEFS


def test_no_shared_shape_is_idle() -> None:
    """What stands in the shared definitions is used."""
    used = {reference.rpartition("/")[2] for name in [*SCHEMAS.types, "defs"] for reference in _references(document(name))}
    assert set(DEFS) - used == set()


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for inner in value.values() for reference in _references(inner)]
    return [reference for inner in value for reference in _references(inner)] if isinstance(value, list) else []


def test_the_readme_names_every_type_with_its_topic() -> None:
    """The table that producers read is the one that the product obeys."""
    told: dict[str, str] = {}
    for line in (CONTRACTS / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`") and cells[1].endswith(".v1`"):
            told |= dict.fromkeys(cells[0].replace("`", "").split(), cells[1].strip("`"))
    assert told == {**TOPICS, "dispatch.requested": "dispatch.<channel>.v1"}


def test_the_readme_has_every_section_that_the_code_cites() -> None:
    """A citation such as "contracts §3" leads somewhere."""
    root = CONTRACTS.parent
    headings = set(re.findall(r"^## (§\d+) ", (CONTRACTS / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    sources = [
        path for folder in ("services", "tests", "docs") for path in (root / folder).rglob("*") if path.suffix in {".py", ".sql", ".md"}
    ]
    cited = {section for path in sources for section in re.findall(r"contracts (§\d+)", path.read_text(encoding="utf-8"))}
    assert {"§1", "§2", "§3"} <= cited <= headings
