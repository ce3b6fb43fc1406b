"""Everybody and everything that a scenario file may name, so that a stranger is a mistake and not a silent "never"."""

from dataclasses import dataclass, field

from services.simulator.scenario.nodes import Item


@dataclass(slots=True, kw_only=True)
class Names:
    """The names of one file."""

    people: set[str] = field(default_factory=set)
    #: crowd → number of members
    crowds: dict[str, int] = field(default_factory=dict)
    advisors: set[str] = field(default_factory=set)
    agencies: set[str] = field(default_factory=set)
    providers: set[str] = field(default_factory=set)
    #: obligations that the events create
    obligations: set[str] = field(default_factory=set)
    #: meetings that happen to a whole crowd have one obligation per member; they are not listed
    crowd_obligations: set[str] = field(default_factory=set)

    def is_member(self, name: str) -> bool:
        """``jumeaux-7``, when there are at least seven."""
        head, _, tail = name.rpartition("-")
        return tail.isascii() and tail.isdigit() and 1 <= int(tail) <= self.crowds.get(head, 0)

    def someone(self, item: Item) -> str:
        """A person or a crowd."""
        name = item.text()
        if name and name not in self.people and name not in self.crowds and not self.is_member(name):
            item.unknown(name, [*self.people, *self.crowds])
        return name

    def person(self, item: Item) -> str:
        """One person; a member of a crowd is one, the crowd is not."""
        name = item.text()
        if name in self.crowds:
            item.wrong(f"`{name}` is a crowd: name one member (`{name}-1`), or all of them as '/^{name}-/'")
        elif name and name not in self.people and not self.is_member(name):
            item.unknown(name, list(self.people))
        return name

    def advisor(self, item: Item) -> str:
        """A member of staff."""
        return _known(item, self.advisors)

    def agency(self, item: Item) -> str:
        """An agency."""
        return _known(item, self.agencies)

    def advisor_or_agency(self, item: Item) -> str:
        """Whose list an alert stands on."""
        return _known(item, self.advisors | self.agencies)

    def provider(self, item: Item) -> str:
        """A provider of any channel."""
        return _known(item, self.providers)

    def obligation(self, item: Item) -> str:
        """``cv:<id>``, ``rdv:<id>`` or ``act:<period>:<person>`` of an event of this file."""
        name = item.text()
        of_crowd = any(name == base or name.startswith(f"{base}-") for base in self.crowd_obligations)
        member = name.startswith("act:") and self.is_member(name.rpartition(":")[2])
        return name if of_crowd or member else _known(item, self.obligations)


def _known(item: Item, known: set[str]) -> str:
    name = item.text()
    if name and name not in known:
        item.unknown(name, known)
    return name
