"""From a postal code of residence to its zone and its holidays (§3). Never from a telephone number: +33 6 lives in La Réunion too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Where a postal code lies: IANA zone, subdivision code of the holiday calendar, transit of letters."""

    zone: str
    subdivision: str
    overseas: bool


_PARIS = Territory(zone="Europe/Paris", subdivision="FR", overseas=False)
#: Alsace and Moselle keep Good Friday and 26 December
_ALSACE = Territory(zone="Europe/Paris", subdivision="6AE", overseas=False)
_MOSELLE = Territory(zone="Europe/Paris", subdivision="57", overseas=False)

#: the longest prefix decides
TERRITORIES: dict[str, Territory] = {
    "67": _ALSACE,
    "68": _ALSACE,
    "57": _MOSELLE,
    "971": Territory(zone="America/Guadeloupe", subdivision="971", overseas=True),
    "97133": Territory(zone="America/St_Barthelemy", subdivision="BL", overseas=True),
    "977": Territory(zone="America/St_Barthelemy", subdivision="BL", overseas=True),
    "97150": Territory(zone="America/Marigot", subdivision="MF", overseas=True),
    "978": Territory(zone="America/Marigot", subdivision="MF", overseas=True),
    "972": Territory(zone="America/Martinique", subdivision="972", overseas=True),
    "973": Territory(zone="America/Cayenne", subdivision="973", overseas=True),
    "974": Territory(zone="Indian/Reunion", subdivision="974", overseas=True),
    "975": Territory(zone="America/Miquelon", subdivision="PM", overseas=True),
    "976": Territory(zone="Indian/Mayotte", subdivision="976", overseas=True),
    "986": Territory(zone="Pacific/Wallis", subdivision="WF", overseas=True),
    "987": Territory(zone="Pacific/Tahiti", subdivision="PF", overseas=True),
    # the Marquesas keep half an hour more, the Gambier islands one hour more
    "98741": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98742": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98743": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98744": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98745": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98746": Territory(zone="Pacific/Marquesas", subdivision="PF", overseas=True),
    "98755": Territory(zone="Pacific/Gambier", subdivision="PF", overseas=True),
    "988": Territory(zone="Pacific/Noumea", subdivision="NC", overseas=True),
}

#: every calendar that a territory may ask for
SUBDIVISIONS: tuple[str, ...] = tuple(sorted({"FR"} | {territory.subdivision for territory in TERRITORIES.values()}))


def territory_of(postal_code: str) -> Territory:
    """The territory of a postal code; the metropole's when no prefix says otherwise."""
    for length in (5, 3, 2):
        found = TERRITORIES.get(postal_code[:length])
        if found is not None:
            return found
    return _PARIS
