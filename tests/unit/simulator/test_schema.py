"""The editors' schema agrees with the parser about every word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from services.core.words import Channel, Step
from services.simulator.scenario.words import JOURNAL, EventWord, What

ROOT = Path(__file__).parents[3]
SCENARIOS = sorted((ROOT / "tests" / "acceptance" / "scenarios").glob("*.yaml"))


class AsWritten(yaml.SafeLoader):
    """Instants stay texts, as an editor sees them."""


AsWritten.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def schema() -> dict[str, Any]:
    """The schema."""
    loaded: dict[str, Any] = json.loads((ROOT / "contracts" / "scenario.schema.json").read_text(encoding="utf-8"))
    return loaded


def told(text: str) -> list[str]:
    """What the schema says against a file."""
    validator = jsonschema_rs.Draft202012Validator(schema())
    return [error.message for error in validator.iter_errors(yaml.load(text, Loader=AsWritten))]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_given_file_is_valid(path: Path) -> None:
    """An editor has nothing against a correct file."""
    assert told(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "{title: no name}",
        "{scenario: a, evnets: []}",
        "{scenario: a, people: {luc: {prefered: sms}}}",
        "{scenario: a, events: [{at: 2026-12-01T10:00, event: convocation.isued, id: cv1}]}",
        "{scenario: a, events: [{at: tomorrow, event: erase, person: luc}]}",
        "{scenario: a, world: [{channel: sms, then: {after: 5 s, receipt: delivered}}]}",
        "{scenario: a, world: [{channel: sms, then: {after: 5s}}]}",
        "{scenario: a, expect: [{what: sent, chanel: sms}]}",
        "{scenario: a, expect: [{only: {what: sent}}]}",
    ],
)
def test_what_the_parser_refuses_is_marked(text: str) -> None:
    """Misspelt keys and words are seen while typing."""
    assert told(text)


def _lines(node: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for branch in node["$defs"]["line"]["oneOf"]:
        yield branch["properties"]["what"]["const"], set(branch["properties"])


def test_words_are_the_parsers() -> None:
    """Events, channels, steps and journal fields are the same lists on both sides."""
    loaded = schema()
    assert loaded["$defs"]["channel"]["enum"] == [channel.value for channel in Channel]
    assert loaded["$defs"]["step"]["enum"] == [step.value for step in Step]
    events = loaded["properties"]["events"]["anyOf"][0]["items"]["properties"]["event"]["enum"]
    assert events == [word.value for word in EventWord]
    around = {"what", "at", "before", "after", "times", "never"}
    assert {what: keys - around for what, keys in _lines(loaded)} == {what.value: set(JOURNAL[what]) for what in What}
