"""Scenario files on real Kafka, PostgreSQL, provider protocols and HTTP: what they expect holds, and the journal is that of memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.commands import run
from services.commands.exits import Exit
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.simulator.app import memory_play, templates
from services.simulator.app.stack import Playground, open_playground
from services.simulator.report import comparable, failed
from services.simulator.scenario.expect import judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse, parse_text
from tests.fixtures.kafka import KafkaNode

pytestmark = pytest.mark.stack

FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))
#: every channel, a bounce, a call's keys, a letter that comes back, crashes, and servers that are away: played in every run
QUICK = frozenset(("SC-02", "SC-04", "SC-05-a", "SC-07", "SC-26-a", "SC-26-b", "SC-26-c", "SF-word-outage-postgres"))
#: plays side by side: most of a play is waiting for somebody else
_AT_ONCE = 4

#: everything that a provider can do to us at once: away while messages are under way, overloaded, silent
TROUBLE = """
scenario: trouble
people:
  sarah: {first_name: Sarah, postal_code: "59000", preferred: sms, phone: "06 12 34 56 01"}
  emile: {first_name: Emile, postal_code: "59000", preferred: email, email: emile@fai.example}
  victor: {first_name: Victor, postal_code: "59000", preferred: voice, phone: "06 12 34 56 03"}
  lise: {first_name: Lise, postal_code: "59000", preferred: letter, postal: ["LISE TEST", "12 RUE DES LILAS", "59000 LILLE"]}
  samir: {first_name: Samir, postal_code: "59000", preferred: sms, phone: "06 12 34 56 05"}
  tom: {first_name: Tom, postal_code: "59000", preferred: sms, phone: "06 12 34 56 06"}
world:
  - {channel: sms, person: samir, nth: 1, then: [{hang: 30s}]}
  - {channel: sms, person: tom, between: [2026-11-25T09:00, 2026-11-25T11:10], then: {refuse: ESME_RTHROTTLED}}
until: 2026-11-27T12:00
events:
  - {at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: sarah, starts: 2026-12-03T14:00}
  - {event: outage, of: "provider:a", from: 2026-11-25T10:00:02, to: 2026-11-25T10:12}
  - {at: 2026-11-25T10:05, event: convocation.issued, id: cv2, person: emile, starts: 2026-12-03T14:00}
  - {at: 2026-11-25T10:05, event: convocation.issued, id: cv3, person: victor, starts: 2026-12-03T14:00}
  - {at: 2026-11-25T10:05, event: convocation.issued, id: cv4, person: lise, starts: 2026-12-18T14:00}
  - {at: 2026-11-25T11:00, event: convocation.issued, id: cv5, person: samir, starts: 2026-12-03T14:00}
  - {at: 2026-11-25T11:00, event: convocation.issued, id: cv6, person: tom, starts: 2026-12-03T14:00}
expect:
  - {what: receipt, at: 2026-11-25T10:12, person: sarah, status: delivered, effect: applied}
  - {what: sent, at: [2026-11-25T10:12, 2026-11-25T10:13], person: emile, channel: email}
  - {what: sent, at: [2026-11-25T10:12, 2026-11-25T10:13], person: victor, channel: voice}
  - {what: sent, at: [2026-11-25T10:12, 2026-11-25T10:13], person: lise, channel: letter}
  - {what: receipt, at: 2026-11-25T11:00, person: samir, status: unknown, effect: applied}
  - {what: sent, at: [2026-11-25T11:10, 2026-11-25T11:12], person: tom, channel: sms, step: N0}
  - {only: {what: sent, step: N0, times: 6}}
"""


@pytest.fixture(scope="module")
def texts() -> JinjaTexts:
    """Templates are compiled once."""
    return JinjaTexts(templates())


@pytest.fixture
async def playground(kafka: KafkaNode, postgres: EmbeddedPostgres) -> AsyncIterator[Playground]:
    """The servers of this run, ready for plays."""
    async with open_playground(kafka.connection, postgres.url) as ground:
        yield ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """A story that was played on the stack and in memory."""

    #: what the file expects and did not get on the stack
    short: Sequence[str]
    stack: Sequence[str]
    memory: Sequence[str]


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, kafka: KafkaNode, postgres: EmbeddedPostgres, texts: JinjaTexts
) -> Mapping[str, Twice | Exception]:
    """Every story that this run asks for, all on the same servers; one that cannot be played is its own test's matter."""
    asked = [item.name for item in request.session.items if isinstance(item, pytest.Function) and item.module is request.module]
    return asyncio.run(_play_all([path for path in SCENARIOS if _test_of(path) in asked], kafka, postgres, texts))


def _test_of(path: Path) -> str:
    return f"{test_the_scenario_holds_on_the_stack.__name__}[{path.stem}]"


async def _play_all(
    paths: Sequence[Path], kafka: KafkaNode, postgres: EmbeddedPostgres, texts: JinjaTexts
) -> Mapping[str, Twice | Exception]:
    room, found = asyncio.Semaphore(_AT_ONCE), dict[str, Twice | Exception]()
    async with open_playground(kafka.connection, postgres.url) as ground:

        async def play(path: Path) -> None:
            async with room:
                try:
                    scenario = parse(path)
                    assert isinstance(scenario, Scenario), scenario
                    found[path.stem] = await twice(scenario, texts, ground)
                except Exception as trouble:  # noqa: BLE001 - the story's own test raises it
                    found[path.stem] = trouble

        # the longest first: nobody waits for it alone in the end
        await asyncio.gather(*(play(path) for path in sorted(paths, key=lambda path: "crowds:" not in path.read_text("utf-8"))))
    return found


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else [pytest.mark.slow]) for path in SCENARIOS]
)
def test_the_scenario_holds_on_the_stack(path: Path, played: Mapping[str, Twice | Exception]) -> None:
    """What the file expects came out, what must not come did not, and nothing else differs from the same story in memory."""
    same_on_both(played[path.stem])


async def test_providers_in_trouble_on_the_stack(texts: JinjaTexts, playground: Playground) -> None:
    """Refused connections, an overload and a silence mean the same over the real protocols as in memory; nobody gets a message twice."""
    scenario = parse_text(TROUBLE, "trouble.yaml")
    assert isinstance(scenario, Scenario), scenario
    same_on_both(await twice(scenario, texts, playground))


async def twice(scenario: Scenario, texts: JinjaTexts, ground: Playground) -> Twice:
    """Play it on both."""
    in_memory = await memory_play(scenario, texts).play()
    async with ground.play(scenario, texts) as play:
        journal = await play.play()
    return Twice(
        short=[line for failure in judge(scenario, journal) for line in failed(failure, scenario)],
        stack=comparable(journal, scenario),
        memory=comparable(in_memory, scenario),
    )


def same_on_both(played: Twice | Exception) -> None:
    """Nothing fell short, and the two journals are the same."""
    if isinstance(played, Exception):
        raise played
    assert not played.short, "\n".join(played.short)
    assert played.stack == played.memory


@pytest.mark.usefixtures("logs_put_back")
def test_simulate_plays_on_configured_servers_and_leaves_nothing(
    kafka: KafkaNode, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`sans-faute simulate --on stack` uses the servers that the settings name; topics and databases of the play are gone afterwards."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("DATABASE_URL", postgres.url)
    before = asyncio.run(_everything(kafka, postgres))
    assert run(["simulate", "--on", "stack", str(FOLDER / "SC-26-c.yaml")]) == Exit.DONE
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"
    assert asyncio.run(_everything(kafka, postgres)) == before


async def _everything(kafka: KafkaNode, postgres: EmbeddedPostgres) -> tuple[set[str], set[str]]:
    """Names of topics (Kafka's own left out) and of databases."""
    topics = {name for name in await kafka.admin.partitions() if not name.startswith("__")}
    connection = await asyncpg.connect(postgres.url)
    try:
        databases = {str(row["datname"]) for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()
    return topics, databases
