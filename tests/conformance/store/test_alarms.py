"""Alarms are kept, held and remembered alike by both stores, and both count alike what the watch judges by (§10.16)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.adapters.memory.readings import MemoryReadings
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.readings import PostgresReadings
from services.adapters.store_errors import GuardBroken
from services.core.alarms import Alarm, alarm_id
from services.core.changes import Changes, FileAccess, Outgoing, RefusedCallbacks, Wake
from services.core.model import Attempt, ObligationId, PersonId
from services.core.ports.owed import Owed, Owing
from services.core.ports.store import DeadLetter
from services.core.ports.watch import Affected, FilesRead, LostMessages, Overdue, ProviderTrouble, Readings, Refusals, SmsReceipts
from services.core.words import (
    AlarmType,
    AlertType,
    AttemptState,
    Channel,
    Evidence,
    Kind,
    ObligationState,
    PointKind,
    ReceiptStatus,
    Why,
)
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person, reply

QUARTER = timedelta(minutes=15)


@pytest.fixture
def readings(store: AnyStore, request: pytest.FixtureRequest) -> Readings:
    """What the watch counts in this store."""
    if isinstance(store, MemoryStore):
        return MemoryReadings(store)
    pool: Pool = request.getfixturevalue("pool")
    return PostgresReadings(pool)


def alarm(type_: AlarmType = AlarmType.RECEIPTS_LOW, scope: str = "a/SFR", raised_at: datetime = NOW, **changed: Any) -> Alarm:
    """An open one."""
    row = Alarm(
        alarm_id=alarm_id(type_, scope, raised_at),
        type=type_,
        scope=scope,
        channel=Channel.SMS,
        figures={"messages": 240, "share": 0.52},
        since=raised_at - QUARTER,
        raised_at=raised_at,
        until=raised_at + timedelta(hours=14),
    )
    return replace(row, **changed)


def sent(number: int, person_id: PersonId = LUC, **changed: Any) -> Attempt:
    """An SMS that provider ``a`` accepted a minute ago; each of its own person's, and of its own item."""
    facts: dict[str, Any] = {
        "state": AttemptState.ACCEPTED,
        "provider": "a",
        "provider_ref": f"ref-{number}",
        "tries": 1,
        "claimed_at": NOW,
        "submitted_at": NOW,
        "accepted_at": NOW,
        "items": (),
        "reference": None,
    }
    return attempt(f"a{number}", person_id, **{**facts, **changed})


async def put(store: AnyStore, changes: Changes, people: Sequence[PersonId] = (LUC, ANNIE)) -> None:
    """In one unit."""
    async with store.unit() as unit:
        await unit.lock(people)
        await unit.write(changes)


async def test_an_alarm_comes_back_as_it_was(store: AnyStore) -> None:
    """Every field, oldest first; one that is cleared is not open any more."""
    first, second = alarm(), alarm(AlarmType.FORGED_CALLBACKS, "a", NOW + QUARTER, channel=None, until=None)
    await put(store, Changes(alarms=[second, first]))
    async with store.unit() as unit:
        assert await unit.alarms(NOW) == [first, second]
        assert await unit.hold_alarms() == [first, second]
    await put(store, Changes(alarms=[replace(first, cleared_at=NOW + QUARTER)]))
    async with store.unit() as unit:
        assert await unit.alarms(NOW) == [second]
        assert await unit.hold_alarms() == [second]


async def test_a_silence_is_remembered(store: AnyStore) -> None:
    """What waited for a feed must know later that it was silent; for longer than a period lasts, not for ever."""
    silence = alarm(AlarmType.FEED_SILENT, "actualisations.v1", channel=None, until=None, cleared_at=NOW + QUARTER)
    await put(store, Changes(alarms=[silence, alarm(cleared_at=NOW + QUARTER)]))
    async with store.unit() as unit:
        assert await unit.alarms(NOW + timedelta(days=18)) == [silence]
        assert await unit.hold_alarms() == []
        assert await unit.alarms(NOW + timedelta(days=21)) == []


async def test_an_alarm_is_open_once(store: AnyStore) -> None:
    """Guard: a second one of the same type and scope is refused, until the first is cleared, even in the same changes."""
    await put(store, Changes(alarms=[alarm()]))
    again = alarm(raised_at=NOW + QUARTER)
    with pytest.raises(GuardBroken, match="an_alarm_is_open_once"):
        await put(store, Changes(alarms=[again]))
    await put(store, Changes(alarms=[again, alarm(cleared_at=NOW + QUARTER)]))
    async with store.unit() as unit:
        assert await unit.hold_alarms() == [again]


async def test_one_watch_at_a_time(store: AnyStore) -> None:
    """Two copies of the watch cannot ring the same alarm: the second sees what the first wrote."""
    seen: list[list[Alarm]] = []

    async def second() -> None:
        async with store.unit() as unit:
            seen.append(await unit.hold_alarms())

    async with store.unit() as unit:
        assert await unit.hold_alarms() == []
        task = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        assert seen == []
        await unit.write(Changes(alarms=[alarm()]))
    await task
    assert seen == [[alarm()]]


async def test_refused_callbacks_add_up(store: AnyStore, readings: Readings) -> None:
    """Copies of the web process count the same second together."""
    one = RefusedCallbacks(provider="a", at=NOW, count=3)
    await put(store, Changes(refused_callbacks=[one, replace(one, count=2), replace(one, provider="b")]))
    await put(store, Changes(refused_callbacks=[replace(one, count=4), replace(one, at=NOW - QUARTER)]))
    assert await readings.refused_callbacks(NOW) == [("a", NOW, 9), ("b", NOW, 3)]


async def test_receipts_are_counted_over_what_was_accepted(store: AnyStore, readings: Readings) -> None:
    """By provider and network; a failure is news too; what the provider never named, other channels and other spans do not count."""
    phones = [contact(carrier="SFR"), contact(ANNIE, carrier=None)]
    rows = [
        sent(1, delivered_at=NOW, state=AttemptState.DELIVERED),
        sent(2),
        sent(3, state=AttemptState.FAILED),
        sent(4, ANNIE, provider="b"),
        sent(5, accepted_at=NOW + QUARTER),
        sent(6, provider_ref=None),
        sent(7, channel=Channel.VOICE),
    ]
    await put(store, Changes(contacts=phones, attempts=rows))
    assert await readings.receipts(NOW, NOW + QUARTER) == [
        SmsReceipts(provider="a", carrier="SFR", accepted=3, told=2),
        SmsReceipts(provider="b", carrier=None, accepted=1, told=0),
    ]


async def test_refusals_are_counted_by_domain_and_by_provider(store: AnyStore, readings: Readings) -> None:
    """A mail domain in lower case; a refusal counts when it came, whenever the message left."""
    mail = contact(LUC, "mail", kind=PointKind.EMAIL, value="Luc@Laposte.NET", e164=None, line_type=None)
    policy: dict[str, Any] = {"last_status": ReceiptStatus.FAILED_POLICY, "state": AttemptState.FAILED}
    by_mail: dict[str, Any] = {"channel": Channel.EMAIL, "contact_id": "mail", "provider": "m"}
    rows = [
        sent(1, **by_mail),
        sent(2, **by_mail, **policy, closed_at=NOW + timedelta(seconds=5)),
        sent(3, **by_mail, **policy, claimed_at=NOW - QUARTER, closed_at=NOW + timedelta(minutes=1)),
        sent(4, **policy),
        sent(5, claimed_at=NOW - QUARTER),
    ]
    await put(store, Changes(contacts=[contact(), mail], attempts=rows))
    assert sorted(await readings.refusals(NOW), key=lambda each: each.scope) == [
        Refusals(channel=Channel.SMS, scope="a", messages=1, refused=1),
        Refusals(channel=Channel.EMAIL, scope="laposte.net", messages=2, refused=2),
    ]


async def test_files_are_counted_by_actor(store: AnyStore, readings: Readings) -> None:
    """Each person once, however often; denied is who was never shown; nobody needs to be known, and nobody is locked."""
    rows = [
        FileAccess(at=NOW, actor="durand", person_id="luc", purpose="read_file", granted=False),
        FileAccess(at=NOW + QUARTER, actor="durand", person_id="luc", purpose="act_called", granted=True),
        FileAccess(at=NOW, actor="durand", person_id="nobody", purpose="read_file", granted=False),
        FileAccess(at=NOW, actor="Morel", person_id="luc", purpose="read_file", granted=True),
        FileAccess(at=NOW - QUARTER, actor="durand", person_id="old", purpose="read_file", granted=True),
    ]
    await put(store, Changes(accesses=rows), ())
    assert await readings.accesses(NOW) == [
        FilesRead(actor="Morel", files=1, denied=0, first_at=NOW, last_at=NOW),
        FilesRead(actor="durand", files=2, denied=1, first_at=NOW, last_at=NOW + QUARTER),
    ]


async def test_who_is_owed_something(store: AnyStore, readings: Readings) -> None:
    """Whose message was lost and who was not reached since, dates ahead first; who was told beside it; not the others."""
    hour = timedelta(hours=1)
    lost: dict[str, Any] = {"outage_at": NOW - 2 * hour}
    past: dict[str, Any] = {**lost, "due_at": NOW - hour}
    missed: dict[str, Any] = {**past, "state": ObligationState.MISSED}
    rows = [
        obligation("rdv:fine", due_at=NOW + hour),
        obligation("rdv:later", due_at=NOW + 3 * hour, **lost),
        obligation("rdv:soon", due_at=NOW + 2 * hour, outage_at=NOW - 3 * hour),
        obligation("rdv:reached", due_at=NOW + 2 * hour, **lost),
        obligation("rdv:failed", due_at=NOW + 4 * hour, **lost),
        obligation("rdv:answered", due_at=NOW + 2 * hour, **lost, evidence=Evidence.E3),
        obligation("rdv:done", due_at=NOW + 2 * hour, **lost, state=ObligationState.DONE),
        obligation("rdv:past", **past),
        obligation("rdv:missed", **missed),
        obligation("rdv:settled", **missed),
        obligation("rdv:old", due_at=NOW - timedelta(days=8), **lost),
    ]
    since: dict[str, Any] = {"accepted_at": NOW - hour}
    attempts = [
        sent(1, items=(item("rdv:soon"),), accepted_at=NOW - 4 * hour),
        sent(2, items=(item("rdv:reached"), item("rdv:fine")), **since),
        sent(3, items=(item("rdv:failed"),), **since, state=AttemptState.FAILED),
    ]
    dossier: dict[str, Any] = {"type": AlertType.NON_RECEIPT_DOSSIER, "raised_at": NOW}
    alerts = [
        alert("al1", obligation_id="rdv:soon"),
        alert("al2", obligation_id="rdv:missed", **dossier, claimed_by="m_petit", claimed_at=NOW),
        alert("al3", obligation_id="rdv:past", closed_at=NOW, close_reason="handled"),
        alert("al4", obligation_id="rdv:settled", **dossier, closed_at=NOW, close_reason="handled"),
    ]
    await put(store, Changes(obligations=rows, attempts=attempts, alerts=alerts))
    owing = await readings.owing(NOW, timedelta(days=7), 4)
    assert (owing.duties, owing.past, owing.untold, owing.since) == (5, 2, 3, NOW - 3 * hour)
    assert [one.obligation_id for one in owing.first] == ["rdv:soon", "rdv:later", "rdv:failed", "rdv:missed"]
    assert owing.first[0] == Owed(
        person_id=LUC,
        obligation_id=ObligationId("rdv:soon"),
        kind=Kind.APPOINTMENT,
        state=ObligationState.OPEN,
        due_at=NOW + 2 * hour,
        outage_at=NOW - 3 * hour,
        next_at=rows[2].next_at,
        alert=AlertType.UNCONFIRMED,
        agency_id="lille",
        advisor_id="mme_durand",
    )
    assert (owing.first[1].alert, owing.first[1].advisor_id) == (None, None)
    assert (owing.first[3].alert, owing.first[3].advisor_id) == (AlertType.NON_RECEIPT_DOSSIER, "m_petit")


async def test_nobody_is_owed_anything(store: AnyStore, readings: Readings) -> None:
    """As long as there was no outage."""
    await put(store, Changes(obligations=[obligation()]))
    assert await readings.owing(NOW, timedelta(days=7), 4) == Owing()


async def test_the_last_completion(store: AnyStore, readings: Readings) -> None:
    """Of an actualisation only; none before the first."""
    assert await readings.last_completion() is None
    done: dict[str, Any] = {"state": ObligationState.DONE}
    rows = [
        obligation("act:1", kind=Kind.ACTUALISATION, **done, changed_at=NOW - QUARTER),
        obligation("act:2", kind=Kind.ACTUALISATION, **done, changed_at=NOW),
        obligation("act:3", kind=Kind.ACTUALISATION, changed_at=NOW + QUARTER),
        obligation("rdv:1", **done, changed_at=NOW + QUARTER),
    ]
    await put(store, Changes(obligations=rows))
    assert await readings.last_completion() == NOW


async def test_dead_letters_by_topic(store: AnyStore, readings: Readings) -> None:
    """How many, from when to when."""
    async with store.unit() as unit:
        letters = [DeadLetter(topic="people.v1", partition=0, offset=n, errors=(), at=NOW + n * QUARTER) for n in range(3)]
        await unit.record_dead_letters(letters)
    (found,) = await readings.dead_letters(NOW + QUARTER)
    assert (found.topic, found.count, found.first_at, found.last_at) == ("people.v1", 2, NOW + QUARTER, NOW + 2 * QUARTER)


async def test_what_waits(store: AnyStore, readings: Readings) -> None:
    """People who are due in each lane, messages for Kafka, dispatches that nobody claimed; what is not due yet does not wait."""
    message = Outgoing(topic="alarms.v1", key="k", type="alarm.raised", subject="s", data={}, shard_key="k", at=NOW - QUARTER)
    rows = [
        attempt("a1"),
        attempt("a2", items=(), try_at=NOW + QUARTER),
        attempt("a3", items=(), try_at=NOW - QUARTER),
        attempt("a4", items=(), state=AttemptState.SUBMITTING, claimed_at=NOW - QUARTER),
    ]
    wakes = [
        Wake(person_id=LUC, live_at=NOW + QUARTER, campaign_at=NOW - QUARTER),
        Wake(person_id=ANNIE, live_at=NOW - 2 * QUARTER, campaign_at=NOW + QUARTER),
    ]
    await put(store, Changes(attempts=rows, wakes=wakes, outbox=[message]))
    async with store.unit() as unit:
        await unit.lock([PersonId("zoe")])
        await unit.quarantine(PersonId("zoe"), NOW - QUARTER, "ValueError")
    assert await readings.overdue(NOW) == [
        Overdue(what="wakes", count=1, since=NOW - 2 * QUARTER),
        Overdue(what="campaign", count=1, since=NOW - QUARTER),
        Overdue(what="outbox", count=1, since=NOW - QUARTER),
        Overdue(what="quarantined", count=1, since=NOW - QUARTER),
        Overdue(what="released", count=2, since=NOW),
        Overdue(what="submitting", count=1, since=NOW - QUARTER),
        Overdue(what="adrift", count=0, since=None),
    ]


async def test_duties_without_a_future(store: AnyStore, readings: Readings) -> None:
    """No next instant, or one that is past, while nobody is about to look; not who was told of, is due, waits or is settled."""
    paul, zoe, ines = PersonId("paul"), PersonId("zoe"), PersonId("ines")
    ahead: dict[str, Any] = {"due_at": NOW + timedelta(days=2), "changed_at": NOW - 2 * QUARTER, "next_at": None}
    rows = [
        obligation("rdv:never", LUC, **ahead),
        obligation("rdv:missed-its-step", LUC, **{**ahead, "next_at": NOW - QUARTER}),
        obligation("rdv:fine", LUC, **{**ahead, "next_at": NOW + QUARTER}),
        obligation("rdv:over", LUC, **{**ahead, "due_at": NOW - QUARTER}),
        obligation("rdv:done", LUC, **ahead, state=ObligationState.DONE),
        obligation("contact:1", LUC, **ahead, kind=Kind.CONTACT),
        obligation("rdv:told", ANNIE, **ahead),
        obligation("rdv:waits", paul, **ahead),
        obligation("rdv:aside", zoe, **ahead),
        obligation("rdv:later", ines, **ahead),
    ]
    wakes = [
        Wake(person_id=paul, live_at=NOW, campaign_at=None),
        Wake(person_id=ines, live_at=None, campaign_at=NOW + QUARTER),
    ]
    await put(
        store,
        Changes(obligations=rows, wakes=wakes, alerts=[alert(person_id=ANNIE, obligation_id="rdv:told")]),
        (LUC, ANNIE, paul, zoe, ines),
    )
    async with store.unit() as unit:
        await unit.lock([zoe])
        await unit.quarantine(zoe, NOW, "ValueError")
    found = {one.what: one for one in await readings.overdue(NOW)}
    assert found["adrift"] == Overdue(what="adrift", count=3, since=NOW - 2 * QUARTER)


async def test_a_provider_that_takes_nothing(store: AnyStore, readings: Readings) -> None:
    """Postponed and unanswered messages are trouble; accepted ones are not, nor is a full mailbox."""
    rows = [
        sent(1),
        sent(2, state=AttemptState.RELEASED, accepted_at=None, provider_ref=None, try_at=NOW + QUARTER),
        sent(3, state=AttemptState.UNKNOWN, reason=Why.NO_OUTCOME, last_status=ReceiptStatus.UNKNOWN, provider_ref=None),
        sent(4, state=AttemptState.RELEASED, accepted_at=None, provider_ref=None, last_status=ReceiptStatus.FAILED_SOFT),
        sent(5, provider="b", claimed_at=NOW - QUARTER),
    ]
    await put(store, Changes(attempts=rows))
    assert await readings.providers(NOW) == [ProviderTrouble(channel=Channel.SMS, provider="a", taken=1, troubled=2, since=NOW)]


async def test_whose_messages_were_lost(store: AnyStore, readings: Readings) -> None:
    """Who got no receipt in time is listed; a late receipt, another message that arrived, or an answer recovers them."""
    paul, zoe = PersonId("paul"), PersonId("zoe")
    phones = [contact(each, carrier="SFR") for each in (LUC, ANNIE, paul, zoe)]
    late = NOW + timedelta(hours=3)
    rows = [
        sent(1),
        sent(2, ANNIE, delivered_at=late, state=AttemptState.DELIVERED),
        sent(3, paul),
        sent(4, paul, provider="b", accepted_at=NOW + timedelta(hours=4), delivered_at=NOW + timedelta(hours=4)),
        sent(5, zoe, delivered_at=NOW + timedelta(seconds=5), state=AttemptState.DELIVERED),
    ]
    await put(store, Changes(profiles=[person()], contacts=phones, attempts=rows), (LUC, ANNIE, paul, zoe))
    lost = LostMessages(provider="a", carrier="SFR", since=NOW, until=NOW + QUARTER, noticed_at=NOW + QUARTER)
    assert await readings.affected(lost) == [
        Affected(person_id=ANNIE, recovered=True),
        Affected(person_id=LUC, recovered=False),
        Affected(person_id=paul, recovered=True),
    ]
    await put(store, Changes(replies=[reply(at=late, attempt_id=None)]))
    assert Affected(person_id=LUC, recovered=True) in await readings.affected(lost)
    assert await readings.affected(replace(lost, carrier=None)) == []
