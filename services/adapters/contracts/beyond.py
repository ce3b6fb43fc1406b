"""What a schema cannot say: rules between two places of one event, or between an event and its topic."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.adapters.contracts.types import DISPATCH, topic_of
from services.core.events import Problem

Data = Mapping[str, Any]


def beyond(type_: str, topic: str, data: Data) -> list[Problem]:
    """Every mistake that remains in data which obeys its schema."""
    rule = _RULES.get(type_)
    return rule(topic, data) if rule is not None else []


def _one_point_per_id(topic: str, data: Data) -> list[Problem]:
    """``contact_id`` tells a person's points apart."""
    seen: set[str] = set()
    problems = []
    for place, contact in enumerate(data["contacts"]):
        if contact["contact_id"] in seen:
            problems.append(Problem(path=f"/data/contacts/{place}/contact_id", message="is there twice"))
        seen.add(contact["contact_id"])
    return problems


def _absences_run_forward(topic: str, data: Data) -> list[Problem]:
    return [
        Problem(path=f"/data/absences/{place}/to", message="is before the first day")
        for place, away in enumerate(data["absences"])
        if away["to"] < away["from"]
    ]


def _hours_run_forward(topic: str, data: Data) -> list[Problem]:
    return [
        Problem(path=f"/data/opening/{day}/{place}", message="closes before it opens")
        for day, spans in data["opening"].items()
        for place, (opens, closes) in enumerate(spans)
        if closes <= opens
    ]


def _on_its_channel(topic: str, data: Data) -> list[Problem]:
    if topic_of(DISPATCH, data["channel"]) == topic:
        return []
    return [Problem(path="/data/channel", message="does not travel on this topic")]


_RULES: Final[Mapping[str, Callable[[str, Data], list[Problem]]]] = {
    "person.updated": _one_point_per_id,
    "advisor.updated": _absences_run_forward,
    "agency.updated": _hours_run_forward,
    DISPATCH: _on_its_channel,
}
