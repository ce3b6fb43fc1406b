"""Whatever comes in, the decoder answers: a fact or mistakes, never an exception."""

import json
from dataclasses import is_dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.contracts import TOPICS
from services.core.events import Problem
from tests.unit.contracts.corpus import DECODE, good

_TOPICS = st.sampled_from([*sorted(set(TOPICS.values())), "dispatch.sms.v1", "dispatch.letter.v1", "unheard-of.v1"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_INSTANTS = st.from_regex(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})?\n?", fullmatch=True
)
_DAYS = st.from_regex(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?\n?", fullmatch=True)
_VALUES = _JSON | _INSTANTS | _DAYS | st.text(alphabet="\x00\x07\u200b\u202e \ud7ff\U0010ffff\ue000\u0378a", min_size=1)
_SETTINGS = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _answers(topic: str, value: bytes | None, key: str | None) -> None:
    answer = DECODE(topic, value, key)
    if isinstance(answer, list):
        assert answer != []
        assert all(isinstance(problem, Problem) for problem in answer)
    else:
        assert is_dataclass(answer)
        assert "\\x00" not in repr(answer)


@_SETTINGS
@given(topic=_TOPICS, value=st.none() | st.binary(max_size=200), key=st.none() | st.text(max_size=80))
def test_bytes(topic: str, value: bytes | None, key: str | None) -> None:
    """Arbitrary bytes, tombstones and keys."""
    _answers(topic, value, key)


@_SETTINGS
@given(topic=_TOPICS, document=_JSON, type_=st.sampled_from([*sorted(TOPICS), "dispatch.requested"]) | st.text(max_size=20), data=_JSON)
def test_json(topic: str, document: Any, type_: str, data: Any) -> None:
    """Arbitrary JSON, also under a type of ours."""
    _answers(topic, json.dumps(document).encode(), None)
    envelope = document if isinstance(document, dict) else {}
    _answers(topic, json.dumps({**envelope, "type": type_, "data": data}).encode(), None)


@_SETTINGS
@given(data=st.data())
def test_spoilt_samples(data: st.DataObject) -> None:
    """A good event in which one to three values, anywhere, are replaced by anything: nearly right is where crashes hide."""
    sample = data.draw(st.sampled_from(good()))
    event = sample.event
    for _ in range(data.draw(st.integers(1, 3))):
        holder, name = data.draw(st.sampled_from(list(_places(event))))
        holder[name] = data.draw(_VALUES)
    _answers(sample.topic, json.dumps(event).encode(), None)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, inner in list(items) for place in ((value, name), *_places(inner))]
