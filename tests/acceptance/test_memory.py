"""Every scenario file plays on memory, through the product's own steps, on a clock that the scenario owns."""

from pathlib import Path

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.simulator.app import memory_play, templates
from services.simulator.report import failed
from services.simulator.scenario.expect import judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="session")
def texts() -> JinjaTexts:
    """Templates are compiled once."""
    return JinjaTexts(templates())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_the_scenario_holds_on_memory(path: Path, texts: JinjaTexts) -> None:
    """What the file expects came out, and what must not come did not."""
    scenario = parse(path)
    assert isinstance(scenario, Scenario), scenario
    journal = await memory_play(scenario, texts).play()
    failures = judge(scenario, journal)
    assert not failures, "\n".join(line for failure in failures for line in failed(failure, scenario))
