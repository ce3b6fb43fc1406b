"""Alarms for operations, and what the open ones change for everybody while they stand (§10.16, contracts §3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NewType

from services.core.model import Contact
from services.core.period import closing_after
from services.core.words import AlarmType, Channel, PointKind

AlarmId = NewType("AlarmId", str)

#: networks that nobody named
UNKNOWN_CARRIER = "unknown"
#: ``chosen_by`` of an SMS that replaces one which its provider lost: no cap counts it (§10.4)
ANOTHER_PROVIDER = "another_provider"
#: the figure of RECEIPTS_LOW that says that a closing day is near
CLOSING_IN_DAYS = "closing_in_days"
#: alarms that open a circuit: others carry what this provider would
_CIRCUITS = frozenset({AlarmType.RECEIPTS_LOW, AlarmType.PROVIDER_DOWN, AlarmType.POLICY_REJECTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that operations must see, for one scope; open until it is cleared."""

    alarm_id: AlarmId
    type: AlarmType
    #: provider, provider and network, mail domain, topic …
    scope: str
    #: whose messages it is about; none when it is not about messages
    channel: Channel | None = None
    #: what was counted, by name
    figures: Mapping[str, float]
    #: when what it tells of began
    since: datetime
    raised_at: datetime
    #: what it changes (a circuit, a pause) lasts until then at least; none: until it is cleared
    until: datetime | None = None
    cleared_at: datetime | None = None


def alarm_id(type_: AlarmType, scope: str, raised_at: datetime) -> AlarmId:
    """Derived: the same alarm found twice is one."""
    words = f"{type_}|{scope}|{raised_at.isoformat()}"
    return AlarmId(f"ar-{blake2b(words.encode(), digest_size=10).hexdigest()}")


def closing_soon(alarm: Alarm, now: datetime) -> datetime | None:
    """The closing of an actualisation that was near when receipts failed, and is still ahead: agencies are told (SC-23); none otherwise."""
    if alarm.type is not AlarmType.RECEIPTS_LOW or CLOSING_IN_DAYS not in alarm.figures:
        return None
    closes = closing_after(alarm.raised_at)
    return closes if closes is not None and closes > now else None


def circuit(provider: str, carrier: str | None) -> str:
    """The scope of a provider and a network."""
    return f"{provider}/{carrier or UNKNOWN_CARRIER}"


def circuit_of(scope: str) -> tuple[str, str | None]:
    """Provider and network of a ``circuit()``."""
    provider, _, carrier = scope.partition("/")
    return provider, None if carrier == UNKNOWN_CARRIER else carrier


def domain_of(contact: Contact) -> str | None:
    """The domain of a mail address, in lower case; none for other points."""
    if contact.kind is not PointKind.EMAIL or contact.value is None:
        return None
    return contact.value.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What open alarms change, at one instant: part of the environment of a decision."""

    #: open circuits: of a channel a provider, or a provider and a network (``circuit()``)
    circuits: frozenset[tuple[Channel, str]] = frozenset()
    #: mail domains that refuse us, and until when nobody writes there
    paused: Mapping[str, datetime] = field(default_factory=dict)
    #: when completions were silent; the end is none while they are
    silences: tuple[tuple[datetime, datetime | None], ...] = ()
    #: our providers of each channel, preferred ones first; empty where a gateway of somebody else's owns the channel
    providers: Mapping[Channel, tuple[str, ...]] = field(default_factory=dict)

    def carries(self, channel: Channel, provider: str, carrier: str | None) -> bool:
        """May this provider be given messages for this network?"""
        return not self.circuits & {(channel, provider), (channel, circuit(provider, carrier))}

    def provider_for(self, channel: Channel, names: Sequence[str], carrier: str | None) -> str:
        """The first provider, in order of preference, whose circuit is closed; the first of all when none is: better tried than not."""
        return next((name for name in names if self.carries(channel, name, carrier)), names[0])

    def another_than(self, provider: str | None, carrier: str | None) -> bool:
        """Is there a provider that can carry again what this one lost (SC-23)?"""
        names = self.providers.get(Channel.SMS, ())
        if provider is None or not names or self.carries(Channel.SMS, provider, carrier):
            return False
        return self.carries(Channel.SMS, self.provider_for(Channel.SMS, names, carrier), carrier)

    def paused_until(self, contact: Contact) -> datetime | None:
        """Until when nobody writes to this point, because its domain refuses us; none when it does not (§10.16)."""
        domain = domain_of(contact)
        return self.paused.get(domain) if domain is not None else None

    def feed_silent(self, at: datetime) -> bool:
        """Were completions silent at this instant (§10.16)?"""
        return any(since <= at and (until is None or at < until) for since, until in self.silences)


def standing_of(alarms: Iterable[Alarm], now: datetime, providers: Mapping[Channel, tuple[str, ...]]) -> Standing:
    """What these alarms change at ``now``; cleared ones are history, which only silences have."""
    circuits: set[tuple[Channel, str]] = set()
    paused: dict[str, datetime] = {}
    silences: list[tuple[datetime, datetime | None]] = []
    for alarm in alarms:
        if alarm.type is AlarmType.FEED_SILENT:
            silences.append((alarm.raised_at, alarm.cleared_at))
        elif alarm.cleared_at is not None or (alarm.until is not None and alarm.until <= now):
            continue
        elif alarm.type is AlarmType.POLICY_REJECTIONS and alarm.channel is Channel.EMAIL and alarm.until is not None:
            paused[alarm.scope] = alarm.until
        elif alarm.type in _CIRCUITS and alarm.channel is not None:
            circuits.add((alarm.channel, alarm.scope))
    return Standing(circuits=frozenset(circuits), paused=paused, silences=tuple(sorted(silences)), providers=providers)
