"""Where others went wrong (rules §13): one test for each trap. The two about callbacks are with the providers' own conformance tests."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from services.adapters.providers.smpp.feedback import receipt_of, report_of
from services.adapters.providers.smpp.pdu import Delivery
from services.core.calendar import WorkingDays
from services.core.channels.windows import next_opening, openings_on
from services.core.evidence import statuses
from services.core.period import period
from services.core.words import AttemptState, Channel, ContactStatus, Evidence, ObligationState, ReceiptStatus
from tests.unit.core.scene import Story, attempt, case, day, environment, landline, letterbox, mailbox, meeting, mobile, paris, residence

_POLICY = environment().policy


def test_the_15th_at_midnight_is_the_end_of_the_15th() -> None:
    """« Le 15 à minuit »: all of the 15th is left, to the last second; the 16th is too late (§2.1)."""
    closes = period("2026-11").closes_at
    assert closes - paris("2026-12-15", "00:00") == timedelta(hours=23, minutes=59, seconds=59)
    assert paris("2026-12-15", "23:59:59") == closes < paris("2026-12-16", "00:00")


@pytest.mark.parametrize("done", ["2612101000", "2612102300", "9901010000", "garbage"])
def test_the_date_of_a_delivery_receipt_has_no_zone_and_is_not_believed(done: str) -> None:
    """Whatever the network writes as its date, the instant is the one at which the receipt reached us (§4.4)."""
    reached_us = datetime(2026, 12, 10, 9, 0, 3, tzinfo=UTC)
    text = f"id:7f3a sub:001 dlvrd:001 submit date:2612101000 done date:{done} stat:DELIVRD err:000 text:"
    report = report_of(Delivery(source="33612345678", destination="38123", esm_class=4, text=text, part=None, tlvs={}))
    assert report is not None
    receipt = receipt_of(report, None, provider="a", hard_errors={}, at=reached_us)
    assert (receipt.status, receipt.at) == (ReceiptStatus.DELIVERED, reached_us)


def _heard(channel: Channel, reading: statuses.Reading | None) -> Story:
    """A convocation by this channel, accepted by the provider, then one receipt."""
    assert reading is not None
    point = {Channel.VOICE: landline, Channel.LETTER: letterbox, Channel.EMAIL: mailbox, Channel.SMS: mobile}[channel]()
    duty = meeting()
    row = replace(attempt(about=duty, channel=channel), contact_id=point.contact_id)
    story = Story(case=case(duty, contacts=(point,), attempts=(row,)))
    story.receive(row, reading.status, reason=reading.reason)
    return story


@pytest.mark.parametrize("answered_by", ["human", "unknown", "", "machine_end_beep"])
def test_a_completed_call_is_no_acknowledgement(answered_by: str) -> None:
    """A call that was connected and ended proves E2 at most and leaves the duty open: only a key is an answer (§5, §10.6)."""
    duty = _heard(Channel.VOICE, statuses.call_answered(answered_by)).obligation("cv:1")
    assert duty.evidence is Evidence.E2
    assert duty.state is ObligationState.OPEN


def test_a_processed_letter_is_not_a_delivered_one() -> None:
    """PROCESSED means "in its envelope": the message is not delivered, and nothing more is proved (§11.4)."""
    story = _heard(Channel.LETTER, statuses.letter_status("PROCESSED"))
    assert story.attempt("a1").state is AttemptState.ACCEPTED
    assert story.obligation("cv:1").evidence < Evidence.E2


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        # says 5, and is a mailbox that may be emptied
        ("552 5.2.2 Mailbox full", ReceiptStatus.FAILED_SOFT),
        # says 5, and is about us
        ("550 5.7.1 Message refused", ReceiptStatus.FAILED_POLICY),
    ],
    ids=["5.2.2 is soft", "5.7.1 is ours"],
)
def test_a_mail_refused_with_a_5_may_leave_the_address_alone(answer: str, status: ReceiptStatus) -> None:
    """5.2.2 is soft, 5.7.1 is our own trouble: neither disables the address; 5.1.1 does (§11.3)."""
    reading = statuses.email_answer(answer)
    assert reading.status is status
    assert _heard(Channel.EMAIL, reading).case.contacts[0].status is not ContactStatus.DISABLED
    assert _heard(Channel.EMAIL, statuses.email_answer("550 5.1.1")).case.contacts[0].status is ContactStatus.DISABLED


@pytest.mark.parametrize(("on", "in_paris"), [("2027-01-04", time(6)), ("2027-07-05", time(7))])
def test_nine_in_la_reunion_is_five_in_utc_all_year(on: str, in_paris: time) -> None:
    """09:00 there is 05:00Z in winter and in summer, 06:00 or 07:00 in Paris (§3)."""
    home = residence("97400")
    opens, _ = openings_on(_POLICY, Channel.SMS, home, day(on))[0]
    assert home.local(opens).time() == time(9)
    assert opens.time() == time(5)
    assert residence("75011").local(opens).time() == in_paris


def test_a_day_in_guadeloupe_is_not_a_day_in_paris() -> None:
    """In winter 09:00 to 19:30 there are 14:00 to 00:30 in Paris: a batch that ends with the day of Paris loses the evening (§10.3)."""
    opens, closes = openings_on(_POLICY, Channel.SMS, residence("97110"), day("2027-01-04"))[0]
    paris_clock = residence("75011")
    assert f"{paris_clock.local(opens):%d %H:%M}" == "04 14:00"
    assert f"{paris_clock.local(closes):%d %H:%M}" == "05 00:30"
    late = paris("2027-01-05", "00:15")
    assert next_opening(_POLICY, Channel.SMS, residence("97110"), late)[0] == late


def test_a_day_in_polynesia_crosses_midnight_in_utc() -> None:
    """09:00 to 19:30 in Tahiti begin on one day in UTC and end on the next; Sunday there is Sunday there (§3)."""
    home = residence("98714")
    opens, closes = openings_on(_POLICY, Channel.SMS, home, day("2027-01-04"))[0]
    assert (f"{opens:%d %H:%M}", f"{closes:%d %H:%M}") == ("04 19:00", "05 05:30")
    # Monday 4 January, 02:00 in UTC, is still Sunday afternoon in Papeete
    sunday = datetime(2027, 1, 4, 2, 0, tzinfo=UTC)
    assert next_opening(_POLICY, Channel.SMS, home, sunday)[0] == opens


def test_whit_monday_is_often_worked_and_nobody_is_contacted() -> None:
    """Lundi de Pentecôte, 17 May 2027: no SMS, no call, no post, and no working day of an agency (§3)."""
    home = residence()
    assert openings_on(_POLICY, Channel.SMS, home, day("2027-05-17")) == ()
    assert openings_on(_POLICY, Channel.VOICE, home, day("2027-05-17")) == ()
    assert not home.posts_on(day("2027-05-17"))
    assert not WorkingDays(zone=home.zone, holidays=home.holidays).is_working(day("2027-05-17"))
