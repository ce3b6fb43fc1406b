"""The JSON Schemas, compiled once; every mistake is reported, and no value is ever quoted."""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from services.core.events import Problem

#: contracts/events in the checkout
FOLDER: Final = Path(__file__).resolve().parents[3] / "contracts" / "events"
_SUFFIX: Final = ".schema.json"
_SHARED: Final = f"defs{_SUFFIX}"
_MASK: Final = "the value"
#: a record of a megabyte can hold more mistakes than a dead letter can carry
MOST_PROBLEMS: Final = 200
#: names of fields are ours; any other name in a path was written by somebody and may say too much
_OUR_NAME: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
#: keywords whose own words would print a pattern; the description beside them says it better
_DESCRIBED: Final = frozenset({"pattern", "format"})
_SAID: Final = {
    "required": "is required",
    "propertyNames": "has a name that is not one of the contract's",
    "anyOf": "is not enough: one of the alternatives is required",
}

_KINDS: Final = {"string": "text", "integer": "a whole number", "boolean": "true or false", "array": "a list", "object": "an object"}
#: more words than these are looked up in the schema
_MOST_WORDS: Final = 9

Document = dict[str, Any]


class Schemas:
    """All event types of a folder of schemas."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def _documents(self) -> dict[str, Document]:
        found = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._folder.glob(f"*{_SUFFIX}"))}
        if _SHARED not in found:  # without schemas every event would be a dead letter
            raise FileNotFoundError(f"no event schemas in {self._folder}")
        return found

    @cached_property
    def _by_address(self) -> dict[str, Document]:
        return {str(document["$id"]): document for document in self._documents.values()}

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry(list(self._by_address.items()))

    @cached_property
    def _validators(self) -> dict[str, jsonschema_rs.Draft202012Validator]:
        return {type_: self._compiled(self._documents[f"{type_}{_SUFFIX}"]) for type_ in self.types}

    @cached_property
    def _envelope(self) -> jsonschema_rs.Draft202012Validator:
        return self._compiled({"$ref": f"{self._documents[_SHARED]['$id']}#/$defs/envelope"})

    def _compiled(self, document: Document) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(document, registry=self._registry, validate_formats=True, mask=_MASK)

    @cached_property
    def types(self) -> frozenset[str]:
        """Every event type that has a schema."""
        return frozenset(name.removesuffix(_SUFFIX) for name in self._documents if name != _SHARED)

    def problems(self, type_: str, event: object) -> list[Problem]:
        """Everything that is wrong with an event of a known type; empty when it obeys."""
        return self._judged(self._validators[type_], event)

    def envelope_problems(self, event: object) -> list[Problem]:
        """Everything that is wrong with the envelope of an event whose type nobody knows."""
        return self._judged(self._envelope, event)

    def _judged(self, validator: jsonschema_rs.Draft202012Validator, event: object) -> list[Problem]:
        if validator.is_valid(event):
            return []
        found = sorted(
            {self._problem(error) for error in validator.iter_errors(event)}, key=lambda problem: (problem.path, problem.message)
        )
        if len(found) <= MOST_PROBLEMS:
            return found
        return [*found[:MOST_PROBLEMS], Problem(path="/", message=f"{len(found) - MOST_PROBLEMS} more mistakes are not listed")]

    def _problem(self, error: jsonschema_rs.ValidationError) -> Problem:
        keyword = error.kind.name
        parts = [*error.instance_path]
        if keyword == "required":
            parts.append(str(error.kind.value))
        message = _SAID.get(keyword) or self._described(error) or _expected(error) or error.message.removeprefix(f"{_MASK} ")
        return Problem(path=_path(parts), message=message)

    def _described(self, error: jsonschema_rs.ValidationError) -> str | None:
        """What the schema itself says that the value should be; none when it does not say."""
        if error.kind.name not in _DESCRIBED or error.absolute_keyword_location is None:
            return None
        address, _, pointer = error.absolute_keyword_location.partition("#")
        place: Any = self._by_address.get(address)
        for name in pointer.split("/")[1:-1]:
            place = place.get(name) if isinstance(place, Mapping) else None
        description = place.get("description") if isinstance(place, Mapping) else None
        return f"is not {description}" if description else None


def _expected(error: jsonschema_rs.ValidationError) -> str | None:
    """In one line, what a value of a closed choice or of a kind should be."""
    keyword, wanted = error.kind.name, error.kind.value
    if keyword == "enum" and isinstance(wanted, list):
        words = [word for word in wanted if isinstance(word, str)]
        return f"is not one of {', '.join(words)}" if len(words) <= _MOST_WORDS else "is not one of the words in the schema"
    if keyword == "type":
        kinds = wanted if isinstance(wanted, list) else [wanted]
        return f"is not {' or '.join(_KINDS[kind] for kind in kinds if kind in _KINDS)}"
    return None


def _path(parts: list[str | int]) -> str:
    return "/" + "/".join(str(part) if isinstance(part, int) or _OUR_NAME.fullmatch(part) else "?" for part in parts)
