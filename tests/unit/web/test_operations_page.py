"""The operations page, health and metrics over HTTP."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from services.core.model import PersonId
from services.core.words import Severity
from services.web.operations import TroubleCode, day_start, troubles
from services.web.ports import Lag, OpenAlarm, OpenAlerts, Operations, Quarantined, Waiting
from tests.unit.web.doubles import Problem
from tests.unit.web.figures import QUIET
from tests.unit.web.people import NOW, paris
from tests.unit.web.world import World

FORGOTTEN = OpenAlerts(severity=Severity.CRITICAL, open=1, unclaimed=1, oldest_unclaimed_at=NOW - timedelta(minutes=61))


async def test_a_quiet_day(world: World, staff: httpx.AsyncClient) -> None:
    """Nothing sticks: the headline says yes."""
    world.pages.board = QUIET
    page = (await staff.get("/operations")).text
    assert "Oui. Rien ne bloque." in page
    assert "Aucun message aujourd" in page


async def test_a_busy_day(staff: httpx.AsyncClient) -> None:
    """Counts per channel and provider, what waits and since when, dead letters with paths, quarantined people."""
    page = (await staff.get("/operations")).text
    for words in (
        "Non. Il faut agir.",
        "1\u202f141",
        "imprimeur",
        "depuis 22&nbsp;min",
        "/data/starts_at",
        "p-0412",
        "KeyError",
        "64 %",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("board", "code", "grave"),
    [
        (replace(QUIET, waiting=(Waiting(what="outbox", count=1, since=NOW - timedelta(seconds=31)),)), TroubleCode.STUCK, True),
        (replace(QUIET, quarantined=(Quarantined(person_id=PersonId("p"), at=NOW, error="KeyError"),)), TroubleCode.QUARANTINED, True),
        (replace(QUIET, obligations_adrift=1), TroubleCode.ADRIFT, True),
        (replace(QUIET, dead_letters_total=1), TroubleCode.DEAD_LETTERS, False),
        (
            replace(
                QUIET,
                alerts=(OpenAlerts(severity=Severity.CRITICAL, open=1, unclaimed=1, oldest_unclaimed_at=NOW - timedelta(minutes=61)),),
            ),
            TroubleCode.CRITICAL_UNCLAIMED,
            False,
        ),
    ],
)
def test_what_is_trouble(board: Operations, code: TroubleCode, grave: bool) -> None:
    """Each sign of somebody not being reached is named, and weighed."""
    (found,) = troubles(board, [], [], NOW)
    assert (found.code, found.grave) == (code, grave)


def test_what_is_not_trouble() -> None:
    """Short queues, small lag, alerts that somebody took."""
    board = replace(
        QUIET,
        waiting=(Waiting(what="outbox", count=900, since=NOW - timedelta(seconds=29)), Waiting(what="submitting", count=0, since=None)),
        alerts=(OpenAlerts(severity=Severity.CRITICAL, open=3, unclaimed=0, oldest_unclaimed_at=None),),
    )
    assert troubles(board, [Lag(group="intake", topic="people.v1", records=9_999)], [], NOW) == ()


def test_grave_first() -> None:
    """Alarms and a silent Kafka stand before what only needs a look."""
    alarm = OpenAlarm(type="PROVIDER_DOWN", scope="a", figures={}, since=NOW)
    found = troubles(replace(QUIET, dead_letters_total=3), None, [alarm], NOW)
    assert [each.code for each in found] == [TroubleCode.ALARM, TroubleCode.KAFKA_AWAY, TroubleCode.DEAD_LETTERS]
    (lag,) = troubles(QUIET, [Lag(group="intake", topic="people.v1", records=10_001)], [], NOW)
    assert lag.code is TroubleCode.LAG


async def test_kafka_away(world: World, staff: httpx.AsyncClient) -> None:
    """The page comes without Kafka and says so."""
    world.engine.away = True
    page = (await staff.get("/operations/board")).text
    assert "Kafka ne répond pas" in page
    assert "<html" not in page


def test_the_day_is_a_local_one() -> None:
    """Counting starts at midnight in Paris."""
    assert day_start(paris("2026-11-25T00:30")) == paris("2026-11-25T00:00")
    assert day_start(paris("2026-11-24T23:30")) == paris("2026-11-24T00:00")


async def test_ready_says_what_is_missing(world: World, public: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    """Both listeners are alive; ready names what is missing."""
    for listener in (public, staff):
        assert (await listener.get("/healthz")).json() == {"alive": True, "missing": []}
        assert (await listener.get("/readyz")).status_code == 200
    world.lacks.problems.append(Problem(check="kafka", problem="Kafka does not answer at 127.0.0.1:9092"))
    answer = await public.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == [{"check": "kafka", "problem": "Kafka does not answer at 127.0.0.1:9092"}]


async def test_metrics_stay_inside(public: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    """Metrics and staff pages are not on the public listener, nor links on the staff one."""
    assert (await staff.get("/metrics")).headers["content-type"].startswith("text/plain")
    for path in ("/metrics", "/advisor", "/operations"):
        assert (await public.get(path)).status_code == 404
    assert (await staff.get("/a/c4r0l1n3-T0ken_22ch")).status_code == 404


async def test_only_our_own_scripts(staff: httpx.AsyncClient) -> None:
    """Staff pages run our vendored files and nothing inline."""
    answer = await staff.get("/operations")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text.count("<script") == 2
    assert "https://" not in answer.text
    script = await staff.get("/static/vendor/htmx.min.js")
    assert script.status_code == 200
    assert "max-age" in script.headers["cache-control"]
