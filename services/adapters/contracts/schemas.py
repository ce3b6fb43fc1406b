"""The JSON Schemas, compiled once; every mistake is reported, and no value is ever quoted."""

import json
from functools import cached_property
from pathlib import Path

import jsonschema_rs

from services.core.events import Problem

#: contracts/events in the checkout
FOLDER = Path(__file__).resolve().parents[3] / "contracts" / "events"
_SUFFIX = ".schema.json"
_MASK = "the value"


class Schemas:
    """All event types of a folder of schemas."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def _documents(self) -> dict[str, dict[str, object]]:
        return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._folder.glob(f"*{_SUFFIX}"))}

    @cached_property
    def _validators(self) -> dict[str, jsonschema_rs.Draft202012Validator]:
        registry = jsonschema_rs.Registry([(str(document["$id"]), document) for document in self._documents.values()])
        return {
            name.removesuffix(_SUFFIX): jsonschema_rs.Draft202012Validator(document, registry=registry, validate_formats=True, mask=_MASK)
            for name, document in self._documents.items()
            if name != f"defs{_SUFFIX}"
        }

    @property
    def types(self) -> frozenset[str]:
        """Every event type that has a schema."""
        return frozenset(self._validators)

    def problems(self, type_: str, event: object) -> list[Problem]:
        """Everything that is wrong with an event of a known type; empty when it obeys."""
        validator = self._validators[type_]
        if validator.is_valid(event):
            return []
        return sorted(
            {Problem(path=_path(error.instance_path), message=error.message) for error in validator.iter_errors(event)},
            key=lambda problem: (problem.path, problem.message),
        )


def _path(parts: list[str | int]) -> str:
    return "/" + "/".join(str(part) for part in parts)
