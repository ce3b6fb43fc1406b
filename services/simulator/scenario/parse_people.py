"""Reads people and crowds of a scenario file."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.core.words import Channel, Constraint, DeclaredBy, DigitalEase, PointKind
from services.simulator.scenario.file import AdvisorSpec
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import Fields, Item
from services.simulator.scenario.parse_staff import Staff, read_postal_code
from services.simulator.scenario.people import (
    MOST_MEMBERS,
    Crowd,
    Follower,
    HoldSpec,
    Never,
    PersonChange,
    PersonSpec,
    PointDraft,
    number_tail,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody of a file."""

    people: dict[str, PersonSpec]
    crowds: dict[str, Crowd]


def read_names(top: Fields, names: Names) -> None:
    """The names alone, before anything refers to them."""
    for key in ("people", "crowds"):
        group = top.take(key)
        for name, item in group.fields() if group is not None else ():
            if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
                item.wrong("a name is made of a-z A-Z 0-9 _ and -")
            if key == "people":
                names.people.add(name)
            elif name in names.people:
                item.wrong("a person has this name already")
            else:
                count = item.fields().take("count") if item.is_mapping else None
                names.crowds[name] = count.integer(1) if count else 0


def read_people(top: Fields, names: Names, staff: Staff, verified_at: datetime) -> People:
    """Everybody; ``verified_at`` is when the points that say nothing else were verified by the person."""
    people: dict[str, PersonSpec] = {}
    group = top.take("people")
    for name, item in group.fields() if group is not None else ():
        change = read_change(item, names, new=True)
        people[name] = _completed(change.applied_to(_stranger(name, staff), verified_at=verified_at), change, staff)
    crowds: dict[str, Crowd] = {}
    taken = {number_tail(point.value) for person in people.values() for point in person.points if point.value}
    offset = 0
    group = top.take("crowds")
    for name, item in group.fields() if group is not None else ():
        crowd = _read_crowd(name, item, names, people, staff)
        if crowd is not None:
            offset = _free_offset(offset, crowd.count, sorted(tail for tail in taken if tail is not None))
            crowds[name] = replace(crowd, offset=offset)
            offset += crowd.count
    if sum(crowd.count for crowd in crowds.values()) > MOST_MEMBERS and group is not None:
        group.wrong(f"at most {MOST_MEMBERS} members in all crowds together")
    return People(people=people, crowds=crowds)


def _read_crowd(name: str, item: Item, names: Names, people: dict[str, PersonSpec], staff: Staff) -> Crowd | None:
    fields = item.fields()
    count = fields.need("count", lambda number: number.integer(1), 1)
    like = fields.take("like")
    if like is None or like.text() not in people:
        (like or item).wrong("`like` names the person whom the members resemble")
        return None
    base = people[like.text()]
    change = read_change(item, names, new=False, also=("count", "like"))
    person = change.applied_to(base, verified_at=base.points[0].verified_at if base.points else None)
    if "referent" in change.values:
        person = _completed(person, change, staff)
    return Crowd(name=name, count=count, like=person)


def read_change(item: Item, names: Names, *, new: bool, also: tuple[str, ...] = ()) -> PersonChange:
    """Keys of a person; those in ``also`` are read elsewhere."""
    fields = item.fields()
    for key in also:
        fields.take(key)
    values: dict[str, Any] = {}
    for key, (field, read) in _VALUES.items():
        found = fields.take(key)
        if found is not None:
            values[field] = read(found)
    for key, (field, empty) in _EMPTIED.items():
        if key in fields and fields.take(key) is None and not new:
            values[field] = empty
    for key, read_name in (("referent", names.advisor), ("backup", names.advisor), ("agency", names.agency)):
        found = fields.take(key)
        if found is not None:
            values[key] = read_name(found)
    change = PersonChange(
        values=values,
        points=_points(fields),
        declared_by=fields.get("declared_by", lambda word: word.word(DeclaredBy), None),
        verified=fields.get("verified", _verified, None),
        carrier=fields.get("carrier", Item.text, None),
    )
    fields.done()
    return change


def _completed(person: PersonSpec, change: PersonChange, staff: Staff) -> PersonSpec:
    """The référent's back-up and agency are the person's, unless the file says so."""
    referent: AdvisorSpec | None = staff.advisors.get(person.referent)
    if referent is None:
        return person
    agency = person.agency if "agency" in change.values else referent.agency
    backup = person.backup if "backup" in change.values else referent.backup
    near = staff.agencies.get(agency)
    return replace(person, backup=backup, agency=agency, postal_code=person.postal_code or (near.postal_code if near else ""))


def _stranger(name: str, staff: Staff) -> PersonSpec:
    return PersonSpec(name=name, first_name=name.capitalize(), postal_code="", referent=staff.referent, agency="")


def _hold(item: Item) -> HoldSpec:
    fields = item.fields()
    hold = HoldSpec(reason=fields.need("reason", Item.text, ""), until=fields.get("until", Item.day, None))
    fields.done()
    return hold


def _followers(item: Item) -> tuple[Follower, ...]:
    followers = []
    for follower in item.items():
        fields = follower.fields()
        followers.append(
            Follower(organisation=fields.need("organisation", Item.text, ""), advisor_id=fields.get("advisor_id", Item.text, None)),
        )
        fields.done()
    return tuple(followers)


def _quiet(item: Item) -> tuple[tuple[str, str], ...]:
    spans = []
    for span in item.items():
        fields = span.fields()
        spans.append((fields.need("from", Item.hour, "00:00"), fields.need("to", Item.hour, "00:00")))
        fields.done()
    return tuple(spans)


def _missed(item: Item) -> int:
    missed = item.integer()
    if missed > 3:
        item.wrong("at most 3: it counts the last three periods")
    return missed


#: key of a file → field of ``PersonSpec`` and how it is read
_VALUES: dict[str, tuple[str, Any]] = {
    "first_name": ("first_name", Item.text),
    "last_name": ("last_name", Item.text),
    "postal_code": ("postal_code", read_postal_code),
    "preferred": ("preferred", lambda item: item.word(Channel)),
    "forbidden": ("forbidden", lambda item: item.words(Channel)),
    "constraints": ("constraints", lambda item: item.words(Constraint)),
    "digital_ease": ("digital_ease", lambda item: item.word(DigitalEase)),
    "language": ("language", Item.text),
    "asked_opening_notice": ("asked_opening_notice", Item.boolean),
    "missed_actualisations": ("missed_actualisations", _missed),
    "hold": ("hold", _hold),
    "followers": ("followers", _followers),
    "quiet": ("quiet", _quiet),
    "known_from": ("known_from", Item.instant),
}

#: what an update may take away by naming it with ``null``
_EMPTIED: dict[str, tuple[str, Any]] = {
    "hold": ("hold", None),
    "backup": ("backup", None),
    "forbidden": ("forbidden", ()),
    "constraints": ("constraints", ()),
    "followers": ("followers", ()),
    "quiet": ("quiet", ()),
}


def _points(fields: Fields) -> dict[PointKind, tuple[PointDraft, ...]]:
    points: dict[PointKind, list[PointDraft]] = {}
    for key, kind in (("phone", PointKind.PHONE), ("phones", PointKind.PHONE), ("email", PointKind.EMAIL), ("postal", PointKind.POSTAL)):
        if key not in fields:
            continue
        drafts = points.setdefault(kind, [])
        item = fields.take(key)
        if item is None:
            continue
        if key == "phones":
            drafts.extend(PointDraft(value=number) for number in item.texts())
        elif key == "postal":
            drafts.append(PointDraft(lines=item.texts()))
        else:
            drafts.append(PointDraft(value=item.text()))
    contacts = fields.take("contacts")
    for item in contacts.items() if contacts is not None else ():
        kind, draft = _contact(item)
        points.setdefault(kind, []).append(draft)
    return {kind: tuple(drafts) for kind, drafts in points.items()}


def _contact(item: Item) -> tuple[PointKind, PointDraft]:
    fields = item.fields()
    kind = fields.need("channel", lambda word: word.word(PointKind), PointKind.PHONE)
    draft = PointDraft(
        value=fields.need("value", Item.text, "") if kind is not PointKind.POSTAL else None,
        lines=fields.need("lines", Item.texts, ()) if kind is PointKind.POSTAL else (),
        declared_by=fields.get("declared_by", lambda word: word.word(DeclaredBy), None),
        verified=fields.get("verified", _verified, None),
        carrier=fields.get("carrier", Item.text, None),
    )
    fields.done()
    return kind, draft


def _verified(item: Item) -> datetime | Never:
    return Never() if item.text() == "never" else item.instant()


def _free_offset(offset: int, count: int, taken: list[int]) -> int:
    """The first offset from which ``count`` numbers belong to nobody who is declared."""
    for tail in taken:
        if offset < tail <= offset + count:
            offset = tail
    return offset
