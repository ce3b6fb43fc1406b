"""What advisors are told about contact points, and when they need not be told any more (§10.7, §10.8, §11.3, §11.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.model import Alert, Contact
from services.core.words import AttemptState, Channel, Choice, ContactStatus, ObligationState, ReceiptStatus
from tests.unit.core.scene import NOW, Story, attempt, case, letterbox, mailbox, meeting, mobile, paris

_LATER = NOW + timedelta(days=3)


def _told(status: ReceiptStatus, point: Contact, channel: Channel) -> Story:
    """A message about a convocation went to this point, and this came back an hour later."""
    duty = meeting(due_at=paris("2026-12-22", "10:30"))
    sent = attempt(about=duty, channel=channel, contact_id=point.contact_id)
    story = Story(case=case(duty, contacts=(point, mobile("autre")), attempts=(sent,)))
    story.receive(sent, status, at=NOW + timedelta(hours=1))
    story.decide()
    return story


def _alert(story: Story, type_: str) -> Alert:
    (found,) = [row for row in story.case.alerts if row.type == type_]
    return found


@pytest.mark.parametrize(
    ("status", "point", "channel", "code"),
    [
        (ReceiptStatus.REFUSED_BY_PERSON, letterbox(), Channel.LETTER, "refused_letter"),
        (ReceiptStatus.COMPLAINT, mailbox(), Channel.EMAIL, "complaint"),
    ],
)
def test_what_the_person_refused(status: ReceiptStatus, point: Contact, channel: Channel, code: str) -> None:
    """A letter refused at the door (N05), a mail reported as unwanted (ARF): for information, ask how to write to them."""
    alert = _alert(_told(status, point, channel), "INBOUND_MESSAGE")
    assert (alert.severity, alert.next_action, alert.known[0].code) == ("info", "ask_channel", code)


def test_a_refused_letter_leaves_the_address_in_use() -> None:
    """It is the right one: somebody was there to refuse it."""
    story = _told(ReceiptStatus.REFUSED_BY_PERSON, letterbox(), Channel.LETTER)
    assert story.case.contacts[0].status is ContactStatus.ACTIVE


@pytest.mark.parametrize(
    ("better", "closed"),
    [
        ({"status": ContactStatus.ACTIVE, "value_at": _LATER}, True),
        ({"status": ContactStatus.ACTIVE, "status_at": _LATER}, True),
        ({"status": ContactStatus.UNVERIFIED, "value_at": _LATER}, False),
        ({"status": ContactStatus.SUSPECT, "only_verification": True, "status_at": _LATER}, False),
    ],
)
def test_a_dead_point_that_is_good_again(better: dict[str, Any], closed: bool) -> None:
    """The directory verified it, or gave another value that is verified: CONTACT_DEAD is closed; an unverified one is not enough."""
    story = _told(ReceiptStatus.FAILED_HARD, mailbox(), Channel.EMAIL)
    assert _alert(story, "CONTACT_DEAD").closed_at is None
    dead = story.case.contacts[0]
    assert dead.status is ContactStatus.DISABLED
    story.put(dead)
    story.put(replace(mailbox("mail2"), **better))
    story.decide(_LATER)
    alert = _alert(story, "CONTACT_DEAD")
    assert (alert.closed_at is not None, alert.close_reason) == (closed, "contact_fixed" if closed else None)


def test_another_kind_of_point_does_not_close_it() -> None:
    """A new telephone is no new mailbox."""
    story = _told(ReceiptStatus.FAILED_HARD, mailbox(), Channel.EMAIL)
    story.put(mobile("tel2", value_at=_LATER))
    story.decide(_LATER)
    assert _alert(story, "CONTACT_DEAD").closed_at is None


def test_an_alert_closes_also_when_its_duty_is_forgotten() -> None:
    """A case holds 60 days of duties; an alert stays open until its point is good."""
    story = _told(ReceiptStatus.FAILED_HARD, mailbox(), Channel.EMAIL)
    story.case = replace(story.case, obligations=(), attempts=(), receipts=())
    story.put(mailbox("mail", status=ContactStatus.ACTIVE, status_at=_LATER))
    story.decide(_LATER)
    assert _alert(story, "CONTACT_DEAD").close_reason == "contact_fixed"


@pytest.mark.parametrize("state", [ObligationState.OPEN, ObligationState.MISSED])
def test_wrong_person_closes_with_a_better_number(state: ObligationState) -> None:
    """Whatever became of the duty meanwhile."""
    duty = meeting()
    story = Story(case=case(duty, contacts=(mobile(),), attempts=(attempt(about=duty, state=AttemptState.DELIVERED),)))
    story.answer(Choice.WRONG_PERSON, at=NOW + timedelta(minutes=1))
    story.decide()
    assert _alert(story, "WRONG_PERSON").closed_at is None
    story.put(replace(story.obligation("cv:1"), state=state))
    story.put(mobile(value="+33699999999", e164="+33699999999", value_at=_LATER))
    story.decide(_later(state))
    assert _alert(story, "WRONG_PERSON").close_reason == "contact_fixed"


def _later(state: ObligationState) -> datetime:
    return _LATER if state is ObligationState.OPEN else paris("2026-12-02", "09:00")
