"""What the pages are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.pages import PostgresPages
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, MessageSent, Outgoing, Wake
from services.core.model import Advisor, Agency, PersonId
from services.core.ports.pages import ChannelCount, DeskLine, LinkCase, OpenAlerts, Pages, PersonFile, Quarantined, Waiting
from services.core.ports.store import DeadLetter, StoreUnavailable
from services.core.words import AttemptState, Channel, Evidence, ObligationState, Routed, Severity
from services.runtime.embedded.children import free_port
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person

pytestmark = pytest.mark.stack

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DURAND = Advisor(advisor_id="mme_durand", name="Mme Durand", agency_id="lille", email="d@a.example")
PETIT = Advisor(advisor_id="m_petit", name="M. Petit", agency_id="lille", email="p@a.example")
GONE = Advisor(advisor_id="gone", name="A. Parti", agency_id="lille", email="g@a.example", active=False)
LILLE = Agency(agency_id="lille", name="Lille", phone="3949", address="1 place de la Gare", postal_code="59000")


async def written(pool: Pool, changes: Changes) -> Pages:
    """Pages over a store in which this was written about Luc and Annie."""
    async with PostgresStore(pool).unit() as unit:
        await unit.lock([LUC, ANNIE])
        await unit.write(changes)
    return PostgresPages(pool)


async def test_a_link_shows_what_its_message_said(pool: Pool) -> None:
    """Obligations as they are now, in the order of the message, however old; unknown and erased people's links show nothing."""
    old = obligation("rdv:old", state=ObligationState.DONE, changed_at=NOW - 300 * DAY)
    sent = attempt(token="t", items=(item("rdv:gone"), item("rdv:old"), item("rdv:1"), item("rdv:1", occurrence=2)))
    pages = await written(pool, Changes(profiles=[person()], agencies=[LILLE], obligations=[obligation(), old], attempts=[sent]))
    assert await pages.link("t") == LinkCase(attempt=sent, person=person(), obligations=(old, obligation()), agency=LILLE)
    assert await pages.link("unknown") is None
    await written(pool, Changes(removed_people=[LUC]))
    assert await pages.link("t") is None


async def test_staff(pool: Pool) -> None:
    """Active ones by name; one by identifier, active or not."""
    pages = await written(pool, Changes(advisors=[DURAND, GONE, PETIT]))
    assert list(await pages.advisors()) == [PETIT, DURAND]
    assert await pages.advisor("gone") == GONE
    assert await pages.advisor("nobody") is None


async def test_a_desk_holds_ones_own_alerts_what_one_took_and_the_agencys(pool: Pool) -> None:
    """Soonest first, with person, contact points and duty; not what is closed or somebody else's."""
    own, taken = alert("own"), alert("taken", ANNIE, advisor_id="m_petit", claimed_by="mme_durand", act_by=NOW)
    of_agency = alert("agency", obligation_id=None, advisor_id=None, routed=Routed.AGENCY, act_by=NOW + 30 * DAY)
    others = [
        alert("other", obligation_id="rdv:2", advisor_id="m_petit"),
        alert("closed", obligation_id="rdv:3", closed_at=NOW),
        alert("elsewhere", obligation_id="rdv:4", advisor_id=None, agency_id="paris", routed=Routed.AGENCY),
    ]
    facts = Changes(profiles=[person()], contacts=[contact()], obligations=[obligation()], alerts=[own, taken, of_agency, *others])
    pages = await written(pool, facts)
    assert list(await pages.desk("mme_durand", "lille")) == [
        DeskLine(alert=taken, person=None, obligation=obligation()),
        DeskLine(alert=own, person=person(), contacts=(contact(),), obligation=obligation()),
        DeskLine(alert=of_agency, person=person(), contacts=(contact(),)),
    ]
    assert await pages.desk("nobody", "nowhere") == []


async def test_a_file_has_the_case_the_words_and_the_agency(pool: Pool) -> None:
    """Oldest words first; unknown people have no file; a person without a profile has one."""
    words = [
        MessageSent(
            attempt_id="a1",
            try_number=number,
            person_id=LUC,
            text="Bonjour",
            parts=1,
            encoding="GSM-7",
            provider="a",
            at=NOW - number * HOUR,
        )
        for number in (1, 2)
    ]
    pages = await written(pool, Changes(profiles=[person()], agencies=[LILLE], obligations=[obligation()], messages=words))
    found = await pages.file(LUC)
    assert found is not None
    assert found.case.obligations == (obligation(),)
    assert (found.messages, found.agency) == ((words[1], words[0]), LILLE)
    empty = await pages.file(ANNIE)
    assert empty == PersonFile(case=replace(found.case, person_id=ANNIE, person=None, obligations=()))
    assert await pages.file(PersonId("nobody")) is None


async def test_operations_of_an_empty_database(pool: Pool) -> None:
    """Queues are named even when they are empty."""
    board = await PostgresPages(pool).operations(NOW, NOW - 9 * HOUR)
    assert {each.what: (each.count, each.since) for each in board.waiting} == {
        "wakes": (0, None), "campaign": (0, None), "outbox": (0, None), "released": (0, None), "submitting": (0, None),
    }  # fmt: skip
    assert (board.channels, board.alerts, board.quarantined, board.dead_letters, board.dead_letters_total) == ((), (), (), (), 0)
    assert (board.obligations_open, board.recent_due) == (0, 0)


async def test_deliveries_of_the_day_by_channel_and_provider(pool: Pool) -> None:
    """Each attempt once, where it stands now; neither yesterday's nor what was never handed over."""
    states = [AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.UNKNOWN]
    today = [attempt(f"s{n}", items=(item(f"o{n}"),), state=state, provider="a", submitted_at=NOW) for n, state in enumerate(states)]
    others = [
        attempt("v", channel=Channel.VOICE, state=AttemptState.ACCEPTED, provider="voix", submitted_at=NOW, release_at=NOW - DAY),
        attempt("y", items=(item("y"),), state=AttemptState.DELIVERED, provider="a", submitted_at=NOW - DAY, release_at=NOW - DAY),
        attempt("r", items=(item("r"),)),
        attempt("k", items=(item("k"),), state=AttemptState.SKIPPED),
    ]
    board = await (await written(pool, Changes(attempts=[*today, *others]))).operations(NOW + HOUR, NOW - 9 * HOUR)
    assert board.channels == (
        ChannelCount(channel=Channel.SMS, provider="a", sent=5, accepted=1, delivered=2, failed=1, unknown=1),
        ChannelCount(channel=Channel.VOICE, provider="voix", sent=1, accepted=1, delivered=0, failed=0, unknown=0),
    )


async def test_what_waits_and_since_when(pool: Pool) -> None:
    """People who are due, messages not published, attempts nobody claimed or that were claimed and not answered."""
    facts = Changes(
        wakes=[
            Wake(person_id=LUC, live_at=NOW - MINUTE, campaign_at=NOW - 2 * MINUTE),
            Wake(person_id=ANNIE, live_at=NOW + 2 * HOUR, campaign_at=None),
        ],
        outbox=[Outgoing(topic="t", key="k", type="x", subject="s", data={}, shard_key="k", at=NOW)],
        attempts=[
            attempt("r1"),
            attempt("r2", items=(item("r2"),), release_at=NOW + DAY),
            attempt("s", items=(item("s"),), state=AttemptState.SUBMITTING, claimed_at=NOW + MINUTE),
        ],
    )
    board = await (await written(pool, facts)).operations(NOW + HOUR, NOW)
    assert set(board.waiting) == {
        Waiting(what="wakes", count=1, since=NOW - MINUTE),
        Waiting(what="campaign", count=1, since=NOW - 2 * MINUTE),
        Waiting(what="outbox", count=1, since=NOW),
        Waiting(what="released", count=1, since=NOW),
        Waiting(what="submitting", count=1, since=NOW + MINUTE),
    }


async def test_alerts_quarantine_and_dead_letters(pool: Pool) -> None:
    """The most urgent severity first; the newest letter first."""
    alerts = [
        alert("1", severity=Severity.HIGH),
        alert("2", ANNIE, severity=Severity.HIGH, claimed_by="x", raised_at=NOW - DAY),
        alert("3", obligation_id=None, severity=Severity.CRITICAL, claimed_by="x"),
    ]
    pages = await written(pool, Changes(alerts=alerts))
    letters = [DeadLetter(topic="t", partition=0, offset=n, errors=(("data.x", "is missing"),), at=NOW + n * MINUTE) for n in range(60)]
    async with PostgresStore(pool).unit() as unit:
        await unit.quarantine(LUC, NOW, "KeyError")
        await unit.record_dead_letters(letters)
    board = await pages.operations(NOW, NOW)
    assert board.alerts == (
        OpenAlerts(severity=Severity.CRITICAL, open=1, unclaimed=0, oldest_unclaimed_at=None),
        OpenAlerts(severity=Severity.HIGH, open=2, unclaimed=1, oldest_unclaimed_at=NOW),
    )
    assert board.quarantined == (Quarantined(person_id=LUC, at=NOW, error="KeyError"),)
    assert board.dead_letters == tuple(reversed(letters))[:50]
    assert board.dead_letters_total == 60


async def test_obligations_open_answered_adrift_and_recent(pool: Pool) -> None:
    """One without a next step is adrift; one that is due is recent; counted again after 15 s, not before."""
    rows = [
        obligation("answered", evidence=Evidence.E3, state=ObligationState.ACKNOWLEDGED),
        obligation("waiting"),
        obligation("lost", next_at=None),
        obligation("late", next_at=NOW - HOUR),
        obligation("done", state=ObligationState.DONE),
        obligation("missed", state=ObligationState.MISSED, due_at=NOW - DAY),
        obligation("came", state=ObligationState.DONE, evidence=Evidence.E5, due_at=NOW - DAY),
        obligation("cancelled", state=ObligationState.CANCELLED, due_at=NOW - DAY),
        obligation("long ago", state=ObligationState.DONE, due_at=NOW - 40 * DAY),
    ]
    pages = await written(pool, Changes(obligations=rows))
    board = await pages.operations(NOW, NOW)
    assert (board.obligations_open, board.obligations_answered, board.obligations_adrift) == (4, 1, 2)
    assert (board.recent_due, board.recent_answered) == (2, 1)
    await written(pool, Changes(obligations=[obligation("waiting", state=ObligationState.CANCELLED)]))
    assert (await pages.operations(NOW + timedelta(seconds=14), NOW)).obligations_open == 4
    assert (await pages.operations(NOW + timedelta(seconds=15), NOW)).obligations_open == 3


async def test_figures_do_not_change_how_units_plan(database: str) -> None:
    """The planner's freedom ends with the figures' transaction."""
    async with open_pool(database, connections=1) as one:
        await PostgresPages(one).operations(NOW, NOW)
        assert await one.fetchval("SHOW enable_seqscan") == "off"


async def test_no_server_is_said_as_such() -> None:
    """Pages answer 503 then."""
    async with open_pool(f"postgresql://nobody@127.0.0.1:{free_port()}/none") as pool:
        pages = PostgresPages(pool)
        for ask in (pages.link("t"), pages.desk("a", "b"), pages.file(LUC), pages.operations(NOW, NOW)):
            with pytest.raises(StoreUnavailable):
                await ask
