"""What a decision reads that is not one person's: the policy, calendars, agencies and advisors, as one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.core.calendar import Holidays, Residence, WorkingDays
from services.core.model import Advisor, Agency
from services.core.policy import Policy
from services.core.territory import territory_of

#: the printer's calendar, and an agency's when nobody told us of the agency (§10.13)
METROPOLE = "75000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One snapshot; ``holidays`` by subdivision code, for the years around now."""

    policy: Policy
    holidays: Mapping[str, Holidays]
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    advisors: Mapping[str, Advisor] = field(default_factory=dict)
    _residences: dict[str, Residence] = field(default_factory=dict, compare=False, repr=False)
    _working: dict[str, WorkingDays] = field(default_factory=dict, compare=False, repr=False)

    def residence(self, postal_code: str) -> Residence:
        """Zone and holidays of a postal code (§10.1.2)."""
        known = self._residences.get(postal_code)
        if known is None:
            territory = territory_of(postal_code)
            known = Residence(zone=territory.zone, holidays=self.holidays[territory.subdivision], overseas=territory.overseas)
            self._residences[postal_code] = known
        return known

    def working_days(self, agency_id: str) -> WorkingDays:
        """Working days and zone of an agency (§10.13); an unknown agency works as one in Paris."""
        known = self._working.get(agency_id)
        if known is None:
            agency = self.agencies.get(agency_id)
            home = self.residence(agency.postal_code if agency else METROPOLE)
            closures = frozenset(agency.closures) if agency else frozenset()
            known = WorkingDays(zone=home.zone, holidays=home.holidays, closures=closures)
            self._working[agency_id] = known
        return known

    def with_staff(self, agencies: Mapping[str, Agency], advisors: Mapping[str, Advisor]) -> "Environment":
        """The same snapshot with other staff."""
        return Environment(policy=self.policy, holidays=self.holidays, agencies=agencies, advisors=advisors, _residences=self._residences)
