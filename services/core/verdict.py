"""What can be said of the reception once the date has passed (contracts §3, §10.5): read first by any procedure."""

from services.core.model import Obligation
from services.core.view import View
from services.core.words import Evidence, Verdict


def verdict_of(view: View, obligation: Obligation) -> Verdict:
    """Proved from E3 on; an absence that was announced beforehand is said as such."""
    if obligation.declined_at is not None and obligation.evidence < Evidence.E4:
        return Verdict.ABSENCE_ANNOUNCED
    return Verdict.PROVED if obligation.evidence >= Evidence.E3 else Verdict.NOT_PROVED
