"""What a person is given who asks for what we hold about them, line by line (SC-49)."""

import asyncio
import json
from datetime import timedelta

import pytest

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.commands import run
from services.core.changes import Changes, MessageSent
from services.core.model import ContactId
from services.core.words import AttemptState, Channel, Choice, PointKind
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person, reply

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("logs_put_back")]

DAY = timedelta(days=1)
#: all but the first line, which says when it was asked for
EXPORTED = """

1. SMS, jeudi 6 novembre 2025 à 10 h
   Envoyé à : des coordonnées retirées depuis
   Résultat : n\u2019est pas arrivé, jeudi 6 novembre 2025 à 10 h 05
   Texte : effacé, sa durée de conservation est passée

2. SMS, vendredi 20 novembre 2026 à 10 h
   Envoyé à : 06 … 78
   Au sujet de : Rendez-vous, mardi 1er décembre 2026 à 10 h
   Résultat : arrivé, vendredi 20 novembre 2026 à 10 h 01
   Texte :
   │ Votre rendez-vous : mardi 1er décembre.
   │ Répondez 1 si vous venez.

3. E-mail, samedi 21 novembre 2026 à 10 h
   Envoyé à : l…@ancien-fai.example
   Au sujet de : Rendez-vous, mardi 1er décembre 2026 à 10 h
   Résultat : on ne sait pas si le message est arrivé
   Texte :
   │ Bonjour Luc & <bienvenue> &amp;

Vos réponses
- vendredi 20 novembre 2026 à 10 h 10, par SMS : je viendrai
"""


async def put(pool: Pool) -> None:
    """Luc was written to three times on three points, and skipped once; his answers, another's, an alert, and somebody else's message."""
    mail = contact(contact_id="mail", kind=PointKind.EMAIL, value="luc@ancien-fai.example", e164=None, line_type=None)
    old = NOW - timedelta(days=379)
    attempts = [
        attempt(
            "a0",
            contact_id=ContactId("gone"),
            items=(item("rdv:0"),),
            state=AttemptState.FAILED,
            release_at=old,
            submitted_at=old,
            closed_at=old + timedelta(minutes=5),
        ),
        attempt("a1", state=AttemptState.DELIVERED, delivered_at=NOW + timedelta(minutes=1)),
        attempt("a2", channel=Channel.EMAIL, contact_id=ContactId("mail"), state=AttemptState.UNKNOWN, release_at=NOW + DAY),
        attempt("a3", items=(item(occurrence=2),), state=AttemptState.SKIPPED),
        attempt("b1", ANNIE, items=(item("rdv:2"),), state=AttemptState.DELIVERED),
    ]
    words = {
        "a1": "Votre rendez-vous : mardi 1er décembre.\nRépondez 1 si vous venez.",
        "a2": "Bonjour Luc & <bienvenue> &amp;",
        "b1": "Annie !",
    }
    messages = [
        MessageSent(
            attempt_id=row.attempt_id,
            try_number=1,
            person_id=row.person_id,
            text=words[row.attempt_id],
            parts=1,
            encoding=None,
            provider="a",
            at=row.release_at,
        )
        for row in attempts
        if row.attempt_id in words
    ]
    async with PostgresStore(pool).unit() as unit:
        await unit.lock([LUC, ANNIE])
        await unit.write(
            Changes(
                profiles=[person(), person(ANNIE, first_name="Annie")],
                contacts=[contact(), mail],
                obligations=[obligation(), obligation("rdv:2", ANNIE)],
                attempts=attempts,
                messages=messages,
                replies=[reply(), reply("y2", choice=Choice.WRONG_PERSON, at=NOW + DAY)],
                alerts=[alert()],
            )
        )


async def test_everything_that_was_sent_line_by_line(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text, channel, masked point, time, result; the own answers; nothing of anybody else, no alert; and the access log says so."""
    await put(pool)
    monkeypatch.setenv("DATABASE_URL", database)
    assert await asyncio.to_thread(run, ["export", "--person", "luc"]) == 0
    said = capsys.readouterr()
    head, _, rest = said.out.partition("\n")
    assert head.startswith("Ce que Sans Faute a envoyé à Luc Test, au ")
    assert rest.replace("\u00a0", " ").replace("\u202f", " ").rstrip() == EXPORTED.removeprefix("\n").rstrip()
    assert "access_request" in said.err
    assert "Test" not in said.err

    assert await asyncio.to_thread(run, ["export", "--person", "luc", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["channel"], one["point"], one["result"]) for one in found["messages"]] == [
        ("sms", None, "failed"),
        ("sms", "06 … 78", "delivered"),
        ("email", "l…@ancien-fai.example", "unknown"),
    ]
    assert [one["choice"] for one in found["answers"]] == ["come"]
    assert await asyncio.to_thread(run, ["export", "--person", "nobody"]) == 1
