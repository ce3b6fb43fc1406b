"""A small world behind the pages: both listeners over one store, empty or with some people in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from services.adapters.memory.figures import MemoryFigures
from services.adapters.memory.letters import MemoryLetters
from services.adapters.memory.proofs import MemoryProofs
from services.adapters.memory.store import MemoryStore
from services.adapters.policy import load_policy
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.changes import Changes, MessageSent
from services.core.model import (
    AttemptId,
    Contact,
    ContactId,
    Fact,
    PersonId,
    Receipt,
    Reply,
)
from services.core.policy import LinkPolicy
from services.core.ports.texts import Texts
from services.core.words import (
    AlertType,
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    DeclaredBy,
    Evidence,
    Identity,
    ObligationState,
    PointKind,
    ReceiptEffect,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Severity,
    Why,
)
from services.planner.foresee import Foresight
from services.web.access import AccessLog
from services.web.acknowledge import LinkPages
from services.web.advisor import AdvisorPages
from services.web.ahead import Foresee
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.dead_letters import DeadLetterPages
from services.web.events import Events
from services.web.floods import Door
from services.web.health import HealthPages, MetricsPage
from services.web.listeners import build_public, build_staff
from services.web.live import Live
from services.web.operations import OperationsPages
from services.web.proof import ProofPages
from services.web.render import Renderer
from services.web.replay import Replayer
from services.web.security import FormTokens
from services.web.wording import Wording
from tests.fixtures.steps import Shelf
from tests.unit.web.doubles import (
    Call,
    HandClock,
    KeptOriginals,
    Lacks,
    MemoryPages,
    OneLease,
    PlainTexts,
    RecordingDesk,
    RecordingOutlet,
    RecordingWatchers,
    SetPulse,
    StillEngine,
    print_plainly,
)
from tests.unit.web.figures import BUSY, QUIET
from tests.unit.web.people import (
    DURAND,
    GONE,
    LILLE,
    MOREL,
    NO_ANSWER,
    NOW,
    PAGES,
    PETIT,
    SMS_SENT,
    TOKEN,
    actualisation,
    alert,
    meeting,
    person,
    phone,
    sms,
)

LINK_POLICY = LinkPolicy(decoy_suspect=timedelta(seconds=60), early_suspect=timedelta(seconds=10))


@dataclass(slots=True, kw_only=True)
class World:
    """Both listeners over one store."""

    clock: HandClock
    store: MemoryStore
    pages: MemoryPages
    outlet: RecordingOutlet = field(default_factory=RecordingOutlet)
    desk: RecordingDesk = field(default_factory=RecordingDesk)
    watchers: RecordingWatchers = field(default_factory=RecordingWatchers)
    texts: Texts = field(default_factory=PlainTexts)
    pulse: SetPulse = field(default_factory=SetPulse)
    engine: StillEngine = field(default_factory=StillEngine)
    claims: OneLease = field(default_factory=OneLease)
    lacks: Lacks = field(default_factory=Lacks)
    originals: KeptOriginals = field(default_factory=KeptOriginals)
    shelf: Shelf = field(default_factory=Shelf)
    #: none: what the planner would decide
    foresee: Foresee | None = None
    budget: int = 30
    tokens: FormTokens = field(default_factory=lambda: FormTokens(b"test key"))
    #: none: as many requests as a test makes
    doors: Mapping[str, Door] = field(default_factory=dict)
    host_names: tuple[str, ...] = ("127.0.0.1", "localhost", "staff")

    @classmethod
    def empty(cls) -> "World":
        """Nobody yet."""
        clock, store = HandClock(), MemoryStore()
        return cls(clock=clock, store=store, pages=MemoryPages(store=store, clock=clock, board=QUIET))

    async def put(self, changes: Changes) -> None:
        """Store facts."""
        async with self.store.unit() as unit:
            people = {row.person_id for row in changes.profiles}
            people |= {row.person_id for row in changes.obligations} | {row.person_id for row in changes.attempts}
            await unit.lock(sorted(people))
            await unit.write(changes)

    def looks(self) -> list[tuple[str, str, str, bool]]:
        """The access log: who, whom, why, granted or not."""
        rows = (row.access for row in self.store.committed.accesses.all())
        return [(row.actor, row.person_id, row.purpose, row.granted) for row in rows]

    def public(self, callbacks: Callbacks[Call], events: Events) -> Starlette:
        """The public listener."""
        return build_public(
            doors=self.doors,
            links=LinkPages(pages=self.pages, outlet=self.outlet, clock=self.clock, policy=LINK_POLICY, render=Renderer(PAGES)),
            callbacks=callbacks,
            events=events,
            claims=ClaimDesk(claims=self.claims, clock=self.clock, tokens=frozenset({"gateway-token"})),
            health=HealthPages(checks=self.lacks),
            pages_dir=PAGES,
            https=True,
        )

    def staff(self) -> Starlette:
        """The staff listener."""
        render = Renderer(PAGES)
        live = Live(pulse=self.pulse, settle=0, at_least=30)
        return build_staff(
            advisor=AdvisorPages(
                pages=self.pages,
                desk=self.desk,
                access=AccessLog(store=self.store, clock=self.clock),
                wording=Wording(self.texts),
                tokens=self.tokens,
                live=live,
                clock=self.clock,
                render=render,
                foresee=self.foresee or Foresight(store=self.store, texts=self.texts, snapshot=Snapshots(policy=load_policy())),
                budget=self.budget,
            ),
            operations=OperationsPages(
                pages=self.pages,
                figures=MemoryFigures(self.store),
                engine=self.engine,
                live=live,
                clock=self.clock,
                render=render,
                dead_letters=DeadLetterPages(
                    letters=MemoryLetters(self.store),
                    replayer=Replayer(store=self.store, originals=self.originals, publisher=self.shelf, clock=self.clock),
                    tokens=self.tokens,
                    clock=self.clock,
                    render=render,
                ),
            ),
            proofs=ProofPages(
                proofs=MemoryProofs(self.store),
                access=AccessLog(store=self.store, clock=self.clock),
                sign=Seals(b"k" * 32).sign,
                printed=print_plainly,
            ),
            health=HealthPages(checks=self.lacks),
            metrics=MetricsPage(registry=CollectorRegistry()),
            render=render,
            pages_dir=PAGES,
            host_names=self.host_names,
        )


def client(app: Starlette, host: str = "staff") -> httpx.AsyncClient:
    """Talks to an app without a socket."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{host}")


async def populated() -> World:
    """Caroline with a link; Luc, Leïla and Geneviève on Mme Durand's list."""
    world = World.empty()
    caroline, luc, leila, genevieve = (
        person("caroline", "Caroline", "Petit"),
        person("luc", "Luc", "Martin", preferred_channel=Channel.EMAIL),
        person("leila", "Leïla", "Benali", forbidden_channels=(Channel.EMAIL,)),
        person("genevieve", "Geneviève", "Roux", preferred_channel=Channel.VOICE),
    )
    hers = meeting("caroline", "caroline", "2026-12-03T14:00")
    his = meeting(
        "luc",
        "luc",
        "2026-11-26T10:30",
        state=ObligationState.OPEN,
        evidence=Evidence.E2,
        evidence_how="delivered",
        next_at=NOW + timedelta(hours=3),
    )
    theirs = meeting(
        "leila",
        "leila",
        "2026-11-30T09:00",
        evidence=Evidence.E3,
        evidence_how="link",
        evidence_at=NOW - timedelta(hours=1),
        state=ObligationState.DECLINED,
        declined_reason="family",
        declined_at=NOW - timedelta(hours=1),
    )
    month = actualisation("genevieve")
    dead = Contact(
        contact_id=ContactId("luc-mail"),
        person_id=PersonId("luc"),
        kind=PointKind.EMAIL,
        value="luc@ancien-fai.example",
        declared_by=DeclaredBy.SELF,
        status=ContactStatus.DISABLED,
    )
    mail = sms(
        "at-luc-1",
        his,
        state=AttemptState.FAILED,
        reason=Why.REJECTED_BY_PROVIDER,
        channel=Channel.EMAIL,
        contact_id=ContactId("luc-mail"),
        provider="smtp",
        reference="M3D8-W2KA",
        submitted_at=NOW - timedelta(hours=30),
        release_at=NOW - timedelta(hours=30),
    )
    text = sms(
        "at-luc-2",
        his,
        cause="hard_failure",
        chosen_by="order",
        excluded=("email: contact_disabled", "letter: letter_too_late"),
        submitted_at=NOW - timedelta(hours=29),
        release_at=NOW - timedelta(hours=29),
    )
    call = sms(
        "at-luc-3",
        his,
        state=AttemptState.FAILED,
        channel=Channel.VOICE,
        cause="silence",
        chosen_by="another",
        provider="voix",
        submitted_at=NOW - timedelta(hours=3),
        release_at=NOW - timedelta(hours=3),
    )
    await world.put(
        Changes(
            advisors=[DURAND, PETIT, MOREL, GONE],
            agencies=[LILLE],
            profiles=[caroline, luc, leila, genevieve],
            contacts=[phone("caroline"), phone("luc", "06 12 34 56 78"), dead, phone("leila"), phone("genevieve", "03 20 12 34 56")],
            obligations=[hers, his, theirs, month],
            attempts=[sms("at-caroline", hers, token=TOKEN), mail, text, call, sms("at-leila", theirs)],
            receipts=[
                Receipt(
                    receipt_id="r1",
                    provider="smtp",
                    attempt_id=AttemptId("at-luc-1"),
                    person_id=PersonId("luc"),
                    status=ReceiptStatus.FAILED_HARD,
                    raw_status="5.1.1",
                    at=NOW - timedelta(hours=30),
                    received_at=NOW - timedelta(hours=30),
                    effect=ReceiptEffect.APPLIED,
                ),
                Receipt(
                    receipt_id="r2",
                    provider="a",
                    attempt_id=AttemptId("at-luc-2"),
                    person_id=PersonId("luc"),
                    status=ReceiptStatus.DELIVERED,
                    raw_status="DELIVRD",
                    at=NOW - timedelta(hours=29),
                    received_at=NOW - timedelta(hours=29),
                    effect=ReceiptEffect.APPLIED,
                ),
                Receipt(
                    receipt_id="r3",
                    provider="voix",
                    attempt_id=AttemptId("at-luc-3"),
                    person_id=PersonId("luc"),
                    status=ReceiptStatus.NO_ANSWER,
                    raw_status="no-answer",
                    at=NOW - timedelta(hours=3),
                    received_at=NOW - timedelta(hours=3),
                    effect=ReceiptEffect.APPLIED,
                ),
            ],
            replies=[
                Reply(
                    reply_id="y1",
                    channel=ReplyChannel.LINK,
                    choice=Choice.CANNOT_COME,
                    identity=Identity.LINK,
                    answered_by=AnsweredBy.HELPER,
                    person_id=PersonId("leila"),
                    obligation_id=theirs.obligation_id,
                    reason="family",
                    at=NOW - timedelta(hours=1),
                    effect=ReplyEffect.ACKNOWLEDGED,
                ),
            ],
            alerts=[
                alert("al-leila", theirs, AlertType.CANNOT_COME, Severity.HIGH, "2026-11-27T16:30", next_action="call_now"),
                alert(
                    "al-luc",
                    his,
                    AlertType.UNCONFIRMED,
                    Severity.CRITICAL,
                    "2026-11-25T16:30",
                    known=(Fact(code="contact_dead", parameters={"channel": "email"}), SMS_SENT, NO_ANSWER),
                ),
                alert(
                    "al-luc-2",
                    his,
                    AlertType.CONTACT_DEAD,
                    Severity.MEDIUM,
                    "2026-11-27T16:30",
                    next_action="fix_contact",
                    known=(Fact(code="contact_dead", parameters={"channel": "email"}),),
                ),
                alert(
                    "al-gen",
                    month,
                    AlertType.ACTUALISATION_AT_RISK,
                    Severity.HIGH,
                    "2026-11-25T09:30",
                    next_action="actualise_by_phone",
                    known=(NO_ANSWER,),
                    claimed_by="durand",
                    claimed_at=NOW - timedelta(hours=1),
                ),
            ],
        ),
    )
    world.pages.messages += [
        MessageSent(
            attempt_id="at-luc-2",
            try_number=1,
            person_id=PersonId("luc"),
            text="France Travail: Luc, rendez-vous obligatoire jeudi 26 novembre à 10h30, Lille Centre. "
            "Répondez 1 si vous venez, 2 sinon. Aide: 3949. Ref K7Q4-PM2X",
            parts=1,
            encoding="GSM-7",
            provider="a",
            at=NOW - timedelta(hours=29),
        ),
    ]
    world.pages.board = BUSY
    return world
