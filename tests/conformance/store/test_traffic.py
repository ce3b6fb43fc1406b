"""What comes in and goes out: messages in order, receipts that overtake, lookups, staff."""

import asyncio
from contextlib import suppress
from datetime import date, datetime, timedelta

from services.core.changes import Changes, JournalLine, Outgoing
from services.core.model import Advisor, Agency, AttemptId, Contact, ObligationId, PersonId, Receipt
from services.core.ports.store import DeadLetter, OutboxRow, Unit
from services.core.words import AttemptState, Channel, ContactStatus, ReceiptEffect
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, receipt

SHARDS = range(16)


def outgoing(key: str, number: int = 0, **data: object) -> Outgoing:
    """A message about somebody."""
    return Outgoing(topic="dispatch.sms.v1", key=key, type="dispatch.requested", subject=str(number), data=data, shard_key=key, at=NOW)


async def put(store: AnyStore, *messages: Outgoing) -> None:
    """In one unit."""
    async with store.unit() as unit:
        await unit.write(Changes(outbox=list(messages)))


async def claimed(unit: Unit, limit: int = 100) -> list[OutboxRow]:
    """From all shards."""
    return await unit.claim_outbox(SHARDS, limit)


async def test_a_message_waits_until_it_is_published(store: AnyStore) -> None:
    """It comes back as JSON would have it, again and again until the broker has it."""
    await put(store, outgoing(LUC, channel=Channel.SMS, release_at=NOW, items=[{"obligation_id": "rdv:1", "revision": 1}], none=None))
    async with store.unit() as unit:
        rows = await claimed(unit)
        assert [row.message.data for row in rows] == [
            {"channel": "sms", "release_at": "2026-11-20T09:00:00Z", "items": [{"obligation_id": "rdv:1", "revision": 1}], "none": None},
        ]
        assert rows[0].message.at == NOW
        assert (rows[0].message.topic, rows[0].message.type, rows[0].message.key) == ("dispatch.sms.v1", "dispatch.requested", LUC)
    assert await store.outbox_size() == 1
    async with store.unit() as unit:
        again = await claimed(unit)
        assert again == rows
        await unit.mark_published([row.id for row in again], NOW)
        assert await claimed(unit) == []
    assert await store.outbox_size() == 0


async def test_messages_of_one_key_keep_their_order(store: AnyStore) -> None:
    """In one shard, with growing numbers, oldest first, also across units and when only some are taken."""
    await put(store, *(outgoing(LUC, number) for number in range(5)))
    await put(store, *(outgoing(LUC, number) for number in range(5, 8)))
    async with store.unit() as unit:
        rows = await claimed(unit, limit=6)
        assert len({row.shard for row in rows}) == 1
        assert [row.message.subject for row in rows] == [str(number) for number in range(6)]
        assert [row.id for row in rows] == sorted(row.id for row in rows)
        await unit.mark_published([row.id for row in rows], NOW)
        assert [row.message.subject for row in await claimed(unit)] == ["6", "7"]


async def test_keys_are_spread_over_the_shards(store: AnyStore) -> None:
    """No shard is left without work by a thousand people."""
    await put(store, *(outgoing(f"p{number}") for number in range(1000)))
    async with store.unit() as unit:
        counts = [len(await unit.claim_outbox([shard], 1000)) for shard in SHARDS]
    assert sum(counts) == 1000
    assert min(counts) > 30


async def test_one_relay_at_a_time_works_on_a_shard(store: AnyStore) -> None:
    """The other one gets nothing from it, and everything once the first has ended."""
    await put(store, *(outgoing(f"p{number}") for number in range(50)))
    async with store.unit() as one:
        assert len(await one.claim_outbox([3], 100)) > 0
        async with store.unit() as other:
            assert await other.claim_outbox([3], 100) == []
            assert len(await other.claim_outbox([4], 100)) > 0
        assert len(await one.claim_outbox([3], 100)) > 0
    async with store.unit() as other:
        assert len(await other.claim_outbox([3], 100)) > 0


async def test_only_shards_with_work_are_named(store: AnyStore) -> None:
    """The relay visits these and no other; a shard is named until its last row is published."""
    assert await store.waiting_shards() == []
    await put(store, *(outgoing(f"p{number}") for number in range(3)), outgoing(LUC))
    named = await store.waiting_shards()
    assert named == sorted(set(named))
    async with store.unit() as unit:
        rows = await claimed(unit)
        assert named == sorted({row.shard for row in rows})
        first = rows[0].shard
        await unit.mark_published([row.id for row in rows if row.shard != first], NOW)
    assert await store.waiting_shards() == [first]


async def test_a_receipt_that_overtook_is_found_by_its_reference(store: AnyStore) -> None:
    """As long as it waits; once matched it is a fact like others."""
    early = receipt("r1", attempt_id=None, person_id=None, effect=ReceiptEffect.WAITING)
    async with store.unit() as unit:
        await unit.write(Changes(receipts=[early]))
    async with store.unit() as unit:
        assert await unit.waiting_receipts([("a", "ref-1"), ("a", "ref-1"), ("b", "ref-1")]) == [early]
        assert await unit.waiting_receipts([]) == []
        await unit.lock([LUC])
        await unit.write(Changes(attempts=[attempt(provider="a", provider_ref="ref-1")], receipts=[receipt("r1")]))
    async with store.unit() as unit:
        assert await unit.waiting_receipts([("a", "ref-1")]) == []
        assert (await unit.load([LUC]))[LUC].receipts == (receipt("r1"),)


async def test_a_receipt_and_its_reference_never_miss_each_other(store: AnyStore) -> None:
    """Whoever comes second finds the first: forty races, each between the receipt and the record of the hand-over."""

    async def hand_over(number: int) -> list[Receipt]:
        async with store.unit() as unit:
            found = await unit.waiting_receipts([("a", f"ref-{number}")])
            await unit.lock([LUC])
            row = attempt(
                f"a{number}", items=(item(f"rdv:{number}"),), state=AttemptState.ACCEPTED, provider="a", provider_ref=f"ref-{number}"
            )
            await unit.write(Changes(attempts=[row]))
            return found

    async def receive(number: int) -> bool:
        async with store.unit() as unit:
            known = await unit.attempts_by_reference([("a", f"ref-{number}")])
            if not known:
                late = receipt(f"r{number}", attempt_id=None, person_id=None, provider_ref=f"ref-{number}", effect=ReceiptEffect.WAITING)
                await unit.write(Changes(receipts=[late]))
            return bool(known)

    for number in range(40):
        both = [hand_over(number), receive(number)]
        found, known = await asyncio.gather(*both) if number % 2 else reversed(await asyncio.gather(*reversed(both)))
        assert bool(found) != known


async def test_lookups_find_people_by_what_comes_back(store: AnyStore) -> None:
    """By attempt, token, sender and obligation; unknown ones are left out."""
    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE])
        shared = [contact(LUC, sender_hash="h"), contact(LUC, "2", sender_hash="h"), contact(ANNIE, sender_hash="h")]
        await unit.write(Changes(contacts=shared, obligations=[obligation()], attempts=[attempt(token="t")]))
    async with store.unit() as unit:
        assert await unit.people_of_attempts([AttemptId("a1"), AttemptId("zz")]) == {"a1": LUC}
        assert await unit.attempt_by_token("t") == ("a1", LUC)
        assert await unit.attempt_by_token("T") is None
        assert await unit.people_by_sender("h") == [ANNIE, LUC]
        assert await unit.people_by_sender("other") == []
        assert await unit.people_of_obligations(["rdv:1", "rdv:2"]) == {ObligationId("rdv:1"): LUC}
        assert await unit.attempts_by_reference([]) == {}


async def test_disowned_values_and_when(store: AnyStore) -> None:
    """Of whom somebody said "not me", with the last time; a number that is dead for another reason is not disowned."""

    def point(person: PersonId, sender_hash: str, reason: str, at: datetime) -> Contact:
        return contact(person, sender_hash, sender_hash=sender_hash, status=ContactStatus.DISABLED, status_reason=reason, status_at=at)

    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE])
        later = NOW + timedelta(days=1)
        rows = [point(LUC, "h", "wrong_person", NOW), point(ANNIE, "h", "wrong_person", later), point(LUC, "dead", "failed_hard", NOW)]
        await unit.write(Changes(contacts=[*rows, contact(ANNIE, "2", sender_hash="fine")]))
    async with store.unit() as unit:
        assert await unit.disowned(["h", "dead", "fine", "nobody"]) == {"h": later}
        assert await unit.disowned([]) == {}


async def test_a_points_letter_is_kept(store: AnyStore) -> None:
    """Which of the people with this number it is, in answers (§10.14)."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(contacts=[contact(LUC, sender_hash="h", letter="B")]))
    async with store.unit() as unit:
        assert [row.letter for row in (await unit.load([LUC]))[LUC].contacts] == ["B"]


async def test_open_alerts_by_advisor_and_agency(store: AnyStore) -> None:
    """Soonest first; closed ones are gone; both filters together."""
    soon, later = alert("soon"), alert("later", ANNIE, act_by=NOW + timedelta(days=9))
    elsewhere = alert("else", obligation_id="rdv:9", advisor_id=None, agency_id="paris", act_by=NOW + timedelta(days=20))
    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE])
        await unit.write(Changes(alerts=[later, elsewhere, soon, alert("closed", obligation_id="rdv:8", closed_at=NOW)]))
    async with store.unit() as unit:
        assert await unit.open_alerts() == [soon, later, elsewhere]
        assert await unit.open_alerts(advisor_id="mme_durand") == [soon, later]
        assert await unit.open_alerts(agency_id="paris") == [elsewhere]
        assert await unit.open_alerts(advisor_id="mme_durand", agency_id="paris") == []


async def test_staff_is_as_it_was_last_committed(store: AnyStore) -> None:
    """A unit sees what it wrote; when it fails, nobody goes on believing it."""
    first = Advisor(
        advisor_id="d", name="Mme Durand", agency_id="lille", email="d@a.example", absences=((date(2026, 12, 1), date(2026, 12, 5)),)
    )
    agency = Agency(
        agency_id="lille",
        name="Lille",
        phone="3949",
        address="1 place de la Gare",
        postal_code="59000",
        opening={"0": (("09:00", "12:30"), ("13:30", "16:30"))},
        closures=(date(2026, 12, 24),),
    )
    second = Advisor(advisor_id="d", name="M. Petit", agency_id="lille", email="p@a.example", active=False)
    async with store.unit() as unit:
        await unit.write(Changes(advisors=[first], agencies=[agency]))
    async with store.unit() as unit:
        staff = await unit.staff()
        assert (dict(staff.advisors), dict(staff.agencies)) == ({"d": first}, {"lille": agency})
    with suppress(RuntimeError):
        async with store.unit() as unit:
            await unit.write(Changes(advisors=[second]))
            assert (await unit.staff()).advisors["d"] == second
            raise RuntimeError
    async with store.unit() as unit:
        assert (await unit.staff()).advisors["d"] == first
        await unit.write(Changes(advisors=[second]))
    async with store.unit() as unit:
        assert (await unit.staff()).advisors["d"] == second


async def test_the_journal_is_in_order_of_instant_and_writing(store: AnyStore) -> None:
    """And holds plain values."""
    later, first = (
        JournalLine(at=NOW + timedelta(hours=1), what="c", fields={}),
        JournalLine(at=NOW, what="a", fields={"channel": Channel.SMS}),
    )
    second = JournalLine(at=NOW, what="b", fields={"obligations": ["rdv:1"], "parts": 1, "at_": NOW})
    for lines in ([later, first], [second]):
        async with store.unit() as unit:
            await unit.write(Changes(journal=lines))
    journal = await store.journal()
    assert [line.what for line in journal] == ["a", "b", "c"]
    assert journal[0].fields == {"channel": "sms"}
    assert journal[1].fields == {"obligations": ["rdv:1"], "parts": 1, "at_": "2026-11-20T09:00:00Z"}
    assert journal[0].at == NOW


async def test_a_dead_letter_may_be_recorded_twice(store: AnyStore) -> None:
    """The record comes again after a crash: it is one letter."""
    letter = DeadLetter(topic="people.v1", partition=1, offset=7, errors=(("data.revision", "is missing"),), at=NOW)
    for _ in range(2):
        async with store.unit() as unit:
            await unit.record_dead_letters([letter])
            await unit.record_dead_letters([])


async def test_people_may_have_any_identifier(store: AnyStore) -> None:
    """Quotes, spaces, accents, a percent sign: values are never part of a statement."""
    strange = [PersonId(each) for each in ("o'hara", 'a"b', "é è", "100%", "a\\b", "{x}", "$1")]
    async with store.unit() as unit:
        cases = await unit.lock(strange)
        await unit.write(Changes(obligations=[obligation(f"rdv:{each}", each) for each in cases]))
    async with store.unit() as unit:
        assert set(await unit.load(strange)) == set(strange)
