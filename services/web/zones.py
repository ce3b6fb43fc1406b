"""In which zone a date is said: the place's for a meeting, the residence's for an actualisation (rules §3)."""

import re
from typing import Final

from services.core.model import Agency, Obligation, Person
from services.core.territory import territory_of
from services.core.words import Kind

PARIS: Final = "Europe/Paris"
_POSTAL_CODE = re.compile(r"\b(\d{5})\b(?!.*\b\d{5}\b)")


def zone_of_duty(obligation: Obligation, person: Person | None, agency: Agency | None) -> str:
    """Zone for the dates of this duty; the residence's when the place does not tell, Paris when nothing does."""
    residence = zone_of_person(person)
    place = obligation.place
    if obligation.kind is Kind.ACTUALISATION or place is None:
        return residence
    if agency is not None and place.agency_id == agency.agency_id:
        return territory_of(agency.postal_code).zone
    # the last five digits of an address are its postal code; street numbers stand before
    found = _POSTAL_CODE.search(place.address or "")
    return territory_of(found.group(1)).zone if found else residence


def zone_of_person(person: Person | None) -> str:
    """Zone of the residence."""
    return territory_of(person.postal_code).zone if person is not None else PARIS
