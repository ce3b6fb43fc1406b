"""Every sample gets the verdict that its name promises, from the schema and from the decoder."""

import pytest

from services.adapters.contracts.decode import READ
from services.core.events import Problem
from tests.unit.contracts.corpus import DECODE, SCHEMAS, Sample, bad, good, samples


@pytest.mark.parametrize("sample", good(), ids=str)
def test_valid(sample: Sample) -> None:
    """A good sample obeys its schema; the decoder finds nothing and makes a fact of it when the product reads its type."""
    assert SCHEMAS.problems(sample.type, sample.event) == []
    assert DECODE.problems(sample.topic, sample.event) == []
    decoded = DECODE(sample.topic, sample.value, None)
    assert isinstance(decoded, list) == (sample.type not in READ)
    if not isinstance(decoded, list):
        assert (decoded.source, decoded.event_id) == (sample.event["source"], sample.event["id"])


@pytest.mark.parametrize("sample", bad(), ids=str)
def test_invalid(sample: Sample) -> None:
    """A bad sample is refused by both, exactly at the places that the table names: no mistake is left out, none is invented."""
    by_schema = SCHEMAS.problems(sample.type, sample.event)
    decoded = DECODE(sample.topic, sample.value, None)
    assert isinstance(decoded, list)
    assert {problem.path for problem in decoded} == set(sample.paths)
    if sample.beyond:
        assert by_schema == []
    elif "/type" not in sample.paths:  # a wrong type is judged by the envelope alone
        assert by_schema == decoded


@pytest.mark.parametrize("sample", bad(), ids=str)
def test_a_value_is_never_quoted(sample: Sample) -> None:
    """A mistake says where and what, in one line, without the value (contracts §1)."""
    decoded = DECODE(sample.topic, sample.value, None)
    assert isinstance(decoded, list)
    for problem in decoded:
        assert len(problem.message) < 200
        assert problem.message.isprintable()
        for value in _texts(sample.event, problem.path):
            assert value not in problem.message


def _texts(event: object, path: str) -> list[str]:
    """The text that stands at a path, when one stands there that could not be a word of the message itself."""
    place = event
    for part in path.strip("/").split("/"):
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and part.isdigit():
            place = place[int(part)]
    return [place] if isinstance(place, str) and len(place) > 3 else []


def test_every_type_has_samples() -> None:
    """Each type has a valid, a minimal and at least two invalid samples."""
    for type_ in sorted(SCHEMAS.types):
        names = [sample.name for sample in samples() if sample.type == type_]
        assert {"valid", "minimal"} <= set(names), type_
        assert sum(name.startswith("invalid-") for name in names) >= 2, type_


def test_minimal_is_minimal() -> None:
    """Whatever field is taken from a minimal sample's data, something is missing."""
    for sample in good():
        if sample.name != "minimal":
            continue
        for field in sample.event["data"]:
            event = sample.event
            del event["data"][field]
            found = DECODE.problems(sample.topic, event)
            either = (sample.type, field) == ("receipt.received", "provider_ref")  # or attempt_id (contracts §3)
            assert found == [Problem(path="/data" if either else f"/data/{field}", message=found[0].message)], f"{sample}: {field}"
            assert either or found[0].message == "is required"
