"""What advisors are told: one file for each family of alerts, one line for each type."""

from collections.abc import Callable, Mapping
from itertools import product

from services.core.alerts import after_date, contact, no_way, silence, spoken, travels
from services.core.alerts.found import Found
from services.core.model import Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import MEETINGS, AlertType, Kind, ObligationState

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
#: no duty asks for it, only a question of ours
_OF_QUESTIONS = frozenset({AlertType.CONTACT_SUSPECT})
#: those that a duty of this kind can raise
RULES_OF: Mapping[Kind, Mapping[AlertType, Rule]] = {
    Kind.CONTACT: {type_: RULES[type_] for type_ in RULES if type_ in ABOUT_POINTS},
    Kind.ACTUALISATION: {type_: RULES[type_] for type_ in RULES if type_ not in _OF_MEETINGS | _OF_QUESTIONS},
    **{kind: {type_: RULES[type_] for type_ in RULES if type_ not in _OF_PERIODS | _OF_QUESTIONS} for kind in MEETINGS},
}

_LIVING = frozenset(ObligationState) - SETTLED
_ONLY_OPEN = frozenset({ObligationState.OPEN})
#: the states of a duty in which a rule can find something; in all others nobody has to ask it
_STATES: Mapping[AlertType, frozenset[ObligationState]] = {
    AlertType.NO_CHANNEL: _ONLY_OPEN,
    AlertType.UNREACHABLE: _ONLY_OPEN,
    AlertType.SHORT_NOTICE: _ONLY_OPEN,
    AlertType.UNCONFIRMED: _ONLY_OPEN,
    AlertType.ACTUALISATION_AT_RISK: _ONLY_OPEN,
    AlertType.ACTUALISATION_LAST_DAY: _ONLY_OPEN,
    AlertType.ACTUALISATION_MISSED: frozenset({ObligationState.LAPSED}),
    AlertType.NON_RECEIPT_DOSSIER: frozenset({ObligationState.MISSED}),
    AlertType.CONTACT_DEAD: _LIVING,
    AlertType.WRONG_PERSON: _LIVING,
    AlertType.CONTACT_SUSPECT: frozenset({ObligationState.OPEN, ObligationState.LAPSED}),
    AlertType.CANNOT_COME: frozenset({ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED}),
    AlertType.CALLBACK_REQUESTED: _LIVING,
    AlertType.CONTRADICTORY_REPLIES: _LIVING,
    AlertType.INBOUND_MESSAGE: _LIVING,
    AlertType.TRAVELS_FOR_NOTHING: frozenset({ObligationState.CANCELLED}),
}
#: they are about what became of a message
_AFTER_A_MESSAGE = frozenset({AlertType.UNREACHABLE, AlertType.CONTACT_DEAD, AlertType.TRAVELS_FOR_NOTHING})
#: they are about what somebody answered
_AFTER_AN_ANSWER = frozenset({AlertType.CALLBACK_REQUESTED, AlertType.CONTRADICTORY_REPLIES})
#: they are about the one or the other
_AFTER_EITHER = frozenset({AlertType.WRONG_PERSON, AlertType.INBOUND_MESSAGE})


def _can_find(type_: AlertType, state: ObligationState, *, sent: bool, answered: bool) -> bool:
    too_early = (
        (type_ in _AFTER_A_MESSAGE and not sent)
        or (type_ in _AFTER_AN_ANSWER and not answered)
        or (type_ in _AFTER_EITHER and not (sent or answered))
    )
    return state in _STATES[type_] and not too_early


#: (kind, state, is there a message about it? is there an answer?) → the rules that can find something, for a duty without any alert
ASKED: Mapping[tuple[Kind, ObligationState, bool, bool], tuple[tuple[AlertType, Rule], ...]] = {
    (kind, state, sent, answered): tuple(
        (type_, rule) for type_, rule in RULES_OF[kind].items() if _can_find(type_, state, sent=sent, answered=answered)
    )
    for kind, state, sent, answered in product(Kind, ObligationState, (False, True), (False, True))
}
