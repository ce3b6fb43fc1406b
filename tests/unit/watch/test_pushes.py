"""E-mails to staff on a clock that the test moves: at once, at 08:00, to the duty, once (§10.8, §10.13)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.adapters.memory.pushes import MemoryPushes
from services.adapters.memory.store import MemoryStore
from services.adapters.rendering.texts import JinjaTexts
from services.core.alerts.pushing import lost_push
from services.core.changes import Changes
from services.core.environment import Environment
from services.core.model import Alert, AlertId, ObligationId
from services.core.ports.mailbox import Lost, Push, Sent, StaffMail, StaffNote
from services.core.words import AlertType, Routed, Severity
from services.watch.pushes import Pushed, Pushes
from tests.unit.core.scene import LEILA, environment, meeting, paris, person

#: a Tuesday
TUESDAY = paris("2026-12-01", "10:00")
DUTY = "astreinte@agence.example"
#: of November's actualisation
CLOSES = paris("2026-12-15", "23:59") + timedelta(seconds=59)


@dataclass(slots=True)
class Letterbox:
    """Implements ``Mailbox``: keeps what was sent; a test says what becomes of it."""

    sent: list[StaffMail] = field(default_factory=list)
    answers: dict[str, Sent] = field(default_factory=dict)
    dies: bool = False

    async def send(self, mail: StaffMail) -> Sent:
        """See ``Mailbox.send``."""
        self.sent.append(mail)
        if self.dies:
            raise ConnectionResetError
        return self.answers.get(mail.to, Sent.TAKEN)


class SomebodyLost(MemoryPushes):
    """Two of three people of one agency are not reached, day after day."""

    def __init__(self, store: MemoryStore, told: list[datetime]) -> None:
        super().__init__(store)
        self._told = told

    async def lost(self, now: datetime) -> list[Lost]:
        """See ``PushList.lost``."""
        today = bool(self._told) and self._told[-1].date() == now.date()
        return [] if today else [Lost(agency_id="agence", people=3, reached=1, closes_at=CLOSES)]

    async def lost_told(self, agency_id: str, now: datetime) -> None:
        """See ``PushList.lost_told``."""
        self._told.append(now)


@dataclass(slots=True)
class Office:
    """The step over the store in memory."""

    texts: JinjaTexts
    duty: str | None = DUTY
    store: MemoryStore = field(default_factory=MemoryStore)
    box: Letterbox = field(default_factory=Letterbox)
    pushes: Pushes = field(init=False)

    def __post_init__(self) -> None:
        self.pushes = self._pushes()

    def _pushes(self) -> Pushes:
        return Pushes(
            store=self.store,
            waiting=MemoryPushes(self.store),
            mailbox=self.box,
            words=self.texts,
            snapshot=lambda _now: environment(),
            staff_url="http://staff.example",
        )

    def restarted(self) -> None:
        """The process dies and comes back; what it had in memory is gone."""
        self.pushes, self.box.dies = self._pushes(), False

    async def has(self, *alerts: Alert) -> None:
        """These alerts stand on lists."""
        env: Environment = environment()
        agencies = [replace(row, duty_email=self.duty) for row in env.agencies.values()]
        duties = [meeting(str(row.obligation_id)) for row in alerts]
        async with self.store.unit() as unit:
            await unit.lock([LEILA])
            rows = Changes(profiles=[person()], obligations=duties, alerts=list(alerts), advisors=list(env.advisors.values()))
            rows.agencies += agencies
            await unit.write(rows)

    async def round(self, now: datetime) -> list[str]:
        """A round; to whom it wrote."""
        before = len(self.box.sent)
        await self.pushes.push_round(now)
        return [mail.to for mail in self.box.sent[before:]]


@pytest.fixture(scope="module")
def texts() -> JinjaTexts:
    """The shipped words."""
    return JinjaTexts(Path(__file__).parents[3] / "templates")


def alert(name: str = "al1", severity: Severity = Severity.HIGH, at: datetime = TUESDAY, **changed: Any) -> Alert:
    """An unconfirmed meeting on the référent's list since ``at``."""
    row = Alert(
        alert_id=AlertId(name),
        type=AlertType.UNCONFIRMED,
        severity=severity,
        person_id=LEILA,
        obligation_id=ObligationId(f"cv:{name}"),
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        next_action="call_before_deadline",
        act_by=paris("2026-12-04", "18:00"),
        raised_at=at,
        updated_at=at,
        routed_at=at,
    )
    return replace(row, **changed)


async def test_critical_at_once(texts: JinjaTexts) -> None:
    """To whose list it is, with the first name, what to do, by when, and the way there; once (§10.13)."""
    office = Office(texts)
    await office.has(alert(severity=Severity.CRITICAL))
    assert await office.round(TUESDAY) == ["adv@agence.example"]
    mail = office.box.sent[0]
    assert mail.subject == "Alerte critique : sans réponse"
    assert "Leila : sans réponse." in mail.text
    assert "Appelez la personne avant vendredi 4 décembre à 18 h." in mail.text
    assert "http://staff.example/advisor/adv" in mail.text
    assert await office.round(TUESDAY + timedelta(minutes=1)) == []


async def test_no_contact_data_leaves(texts: JinjaTexts) -> None:
    """The first name and nothing more: no family name, no number, no address (§8.4)."""
    office = Office(texts)
    await office.has(alert(severity=Severity.CRITICAL), alert("al2"))
    await office.round(TUESDAY)
    await office.round(paris("2026-12-02", "08:00"))
    words = " ".join(mail.subject + mail.text for mail in office.box.sent)
    assert len(office.box.sent) == 2
    assert "Test" not in words
    assert "06" not in words
    assert LEILA not in words.replace("Leila", "")


@pytest.mark.parametrize(
    ("at", "duty", "to"),
    [
        (("2026-12-01", "08:00"), DUTY, "adv@agence.example"),
        (("2026-12-01", "18:00"), DUTY, "adv@agence.example"),
        # evening, early morning, Sunday, Christmas
        (("2026-12-01", "18:01"), DUTY, DUTY),
        (("2026-12-02", "07:59"), DUTY, DUTY),
        (("2026-12-06", "11:00"), DUTY, DUTY),
        (("2026-12-25", "11:00"), DUTY, DUTY),
        # nobody is on duty: it waits for the hours
        (("2026-12-01", "18:01"), None, None),
    ],
)
async def test_outside_the_hours_the_duty_hears(texts: JinjaTexts, at: tuple[str, str], duty: str | None, to: str | None) -> None:
    """08:00 to 18:00 of working days the advisor, else the agency's duty queue (§10.13, §10.3)."""
    office = Office(texts, duty)
    await office.has(alert(severity=Severity.CRITICAL, at=paris(*at)))
    assert await office.round(paris(*at)) == ([to] if to else [])


async def test_it_waits_for_the_hours_when_nobody_is_on_duty(texts: JinjaTexts) -> None:
    """Until the next working day at 08:00 (§10.13)."""
    office = Office(texts, None)
    friday = paris("2026-12-04", "19:00")
    await office.has(alert(severity=Severity.CRITICAL, at=friday))
    assert await office.round(friday) == []
    assert await office.round(paris("2026-12-07", "07:59")) == []
    assert await office.round(paris("2026-12-07", "08:00")) == ["adv@agence.example"]


async def test_the_digest_of_the_next_working_day(texts: JinjaTexts) -> None:
    """One e-mail for all that came to the list since, the most urgent first; at 08:00, not before (§10.13)."""
    office = Office(texts)
    friday = paris("2026-12-04", "08:00")
    first, later = alert("al1", at=friday, act_by=paris("2026-12-09", "18:00")), alert("al2", Severity.INFO, friday + timedelta(hours=9))
    await office.has(first, later, alert("al3", at=friday, advisor_id=None, routed=Routed.AGENCY))
    assert await office.round(friday + timedelta(hours=9)) == []
    assert await office.round(paris("2026-12-07", "07:59")) == []
    assert sorted(await office.round(paris("2026-12-07", "08:00"))) == ["adv@agence.example", DUTY]
    digest = next(mail for mail in office.box.sent if mail.to == "adv@agence.example")
    assert digest.subject == "2 nouvelles alertes sur votre liste"
    assert digest.text.index("vendredi 4 décembre") < digest.text.index("mercredi 9 décembre")
    assert await office.round(paris("2026-12-08", "08:00")) == []


async def test_who_took_it_needs_no_word(texts: JinjaTexts) -> None:
    """Claimed or closed: nothing is e-mailed (§10.13)."""
    office = Office(texts)
    await office.has(
        alert("al1", Severity.CRITICAL, claimed_by="adv", claimed_at=TUESDAY), alert("al2", closed_at=TUESDAY, close_reason="handled")
    )
    assert await office.round(paris("2026-12-02", "09:00")) == []


async def test_a_crash_between_sending_and_remembering(texts: JinjaTexts) -> None:
    """It is sent once more, as the same e-mail; it is never lost (§10.13)."""
    office = Office(texts)
    await office.has(alert(severity=Severity.CRITICAL))
    office.box.dies = True
    with pytest.raises(ConnectionResetError):
        await office.round(TUESDAY)
    office.restarted()
    await office.round(TUESDAY + timedelta(minutes=1))
    assert len(office.box.sent) == 2
    assert len({mail.key for mail in office.box.sent}) == 1
    assert await office.round(TUESDAY + timedelta(minutes=2)) == []


async def test_a_server_that_is_away(texts: JinjaTexts) -> None:
    """Tried again after a minute, as the same e-mail (§10.13)."""
    office = Office(texts)
    await office.has(alert(severity=Severity.CRITICAL))
    office.box.answers["adv@agence.example"] = Sent.LATER
    done: Pushed = await office.pushes.push_round(TUESDAY)
    assert (done.later, done.sent) == (1, {})
    assert await office.round(TUESDAY + timedelta(seconds=30)) == []
    office.box.answers.clear()
    assert await office.round(TUESDAY + timedelta(seconds=61)) == ["adv@agence.example"]
    assert len({mail.key for mail in office.box.sent}) == 1


async def test_an_advisors_address_that_nobody_takes(texts: JinjaTexts) -> None:
    """The agency's duty hears instead: an alert is never dropped (§10.8)."""
    office = Office(texts)
    await office.has(alert(severity=Severity.CRITICAL))
    office.box.answers["adv@agence.example"] = Sent.REFUSED
    assert await office.round(TUESDAY) == ["adv@agence.example", DUTY]
    assert await office.round(TUESDAY + timedelta(hours=2)) == []


@pytest.mark.parametrize(("count", "told"), [(30, False), (31, True)])
async def test_a_list_that_is_too_long(texts: JinjaTexts, count: int, told: bool) -> None:
    """More than 30 open alerts: the agency's manager hears of it, once a day and within the hours (§10.8)."""
    office = Office(texts)
    await office.has(*(alert(f"al{n}", claimed_by="adv", claimed_at=TUESDAY) for n in range(count)))
    assert await office.round(paris("2026-12-01", "07:00")) == []
    assert await office.round(TUESDAY) == ([DUTY] if told else [])
    assert await office.round(TUESDAY + timedelta(hours=3)) == []
    assert await office.round(TUESDAY + timedelta(days=1)) == ([DUTY] if told else [])
    if told:
        assert office.box.sent[0].subject == "Trop d'alertes ouvertes : adv"
        assert "adv a 31 alertes ouvertes." in office.box.sent[0].text
        assert len({mail.key for mail in office.box.sent}) == 2


@pytest.mark.parametrize(
    ("now", "duty", "sent"),
    [
        (paris("2026-12-10", "10:30"), DUTY, True),
        # a Saturday, and nobody there before Monday: then
        (paris("2026-12-12", "10:30"), DUTY, False),
        (paris("2026-12-14", "08:00"), DUTY, True),
        # after the agency's hours of the last day: now or never
        (paris("2026-12-14", "18:30"), DUTY, False),
        (paris("2026-12-15", "18:30"), DUTY, True),
        (paris("2026-12-10", "10:30"), None, False),
    ],
)
def test_when_an_agency_hears_of_lost_messages(now: datetime, duty: str | None, sent: bool) -> None:
    """In its hours; when it does not work again before the end, at once (§10.16, SC-23)."""
    env = environment()
    env = env.with_staff({name: replace(row, duty_email=duty) for name, row in env.agencies.items()}, env.advisors)
    push = lost_push(Lost(agency_id="agence", people=3, reached=1, closes_at=CLOSES), env, now)
    assert (push is not None) is sent


def test_words_about_lost_messages(texts: JinjaTexts) -> None:
    """How many, until when, what to do; nobody's name (§10.16)."""
    lost = Lost(agency_id="agence", people=3, reached=1, closes_at=CLOSES)
    push = Push(note=StaffNote.LOST, key="k", to=(DUTY,), zone="Europe/Paris", advisor_id=None, name="", lost=lost)
    mail = texts.staff_mail(push, DUTY, "http://staff.example/advisor")
    assert mail.subject == "SMS perdus : 2 personnes de l'agence sans nouvelles"
    assert "3 personnes de l'agence sont concernées." in mail.text
    assert "mardi 15 décembre à 23 h 59" in mail.text
    assert "http://staff.example/advisor" in mail.text


async def test_an_agency_hears_of_lost_messages_once_a_day(texts: JinjaTexts) -> None:
    """As long as somebody was not reached; what cannot be sent is tried again (§10.16)."""
    office = Office(texts)
    await office.has()
    told: list[datetime] = []
    office.pushes.waiting = SomebodyLost(office.store, told)
    office.box.answers[DUTY] = Sent.LATER
    first = paris("2026-12-10", "10:30")
    assert (await office.round(first), told) == ([DUTY], [])
    office.box.answers.clear()
    later = first + timedelta(minutes=16)
    assert (await office.round(later), told) == ([DUTY], [later])
    assert await office.round(later + timedelta(hours=1)) == []
    tomorrow = first + timedelta(days=1)
    assert (await office.round(tomorrow), told) == ([DUTY], [later, tomorrow])
    assert office.box.sent[0].key == office.box.sent[1].key != office.box.sent[2].key
