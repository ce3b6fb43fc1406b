"""The watch process on a real database: it rings, shows, counts and goes on; the operations page reads what it wrote (§10.16)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.adapters.clock import SystemClock
from services.adapters.policy import SHIPPED
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pages import PostgresPages
from services.adapters.postgres.store import PostgresStore
from services.commands import run as command
from services.core.alarms import Alarm, alarm_id
from services.core.changes import Changes, RefusedCallbacks
from services.core.model import AttemptId, PersonId
from services.core.ports.watch import Affected
from services.core.words import AlarmType, AttemptState, Channel
from services.runtime.embedded.servers import Servers
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.readers import bootstrap
from services.runtime.settings import KafkaSettings, read_settings
from services.runtime.surroundings import Surroundings
from services.watch.app import run
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, obligation

pytestmark = pytest.mark.stack


def surroundings(database: str, folder: Path, **settings: str) -> Surroundings:
    """Settings without a mail server; the broker does not answer."""
    kafka = KafkaSettings(
        bootstrap=bootstrap("127.0.0.1:9"),
        security_protocol="PLAINTEXT",
        sasl_mechanism=None,
        sasl_username=None,
        sasl_password=None,
        ssl_ca_location=None,
    )
    return Surroundings(
        settings=read_settings({"STATE_DIR": str(folder), "DATABASE_URL": database, **settings}),
        servers=Servers(kafka=kafka, database_url=database, watches={}),
        service_key=b"k" * 32,
        instance="watch",
        metrics=Metrics(),
        health=Health(),
        overall=Health(),
    )


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Within twenty seconds."""
    for _ in range(400):
        if await holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come")


async def test_the_process_rings_and_presses_its_handle(pool: Pool, database: str, tmp_path: Path) -> None:
    """A storm that another process counted becomes an alarm on the page, in the outbox and in the metrics; nothing else rings."""
    around = surroundings(database, tmp_path)
    now = SystemClock().now().replace(microsecond=0)
    async with PostgresStore(pool).unit() as unit:
        await unit.write(Changes(refused_callbacks=[RefusedCallbacks(provider="a", at=now, count=20)]))
    process = asyncio.create_task(run(around))
    try:

        async def rung() -> bool:
            return bool((await PostgresPages(pool).operations(SystemClock().now(), now)).alarms)

        await eventually(rung)
        await asyncio.sleep(0.2)
        (alarm,) = (await PostgresPages(pool).operations(SystemClock().now(), now)).alarms
        assert (alarm.type, alarm.scope, alarm.figures) == (AlarmType.FORGED_CALLBACKS, "a", {"refused": 20})
        told = [tuple(row) for row in await pool.fetch("SELECT topic, key, type FROM outbox")]
        assert told == [("alarms.v1", "FORGED_CALLBACKS", "alarm.raised")]
        assert around.metrics.value("alarms_open", type="FORGED_CALLBACKS") == 1
        assert around.metrics.value("alarms_open", type="RECEIPTS_LOW") == 0
        assert around.metrics.value("alarms_raised", type="FORGED_CALLBACKS") == 1
        handle = datetime.fromtimestamp(around.metrics.value("watch_looked_at_seconds"), UTC)
        assert abs(handle - SystemClock().now()) < timedelta(minutes=1)
        assert await around.health.ready() == []
    finally:
        process.cancel()
        with suppress(asyncio.CancelledError):
            await process


async def test_a_broker_that_does_not_answer_rings(pool: Pool, database: str, tmp_path: Path) -> None:
    """The process asks it beside its rounds, which go on (§10.16)."""
    policy = tmp_path / "policy.toml"
    shipped = SHIPPED.read_text("utf-8")
    policy.write_text(shipped.replace('kafka = "2m"', 'kafka = "1s"').replace('every = "15s"', 'every = "1s"'), "utf-8")
    around = surroundings(database, tmp_path, POLICY_FILE=str(policy))
    process = asyncio.create_task(run(around))
    try:

        async def rung() -> bool:
            alarms = (await PostgresPages(pool).operations(SystemClock().now(), NOW)).alarms
            return [(alarm.type, alarm.scope) for alarm in alarms] == [(AlarmType.OVERDUE_WORK, "kafka")]

        await eventually(rung)
    finally:
        process.cancel()
        with suppress(asyncio.CancelledError):
            await process


async def test_the_page_lists_whose_messages_were_lost(pool: Pool) -> None:
    """Who has not been reached yet stands first; numbers are of all of them (SC-23)."""
    alarm = Alarm(
        alarm_id=alarm_id(AlarmType.RECEIPTS_LOW, "a/SFR", NOW),
        type=AlarmType.RECEIPTS_LOW,
        scope="a/SFR",
        channel=Channel.SMS,
        figures={"messages": 240, "share": 0.52},
        since=NOW - timedelta(minutes=30),
        raised_at=NOW,
    )
    sent = attempt(
        "a1",
        ANNIE,
        state=AttemptState.ACCEPTED,
        provider="a",
        provider_ref="r1",
        items=(),
        reference=None,
        release_at=NOW - timedelta(minutes=20),
        accepted_at=NOW - timedelta(minutes=20),
    )
    late = replace(sent, attempt_id=AttemptId("a2"), person_id=PersonId("abel"), provider_ref="r2", delivered_at=NOW)
    orange = replace(sent, attempt_id=AttemptId("a3"), person_id=LUC, provider_ref="r3")
    points = [contact(ANNIE, carrier="SFR"), contact(PersonId("abel"), carrier="SFR"), contact(LUC, carrier="Orange")]
    async with PostgresStore(pool).unit() as unit:
        await unit.lock([LUC, ANNIE, PersonId("abel")])
        await unit.write(Changes(alarms=[alarm], attempts=[sent, late, orange], contacts=points))
    (shown,) = (await PostgresPages(pool).operations(NOW + timedelta(hours=1), NOW)).alarms
    assert (shown.persons, shown.recovered) == (2, 1)
    assert shown.affected == (Affected(person_id=ANNIE, recovered=False), Affected(person_id=PersonId("abel"), recovered=True))


async def test_whom_we_owe_what_is_on_the_page_and_for_scripts(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identifiers only, dates ahead first; as many as were asked for, with the figures of all (§10.5)."""
    now = SystemClock().now().replace(microsecond=0)
    ahead = obligation("rdv:1", LUC, due_at=now + timedelta(hours=5), outage_at=now - timedelta(days=3), next_at=now + timedelta(hours=1))
    past = obligation("rdv:2", ANNIE, due_at=now - timedelta(hours=5), outage_at=now - timedelta(days=2), next_at=None)
    async with PostgresStore(pool).unit() as unit:
        await unit.lock([ANNIE, LUC])
        await unit.write(Changes(obligations=[past, ahead], alerts=[alert(person_id=ANNIE, obligation_id="rdv:2")]))
    owing = (await PostgresPages(pool, owed_after=timedelta(days=7)).operations(now, now)).owing
    assert (owing.duties, owing.past, owing.untold, [one.obligation_id for one in owing.first]) == (2, 1, 1, ["rdv:1", "rdv:2"])
    monkeypatch.setenv("DATABASE_URL", database)
    assert await asyncio.to_thread(command, ["owed", "--json", "--limit", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["duties"], told["past"], told["untold"]) == (2, 1, 1)
    (row,) = told["owed"]
    assert (row["person_id"], row["obligation_id"], row["kind"], row["alert"]) == (LUC, "rdv:1", "appointment", None)
    assert datetime.fromisoformat(row["due_at"]) == ahead.due_at
    assert await asyncio.to_thread(command, ["owed"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("rdv:1") < printed.index("rdv:2")
    assert "UNCONFIRMED mme_durand" in printed
