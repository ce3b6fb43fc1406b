"""What advisors are told: one file for each family of alerts, one line for each type."""

from collections.abc import Callable, Mapping

from services.core.alerts import after_date, contact, no_way, silence, spoken, travels
from services.core.alerts.found import Found
from services.core.model import Obligation
from services.core.view import View
from services.core.words import MEETINGS, AlertType, Kind

#: they are about a contact point: the only ones that a question of ours raises, and closed when the point is good again (§10.7)
ABOUT_POINTS = frozenset({AlertType.CONTACT_DEAD, AlertType.WRONG_PERSON, AlertType.CONTACT_SUSPECT})

Rule = Callable[[View, Obligation], Found | None]

#: type → when it is due and what it asks; none when it is not for this obligation (§10.5, §10.8, §10.12)
RULES: Mapping[AlertType, Rule] = {
    AlertType.NO_CHANNEL: no_way.no_channel,
    AlertType.UNREACHABLE: no_way.unreachable,
    AlertType.SHORT_NOTICE: silence.short_notice,
    AlertType.UNCONFIRMED: silence.unconfirmed,
    AlertType.ACTUALISATION_AT_RISK: silence.at_risk,
    AlertType.ACTUALISATION_LAST_DAY: silence.last_day,
    AlertType.ACTUALISATION_MISSED: after_date.actualisation_missed,
    AlertType.NON_RECEIPT_DOSSIER: after_date.non_receipt,
    AlertType.CONTACT_DEAD: contact.contact_dead,
    AlertType.WRONG_PERSON: contact.wrong_person,
    AlertType.CONTACT_SUSPECT: contact.contact_suspect,
    AlertType.CANNOT_COME: spoken.cannot_come,
    AlertType.CALLBACK_REQUESTED: spoken.callback_requested,
    AlertType.CONTRADICTORY_REPLIES: spoken.contradictory,
    AlertType.INBOUND_MESSAGE: spoken.inbound,
    AlertType.TRAVELS_FOR_NOTHING: travels.travels_for_nothing,
}

#: no meeting asks for them
_OF_PERIODS = frozenset({AlertType.ACTUALISATION_AT_RISK, AlertType.ACTUALISATION_LAST_DAY, AlertType.ACTUALISATION_MISSED})
#: no actualisation asks for them
_OF_MEETINGS = frozenset(
    {AlertType.SHORT_NOTICE, AlertType.UNCONFIRMED, AlertType.NON_RECEIPT_DOSSIER, AlertType.TRAVELS_FOR_NOTHING},
)
#: those that a duty of this kind can raise
RULES_OF: Mapping[Kind, Mapping[AlertType, Rule]] = {
    Kind.CONTACT: {type_: RULES[type_] for type_ in RULES if type_ in ABOUT_POINTS},
    Kind.ACTUALISATION: {type_: RULES[type_] for type_ in RULES if type_ not in _OF_MEETINGS},
    **{kind: {type_: RULES[type_] for type_ in RULES if type_ not in _OF_PERIODS} for kind in MEETINGS},
}
