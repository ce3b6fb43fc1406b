"""Scenario files on real Kafka, PostgreSQL, provider protocols and HTTP: what they expect holds, and the journal is that of memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.simulator.app import memory_play, templates
from services.simulator.app.stack import Playground, open_playground
from services.simulator.report import comparable, failed
from services.simulator.scenario.expect import judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse
from tests.fixtures.kafka import KafkaNode

pytestmark = pytest.mark.stack

FOLDER = Path(__file__).parent / "scenarios"
#: every channel, a bounce, a call's keys, a letter that comes back, and the three crashes
ON_THE_STACK = ("SC-01", "SC-02", "SC-04", "SC-05-a", "SC-07", "SC-26-a", "SC-26-b", "SC-26-c")


@pytest.fixture(scope="module")
def texts() -> JinjaTexts:
    """Templates are compiled once."""
    return JinjaTexts(templates())


@pytest.fixture
async def playground(kafka: KafkaNode, postgres: EmbeddedPostgres) -> AsyncIterator[Playground]:
    """The servers of this run, ready for plays."""
    async with open_playground(kafka.connection, postgres.url) as ground:
        yield ground


@pytest.mark.parametrize("name", ON_THE_STACK)
async def test_the_scenario_holds_on_the_stack(name: str, texts: JinjaTexts, playground: Playground) -> None:
    """What the file expects came out, what must not come did not, and nothing else differs from the same story in memory."""
    scenario = parse(FOLDER / f"{name}.yaml")
    assert isinstance(scenario, Scenario), scenario
    in_memory = await memory_play(scenario, texts).play()
    async with playground.play(scenario, texts) as play:
        journal = await play.play()
    failures = judge(scenario, journal)
    assert not failures, "\n".join(line for failure in failures for line in failed(failure, scenario))
    assert comparable(journal, scenario) == comparable(in_memory, scenario)
