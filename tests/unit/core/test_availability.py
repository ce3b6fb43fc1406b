"""Which channels reach a person, and a reason for each of the others (§10.9)."""

from dataclasses import replace

import pytest

from services.core.channels.availability import availability, notice_order
from services.core.model import Contact, Person
from services.core.words import Channel, Constraint, ContactStatus, DigitalEase, Why
from tests.unit.core.scene import environment, landline, letterbox, mailbox, mobile, person

_ORDERS = environment().policy.channels
_S, _V, _E, _L = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER
_ALL = (mobile(), mailbox(), letterbox())


@pytest.mark.parametrize(
    ("who", "order"),
    [
        (person(), (_S, _V, _E, _L)),
        (person(preferred_channel=_E), (_E, _S, _V, _L)),
        (person(preferred_channel=_L), (_L, _S, _V, _E)),
        (person(digital_ease=DigitalEase.OFFLINE), (_S, _V, _L, _E)),
        (person(digital_ease=DigitalEase.OFFLINE, preferred_channel=_L), (_L, _V, _S, _E)),
        (person(constraints=(Constraint.NO_INTERNET,), preferred_channel=_V), (_V, _S, _L, _E)),
        (person(digital_ease=DigitalEase.UNFAMILIAR), (_S, _V, _E, _L)),
    ],
)
def test_the_order_of_channels(who: Person, order: tuple[Channel, ...]) -> None:
    """The preferred one, then SMS, voice, e-mail, letter; without internet voice, SMS, letter, e-mail."""
    assert notice_order(who, _ORDERS) == order


@pytest.mark.parametrize(
    ("who", "points", "channel", "reason"),
    [
        (person(forbidden_channels=(_S,)), _ALL, _S, Why.FORBIDDEN),
        (person(constraints=(Constraint.NO_VOICE,)), _ALL, _V, Why.CONSTRAINT),
        (person(), (mobile(),), _E, Why.NO_CONTACT),
        (person(), (landline(),), _S, Why.NOT_A_MOBILE),
        (person(), (mobile(status=ContactStatus.DISABLED),), _S, Why.CONTACT_DISABLED),
        (person(), (mobile(status=ContactStatus.DISABLED),), _V, Why.CONTACT_DISABLED),
        (person(), (mobile(problem="too_short"),), _V, Why.CONTACT_INVALID),
        (person(), (mobile(closed_channels=(_S,)),), _S, Why.STOPPED),
        # a forbidden channel beats everything
        (person(forbidden_channels=(_V,), constraints=(Constraint.NO_VOICE,)), _ALL, _V, Why.FORBIDDEN),
    ],
)
def test_why_a_channel_is_left_out(who: Person, points: tuple[Contact, ...], channel: Channel, reason: Why) -> None:
    """Each one that is not usable has its reason, for the journal and for people (§10.1.7)."""
    found = availability(who, points, _ORDERS)
    assert found.excluded[channel] is reason
    assert channel not in found.order
    assert f"{channel}: {reason}" in found.why_not


def test_stop_closes_sms_and_not_calls() -> None:
    """One use of the point is closed; the other goes on (§4.2)."""
    assert availability(person(), (mobile(closed_channels=(_S,)),), _ORDERS).order == (_V,)


def test_the_best_point_serves() -> None:
    """Active before unverified before suspect; then by name, so that the choice is always the same."""
    points = (mobile("b", status=ContactStatus.SUSPECT), mobile("c"), mobile("d"), mobile("a", status=ContactStatus.UNVERIFIED))
    assert availability(person(), points, _ORDERS).contacts[_S].contact_id == "c"
    assert availability(person(), points[::3], _ORDERS).contacts[_S].contact_id == "a"


def test_a_landline_is_called_and_a_mobile_written_to() -> None:
    """Two phones: SMS to the mobile only (§4.1)."""
    found = availability(person(), (landline("a"), mobile("b")), _ORDERS)
    assert (found.contacts[_S].contact_id, found.contacts[_V].contact_id) == ("b", "a")


@pytest.mark.parametrize(
    ("fallback", "order"),
    [
        ((Channel.SMS, Channel.EMAIL, Channel.LETTER, Channel.VOICE), (Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER)),
        ((Channel.VOICE, Channel.SMS, Channel.EMAIL, Channel.LETTER), (Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER)),
        ((Channel.EMAIL, Channel.SMS, Channel.LETTER), (Channel.SMS, Channel.EMAIL, Channel.LETTER)),
    ],
)
def test_on_prepaid_credit_a_call_follows_an_sms(fallback: tuple[Channel, ...], order: tuple[Channel, ...]) -> None:
    """A key press is free, an SMS is not: whatever order the policy has for others (§10.12)."""
    orders = replace(environment().policy.channels, fallback_order=fallback)
    assert notice_order(person(constraints=(Constraint.PREPAID,)), orders) == order
    assert notice_order(person(), orders) == (Channel.SMS, *(channel for channel in fallback if channel is not Channel.SMS))


def test_on_prepaid_credit_a_call_that_comes_first_stays_first() -> None:
    """Who wants calls is called, and written to afterwards."""
    who = person(preferred_channel=Channel.VOICE, constraints=(Constraint.PREPAID,))
    assert notice_order(who, environment().policy.channels)[:2] == (Channel.VOICE, Channel.SMS)
