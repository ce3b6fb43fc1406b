"""What changes in a person, and crowds of people like one."""

from datetime import UTC, datetime

from services.core.words import DeclaredBy, PointKind
from services.simulator.scenario.file import PersonUpdated, Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.scenario.people import PersonSpec

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def read(text: str) -> Scenario:
    """A file that must be right."""
    scenario = parse_text(text, "story.yaml")
    assert isinstance(scenario, Scenario), scenario
    return scenario


def updated(update: str) -> tuple[PersonSpec, PersonSpec]:
    """Luc before and after an update."""
    scenario = read(
        f"""
        scenario: update
        people: {{luc: {{phone: "06 12 34 56 78", email: luc@fai.example, carrier: SFR, hold: {{reason: accord}}}}}}
        events:
          - {{at: 2026-12-01T10:00, event: person.updated, person: luc, update: {update}}}
        """
    )
    event = scenario.events[0]
    assert isinstance(event, PersonUpdated)
    luc = scenario.people["luc"]
    return luc, event.change.applied_to(luc, verified_at=event.at, update=True)


def point(person: PersonSpec, kind: PointKind) -> tuple[str | None, DeclaredBy, datetime | None, str | None]:
    """What an update can change of a point."""
    found = next(point for point in person.points if point.kind is kind)
    return (found.value, found.declared_by, found.verified_at, found.carrier)


def test_an_update_changes_only_what_it_names() -> None:
    """The hold ends, everything else stays."""
    before, after = updated("{hold: null}")
    assert before.hold is not None
    assert after.hold is None
    assert after.points == before.points


def test_a_new_number_keeps_its_place_and_is_verified_now() -> None:
    """A number that the person changes keeps its contact id, was verified by the change, and its network is unknown."""
    before, after = updated('{phone: "06 98 76 54 32"}')
    assert after.points[0].contact_id == before.points[0].contact_id == "luc:phone"
    assert point(after, PointKind.PHONE) == ("06 98 76 54 32", DeclaredBy.SELF, AT, None)
    assert point(after, PointKind.EMAIL) == point(before, PointKind.EMAIL)


def test_an_import_is_not_a_verification() -> None:
    """The same address imported again counts as never verified, unless the file says when it was."""
    _, imported = updated("{email: luc@fai.example, declared_by: import}")
    assert point(imported, PointKind.EMAIL) == ("luc@fai.example", DeclaredBy.IMPORT, None, None)
    _, checked = updated("{email: luc@fai.example, declared_by: import, verified: 2026-11-30T10:00}")
    assert point(checked, PointKind.EMAIL)[2] == datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def test_quality_without_a_point_speaks_of_all_points() -> None:
    """`verified` alone says that every point was verified; `carrier` alone speaks of phones."""
    _, after = updated("{verified: 2026-11-30T10:00, carrier: Orange}")
    assert {known.verified_at for known in after.points} == {datetime(2026, 11, 30, 9, 0, tzinfo=UTC)}
    assert point(after, PointKind.PHONE)[3] == "Orange"
    assert point(after, PointKind.EMAIL)[3] is None


def test_a_point_can_be_taken_away() -> None:
    """`email: null` removes the address."""
    _, after = updated("{email: null}")
    assert [known.kind for known in after.points] == [PointKind.PHONE]


CROWDS = """
scenario: crowds
people:
  leila: {first_name: Leïla, phone: "06 12 00 00 05", email: leila@boite.example, constraints: [prepaid]}
crowds:
  sfr: {count: 300, like: leila, carrier: SFR}
  orange: {count: 300, like: leila, carrier: Orange, constraints: [], preferred: voice}
events:
  - {at: 2026-12-10T08:00, event: actualisation.opened, person: sfr, period: "2026-11"}
"""


def test_members_of_crowds_have_values_of_their_own() -> None:
    """No two people of a file share a number or an address, and members keep what they are like."""
    scenario = read(CROWDS)
    everyone = list(scenario.everyone())
    assert len(everyone) == 601
    for kind in (PointKind.PHONE, PointKind.EMAIL):
        values = [(known.value or "").replace(" ", "") for person in everyone for known in person.points if known.kind is kind]
        assert len(set(values)) == 601
    assert {len((known.value or "").replace(" ", "")) for person in everyone for known in person.points[:1]} == {10}
    sfr, orange = scenario.person("sfr-7"), scenario.person("orange-7")
    assert (sfr.first_name, sfr.carrier(), orange.carrier(), orange.constraints) == ("Leïla", "SFR", "Orange", ())
    assert sfr.points[0].contact_id == "sfr-7:phone"
    assert sfr.constraints


def test_a_crowd_is_its_members() -> None:
    """A crowd's name stands for each member, a member's for one; others belong to neither."""
    scenario = read(CROWDS)
    assert sum(1 for _ in scenario.members("sfr")) == 300
    assert [person.name for person in scenario.members("sfr-300")] == ["sfr-300"]
    assert scenario.belongs("sfr-300", "sfr")
    assert not scenario.belongs("sfr-301", "sfr")
    assert not scenario.belongs("sfr-01", "sfr")
    assert not scenario.belongs("leila", "sfr")
