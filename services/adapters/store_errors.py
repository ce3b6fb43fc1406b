"""What stores raise beside ``StoreUnavailable``: when a step breaks a rule of the store (a bug), when a server does not let us in."""

from collections.abc import Collection

from services.core.model import PersonId
from services.core.ports.store import StoreUnavailable


class GuardBroken(ValueError):
    """A guard of the schema refused a row; ``guard`` is its name. Says no value: rows are about people."""

    def __init__(self, guard: str) -> None:
        self.guard = guard
        super().__init__(guard)


class NotLetIn(StoreUnavailable):
    """The database answers and does not take us: for who is running that is "wait", for who starts it is a wrong setting. Says why."""


class DataRefused(ValueError):
    """The database cannot hold a value (a NUL character, an instant out of range); says the kind of error, never the value."""


class NotLocked(RuntimeError):
    """A step wrote about people whom its unit has not locked: the next decision about them could have been taken meanwhile."""

    def __init__(self, people: Collection[PersonId]) -> None:
        self.people = tuple(sorted(people))
        super().__init__(f"{len(self.people)} people written without a lock: {', '.join(self.people[:5])}")
