"""From a postal code of residence to its clock and its holidays (rules §3)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.core.territory import SUBDIVISIONS, territory_of


@pytest.mark.parametrize(
    ("postal_code", "zone", "subdivision", "overseas"),
    [
        ("75011", "Europe/Paris", "FR", False),
        ("59000", "Europe/Paris", "FR", False),
        ("20000", "Europe/Paris", "FR", False),
        # no table names it: the mainland's
        ("99138", "Europe/Paris", "FR", False),
        ("", "Europe/Paris", "FR", False),
        ("67000", "Europe/Paris", "6AE", False),
        ("68100", "Europe/Paris", "6AE", False),
        ("57000", "Europe/Paris", "57", False),
        ("97110", "America/Guadeloupe", "971", True),
        # both carried Guadeloupe's 971 before they had a code of their own, and the post still writes it
        ("97133", "America/St_Barthelemy", "BL", True),
        ("97700", "America/St_Barthelemy", "BL", True),
        ("97150", "America/Marigot", "MF", True),
        ("97800", "America/Marigot", "MF", True),
        ("97200", "America/Martinique", "972", True),
        ("97300", "America/Cayenne", "973", True),
        ("97400", "Indian/Reunion", "974", True),
        ("97500", "America/Miquelon", "PM", True),
        ("97600", "Indian/Mayotte", "976", True),
        ("98600", "Pacific/Wallis", "WF", True),
        ("98714", "Pacific/Tahiti", "PF", True),
        ("98742", "Pacific/Marquesas", "PF", True),
        ("98755", "Pacific/Gambier", "PF", True),
        ("98800", "Pacific/Noumea", "NC", True),
    ],
)
def test_the_postal_code_of_residence_says_which_clock_and_which_holidays(
    postal_code: str, zone: str, subdivision: str, overseas: bool
) -> None:
    """The longest prefix decides, so that an island is not taken for its archipelago (§3, §10.1.2, §13)."""
    territory = territory_of(postal_code)
    assert (territory.zone, territory.subdivision, territory.overseas) == (zone, subdivision, overseas)
    assert subdivision in SUBDIVISIONS


@pytest.mark.parametrize(
    ("postal_code", "winter", "summer"),
    [
        ("75011", "15 23:59", "15 23:59"),
        ("97110", "15 18:59", "15 17:59"),
        ("97133", "15 18:59", "15 17:59"),
        ("97150", "15 18:59", "15 17:59"),
        ("97200", "15 18:59", "15 17:59"),
        ("97300", "15 19:59", "15 18:59"),
        ("97400", "16 02:59", "16 01:59"),
        ("97600", "16 01:59", "16 00:59"),
        ("97500", "15 19:59", "15 19:59"),
    ],
)
def test_what_the_clock_says_when_it_is_midnight_in_paris(postal_code: str, winter: str, summer: str) -> None:
    """The column of §3: day and hour of 23:59 Paris on 15 January and 15 July."""
    zone, paris = ZoneInfo(territory_of(postal_code).zone), ZoneInfo("Europe/Paris")
    for month, said in ((1, winter), (7, summer)):
        assert datetime(2027, month, 15, 23, 59, tzinfo=paris).astimezone(zone).strftime("%d %H:%M") == said


def test_miquelon_changes_its_clocks_with_north_america() -> None:
    """On 15 March it is summer there and still winter in Paris: 20:59."""
    at = datetime(2027, 3, 15, 23, 59, tzinfo=ZoneInfo("Europe/Paris"))
    assert at.astimezone(ZoneInfo(territory_of("97500").zone)).strftime("%d %H:%M") == "15 20:59"
