"""Figures of the operations page for a quiet and for a busy moment."""

from dataclasses import replace
from datetime import timedelta

from services.core.model import (
    PersonId,
)
from services.core.ports.store import DeadLetter
from services.core.words import (
    Channel,
    Severity,
)
from services.web.ports import (
    ChannelCount,
    OpenAlerts,
    Operations,
    Quarantined,
    Waiting,
)
from tests.unit.web.people import NOW

QUIET = Operations(
    channels=(),
    waiting=(),
    alerts=(),
    quarantined=(),
    dead_letters=(),
    dead_letters_total=0,
    obligations_open=0,
    obligations_answered=0,
    obligations_adrift=0,
    recent_due=0,
    recent_answered=0,
)

BUSY = replace(
    QUIET,
    channels=(
        ChannelCount(channel=Channel.SMS, provider="a", sent=1240, accepted=62, delivered=1141, failed=19, unknown=18),
        ChannelCount(channel=Channel.VOICE, provider="voix", sent=212, accepted=9, delivered=128, failed=75, unknown=0),
        ChannelCount(channel=Channel.EMAIL, provider="smtp", sent=430, accepted=411, delivered=0, failed=19, unknown=0),
        ChannelCount(channel=Channel.LETTER, provider="imprimeur", sent=38, accepted=38, delivered=0, failed=0, unknown=0),
    ),
    waiting=(
        Waiting(what="wakes", count=3, since=NOW - timedelta(seconds=12)),
        Waiting(what="outbox", count=12, since=NOW - timedelta(seconds=2)),
        Waiting(what="released", count=41, since=NOW - timedelta(minutes=22)),
        Waiting(what="submitting", count=0, since=None),
    ),
    alerts=(
        OpenAlerts(severity=Severity.CRITICAL, open=2, unclaimed=1, oldest_unclaimed_at=NOW - timedelta(hours=2, minutes=5)),
        OpenAlerts(severity=Severity.HIGH, open=5, unclaimed=3, oldest_unclaimed_at=NOW - timedelta(hours=3)),
        OpenAlerts(severity=Severity.MEDIUM, open=9, unclaimed=9, oldest_unclaimed_at=NOW - timedelta(days=1)),
    ),
    quarantined=(Quarantined(person_id=PersonId("p-0412"), at=NOW - timedelta(minutes=3), error="KeyError"),),
    dead_letters=(
        DeadLetter(
            topic="convocations.v1",
            partition=3,
            offset=18204,
            errors=(("/data/starts_at", "is not an RFC 3339 instant with an offset"), ("/data/place", "is required")),
            at=NOW - timedelta(minutes=41),
        ),
    ),
    dead_letters_total=1,
    obligations_open=5120,
    obligations_answered=3277,
    recent_due=18400,
    recent_answered=17110,
)
