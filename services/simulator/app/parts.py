"""What every play is made of, wherever it is played."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from services.adapters.phones import parse_phone
from services.adapters.policy import load_policy
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.channels.addresses import normalise
from services.core.channels.leadtime import produces_on
from services.core.environment import METROPOLE
from services.core.policy import Policy
from services.delivery.ports import Senders
from services.intake.handlers import Handling
from services.runtime.settings import home_of_the_code
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.incoming import Producers
from services.simulator.timeline import ScenarioClock, Timeline
from services.simulator.town import Town
from services.watch.agenda import Agenda

#: a play's links and hashes hang on no secret
PLAY_KEY = b"a key for plays: nothing in a play is secret"
SENDERS = Senders(sms_sender="38123", sms_two_way=True, calling_number="09 48 12 34 56", public_url="https://rdv.sans-faute.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One play's story, its clock, and the town in which it happens."""

    scenario: Scenario
    policy: Policy
    clock: ScenarioClock
    timeline: Timeline
    producers: Producers
    town: Town
    seals: Seals
    snapshot: Snapshots
    handling: Handling
    agenda: Agenda


def parts_of(scenario: Scenario) -> Parts:
    """Raises ``PolicyError`` when the scenario overrides what is not there."""
    clock, timeline, producers = ScenarioClock(scenario.start), Timeline(), Producers(scenario)
    policy = load_policy(overrides=scenario.policy)
    providers = {channel: tuple(names) for channel, names in scenario.providers.items()}
    snapshot, seals = Snapshots(policy=policy, providers=providers), Seals(PLAY_KEY)
    town = Town(
        scenario=scenario,
        clock=clock,
        schedule=timeline.schedule,
        prints_on=partial(produces_on, snapshot(scenario.start).residence(METROPOLE)),
        carrier_of=lambda person: producers.person(person).carrier(),
    )
    return Parts(
        scenario=scenario,
        policy=policy,
        clock=clock,
        timeline=timeline,
        producers=producers,
        town=town,
        seals=seals,
        snapshot=snapshot,
        handling=_handling(seals, snapshot, clock),
        agenda=Agenda(snapshot=snapshot, clock=clock),
    )


def templates() -> Path:
    """The folder of texts."""
    return home_of_the_code() / "templates"


def _handling(seals: Seals, snapshot: Snapshots, clock: ScenarioClock) -> Handling:
    """What intake's handlers may ask."""
    return Handling(
        numbers=parse_phone,
        hashes=seals.sender_hash,
        address_errors=lambda lines: normalise(lines).errors,
        residence=lambda postal_code: snapshot(clock.now()).residence(postal_code),
        policy=snapshot.policy,
    )
