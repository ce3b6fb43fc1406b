"""What both stores raise when a step breaks a rule of the store: our bugs, never a reason to try again."""

from collections.abc import Collection, Iterator

from services.core.changes import Changes
from services.core.model import PersonId


class GuardBroken(Exception):
    """A guard of the schema refused a row; ``guard`` is its name. Says no value: rows are about people."""

    def __init__(self, guard: str) -> None:
        self.guard = guard
        super().__init__(guard)


class NotLocked(Exception):
    """A step wrote about people whom its unit has not locked: the next decision about them could have been taken meanwhile."""

    def __init__(self, people: Collection[PersonId]) -> None:
        self.people = tuple(sorted(people))
        super().__init__(f"{len(self.people)} people written without a lock: {', '.join(self.people[:5])}")


def refuse_unlocked(changes: Changes, locked: Collection[PersonId]) -> None:
    """Raise ``NotLocked`` when the changes are about somebody else than ``locked``."""
    strangers = set(_people_of(changes)).difference(locked)
    if strangers:
        raise NotLocked(strangers)


def _people_of(changes: Changes) -> Iterator[PersonId]:
    yield from changes.removed_people
    for rows in (
        changes.profiles,
        changes.contacts,
        changes.obligations,
        changes.attempts,
        changes.alerts,
        changes.messages,
        changes.wakes,
    ):
        for row in rows:
            yield row.person_id
    for facts in (changes.receipts, changes.replies):
        for fact in facts:
            if fact.person_id is not None:
                yield fact.person_id
