"""Values that tests of the pages are made of: people of the study, their duties, messages and alerts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.core.model import (
    Advisor,
    Agency,
    Alert,
    AlertId,
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    Fact,
    Item,
    Obligation,
    ObligationId,
    Person,
    PersonId,
    Place,
)
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    DeclaredBy,
    Kind,
    ObligationState,
    PointKind,
    Routed,
    Severity,
    Step,
)

PAGES = Path(__file__).parents[3] / "templates" / "pages"
PARIS = ZoneInfo("Europe/Paris")
TOKEN = "c4r0l1n3-T0ken_22ch"


def paris(text: str) -> datetime:
    """An instant given in Paris time."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


NOW = paris("2026-11-25T10:30")


LILLE = Agency(
    agency_id="lille",
    name="Lille Centre",
    phone="3949",
    address="1 place de la Gare 59000 LILLE",
    postal_code="59000",
    access_info="Métro Gare Lille Flandres",
)
DURAND = Advisor(advisor_id="durand", name="Mme Durand", agency_id="lille", email="durand@agence.example", backup_id="petit")
PETIT = Advisor(advisor_id="petit", name="M. Petit", agency_id="lille", email="petit@agence.example")
MOREL = Advisor(advisor_id="morel", name="Mme Morel", agency_id="roubaix", email="morel@agence.example")
GONE = Advisor(advisor_id="gone", name="M. Parti", agency_id="lille", email="parti@agence.example", active=False)

PLACE = Place(
    kind="agency", name="Lille Centre", address="1 place de la Gare 59000 LILLE", access_info="Métro Gare Lille Flandres", agency_id="lille"
)


def person(person_id: str, first_name: str, last_name: str = "Test", **more: object) -> Person:
    """Somebody of Lille whom Mme Durand follows."""
    values: dict[str, object] = {
        "person_id": PersonId(person_id),
        "revision": 1,
        "known_at": paris("2026-11-01T08:00"),
        "first_name": first_name,
        "last_name": last_name,
        "postal_code": "59000",
        "preferred_channel": Channel.SMS,
        "referent_id": "durand",
        "backup_id": "petit",
        "agency_id": "lille",
    }
    return Person(**(values | more))  # type: ignore[arg-type]


def meeting(name: str, person_id: str, due: str, **more: object) -> Obligation:
    """A convocation in Lille."""
    values: dict[str, object] = {
        "obligation_id": ObligationId(f"cv:{name}"),
        "person_id": PersonId(person_id),
        "kind": Kind.CONVOCATION,
        "revision": 1,
        "state": ObligationState.OPEN,
        "known_at": paris("2026-11-23T10:00"),
        "due_at": paris(due),
        "place": PLACE,
        "purpose": "point sur votre recherche d'emploi",
        "mandatory": True,
        "changed_at": paris("2026-11-23T10:00"),
        "next_at": paris("2026-12-01T09:00"),
    }
    return Obligation(**(values | more))  # type: ignore[arg-type]


def actualisation(person_id: str, **more: object) -> Obligation:
    """November's actualisation."""
    values: dict[str, object] = {
        "obligation_id": ObligationId(f"act:2026-11:{person_id}"),
        "person_id": PersonId(person_id),
        "kind": Kind.ACTUALISATION,
        "revision": 1,
        "state": ObligationState.OPEN,
        "known_at": paris("2026-11-20T00:00"),
        "opens_at": paris("2026-11-20T00:00"),
        "due_at": paris("2026-12-15T23:59"),
        "period": "2026-11",
        "changed_at": paris("2026-11-20T00:00"),
    }
    return Obligation(**(values | more))  # type: ignore[arg-type]


def sms(
    name: str, obligation: Obligation, *, token: str | None = None, state: AttemptState = AttemptState.DELIVERED, **more: object
) -> Attempt:
    """A first notice by SMS, 20 minutes ago."""
    values: dict[str, object] = {
        "attempt_id": AttemptId(name),
        "person_id": obligation.person_id,
        "channel": Channel.SMS,
        "contact_id": ContactId(f"{obligation.person_id}-phone"),
        "items": (Item(obligation_id=obligation.obligation_id, revision=obligation.revision, step=Step.N0),),
        "state": state,
        "cause": "first_notice",
        "chosen_by": "preferred",
        "release_at": NOW - timedelta(minutes=20),
        "not_after": NOW + timedelta(hours=8),
        "tries": 1,
        "provider": "a",
        "provider_ref": f"ref-{name}",
        "reference": "K7Q4-PM2X",
        "token": token,
        "submitted_at": NOW - timedelta(minutes=20),
        "accepted_at": NOW - timedelta(minutes=20),
    }
    return Attempt(**(values | more))  # type: ignore[arg-type]


def phone(person_id: str, value: str = "06 45 12 34 56") -> Contact:
    """A mobile that the person declared."""
    return Contact(
        contact_id=ContactId(f"{person_id}-phone"),
        person_id=PersonId(person_id),
        kind=PointKind.PHONE,
        value=value,
        e164="+33" + value.replace(" ", "")[1:],
        declared_by=DeclaredBy.SELF,
    )


SMS_SENT = Fact(code="sent", parameters={"channel": "sms", "at": "2026-11-23T10:00:00+01:00", "count": "1"})
NO_ANSWER = Fact(code="no_answer", parameters={"count": "2", "last": "2026-11-25T10:00:00+01:00"})


def alert(name: str, obligation: Obligation, type_: AlertType, severity: Severity, act_by: str, **more: object) -> Alert:
    """An open alert on Mme Durand's list."""
    values: dict[str, object] = {
        "alert_id": AlertId(name),
        "type": type_,
        "severity": severity,
        "person_id": obligation.person_id,
        "obligation_id": obligation.obligation_id,
        "agency_id": "lille",
        "advisor_id": "durand",
        "routed": Routed.REFERENT,
        "deadline": obligation.due_at,
        "known": (SMS_SENT,),
        "next_action": "call_now",
        "act_by": paris(act_by),
        "raised_at": NOW - timedelta(hours=2),
        "updated_at": NOW - timedelta(hours=2),
    }
    return Alert(**(values | more))  # type: ignore[arg-type]
