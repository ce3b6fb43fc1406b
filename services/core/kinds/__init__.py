"""What each kind of duty asks of the person: one file for each kind, one line here."""

from collections.abc import Callable

from services.core.decision import Plan
from services.core.kinds import actualisation, appointment, contact, convocation
from services.core.model import Obligation
from services.core.view import View
from services.core.words import Kind

#: kind → its ladder
KINDS: dict[Kind, Callable[[View, Obligation], Plan]] = {
    Kind.APPOINTMENT: appointment.plan,
    Kind.CONVOCATION: convocation.plan,
    Kind.ACTUALISATION: actualisation.plan,
    Kind.CONTACT: contact.plan,
}
