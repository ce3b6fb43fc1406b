"""The steps themselves do not notice which store they work on: the study's stories give the same journal on both.

The watch and outages of servers need more than a store: the acceptance tests play every story on the whole stack.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.core.changes import JournalLine
from services.simulator.app import memory_play, templates
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse

pytestmark = pytest.mark.stack

_STORIES = Path(__file__).parents[2] / "acceptance" / "scenarios"
SCENARIOS = sorted(path for of in ("SC-0*", "SC-1*", "SC-26*", "SC-4*", "SX-*") for path in _STORIES.glob(f"{of}.yaml"))


@pytest.fixture(scope="module")
def texts() -> JinjaTexts:
    """Templates are compiled once."""
    return JinjaTexts(templates())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_the_journal_is_the_same_as_in_memory(path: Path, texts: JinjaTexts, pool: Pool) -> None:
    """Sorted: what happens at one instant to different people has no order."""
    scenario = parse(path)
    assert isinstance(scenario, Scenario), scenario
    in_memory = await memory_play(scenario, texts).play()
    on_postgres = await memory_play(scenario, texts, store=PostgresStore(pool, journal=True)).play()
    assert _sorted(on_postgres) == _sorted(in_memory)


def _sorted(journal: Sequence[JournalLine]) -> list[bytes]:
    return sorted(msgspec.json.encode(line, order="deterministic") for line in journal if line.what != "alarm")
