"""A value that somebody said is not theirs is not used for whoever is declared under it next, unless that person confirms it (SC-14)."""

from services.core.ledger import Ledger
from services.core.model import Contact
from services.core.ports.store import Unit
from services.core.words import ContactStatus, ReceiptStatus


async def keep_out(unit: Unit, ledger: Ledger) -> None:
    """Disable the points that this batch brought with such a value; a verification after the denial counts as a confirmation."""
    fresh = [point for point in ledger.changes.contacts if _is_fresh(point, ledger)]
    if not fresh:
        return
    denied = await unit.disowned({point.sender_hash for point in fresh if point.sender_hash})
    for point in fresh:
        at = denied.get(point.sender_hash or "")
        if at is not None and (point.verified_at is None or point.verified_at <= at):
            ledger.contact(point, ContactStatus.DISABLED, str(ReceiptStatus.WRONG_PERSON))


def _is_fresh(point: Contact, ledger: Ledger) -> bool:
    return point.value_at == ledger.now and point.sender_hash is not None and point.status is not ContactStatus.DISABLED
