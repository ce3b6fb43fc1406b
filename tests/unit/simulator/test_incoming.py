"""A scenario's events as the employment service's systems publish them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.adapters.contracts import Decoder, Schemas
from services.core.events import MeetingScheduled
from services.core.words import Kind
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.incoming import Incoming, Producers
from services.simulator.scenario.parse import parse, parse_text

SCENARIOS = sorted((Path(__file__).parents[2] / "acceptance" / "scenarios").glob("*.yaml"))
DECODE = Decoder(Schemas())

STORY = """
scenario: story
agencies:
  lille: {name: Lille Centre, address: "1 place de la Gare 59000 LILLE", postal_code: "59000", access_info: "Métro", closures: [2026-12-24]}
people:
  luc: {first_name: Luc, phone: "06 12 34 56 78", email: luc@fai.example, hold: {reason: accord, until: 2026-12-01}, forbidden: [voice]}
  late: {phone: "06 12 34 56 79", known_from: 2026-11-26T08:00}
crowds: {many: {count: 2, like: luc}}
events:
  - {at: 2026-11-25T10:00, event: appointment.scheduled, id: rdv1, person: luc, starts: 2026-12-03T14:00, mandatory: true,
     purpose: "atelier CV"}
  - {at: 2026-11-26T10:00, event: appointment.rescheduled, id: rdv1, starts: 2026-12-04T14:00}
  - {at: 2026-11-27T10:00, event: appointment.cancelled, id: rdv1, by: service}
  - {at: 2026-11-27T11:00, event: appointment.missed, id: rdv1}
  - {at: 2026-11-28T10:00, event: convocation.issued, id: cv1, revision: 1, person: many, starts: 2026-12-03T14:00}
  - {at: 2026-11-28T11:00, event: convocation.issued, id: cv1, revision: 1, person: many, starts: 2026-12-03T14:00}
  - {at: 2026-11-28T12:00, event: actualisation.opened, person: luc, period: "2026-11"}
  - {at: 2026-11-28T13:00, event: actualisation.completed, person: luc, period: "2026-11", by: app}
  - {at: 2026-11-28T14:00, event: person.updated, person: luc, update: {preferred: email}}
  - {at: 2026-11-28T15:00, event: advisor.updated, advisor: adv, update: {active: false}}
  - {at: 2026-11-28T16:00, event: erase, person: luc}
"""


def story() -> tuple[Scenario, Producers]:
    """The story and its producers."""
    scenario = parse_text(STORY, "story.yaml")
    assert isinstance(scenario, Scenario), scenario
    return scenario, Producers(scenario)


def envelope(incoming: Incoming) -> Mapping[str, Any]:
    """The CloudEvent."""
    assert incoming.event is not None
    return incoming.event


def data(incoming: Incoming) -> Mapping[str, Any]:
    """What the event says."""
    told: Mapping[str, Any] = envelope(incoming)["data"]
    return told


def test_the_directory_tells_of_everybody_first() -> None:
    """Agencies, advisers, then people known from the start, each under its own key."""
    _, producers = story()
    told = list(producers.directory())
    assert [(incoming.topic, incoming.key) for incoming in told] == [
        ("advisors.v1", "lille"),
        ("advisors.v1", "adv"),
        ("advisors.v1", "bak"),
        ("people.v1", "luc"),
        ("people.v1", "many-1"),
        ("people.v1", "many-2"),
    ]
    luc = data(told[3])
    assert luc["revision"] == 1
    assert luc["hold"] == {"reason": "accord", "until": "2026-12-01"}
    assert luc["forbidden_channels"] == ["voice"]
    assert luc["contacts"][0] == {
        "contact_id": "luc:phone",
        "channel": "phone",
        "value": "06 12 34 56 78",
        "declared_by": "self",
        "verified_at": "2026-05-25T09:00:00+02:00",
    }
    assert (luc["referent_id"], luc["backup_id"], luc["agency_id"]) == ("adv", "bak", "lille")
    assert data(told[0])["opening"]["mon"] == [["09:00", "16:30"]]
    assert data(told[0])["closures"] == ["2026-12-24"]
    assert envelope(told[3])["time"] == "2026-11-25T09:00:00+01:00"


def test_newcomers_come_when_the_file_says() -> None:
    """Somebody known later is introduced then, with a first revision."""
    scenario, producers = story()
    ((at, late),) = producers.newcomers()
    assert at == scenario.people["late"].known_from
    assert data(producers.introduce(late))["revision"] == 1


def test_a_meetings_life_keeps_what_was_said() -> None:
    """Revisions count up; a reschedule keeps place and purpose; a cancellation and an outcome carry only what they must."""
    scenario, producers = story()
    scheduled, moved, cancelled, missed = [next(producers.incoming(event)) for event in scenario.events[:4]]
    assert scheduled.topic == "appointments.v1"
    assert data(scheduled)["starts_at"] == "2026-12-03T14:00:00+01:00"
    assert data(scheduled)["place"]["name"] == "Lille Centre"
    assert data(scheduled)["place"]["agency_id"] == "lille"
    assert data(scheduled)["mandatory"] is True
    assert data(moved) == {**data(scheduled), "revision": 2, "starts_at": "2026-12-04T14:00:00+01:00"}
    assert data(cancelled) == {"appointment_id": "rdv1", "revision": 3, "person_id": "luc", "by": "service"}
    assert data(missed) == {"appointment_id": "rdv1", "revision": 4, "person_id": "luc", "at": "2026-11-27T11:00:00+01:00"}


def test_a_crowds_meeting_is_one_for_each_member_and_a_repeat_is_the_same_event() -> None:
    """Each member gets a meeting of their own; the same revision again has the same id."""
    scenario, producers = story()
    first, again = list(producers.incoming(scenario.events[4])), list(producers.incoming(scenario.events[5]))
    assert [data(incoming)["convocation_id"] for incoming in first] == ["cv1-many-1", "cv1-many-2"]
    assert [envelope(incoming)["id"] for incoming in first] == [envelope(incoming)["id"] for incoming in again]
    assert len({envelope(incoming)["id"] for incoming in first}) == 2
    assert "mandatory" not in data(first[0])


def test_actualisations_people_and_staff_have_their_topics() -> None:
    """Openings, completions, snapshots, staff and erasures each go where the contract says; an erasure ends with a tombstone."""
    scenario, producers = story()
    list(producers.directory())
    opened, completed, updated, advisor = [next(producers.incoming(event)) for event in scenario.events[6:10]]
    assert data(opened) == {"person_id": "luc", "period": "2026-11", "required": True}
    assert data(completed) == {"person_id": "luc", "period": "2026-11", "at": "2026-11-28T13:00:00+01:00", "by": "app"}
    assert (data(updated)["revision"], data(updated)["preferred_channel"]) == (2, "email")
    assert (advisor.topic, advisor.key, data(advisor)["active"]) == ("advisors.v1", "adv", False)
    removed, tombstone = producers.incoming(scenario.events[10])
    assert data(removed) == {"person_id": "luc"}
    assert (tombstone.key, tombstone.value()) == ("luc", None)
    value = removed.value()
    assert value is not None
    assert json.loads(value)["specversion"] == "1.0"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_scenarios_publish_passes_the_border(path: Path) -> None:
    """Every message of every acceptance scenario is read by our own decoder without a problem."""
    scenario = parse(path)
    assert isinstance(scenario, Scenario)
    producers = Producers(scenario)
    told = [*producers.directory(), *(message for event in scenario.events for message in producers.incoming(event))]
    read = [DECODE(message.topic, message.value(), message.key) for message in told]
    assert [problems for problems in read if isinstance(problems, list)] == []
    assert all(event.mandatory for event in read if isinstance(event, MeetingScheduled) and event.kind is Kind.CONVOCATION)


def test_everything_in_a_story_passes_the_border() -> None:
    """Newcomers, erasures and staff changes are read as well."""
    scenario, producers = story()
    told = [*producers.directory(), *(producers.introduce(person) for _, person in producers.newcomers())]
    told += [message for event in scenario.events for message in producers.incoming(event)]
    assert [problems for message in told if isinstance(problems := DECODE(message.topic, message.value(), message.key), list)] == []
