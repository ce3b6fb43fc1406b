"""What the listeners of the database are told when a unit is committed."""

from datetime import UTC, datetime

#: somebody is to be looked at; the payload is the earliest instant asked for, as RFC 3339
WAKE_CHANNEL = "sans_faute_wake"
#: messages wait for the relay
OUTBOX_CHANNEL = "sans_faute_outbox"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Announcements:
    """Collected while a unit writes; one notification of each kind at its end."""

    def __init__(self, *, earliest_wake: datetime | None = None, outbox: bool = False) -> None:
        self.earliest_wake = earliest_wake
        self.outbox = outbox

    def __bool__(self) -> bool:
        return self.outbox or self.earliest_wake is not None

    def add(self, other: "Announcements") -> None:
        """What another write of the same unit has to tell."""
        instants = [at for at in (self.earliest_wake, other.earliest_wake) if at is not None]
        self.earliest_wake = min(instants, default=None)
        self.outbox = self.outbox or other.outbox

    def somebody_may_be_due(self) -> None:
        """People came back whose instants we do not know here."""
        self.earliest_wake = _LONG_AGO

    def wake_payload(self) -> str | None:
        """Payload of the notification on ``WAKE_CHANNEL``; none when there is nothing to tell."""
        return None if self.earliest_wake is None else self.earliest_wake.isoformat()

    def copy(self) -> "Announcements":
        """As it is now, to come back to when a savepoint is undone."""
        return Announcements(earliest_wake=self.earliest_wake, outbox=self.outbox)
