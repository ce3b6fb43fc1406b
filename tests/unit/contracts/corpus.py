"""The samples under ``contracts/samples``: examples for readers, data for these tests."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.adapters.contracts import Decoder, Schemas, topic_of

CONTRACTS = Path(__file__).parents[3] / "contracts"
SAMPLES = CONTRACTS / "samples"
SCHEMAS = Schemas()
DECODE = Decoder(SCHEMAS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file, and what must be said of it."""

    type: str
    name: str
    value: bytes
    #: every path that must be reported; none for a good one
    paths: tuple[str, ...] = ()
    #: wrong by a rule that no schema can say
    beyond: bool = False

    @property
    def event(self) -> dict[str, Any]:
        """The document."""
        document: dict[str, Any] = json.loads(self.value)
        return document

    @property
    def topic(self) -> str:
        """Where it belongs."""
        data = self.event.get("data")
        channel = data.get("channel") if isinstance(data, dict) else None
        topic = topic_of(self.type, channel)
        assert topic is not None
        return topic

    def __str__(self) -> str:
        return f"{self.type}/{self.name}"


@cache
def samples() -> tuple[Sample, ...]:
    """All of them; the table of mistakes and the files must agree on what there is."""
    table = yaml.safe_load((SAMPLES / "mistakes.yaml").read_text(encoding="utf-8"))
    found = []
    for path in sorted(SAMPLES.glob("*/*.json")):
        type_, name = path.parent.name, path.stem
        reason = name.removeprefix("invalid-")
        by_schema = table["by_schema"].get(type_, {}).pop(reason, None) if reason != name else None
        beyond = table["beyond_the_schema"].get(type_, {}).pop(reason, None) if reason != name else None
        assert (reason != name) == bool(by_schema or beyond), f"{path.name} of {type_} and mistakes.yaml do not agree"
        paths = tuple(by_schema or beyond or ())
        found.append(Sample(type=type_, name=name, value=path.read_bytes(), paths=paths, beyond=beyond is not None))
    left = {type_: rest for part in table.values() for type_, rest in part.items() if rest}
    assert left == {}, "mistakes.yaml names samples that are not there"
    return tuple(found)


def good() -> list[Sample]:
    """The valid ones."""
    return [sample for sample in samples() if not sample.paths]


def bad() -> list[Sample]:
    """The invalid ones."""
    return [sample for sample in samples() if sample.paths]


def valid(type_: str, name: str = "valid") -> dict[str, Any]:
    """One good event, to be spoilt."""
    return next(sample.event for sample in samples() if (sample.type, sample.name) == (type_, name))
