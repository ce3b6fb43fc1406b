"""What a decision reads that is not one person's: policy, calendars, agencies, advisors, what open alarms change; one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from services.core.alarms import Standing
from services.core.calendar import Holidays, Residence, WorkingDays
from services.core.model import Advisor, Agency, Obligation, Person
from services.core.policy import Policy, Span
from services.core.territory import Territory, territory_of
from services.core.words import Kind

#: the printer's calendar, and an agency's when nobody told us of the agency (§10.13)
METROPOLE = "75000"


@lru_cache(maxsize=1024)
def _quieter(residence: Residence, quiet: tuple[Span, ...]) -> Residence:
    return replace(residence, quiet=quiet)


@lru_cache(maxsize=1024)
def _working_days(home: Residence, closures: frozenset[date]) -> WorkingDays:
    """One for all agencies that work alike: it is a key of what is computed once for all of them."""
    return WorkingDays(zone=home.zone, holidays=home.holidays, closures=closures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One snapshot; ``holidays`` by subdivision code, for the years around now."""

    policy: Policy
    holidays: Mapping[str, Holidays]
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    advisors: Mapping[str, Advisor] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    #: one for all who live alike, by postal code and by territory
    _residences: dict[str | Territory, Residence] = field(default_factory=dict, compare=False, repr=False)
    _working: dict[str, WorkingDays] = field(default_factory=dict, compare=False, repr=False)

    def residence(self, postal_code: str) -> Residence:
        """Zone and holidays of a postal code (§10.1.2)."""
        known = self._residences.get(postal_code)
        if known is None:
            territory = territory_of(postal_code)
            known = self._residences.get(territory)
            if known is None:
                known = Residence(zone=territory.zone, holidays=self.holidays[territory.subdivision], overseas=territory.overseas)
                self._residences[territory] = known
            self._residences[postal_code] = known
        return known

    def home(self, person: Person) -> Residence:
        """Where this person lives, with their own quiet hours (§10.3)."""
        residence = self.residence(person.postal_code)
        return _quieter(residence, person.quiet) if person.quiet else residence

    def working_days(self, agency_id: str) -> WorkingDays:
        """Working days and zone of an agency (§10.13); an unknown agency works as one in Paris."""
        known = self._working.get(agency_id)
        if known is None:
            agency = self.agencies.get(agency_id)
            home = self.residence(agency.postal_code if agency else METROPOLE)
            closures = frozenset(agency.closures) if agency else frozenset()
            known = _working_days(home, closures)
            self._working[agency_id] = known
        return known

    def zone_of(self, obligation: Obligation, postal_code: str) -> str:
        """On whose clock a duty is said: a meeting's on that of its place, an actualisation's on that of the residence."""
        agency_id = obligation.place.agency_id if obligation.place else None
        if obligation.kind is not Kind.ACTUALISATION and agency_id in self.agencies:
            return self.working_days(agency_id or "").zone
        return self.residence(postal_code).zone

    def with_staff(self, agencies: Mapping[str, Agency], advisors: Mapping[str, Advisor]) -> "Environment":
        """The same snapshot with other staff."""
        return replace(self, agencies=agencies, advisors=advisors, _working={})

    def with_standing(self, standing: Standing) -> "Environment":
        """The same snapshot with what these alarms change."""
        return replace(self, standing=standing)
