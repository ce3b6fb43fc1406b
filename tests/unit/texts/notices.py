"""Notices for the tests of this folder: one convocation in Lille unless said otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from services.core.content import Notice
from services.core.model import Agency, Contact, ContactId, Obligation, ObligationId, Person, PersonId, Place
from services.core.words import Channel, Constraint, DeclaredBy, DigitalEase, Kind, ObligationState, PointKind, Step

LILLE = Place(
    kind="agency",
    name="Lille Centre",
    address="1 place de la Gare 59000 LILLE",
    access_info="Bus L5, arrêt Molinel. Entrée à côté de la pharmacie.",
    agency_id="lille",
)
AGENCY = Agency(agency_id="lille", name="Lille Centre", phone="3949", address="1 place de la Gare 59000 LILLE", postal_code="59000")
LINK = "https://rdv.sans-faute.example/a/AbCdEfGhIjKlMnOp"
#: 10:30 in Paris
TUESDAY = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
_PERSON = PersonId("p1")


def person(first_name: str = "Leïla", last_name: str = "Test", constraints: Sequence[Constraint] = (), *, offline: bool = False) -> Person:
    """A person with these wishes."""
    return Person(
        person_id=_PERSON,
        revision=1,
        known_at=datetime(2026, 1, 1, tzinfo=UTC),
        first_name=first_name,
        last_name=last_name,
        postal_code="59000",
        preferred_channel=Channel.SMS,
        constraints=tuple(constraints),
        digital_ease=DigitalEase.OFFLINE if offline else DigitalEase.UNKNOWN,
        referent_id="a",
        agency_id="lille",
    )


def meeting(kind: Kind = Kind.CONVOCATION, at: datetime = TUESDAY, place: Place = LILLE, revision: int = 1) -> Obligation:
    """A mandatory meeting."""
    return Obligation(
        obligation_id=ObligationId(f"{kind}:{at:%d}"),
        person_id=_PERSON,
        kind=kind,
        revision=revision,
        state=ObligationState.OPEN,
        known_at=at,
        due_at=at,
        place=place,
        purpose="point sur votre recherche d'emploi",
        mandatory=True,
        changed_at=at,
    )


def actualisation(period: str = "2026-11", due_at: datetime = datetime(2026, 12, 15, 22, 59, 59, tzinfo=UTC)) -> Obligation:
    """An actualisation."""
    return replace(
        meeting(Kind.ACTUALISATION, at=due_at), obligation_id=ObligationId(f"act:{period}:p1"), period=period, place=None, purpose=None
    )


def notice(channel: Channel, *obligations: Obligation, step: Step = Step.N0, to: Person | None = None) -> Notice:
    """A notice; further fields by ``dataclasses.replace``."""
    postal = channel is Channel.LETTER
    return Notice(
        channel=channel,
        step=step,
        obligations=obligations or (meeting(),),
        person=to or person(),
        contact=Contact(
            contact_id=ContactId("c1"),
            person_id=_PERSON,
            kind=PointKind.POSTAL if postal else PointKind.PHONE,
            lines=("LEILA TEST", "8 RUE DES POSTES", "59000 LILLE") if postal else (),
            declared_by=DeclaredBy.SELF,
        ),
        zone="Europe/Paris",
        now=datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
        agency=AGENCY,
        reference="K7Q4-PM2X",
        calling_number="09 48 12 34 56",
        sms_sender="38123",
        bundle_parts=2,
    )
