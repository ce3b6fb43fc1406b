"""Masks, access and actions as pure functions."""

from dataclasses import replace

import pytest

from services.core.model import Case, Contact, ContactId, Follower, PersonId
from services.core.ports.store import Staff
from services.core.words import AlertType, DeclaredBy, PointKind, Routed, Severity
from services.web.access import follows
from services.web.desk import follows as may_act
from services.web.portfolio import actions_for, masked
from services.web.ports import DeskAction
from tests.unit.web.people import DURAND, GONE, MOREL, PETIT, actualisation, alert, meeting, person, phone


def point(kind: PointKind, value: str | None = None, lines: tuple[str, ...] = ()) -> Contact:
    """A contact point of Luc."""
    return Contact(
        contact_id=ContactId("point"), person_id=PersonId("luc"), kind=kind, value=value, lines=lines, declared_by=DeclaredBy.SELF
    )


LUC = person("luc", "Luc")
DUTY = meeting("luc", "luc", "2026-11-26T10:30")
ALERT = alert("a", DUTY, AlertType.UNCONFIRMED, Severity.HIGH, "2026-11-25T16:30")


def test_portfolio_of_an_advisor() -> None:
    """The referent and the backup follow; another agency and who has left do not; an unknown person is nobody's (§8.4)."""
    case = Case(person_id=PersonId("luc"), person=LUC)
    assert follows(DURAND, case)
    assert follows(PETIT, case)
    assert not follows(MOREL, case)
    assert not follows(GONE, replace(case, person=replace(LUC, referent_id="gone")))
    assert not follows(DURAND, replace(case, person=None))


def test_an_alert_opens_the_file_while_it_is_open() -> None:
    """Whoever has or took an open alert, and the agency it is routed to, may read; once closed, no more (§8.4)."""
    stranger = replace(LUC, referent_id="x", backup_id=None)
    given = replace(ALERT, advisor_id="morel")
    case = Case(person_id=PersonId("luc"), person=stranger, alerts=(given,))
    assert follows(MOREL, case)
    assert follows(MOREL, replace(case, alerts=(replace(ALERT, claimed_by="morel"),)))
    assert not follows(MOREL, replace(case, alerts=(replace(given, closed_at=given.raised_at),)))
    routed = replace(ALERT, advisor_id=None, routed=Routed.AGENCY)
    assert follows(DURAND, replace(case, alerts=(routed,)))
    assert not follows(MOREL, replace(case, alerts=(routed,)))


def test_a_partner_reads_the_files_of_the_people_they_follow() -> None:
    """R13: the Mission locale's advisor whom the directory names reads this file; not another one, and not their organisation at large."""
    luc = replace(LUC, followers=(Follower(organisation="Mission locale", advisor_id="morel"), Follower(organisation="CCAS")))
    assert follows(MOREL, Case(person_id=luc.person_id, person=luc))
    assert not follows(replace(MOREL, active=False), Case(person_id=luc.person_id, person=luc))
    assert not follows(replace(MOREL, advisor_id="colleague"), Case(person_id=luc.person_id, person=luc))
    assert not follows(MOREL, Case(person_id=PersonId("gilles"), person=person("gilles", "Gilles")))


def test_a_partner_who_follows_somebody_does_not_act_for_the_service() -> None:
    """R13: reading is shared; claiming, closing and actualising stay with the referent, the back-up and the agency."""
    luc = replace(LUC, followers=(Follower(organisation="Mission locale", advisor_id="morel"),))
    staff = Staff(agencies={}, advisors={"morel": MOREL})
    assert not may_act("morel", Case(person_id=luc.person_id, person=luc), staff)


def test_the_meetings_own_advisor() -> None:
    """Who holds the meeting reads the file until it is settled (§8.4)."""
    case = Case(
        person_id=PersonId("luc"), person=replace(LUC, referent_id="x", backup_id=None), obligations=(replace(DUTY, advisor_id="morel"),)
    )
    assert follows(MOREL, case)
    settled = replace(DUTY, advisor_id="morel", settled_at=DUTY.due_at)
    assert not follows(MOREL, replace(case, obligations=(settled,)))


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        (phone("luc", "06 12 34 56 78"), "06 … 78"),
        (phone("luc", "+33612345678"), "33 … 78"),
        (
            point(PointKind.EMAIL, value="luc@fai.example"),
            "l…@fai.example",
        ),
        (
            point(PointKind.POSTAL, lines=("LUC TEST", "12 RUE DES LILAS", "59000 LILLE")),
            "59000 LILLE",
        ),
        (point(PointKind.POSTAL), ""),
    ],
)
def test_masks(contact: Contact, shown: str) -> None:
    """Enough to recognise, not enough to use (§8.4)."""
    assert masked(contact) == shown


def test_actions_fit_the_alert() -> None:
    """Claim only what nobody has; by phone only an actualisation that can still be done; contacts where contacts are the trouble."""
    assert actions_for(ALERT, DUTY) == (DeskAction.CLAIM, DeskAction.CALLED, DeskAction.HANDLED)
    taken = replace(ALERT, claimed_by="durand")
    assert actions_for(taken, DUTY) == (DeskAction.CALLED, DeskAction.HANDLED)
    dead = replace(taken, type=AlertType.CONTACT_DEAD)
    assert DeskAction.CONTACT_FIXED in actions_for(dead, None)
    risk = replace(taken, type=AlertType.ACTUALISATION_AT_RISK)
    assert DeskAction.ACTUALISED_BY_PHONE in actions_for(risk, actualisation("luc"))
    assert DeskAction.ACTUALISED_BY_PHONE not in actions_for(replace(risk, type=AlertType.ACTUALISATION_MISSED), actualisation("luc"))
