"""The operations page, health and metrics over HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from services.adapters.memory.store import MemoryStore
from services.core.changes import Changes
from services.core.model import Obligation, ObligationId, PersonId
from services.core.ports.owed import Owed, Owing
from services.core.ports.watch import Affected
from services.core.words import AlarmType, AlertType, DigitalEase, Evidence, Kind, ObligationState, Severity
from services.web.operations import TroubleCode, day_start, troubles
from services.web.ports import Lag, OpenAlarm, OpenAlerts, Operations, Quarantined, Waiting
from tests.unit.web.doubles import Problem
from tests.unit.web.figures import QUIET
from tests.unit.web.people import NOW, alert, meeting, paris, person
from tests.unit.web.world import World, client

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
    (found,) = troubles(board, [], NOW)
    assert (found.code, found.grave) == (code, grave)


def test_what_is_not_trouble() -> None:
    """Short queues, small lag, alerts that somebody took."""
    board = replace(
        QUIET,
        waiting=(Waiting(what="outbox", count=900, since=NOW - timedelta(seconds=29)), Waiting(what="submitting", count=0, since=None)),
        alerts=(OpenAlerts(severity=Severity.CRITICAL, open=3, unclaimed=0, oldest_unclaimed_at=None),),
    )
    assert troubles(board, [Lag(group="intake", topic="people.v1", records=9_999)], NOW) == ()


def test_grave_first() -> None:
    """Alarms and a silent Kafka stand before what only needs a look."""
    alarm = OpenAlarm(type=AlarmType.PROVIDER_DOWN, scope="a", figures={}, since=NOW, raised_at=NOW)
    found = troubles(replace(QUIET, dead_letters_total=3, alarms=(alarm,)), None, NOW)
    assert [each.code for each in found] == [TroubleCode.ALARM, TroubleCode.KAFKA_AWAY, TroubleCode.DEAD_LETTERS]
    (lag,) = troubles(QUIET, [Lag(group="intake", topic="people.v1", records=10_001)], NOW)
    assert lag.code is TroubleCode.LAG


async def test_whom_we_owe_what_after_an_outage(world: World, staff: httpx.AsyncClient) -> None:
    """At a glance: how many, the most urgent first, who was told, or what comes; identifiers only."""
    first = Owed(
        person_id=PersonId("p-1"),
        obligation_id=ObligationId("cv:1"),
        kind=Kind.CONVOCATION,
        state=ObligationState.OPEN,
        due_at=NOW + timedelta(hours=5),
        outage_at=NOW - timedelta(days=3),
        next_at=NOW + timedelta(hours=1),
    )
    told = replace(first, person_id=PersonId("p-2"), alert=AlertType.UNCONFIRMED, agency_id="lille", advisor_id="durand")
    late = replace(first, person_id=PersonId("p-3"), due_at=NOW - timedelta(hours=5))
    owing = Owing(duties=1412, past=900, untold=37, since=NOW - timedelta(days=3), first=(first, told, late))
    world.pages.board = replace(QUIET, owing=owing)
    page = (await staff.get("/operations")).text
    assert "Non. Il faut agir." in page
    assert page.index("1\u202f412 obligations") < page.index("À qui devons-nous quelque chose") < page.index("p-1") < page.index("p-3")
    rows = page[page.index("Obligations en dette") :].split("<tr>")[2:5]
    assert ["Regardée" in row for row in rows] == [True, False, False]
    assert ["durand" in row for row in rows] == [False, True, False]
    assert ["Personne n’est prévenu" in row and "passée" in row for row in rows] == [False, False, True]  # noqa: RUF001
    assert "sans-faute owed --json" in page


async def test_an_alarm_with_its_people(world: World, staff: httpx.AsyncClient) -> None:
    """What, where, since when, what was counted, what changes, the runbook, and whom it is about (SC-23)."""
    people = (Affected(person_id=PersonId("p-17"), recovered=False), Affected(person_id=PersonId("p-18"), recovered=True))
    alarm = OpenAlarm(
        type=AlarmType.RECEIPTS_LOW,
        scope="a/SFR",
        figures={"messages": 300, "share": 0.12, "usual": 0.92, "closing_in_days": 4},
        since=paris("2026-12-11T10:00"),
        raised_at=paris("2026-12-11T10:23"),
        until=paris("2026-12-12T00:00"),
        affected=people,
        persons=2,
        recovered=1,
    )
    world.pages.board = replace(QUIET, alarms=(alarm,))
    page = (await staff.get("/operations")).text.replace("&nbsp;", " ")
    for words in (
        "Non. Il faut agir.",
        "a/SFR",
        "12 % arrivés",
        "92 % d\u2019habitude",
        "Clôture dans 4 jours : prévenez les agences",
        "2 personnes, 1 rattrapée, 1 sans nouvelle",
        "passent par un autre opérateur",
        "docs/operations.md#receipts-are-missing",
        "<code>p-17</code> sans nouvelle",
        "<code>p-18</code> rattrapée",
    ):
        assert words in page, words


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


async def test_the_key_figures(world: World, staff: httpx.AsyncClient) -> None:
    """Proof before the date, losses nobody was told of, how early alerts come, which are acted on; never by advisor (§10.8)."""
    world.store = MemoryStore()
    due = NOW - timedelta(days=2)
    proved = _missed("1", due, state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_at=due - timedelta(hours=2))
    told = _missed("2", due)
    told_at, claimed_at = due - timedelta(hours=20), due - timedelta(hours=19)
    claimed = alert(
        "al", told, AlertType.UNCONFIRMED, Severity.HIGH, "2026-11-23T18:00", raised_at=told_at, claimed_by="durand", claimed_at=claimed_at
    )
    luc = person("luc", "Luc", "Martin", digital_ease=DigitalEase.OFFLINE)
    await world.put(Changes(profiles=[luc], obligations=[proved, told, _missed("3", due), _missed("4", due)], alerts=[claimed]))
    async with client(world.staff()) as browser:
        page = " ".join((await browser.get("/operations")).text.replace("&nbsp;", " ").split())
    assert '<td class="number">4</td><td class="number">25 %</td><td class="number"><strong>2</strong></td>' in page
    assert '<td class="number">20 h</td><td class="number">20 h</td><td class="number">100 %</td>' in page
    assert "<td>Sans internet</td>" in page
    assert "<td>59</td>" in page
    assert "durand" not in page


def _missed(name: str, due: datetime, **more: object) -> Obligation:
    """A convocation of Luc's that nobody came to."""
    values: dict[str, object] = {"due_at": due, "state": ObligationState.MISSED, "evidence": Evidence.E2, "settled_at": due}
    return meeting(name, "luc", "2026-11-26T10:30", **(values | more))
