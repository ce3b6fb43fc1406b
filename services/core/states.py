"""The two transition tables; a state changes only through them, and ``docs/states.md`` is printed from them."""

from enum import StrEnum

from services.core.words import AttemptState, ObligationState


class Happened(StrEnum):
    """What can happen to an obligation."""

    #: the person will come
    CONFIRMED = "confirmed"
    #: the person will not come
    DECLINED = "declined"
    #: an advisor took care of it
    HANDLED = "handled"
    #: attended, or actualised
    SATISFIED = "satisfied"
    #: taken back at the source
    CANCELLED = "cancelled"
    #: a new revision: what was answered to the old one does not count
    REVISED = "revised"
    #: the person did not come
    MISSED = "missed"
    #: the date passed and nobody told us the outcome
    EXPIRED = "expired"
    #: the event says that this person does not have to
    NOT_REQUIRED = "not_required"


_S = ObligationState
_LIVING = (_S.OPEN, _S.ACKNOWLEDGED, _S.DECLINED, _S.HANDLED)

OBLIGATION: dict[tuple[ObligationState, Happened], ObligationState] = {
    **{(state, Happened.CONFIRMED): _S.ACKNOWLEDGED for state in _LIVING},
    **{(state, Happened.DECLINED): _S.DECLINED for state in _LIVING},
    **{(state, Happened.HANDLED): _S.HANDLED for state in _LIVING},
    **{(state, Happened.SATISFIED): _S.DONE for state in (*_LIVING, _S.MISSED, _S.LAPSED)},
    **{(state, Happened.CANCELLED): _S.CANCELLED for state in (*_LIVING, _S.LAPSED)},
    **{(state, Happened.REVISED): _S.OPEN for state in (*_LIVING, _S.CANCELLED, _S.MISSED, _S.LAPSED, _S.NOT_REQUIRED)},
    **{(state, Happened.MISSED): _S.MISSED for state in (*_LIVING, _S.LAPSED)},
    **{(state, Happened.EXPIRED): _S.LAPSED for state in _LIVING},
    **{(state, Happened.NOT_REQUIRED): _S.NOT_REQUIRED for state in (_S.OPEN, _S.ACKNOWLEDGED)},
}

#: nothing more can be owed
SETTLED = frozenset({_S.DONE, _S.CANCELLED, _S.MISSED, _S.LAPSED, _S.NOT_REQUIRED})


class Moved(StrEnum):
    """What can happen to an attempt."""

    #: somebody is about to call the provider
    CLAIMED = "claimed"
    #: the provider has it
    ACCEPTED = "accepted"
    #: the provider said: not now
    POSTPONED = "postponed"
    #: a receipt: it is there
    DELIVERED = "delivered"
    #: the provider or a receipt: it will not be there
    FAILED = "failed"
    #: nobody can tell
    UNKNOWN = "unknown"
    #: check-at-send said no
    SKIPPED = "skipped"
    #: taken back before it was claimed
    CANCELLED = "cancelled"
    #: found unsent after a crash: the provider says that it has nothing
    ABSENT = "absent"
    #: the letter came back, or somebody else has that telephone
    RETURNED = "returned"


_A = AttemptState

ATTEMPT: dict[tuple[AttemptState, Moved], AttemptState] = {
    (_A.RELEASED, Moved.CLAIMED): _A.SUBMITTING,
    (_A.RELEASED, Moved.SKIPPED): _A.SKIPPED,
    (_A.RELEASED, Moved.CANCELLED): _A.CANCELLED,
    (_A.SUBMITTING, Moved.ACCEPTED): _A.ACCEPTED,
    (_A.SUBMITTING, Moved.POSTPONED): _A.RELEASED,
    (_A.SUBMITTING, Moved.ABSENT): _A.RELEASED,
    (_A.SUBMITTING, Moved.FAILED): _A.FAILED,
    (_A.SUBMITTING, Moved.UNKNOWN): _A.UNKNOWN,
    # a receipt may overtake the answer to the submission
    (_A.SUBMITTING, Moved.DELIVERED): _A.DELIVERED,
    (_A.ACCEPTED, Moved.DELIVERED): _A.DELIVERED,
    (_A.ACCEPTED, Moved.FAILED): _A.FAILED,
    (_A.ACCEPTED, Moved.RETURNED): _A.FAILED,
    (_A.ACCEPTED, Moved.UNKNOWN): _A.UNKNOWN,
    # unknown is not an end: a late receipt is still the truth
    (_A.UNKNOWN, Moved.ACCEPTED): _A.ACCEPTED,
    (_A.UNKNOWN, Moved.DELIVERED): _A.DELIVERED,
    (_A.UNKNOWN, Moved.FAILED): _A.FAILED,
    (_A.UNKNOWN, Moved.RETURNED): _A.FAILED,
    # delivered is never left, but by what came back (§10.6)
    (_A.DELIVERED, Moved.RETURNED): _A.FAILED,
    # receipts are merged by rank, in whatever order they come (contracts §3)
    (_A.FAILED, Moved.DELIVERED): _A.DELIVERED,
    (_A.FAILED, Moved.FAILED): _A.FAILED,
    (_A.FAILED, Moved.RETURNED): _A.FAILED,
}

#: a message that may have reached, or may still reach, somebody
LIVE = frozenset({_A.RELEASED, _A.SUBMITTING, _A.ACCEPTED, _A.DELIVERED, _A.UNKNOWN, _A.FAILED})


def obligation_after(state: ObligationState, happened: Happened) -> ObligationState | None:
    """The next state, or none when the table does not know this step: then nothing changes."""
    return OBLIGATION.get((state, happened))


def attempt_after(state: AttemptState, moved: Moved) -> AttemptState | None:
    """The next state, or none when the table does not know this step: then nothing changes."""
    return ATTEMPT.get((state, moved))
