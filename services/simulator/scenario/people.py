"""People of a scenario: what a file says of one, what changes, and crowds of people like one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from services.core.words import Channel, Constraint, DeclaredBy, DigitalEase, PointKind
from services.simulator.scenario.words import SECOND_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Written ``never``: nobody has verified this point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSpec:
    """A contact point as the directory knows it."""

    #: stable while the point is
    contact_id: str
    kind: PointKind
    value: str | None = None
    lines: tuple[str, ...] = ()
    declared_by: DeclaredBy = DeclaredBy.SELF
    verified_at: datetime | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSpec:
    """Nobody writes to this person until the local day ``until``."""

    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A partner organisation that follows the person too."""

    organisation: str
    advisor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSpec:
    """A person; the name is the ``person_id``."""

    name: str
    first_name: str
    last_name: str = "Test"
    postal_code: str
    preferred: Channel = Channel.SMS
    forbidden: tuple[Channel, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    digital_ease: DigitalEase = DigitalEase.UNKNOWN
    language: str = "fr"
    asked_opening_notice: bool = False
    missed_actualisations: int = 0
    hold: HoldSpec | None = None
    points: tuple[PointSpec, ...] = ()
    referent: str
    backup: str | None = None
    agency: str
    followers: tuple[Follower, ...] = ()
    #: local hours at which nobody writes or calls, (from, to) as HH:MM; over midnight when "to" is earlier
    quiet: tuple[tuple[str, str], ...] = ()
    #: the directory tells us only then; none: from the start
    known_from: datetime | None = None

    def carrier(self) -> str | None:
        """Network of the first phone that names one."""
        return next((point.carrier for point in self.points if point.carrier is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDraft:
    """A contact point in a file; what is none comes from the mapping around it, then from the point's earlier state."""

    value: str | None = None
    lines: tuple[str, ...] = ()
    declared_by: DeclaredBy | None = None
    verified: datetime | Never | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """Keys of a person that a file sets: on nobody yet (a person), on another one (a crowd), or later (an update)."""

    #: fields of ``PersonSpec``, already read
    values: Mapping[str, Any] = field(default_factory=dict)
    #: the kinds of points that are named, with all their points; empty: the point is taken away
    points: Mapping[PointKind, tuple[PointDraft, ...]] = field(default_factory=dict)
    declared_by: DeclaredBy | None = None
    verified: datetime | Never | None = None
    carrier: str | None = None

    def applied_to(self, person: PersonSpec, *, verified_at: datetime | None = None, update: bool = False) -> PersonSpec:
        """The person after the change.

        ``verified_at`` is when values that are new here were verified by the person, unless the file says otherwise. In an
        ``update``, a point that an adviser or an import declares counts as never verified unless the file says so (rules §10.7).
        """
        points: list[PointSpec] = []
        for kind in PointKind:
            old = tuple(point for point in person.points if point.kind is kind)
            if kind in self.points:
                points.extend(self._points(person.name, kind, old, verified_at=verified_at, update=update))
            elif self.points:
                points.extend(old)
            else:
                points.extend(self._quality(point, update=update) for point in old)
        return replace(person, **self.values, points=tuple(points))

    def _points(
        self,
        name: str,
        kind: PointKind,
        old: tuple[PointSpec, ...],
        *,
        verified_at: datetime | None,
        update: bool,
    ) -> Iterator[PointSpec]:
        for number, draft in enumerate(self.points[kind]):
            before = old[number] if number < len(old) else None
            declared_by = draft.declared_by or self.declared_by
            verified = draft.verified or self.verified
            if verified is None and update and declared_by in SECOND_HAND:
                verified = Never()
            same = before if before and (before.value, before.lines) == (draft.value, draft.lines) else None
            kept = same.verified_at if same else verified_at
            network = draft.carrier or self.carrier or (same.carrier if same else None)
            yield PointSpec(
                contact_id=contact_id(name, kind, number),
                kind=kind,
                value=draft.value,
                lines=draft.lines,
                declared_by=declared_by or (before.declared_by if before else DeclaredBy.SELF),
                verified_at=kept if verified is None else _instant(verified),
                carrier=network if kind is PointKind.PHONE else None,
            )

    def _quality(self, point: PointSpec, *, update: bool) -> PointSpec:
        """No point is named: what is said of origin, verification and network is said of all."""
        verified = self.verified
        if verified is None and update and self.declared_by in SECOND_HAND:
            verified = Never()
        return replace(
            point,
            declared_by=self.declared_by or point.declared_by,
            verified_at=point.verified_at if verified is None else _instant(verified),
            carrier=self.carrier if self.carrier and point.kind is PointKind.PHONE else point.carrier,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Many people like one, made when they are asked for: ``<name>-1`` … ``<name>-<count>``."""

    name: str
    count: int
    like: PersonSpec
    #: the members' phone numbers end in ``offset + 1`` … ``offset + count``: nobody else's do
    offset: int = 0

    def members(self) -> Iterator[PersonSpec]:
        """Every member, in order."""
        return (self.member(number) for number in range(1, self.count + 1))

    def member(self, number: int) -> PersonSpec:
        """Member ``number``, counted from 1."""
        name = f"{self.name}-{number}"
        points = []
        for slot, point in enumerate(self.like.points):
            own = contact_id(name, point.kind, _number_in_kind(self.like.points, slot))
            points.append(_made_unique(point, own, name, self.offset + number))
        return replace(self.like, name=name, points=tuple(points))

    def number_of(self, person: str) -> int | None:
        """Which member a person is; none for anybody else."""
        head, dash, tail = person.rpartition("-")
        if head != self.name or not dash or not tail.isascii() or not tail.isdigit() or tail.startswith("0"):
            return None
        return int(tail) if int(tail) <= self.count else None

    def named(self, person: str) -> PersonSpec | None:
        """The member of this name."""
        number = self.number_of(person)
        return None if number is None else self.member(number)


#: members of all crowds of a file, so that six digits of a number tell them apart
MOST_MEMBERS = 900_000
_DIGITS = 6


def contact_id(person: str, kind: PointKind, number: int) -> str:
    """Stable id of a person's point: ``luc:phone``, ``luc:phone-2``, ``luc:email``."""
    return f"{person}:{kind}" if number == 0 else f"{person}:{kind}-{number + 1}"


def number_tail(value: str) -> int | None:
    """The last six digits of a phone number, which tell the members of a crowd apart."""
    digits = re.sub(r"\D", "", value)
    return int(digits[-_DIGITS:]) if len(digits) > _DIGITS else None


def _number_in_kind(points: tuple[PointSpec, ...], slot: int) -> int:
    return sum(point.kind is points[slot].kind for point in points[:slot])


def _made_unique(point: PointSpec, own_id: str, name: str, number: int) -> PointSpec:
    value, lines = point.value, point.lines
    if point.kind is PointKind.PHONE and value is not None:
        digits = re.sub(r"[^\d+]", "", value)
        value = f"{digits[:-_DIGITS]}{number:06d}" if number_tail(digits) is not None else value
    elif point.kind is PointKind.EMAIL and value is not None:
        value = f"{name}@{value.rpartition('@')[2]}"
    elif lines:
        lines = (f"{lines[0]} {number}", *lines[1:])
    return replace(point, contact_id=own_id, value=value, lines=lines)


def _instant(verified: datetime | Never) -> datetime | None:
    return None if isinstance(verified, Never) else verified
