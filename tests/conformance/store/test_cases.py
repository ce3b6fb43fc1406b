"""What a case holds: everything that was written, in a stable order, without the history."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.core.changes import Changes
from services.core.model import Case, Hold, ObligationId, PersonId
from services.core.words import AttemptState, Channel, Evidence, ObligationState, PointKind, Verdict, Why
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person, receipt, reply

DAY = timedelta(days=1)


async def written(store: AnyStore, changes: Changes, *people: PersonId) -> Case:
    """Write about Luc (and ``people``) in one unit, read Luc in another."""
    async with store.unit() as unit:
        await unit.lock([LUC, *people])
        await unit.write(changes)
    async with store.unit() as unit:
        return (await unit.load([LUC]))[LUC]


async def test_somebody_nobody_mentioned_gets_an_empty_case(store: AnyStore) -> None:
    """Locking creates the row; the case knows only the identifier."""
    async with store.unit() as unit:
        assert await unit.lock([LUC]) == {LUC: Case(person_id=LUC)}


async def test_loading_leaves_out_unknown_people(store: AnyStore) -> None:
    """Without a lock nobody is created."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        assert list(await unit.load([LUC, ANNIE])) == [LUC]


async def test_every_field_of_every_row_comes_back_as_it_was_written(store: AnyStore) -> None:
    """Rows with all fields set survive the way through the database: instants, words, lists, nested values, quotes, emoji."""
    everything = Changes(
        profiles=[
            person(hold=Hold(reason='dit « stop » "demain" 🙂', until=date(2026, 12, 1)), backup_id="m_petit", missed_actualisations=2)
        ],
        contacts=[
            contact(status_reason="hard", status_at=NOW, closed_channels=(Channel.SMS,), sender_hash="h", carrier="SFR", problem="bad"),
            contact(
                contact_id="old",
                problem="replaced",
                value_at=NOW,
                human_at=NOW + timedelta(microseconds=2),
                failed_at=NOW - timedelta(days=60),
                silent_duties=3,
                only_verification=True,
                letter="B",
            ),
            contact(contact_id="postal", kind=PointKind.POSTAL, value=None, e164=None, line_type=None, lines=("LUC TEST", "59000 LILLE")),
        ],
        obligations=[
            obligation(
                opens_at=NOW,
                period="2026-11",
                mandatory=True,
                duration_minutes=30,
                advisor_id="mme_durand",
                replaces=ObligationId("rdv:0"),
                evidence=Evidence.E3,
                evidence_how="sms",
                evidence_at=NOW + timedelta(microseconds=1),
                declined_at=NOW,
                declined_reason="maladie",
                said_done_at=NOW,
                settled_at=NOW,
                non_receipt=True,
                verdict=Verdict.NOT_PROVED,
                version=3,
            ),
        ],
        attempts=[
            attempt(
                items=(item(), item("rdv:2", occurrence=2)),
                state=AttemptState.FAILED,
                reason=Why.NO_RECEIPT,
                tries=2,
                try_at=NOW,
                provider="a",
                provider_ref="ref-1",
                token="t",
                submitted_at=NOW,
                accepted_at=NOW,
                delivered_at=NOW,
                closed_at=NOW,
            ),
        ],
        receipts=[receipt(part=1, reason="absent")],
        replies=[reply(reason="enfant malade", by="mme_durand")],
        alerts=[alert(claimed_by="m_petit", claimed_at=NOW)],
    )
    case = await written(store, everything)
    assert case == Case(
        person_id=LUC,
        person=everything.profiles[0],
        contacts=(everything.contacts[1], everything.contacts[2], everything.contacts[0]),
        obligations=tuple(everything.obligations),
        attempts=tuple(everything.attempts),
        receipts=tuple(everything.receipts),
        replies=tuple(everything.replies),
        alerts=tuple(everything.alerts),
    )


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("profiles", [person(), person(revision=2, first_name="Lucien")]),
        ("contacts", [contact(), contact(value="07 00 00 00 00")]),
        ("obligations", [obligation(), obligation(revision=2, state=ObligationState.ACKNOWLEDGED)]),
        ("attempts", [attempt(), attempt(state=AttemptState.SUBMITTING)]),
        ("receipts", [receipt(), receipt(raw_status="EXPIRED")]),
        ("replies", [reply(), reply(reason="autre")]),
        ("alerts", [alert(), alert(claimed_by="m_petit")]),
    ],
)
async def test_a_row_replaces_the_one_with_the_same_key(store: AnyStore, name: str, rows: list[Any]) -> None:
    """In a later unit and within one write: the last one counts."""
    base = Changes(obligations=[obligation()], attempts=[attempt()])
    await written(store, base)
    await written(store, Changes(**{name: rows[:1]}))
    replaced = await written(store, Changes(**{name: rows[1:]}))
    both = await written(store, Changes(**{name: rows}))
    field = {"profiles": "person"}.get(name, name)
    assert getattr(replaced, field) in (rows[1], (rows[1],))
    assert getattr(both, field) == getattr(replaced, field)


async def test_rows_come_in_a_stable_order(store: AnyStore) -> None:
    """Obligations by date, attempts by release, facts by instant, contacts by identifier: however they were written."""
    first, second = obligation("rdv:b", due_at=NOW), obligation("rdv:a", due_at=NOW + DAY)
    early, late = attempt("z", items=(item("rdv:a"),)), attempt("a", items=(item("rdv:b"),), release_at=NOW + DAY)
    case = await written(
        store, Changes(obligations=[second, first], attempts=[late, early], contacts=[contact(contact_id="b"), contact(contact_id="a")])
    )
    assert case.obligations == (first, second)
    assert case.attempts == (early, late)
    assert [each.contact_id for each in case.contacts] == ["a", "b"]


async def test_locked_people_come_in_order_of_id(store: AnyStore) -> None:
    """Byte by byte, whatever the order asked and whatever the language of the database."""
    ids = [PersonId(each) for each in ("b", "a", "B", "a-1", "a1", "_")]
    async with store.unit() as unit:
        assert list(await unit.lock(ids)) == sorted(ids)


async def test_contact_ids_may_repeat_from_person_to_person(store: AnyStore) -> None:
    """The directory numbers the points of each person for itself."""
    case = await written(store, Changes(contacts=[contact(LUC, "1"), contact(ANNIE, "1", value="05 00 00 00 00")]), ANNIE)
    assert case.contacts == (contact(LUC, "1"),)


async def test_history_leaves_the_case(store: AnyStore) -> None:
    """Obligations settled more than 60 days before the person's newest change are left out, with what hung on them."""
    long_ago = NOW - 61 * DAY
    old = obligation("rdv:old", state=ObligationState.DONE, changed_at=long_ago, known_at=long_ago, due_at=long_ago)
    sent = attempt("old", items=(item("rdv:old"),), release_at=long_ago, state=AttemptState.DELIVERED)
    facts = Changes(
        obligations=[old, obligation()],
        attempts=[sent, attempt()],
        receipts=[receipt("old", attempt_id="old"), receipt()],
        replies=[reply("old", obligation_id="rdv:old", at=long_ago), reply()],
        alerts=[alert("old", obligation_id="rdv:old", closed_at=long_ago), alert()],
    )
    case = await written(store, facts)
    assert [each.obligation_id for each in case.obligations] == ["rdv:1"]
    assert [each.attempt_id for each in case.attempts] == ["a1"]
    assert [each.receipt_id for each in case.receipts] == ["r1"]
    assert [each.reply_id for each in case.replies] == ["y1"]
    assert [each.alert_id for each in case.alerts] == ["al1"]


async def test_recent_history_stays_in_the_case(store: AnyStore) -> None:
    """What was settled or sent within 60 days counts for the caps; an old open obligation keeps all its attempts; open alerts stay."""
    recent, long_ago = NOW - 59 * DAY, NOW - 200 * DAY
    settled = obligation("rdv:recent", state=ObligationState.MISSED, changed_at=recent, known_at=recent, due_at=recent)
    still_open = obligation("rdv:open", changed_at=long_ago, known_at=long_ago)
    moved = obligation("rdv:moved", revision=2)
    attempts = [
        attempt("first", items=(item("rdv:open"),), release_at=long_ago),
        attempt("before", items=(item("rdv:moved"), item("rdv:open", occurrence=2)), release_at=long_ago + DAY),
        attempt("recent", items=(item("rdv:gone"),), release_at=recent),
    ]
    open_alert = alert("open", obligation_id="rdv:gone")
    case = await written(store, Changes(obligations=[settled, still_open, moved], attempts=attempts, alerts=[open_alert]))
    assert {each.obligation_id for each in case.obligations} == {"rdv:recent", "rdv:open", "rdv:moved"}
    assert list(case.attempts) == attempts
    assert case.alerts == (open_alert,)


async def test_an_old_obligation_can_be_asked_for(store: AnyStore) -> None:
    """An event about it names it: it is in its person's case with its attempts, and in nobody else's."""
    long_ago = NOW - 100 * DAY
    old = obligation("rdv:old", state=ObligationState.CANCELLED, changed_at=long_ago, known_at=long_ago, due_at=long_ago)
    sent = attempt("old", items=(item("rdv:old"),), release_at=long_ago)
    await written(store, Changes(obligations=[old, obligation(), obligation("rdv:2", ANNIE)], attempts=[sent]), ANNIE)
    async with store.unit() as unit:
        cases = await unit.lock([LUC, ANNIE], also=["rdv:old"])
        assert [each.obligation_id for each in cases[LUC].obligations] == ["rdv:old", "rdv:1"]
        assert cases[LUC].attempts == (sent,)
        assert [each.obligation_id for each in cases[ANNIE].obligations] == ["rdv:2"]


async def test_receipts_belong_to_attempts_not_to_instants(store: AnyStore) -> None:
    """A case has all receipts of its attempts, in order of arrival."""
    first, second = receipt("b", received_at=NOW), receipt("a", received_at=NOW + DAY)
    waiting = replace(receipt("w"), attempt_id=None, person_id=None)
    case = await written(store, Changes(obligations=[obligation()], attempts=[attempt()], receipts=[second, waiting, first]))
    assert case.receipts == (first, second)


def test_the_case_has_no_field_that_this_suite_forgets() -> None:
    """A new field of the case needs a place in both stores and here."""
    assert [field.name for field in fields(Case)] == [
        "person_id", "person", "contacts", "obligations", "attempts", "receipts", "replies", "alerts",
    ]  # fmt: skip
