"""The editors' schema and the parser refuse the same files, and both take every file that is right."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from services.commands import run
from services.commands.exits import Exit
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse, parse_text
from services.simulator.scenario.schema import schema, text

ROOT = Path(__file__).parents[3]
SCENARIOS = sorted((ROOT / "tests" / "acceptance" / "scenarios").glob("*.yaml"))
VALIDATOR = jsonschema_rs.Draft202012Validator(schema())
#: below these, keys are names that the file gives
NAMING = frozenset(("people", "crowds", "advisors", "agencies", "policy"))

PERSON = 'people: {luc: {first_name: Luc, postal_code: "59000", phone: "06 12 34 56 78"}}'
MEETING = "{at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-03T14:00}"
#: what stands in a story that is right, and what stands there in one that is wrong
WRONG_EVENTS = (
    "{at: 2026-12-01T10:00, event: convocation.isued, id: cv1, person: luc, starts: 2026-12-03T14:00}",
    "{at: tomorrow, event: erase, person: luc}",
    "{event: erase, person: luc}",
    "{at: 2026-11-25T10:00, event: convocation.issued, person: luc, starts: 2026-12-03T14:00}",
    "{at: 2026-11-25T10:00, event: convocation.issued, id: 'a b', person: luc, starts: 2026-12-03T14:00}",
    "{at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-03T14:00, revision: 0}",
    "{at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-03T14:00, place: {kind: agency}}",
    "{at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-03T14:00, legal_value: strict}",
    "{at: 2026-11-25T10:00, event: appointment.attended, id: rdv1, person: luc, starts: 2026-12-03T14:00}",
    '{at: 2026-11-25T10:00, event: actualisation.opened, person: luc, period: "2026-13"}',
    '{at: 2026-11-25T10:00, event: actualisation.opened, person: luc, period: "2026-11", by: web}',
    '{at: 2026-11-25T10:00, event: actualisation.completed, person: luc, period: "2026-11", by: fax}',
    "{at: 2026-11-25T10:00, event: person.updated, person: luc}",
    "{at: 2026-11-25T10:00, event: person.updated, person: luc, update: {prefered: sms}}",
    "{at: 2026-11-25T10:00, event: advisor.updated, advisor: adv, update: {absences: [{to: 2026-11-27}]}}",
    "{at: 2026-11-25T10:00, event: agency.updated, agency: agence, update: {closures: [never]}}",
    "{at: 2026-11-25T10:00, event: reply, person: luc, choice: come}",
    "{at: 2026-11-25T10:00, event: reply, person: luc, channel: fax, choice: come}",
    "{at: 2026-11-25T10:00, event: reply, person: luc, channel: sms, choice: decoy}",
    '{at: 2026-11-25T10:00, event: reply, person: luc, channel: voice, keys: "a"}',
    "{at: 2026-11-25T10:00, event: reply, person: luc, channel: sms, choice: come, to: {stp: N0}}",
    "{at: 2026-11-25T10:00, event: receipt, person: luc, channel: sms, status: lost}",
    "{at: 2026-11-25T10:00, event: receipt, person: luc, channel: sms, status: delivered, forged: perhaps}",
    "{at: 2026-11-25T10:00, event: open_link, person: luc, method: PUT}",
    "{at: 2026-11-25T10:00, event: crash, process: web, when: before_commit}",
    "{at: 2026-11-25T10:00, event: crash, process: intake, when: before_lunch}",
    "{at: 2026-11-25T10:00, event: crash, process: intake, when: before_commit, restart_after: soon}",
    "{event: outage, of: web, from: 2026-11-25T10:00, to: 2026-11-25T11:00}",
    "{event: outage, of: kafka, from: 2026-11-25T10:00}",
    "{at: 2026-11-25T10:00, event: advisor_action, advisor: adv, obligation: 'cv:cv1', action: dismissed}",
    "{at: 2026-11-25T10:00, event: advisor_action, advisor: adv, obligation: 'cv:cv1'}",
)
WRONG_RULES = (
    "{then: {receipt: delivered}}",
    "{channel: sms}",
    "{channel: fax, then: {receipt: delivered}}",
    "{channel: sms, then: {receipt: 'bounce 5.1.1'}}",
    "{channel: email, then: {receipt: no_answer}}",
    "{channel: voice, then: {reply: '1'}}",
    "{channel: letter, then: {reply: '1'}}",
    "{channel: sms, then: {after: 5 s, receipt: delivered}}",
    "{channel: sms, then: {after: 5s}}",
    "{channel: sms, then: {receipt: delivered, reply: '1'}}",
    "{channel: sms, then: {after: 5s, refuse: ESME_RTHROTTLED}}",
    "{channel: sms, then: [{hang: long}]}",
    "{channel: sms, nth: 0, then: {receipt: delivered}}",
    "{channel: sms, step: N9, then: {receipt: delivered}}",
    "{channel: sms, between: [2026-11-25T09:00], then: {receipt: delivered}}",
)
WRONG_EXPECTATIONS = (
    "{channel: sms}",
    "{what: sended}",
    "{what: sent, chanel: sms}",
    "{what: sent, channel: fax}",
    "{what: sent, step: [N0, N9]}",
    "{what: alert, type: LATE}",
    "{what: alert, severity: serious}",
    "{what: state, to: lost}",
    "{what: sent, parts: {least: 1}}",
    "{what: sent, at: noon}",
    "{what: sent, at: [2026-11-25T09:00]}",
    "{what: sent, times: -1}",
    "{what: sent, times: {most: 2}}",
    "{what: sent, never: perhaps}",
    "{only: {what: sent}}",
    "{only: {what: sent, times: 1}, channel: sms}",
)
WRONG_FILES = (
    "{title: no name}",
    "{scenario: a, evnets: []}",
    "{scenario: a, events: {}}",
    "{scenario: a, until: soon}",
    "{scenario: a, people: {luc: {prefered: sms}}}",
    "{scenario: a, people: {luc: {preferred: fax}}}",
    '{scenario: a, people: {luc: {postal_code: "590"}}}',
    "{scenario: a, people: {luc: {missed_actualisations: 4}}}",
    "{scenario: a, people: {luc: {forbidden: sms}}}",
    "{scenario: a, people: {luc: {hold: {until: 2026-12-01}}}}",
    "{scenario: a, people: {luc: {verified: once}}}",
    "{scenario: a, people: {luc: {contacts: [{channel: phone}]}}}",
    "{scenario: a, people: {luc: {contacts: [{channel: postal, value: here}]}}}",
    "{scenario: a, people: {l u c: {}}}",
    "{scenario: a, crowds: {many: {count: 2}}}",
    "{scenario: a, people: {luc: {}}, crowds: {many: {count: 0, like: luc}}}",
    "{scenario: a, providers: {sms: []}}",
    "{scenario: a, providers: {sms: [a, a]}}",
    "{scenario: a, providers: {fax: [a]}}",
    "{scenario: a, advisors: {adv: {phone: '3949'}}}",
    "{scenario: a, agencies: {lille: {closure: []}}}",
)
#: what no schema can say: who is named, what comes before what, what the policy has, what excludes what
BEYOND = (
    "{scenario: a, zone: Europe/Lille}",
    f"{{scenario: a, {PERSON}, events: [{{at: 2026-11-25T10:00, event: erase, person: lucas}}]}}",
    f"{{scenario: a, {PERSON}, until: 2026-11-20, events: [{MEETING}]}}",
    f"{{scenario: a, {PERSON}, events: [{{event: outage, of: kafka, from: 2026-11-25T11:00, to: 2026-11-25T10:00}}]}}",
    f"{{scenario: a, {PERSON}, events: [{{event: outage, of: 'provider:z', from: 2026-11-25T10:00, to: 2026-11-25T11:00}}]}}",
    f"{{scenario: a, {PERSON}, events: [{{at: 2026-11-25T10:00, event: crash, process: intake, when: after_provider_accepts}}]}}",
    f"{{scenario: a, {PERSON}, events: [{{at: 2026-11-25T10:00, event: open_link, person: luc, method: GET, choice: come}}]}}",
    f"{{scenario: a, {PERSON}, expect: [{{what: sent, times: 1, never: true}}]}}",
    f"{{scenario: a, {PERSON}, expect: [{{what: sent, text: '/(/'}}]}}",
)


class AsWritten(yaml.SafeLoader):
    """Instants stay texts, as an editor sees them."""


AsWritten.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def told(written: str) -> list[str]:
    """What the schema says against a file."""
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(written, Loader=AsWritten))]


def refused(written: str) -> bool:
    """Whether the parser finds a mistake."""
    return isinstance(parse_text(written, "a.yaml"), list)


def a_file(*, event: str = MEETING, rule: str = "", expectation: str = "") -> str:
    """A story that is right but for what is given."""
    world, expect = f"[{rule}]" if rule else "[]", f"[{expectation}]" if expectation else "[]"
    return f"{{scenario: a, {PERSON}, events: [{event}], world: {world}, expect: {expect}}}"


WRONG = [
    *(pytest.param(a_file(event=one), id=one) for one in WRONG_EVENTS),
    *(pytest.param(a_file(rule=one), id=one) for one in WRONG_RULES),
    *(pytest.param(a_file(expectation=one), id=one) for one in WRONG_EXPECTATIONS),
    *(pytest.param(one, id=one) for one in WRONG_FILES),
]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_both_take_every_file_that_is_right(path: Path) -> None:
    """Neither an editor nor the parser has anything against a story that is played."""
    assert told(path.read_text("utf-8")) == []
    assert isinstance(parse(path), Scenario)


def test_what_the_wrong_stories_are_made_of_is_right() -> None:
    """Each wrong story is wrong for one reason only: without its mistake both take it."""
    assert told(a_file()) == []
    assert not refused(a_file())


@pytest.mark.parametrize("written", WRONG)
def test_both_refuse_what_is_wrong(written: str) -> None:
    """A misspelt key, a word that nobody knows, a value that cannot be read, something missing: seen while typing, and exit code 2."""
    assert told(written)
    assert refused(written)


@pytest.mark.parametrize("written", BEYOND)
def test_the_parser_sees_more(written: str) -> None:
    """Who is named and what comes before what is beyond a schema; the parser still refuses it."""
    assert told(written) == []
    assert refused(written)


def test_both_refuse_every_misspelt_key_of_every_file() -> None:
    """Whatever key of whatever given file is misspelt, in whatever place: both see it."""
    tried: set[str] = set()
    for path in SCENARIOS:
        for place, mutant in _misspelt(path):
            if place not in tried:
                tried.add(place)
                assert told(mutant), (path.stem, place)
                assert refused(mutant), (path.stem, place)
    assert len(tried) > 100


def _misspelt(path: Path) -> Iterator[tuple[str, str]]:
    """Where (without numbers, with the kind of event or line), and the file with this key misspelt."""
    written = path.read_text("utf-8")
    root = yaml.compose(written, Loader=yaml.SafeLoader)
    assert root is not None
    for place, node in _keys(root, ""):
        yield place, f"{written[: node.start_mark.index]}x{node.value}{written[node.end_mark.index :]}"


def _keys(node: yaml.Node, place: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _keys(inner, place)
    elif isinstance(node, yaml.MappingNode):
        kind = next((f"({value.value})" for key, value in node.value if key.value in {"event", "what"}), "")
        for key, value in node.value:
            named = place.rpartition("/")[2] in NAMING
            if not named:
                yield f"{place}{kind}/{key.value}", key
            yield from _keys(value, f"{place}{kind}/{'*' if named else key.value}")


def test_the_shipped_schema_is_this_one() -> None:
    """``contracts/scenario.schema.json`` is what the words of the parser give; print it anew after a change."""
    assert (ROOT / "contracts" / "scenario.schema.json").read_text("utf-8") == text()


def test_simulate_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`sans-faute simulate --schema` gives an editor the schema, without a file to play."""
    assert run(["simulate", "--schema"]) == Exit.DONE
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert printed == json.loads(text())
