"""What another policy would change for one person: two previews, line against line. Identifiers only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.changes import JournalLine

#: what it is about: a message by (step, occurrence, channel), an alert by its type
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One message or alert that moves (both instants), appears (``after`` alone) or vanishes (``before`` alone)."""

    obligation_id: str
    #: "R2 sms", "A5_2 voice", or an alert's type
    what: str
    before: datetime | None
    after: datetime | None


def calendar_changes(before: Sequence[JournalLine], after: Sequence[JournalLine]) -> tuple[Change, ...]:
    """Changes in order of instant. The same message twice in one preview (a second fallback) is told apart by its occurrence."""
    old, new = _calendar(before), _calendar(after)
    changes = [
        Change(obligation_id=key[0], what=key[1], before=old.get(key), after=new.get(key))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
    ]
    return tuple(sorted(changes, key=lambda one: (one.before or one.after, one.obligation_id, one.what)))


def _calendar(lines: Iterable[JournalLine]) -> dict[Key, datetime]:
    found: dict[Key, datetime] = {}
    for line in lines:
        if line.what == "sent":
            step, occurrence = str(line.fields["step"]), line.fields["occurrence"]
            name = step if occurrence == 1 else f"{step}_{occurrence}"
            for obligation in _words(line.fields["obligations"]):
                found.setdefault((obligation, f"{name} {line.fields['channel']}"), line.at)
        elif line.what == "alert":
            found.setdefault((str(line.fields.get("obligation") or ""), str(line.fields["type"])), line.at)
    return found


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
