"""Requests made out of our own OpenAPI document, right ones and wrong ones: every answer is one that the document describes."""

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hostile.public import TOKEN, opened, snapshot
from tests.hostile.test_looking import WRITTEN_ON_PURPOSE, in_memory
from tests.unit.web.world import World

CONTRACTS: Final = Path(__file__).parents[2] / "contracts"
#: streams never end, and what providers send in their own shapes is ``test_callbacks.py``'s
ELSEWHERE: Final = ("/live", "/{provider}", "/{rest}")
PUBLIC: Final = ("/a/", "/events", "/attempts/", "/healthz", "/readyz")
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_QUICK = settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
_DEEP = settings(_QUICK, max_examples=300, derandomize=False)


def bundled() -> dict[str, Any]:
    """The document with the event schemas inside it; patterns by Unicode class, which no generator knows, are left out."""
    document: dict[str, Any] = _within(yaml.safe_load((CONTRACTS / "openapi.yaml").read_text(encoding="utf-8")), "")
    for file in (CONTRACTS / "events").glob("*.schema.json"):
        name = file.name.removesuffix(".schema.json")
        document["components"]["schemas"][name] = _within(json.loads(file.read_text(encoding="utf-8")), name)
    return document


def _within(node: Any, home: str) -> Any:
    if isinstance(node, list):
        return [_within(each, home) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: value for name, value in node.items() if name not in {"$id", "$schema"}}
    if "\\p{" in str(kept.get("pattern", "")):
        del kept["pattern"]
    return {name: _leads(value, home) if name == "$ref" else _within(value, home) for name, value in kept.items()}


def _leads(reference: str, home: str) -> str:
    file, _, pointer = reference.removeprefix("events/").partition("#")
    named = file.removesuffix(".schema.json") or home
    return f"#/components/schemas/{named}{pointer}" if named else reference


@cache
def document() -> Any:
    """The document as its generator reads it."""
    return schemathesis.openapi.from_dict(bundled())


def operations() -> list[tuple[str, str]]:
    """Path and method of every operation but those that are asked elsewhere."""
    paths: dict[str, Any] = yaml.safe_load((CONTRACTS / "openapi.yaml").read_text(encoding="utf-8"))["paths"]
    here = {path: item for path, item in paths.items() if not path.endswith(ELSEWHERE)}
    return [(path, method.upper()) for path, item in here.items() for method in item if method in {"get", "post"}]


def cases(operation: Any) -> st.SearchStrategy[Case[Any]]:
    """Requests as the document wants them, and as it does not, where that can be told apart."""
    told_apart = list(operation.iter_parameters()) or list(operation.body)
    modes = list(GenerationMode) if told_apart else [GenerationMode.POSITIVE]
    return st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])


def asked(path: str, method: str, settings_: settings) -> None:
    """Ask, and compare the answer with the document; nothing is stored by any of it."""
    operation = document()[path][method]
    app, world = asyncio.run(_listener(path))
    before = _stored(world)

    @settings_
    @given(case=cases(operation))
    def ask(case: Case[Any]) -> None:
        case.operation.app = app
        response = case.call(app=app, base_url="http://staff", headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(response, checks=CHECKS)

    ask()
    assert _stored(world) == before


async def _listener(path: str) -> tuple[Any, World]:
    if path.startswith(PUBLIC):
        public = await opened()
        return public.app, public.world
    behind = await in_memory()
    return behind.staff(), behind.world


def _stored(world: World) -> dict[str, list[Any]]:
    return {name: rows for name, rows in snapshot(world.store).items() if name != WRITTEN_ON_PURPOSE}


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_described(path: str, method: str) -> None:
    """Status, content type, headers and body, of every operation of both listeners (contracts §4)."""
    asked(path, method, _QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_described_however_long_one_asks(path: str, method: str) -> None:
    """The same, deeper and with fresh dice."""
    asked(path, method, _DEEP)
