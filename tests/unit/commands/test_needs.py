"""What each process must be allowed to read and write on Kafka."""

from dataclasses import replace

import pytest

from services.commands.needs import Needs, needs_of
from services.runtime.settings import Settings, read_settings

_DISPATCHES = {"dispatch.sms.v1", "dispatch.voice.v1", "dispatch.letter.v1", "dispatch.email.v1"}
_INPUTS = {"appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1"}


@pytest.fixture
def settings() -> Settings:
    """Nothing is set."""
    return replace(read_settings(), events_token=None, channels_owned=("sms", "voice", "letter", "email"))


def test_readers_read_their_topics_and_write_what_they_tell(settings: Settings) -> None:
    """Intake reads and writes nothing; evidence reads what came back; delivery tells what it heard."""
    assert set(needs_of(["intake"], settings).read) == _INPUTS
    assert needs_of(["intake"], settings).written == ()
    assert set(needs_of(["intake"], settings).groups) == {"sans-faute.intake.faust", "sans-faute.intake.confluent"}
    assert set(needs_of(["evidence"], settings).read) == {"receipts.v1", "replies.v1"}
    assert set(needs_of(["delivery"], settings).read) == _DISPATCHES
    assert set(needs_of(["delivery"], settings).written) == {"receipts.v1", "replies.v1"}


def test_a_gateway_s_channel_is_not_ours_to_read(settings: Settings) -> None:
    """Delivery needs no right to dispatches of channels that somebody else owns; the relay writes them all the same."""
    owned = replace(settings, channels_owned=("sms",))
    assert set(needs_of(["delivery"], owned).read) == {"dispatch.sms.v1"}
    assert set(needs_of(["relay"], owned).written) >= _DISPATCHES


def test_the_relay_writes_all_that_leaves_by_the_outbox(settings: Settings) -> None:
    """Dead letters too, and it reads nothing."""
    assert needs_of(["relay"], settings).read == ()
    leaves = _DISPATCHES | {"obligations.v1", "contacts.v1", "alerts.v1", "alarms.v1", "dead-letters.v1"}
    assert set(needs_of(["relay"], settings).written) == leaves


def test_the_web_writes_producers_topics_only_for_producers(settings: Settings) -> None:
    """`POST /events` is open when its token is set."""
    assert set(needs_of(["web"], settings).written) == {"receipts.v1", "replies.v1"}
    assert set(needs_of(["web"], replace(settings, events_token="x" * 32)).written) == {"receipts.v1", "replies.v1"} | _INPUTS


def test_all_together_need_what_each_needs(settings: Settings) -> None:
    """Each topic once."""
    needs = needs_of(["evidence", "delivery", "web"], settings)
    assert set(needs.read) == _DISPATCHES | {"receipts.v1", "replies.v1"}
    assert sorted(needs.written) == ["receipts.v1", "replies.v1"]
    assert {group.split(".")[1] for group in needs.groups} == {"evidence", "delivery"}


@pytest.mark.parametrize("name", ["planner", "watch"])
def test_the_others_need_none(settings: Settings, name: str) -> None:
    """They only ask how far others are."""
    assert needs_of([name], settings) == Needs(read=(), written=(), groups=())
