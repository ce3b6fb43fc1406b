"""E-mails to staff over a real database and a real mail server: handed over, remembered, never lost, shown once (§10.13)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pushes import PostgresPushes
from services.adapters.postgres.store import PostgresStore
from services.adapters.providers.opening import Identity, open_mailbox
from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.mail import Sender
from services.adapters.rendering.texts import JinjaTexts
from services.core.changes import Changes
from services.core.model import Advisor, Agency, Alert
from services.core.ports.store import StoreUnavailable
from services.core.words import Severity
from services.simulator.servers.mail_server import MailServer
from services.watch.pushes import Pushes
from tests.conformance.providers.stage import ScriptedTown, StillClock
from tests.fixtures.facts import LUC, alert, obligation, person
from tests.unit.core.scene import environment

pytestmark = pytest.mark.stack

IDENTITY = Identity(
    sms_sender="38123",
    calling_number="+33948123456",
    mail=Sender(name="Sans Faute", address="rappel@rappel.example", reply_to="rappel@rappel.example"),
    returns=Returns(secret="a secret of the test", domain="rappel.example"),
    letter_lines=("Sans Faute",),
    public_url="http://rappel.example",
)


class Forgetful(PostgresPushes):
    """The database goes away after the server has taken an e-mail, as often as told."""

    times = 0

    async def pushed(self, alerts: Sequence[Alert], at: datetime) -> None:
        """See ``PushList.pushed``."""
        if self.times:
            self.times -= 1
            raise StoreUnavailable
        await super().pushed(alerts, at)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """Everybody's mailboxes."""
    server = MailServer("mail", ScriptedTown(), StillClock())
    await server.start()
    yield server
    await server.stop()


async def _pushes(pool: Pool, server: MailServer) -> tuple[Pushes, Forgetful]:
    store, clock = PostgresStore(pool), StillClock()
    mailbox = open_mailbox(f"smtp://127.0.0.1:{server.port}?tls=none", IDENTITY, clock)
    waiting = Forgetful(pool)
    words = JinjaTexts(Path(__file__).parents[3] / "templates")
    async with store.unit() as unit:
        await unit.lock([LUC])
        changes = Changes(profiles=[person(LUC)], obligations=[obligation()], alerts=[_critical()])
        changes.advisors.append(Advisor(advisor_id="mme_durand", name="Mme Durand", agency_id="lille", email="durand@agence.example"))
        changes.agencies.append(Agency(agency_id="lille", name="Lille", phone="3949", address="1 rue", postal_code="59000"))
        await unit.write(changes)
    pushes = Pushes(
        store=store, waiting=waiting, mailbox=mailbox, words=words, snapshot=lambda _now: environment(), staff_url="http://staff.example"
    )
    return pushes, waiting


def _critical() -> Alert:
    return alert(severity=Severity.CRITICAL, next_action="call_before_deadline", routed_at=alert().raised_at)


async def test_a_critical_alert_arrives(pool: Pool, server: MailServer) -> None:
    """In the advisor's mailbox, as plain text; the alert knows it."""
    pushes, waiting = await _pushes(pool, server)
    now = _critical().raised_at
    await pushes.push_round(now)
    (mail,) = server.mails.values()
    assert mail.to == "durand@agence.example"
    assert mail.message["Subject"] == "Alerte critique : sans réponse"
    assert mail.message["From"] == "Sans Faute <rappel@rappel.example>"
    assert mail.message.get_content_type() == "text/plain"
    text = mail.message.get_content()
    assert "Luc : sans réponse." in text
    assert "http://staff.example/advisor/mme_durand" in text
    assert not await waiting.unpushed()
    await pushes.push_round(now + timedelta(minutes=1))
    assert len(server.mails) == 1


async def test_what_was_taken_and_not_remembered_is_sent_again_as_the_same(pool: Pool, server: MailServer) -> None:
    """The database went away in between: one more e-mail, the same Message-ID: a mailbox shows it once."""
    pushes, waiting = await _pushes(pool, server)
    waiting.times = 1
    now = _critical().raised_at
    with pytest.raises(StoreUnavailable):
        await pushes.push_round(now)
    await pushes.push_round(now + timedelta(seconds=10))
    first, second = server.mails.values()
    assert first.message["Message-ID"] == second.message["Message-ID"]
    await pushes.push_round(now + timedelta(seconds=20))
    assert len(server.mails) == 2


async def test_a_mail_server_that_is_away_loses_nothing(pool: Pool, server: MailServer) -> None:
    """It comes back, the e-mail leaves."""
    pushes, waiting = await _pushes(pool, server)
    now = _critical().raised_at
    await server.go_away()
    assert (await pushes.push_round(now)).later == 1
    assert len(await waiting.unpushed()) == 1
    await server.come_back()
    await pushes.push_round(now + timedelta(minutes=2))
    assert len(server.mails) == 1
    assert not await waiting.unpushed()


async def test_an_alert_that_moves_is_another_email(pool: Pool, server: MailServer) -> None:
    """The back-up's e-mail has a Message-ID of its own (§10.8)."""
    pushes, _ = await _pushes(pool, server)
    now = _critical().raised_at
    await pushes.push_round(now)
    later = now + timedelta(hours=1)
    store = PostgresStore(pool)
    async with store.unit() as unit:
        await unit.lock([LUC])
        backup = Advisor(advisor_id="m_petit", name="M. Petit", agency_id="lille", email="petit@agence.example")
        moved = replace(_critical(), advisor_id="m_petit", routed_at=later, updated_at=later)
        await unit.write(Changes(alerts=[moved], advisors=[backup]))
    await pushes.push_round(later)
    first, second = server.mails.values()
    assert second.to == "petit@agence.example"
    assert first.message["Message-ID"] != second.message["Message-ID"]
