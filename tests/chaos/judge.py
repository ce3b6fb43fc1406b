"""What may never happen, counted over what is known from outside: each count has to be 0."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.core.words import Channel
from tests.chaos.behind import Arrival
from tests.chaos.facts import COMING_IN, AttemptSeen, DutySeen, Facts
from tests.chaos.hours import OPEN, Hours, Place
from tests.chaos.people import Duty

#: seconds between the check before sending and the provider's door: a check holds for eight here (``hours.py``), the rest is a busy machine
GRACE: Final = 10.0
_EXAMPLES: Final = 5
_LIVING: Final = frozenset({"open", "acknowledged", "declined", "handled"})


@dataclass(slots=True)
class Verdict:
    """Counts by name, each with a few examples of what is wrong; and what became of the duties."""

    counts: dict[str, int] = field(default_factory=dict)
    #: how many things were looked at for each count: 0 found among 0 would prove nothing
    looked: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    #: by how many seconds a boundary was passed at most, the clock of whoever sent it taken off: within the grace it is no finding
    passed_by: dict[str, float] = field(default_factory=dict)
    #: messages at providers whose attempt is known; what cannot be told from others of the same person is compared in number only
    named: int = 0
    #: duties by what can be shown of them
    became: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Nothing happened that may never happen."""
        return not any(self.counts.values())

    def is_over(self, name: str, seconds: float, wrong_by: float) -> bool:
        """Is a boundary passed by more than the grace? What is within is measured all the same."""
        passed = seconds - wrong_by
        self.passed_by[name] = max(self.passed_by.get(name, 0.0), passed)
        return passed > GRACE

    def count(self, name: str, found: Iterable[str], looked: int) -> None:
        """What was found wrong under this name, among so many things."""
        wrong = sorted(found)
        self.counts[name], self.looked[name] = len(wrong), looked
        if wrong:
            self.examples[name] = wrong[:_EXAMPLES]


def judge(facts: Facts, duties: Sequence[Duty], hours: Hours, wrong_by: Callable[[Arrival], float]) -> Verdict:
    """Count everything; ``wrong_by`` says by how many seconds the clock of whoever sent this may have been wrong."""
    verdict, known = Verdict(), _Known(facts, duties)
    verdict.named = known.arrived.total()
    at_providers, timed = len(facts.arrivals), [arrival for arrival in facts.arrivals if known.boundary(arrival)]
    events = sum(len(facts.topics[topic]) for topic in COMING_IN)
    told = len(facts.topics["obligations.v1"])
    reported = _delivered_and_known(facts)
    submitting = (one.attempt_id for one in facts.attempts if one.state == "submitting")
    verdict.count("lost", _lost(facts, duties, known, verdict), len(duties))
    verdict.count("sent twice", _twice(facts, known), at_providers)
    verdict.count("outside its hours", _outside(timed, known, hours, wrong_by, verdict), len(timed))
    verdict.count("after its not_after", _too_late(known, wrong_by, verdict), verdict.named)
    verdict.count("open without a next step", _adrift(facts), sum(row.state in _LIVING for row in facts.duties))
    verdict.count("left in submitting", submitting, len(facts.attempts))
    verdict.count("left in the outbox", (str(number) for number in range(facts.outbox)), facts.outbox + facts.published)
    verdict.count("alerts twice", _alerts_twice(facts), len(facts.alerts))
    verdict.count("topic differs from row", _differing(facts), len(facts.duties))
    verdict.count("order lost on obligations.v1", _disordered(facts), told)
    verdict.count("receipts lost", _receipts_lost(reported), len(reported))
    verdict.count("answers lost", _answers_lost(facts), len(facts.answered))
    verdict.count("in quarantine", (str(number) for number in range(facts.quarantined)), len({duty.owner.id for duty in duties}))
    verdict.count("dead letters", (str(event["data"].get("topic")) for event in facts.topics["dead-letters.v1"]), events)
    return verdict


class _Known:
    """Facts by what they are asked for."""

    def __init__(self, facts: Facts, duties: Sequence[Duty]) -> None:
        self._owners = facts.owners
        self._places = {duty.owner.id: duty.owner.place for duty in duties}
        self.attempts = {one.attempt_id: one for one in facts.attempts}
        self.by_duty: Mapping[str, list[AttemptSeen]] = defaultdict(list)
        for one in facts.attempts:
            for item in one.items:
                self.by_duty[item[0]].append(one)
        self._by_token = {one.token: one.attempt_id for one in facts.attempts if one.token is not None}
        self._by_words: Mapping[tuple[str, str], set[str]] = defaultdict(set)
        for said, text in facts.words:
            if said in self.attempts:
                self._by_words[self.attempts[said].person_id, text].add(said)
        #: how often each message is at a provider
        self.arrived: Counter[str] = Counter()
        #: messages at providers that cannot be told from others of the same person on that channel
        self.unnamed: Counter[tuple[str, Channel]] = Counter()
        self.named: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in facts.arrivals:
            attempt_id = self._named(arrival, facts)
            if attempt_id is None:
                self.unnamed[facts.owners.get(arrival.to, arrival.to), arrival.channel] += 1
            else:
                self.arrived[attempt_id] += 1
                self.named[attempt_id].append(arrival)

    def boundary(self, arrival: Arrival) -> bool:
        """Does it come to somebody whose hours end or begin during the run?"""
        place = self.place(arrival)
        return arrival.channel is not Channel.LETTER and place is not None and place is not OPEN

    def place(self, arrival: Arrival) -> Place | None:
        """Where whoever gets it lives; nothing for a letter, which has no number."""
        return self._places.get(self._owners.get(arrival.to, ""))

    def _named(self, arrival: Arrival, facts: Facts) -> str | None:
        """The message's own name where the protocol carries it, else the link in it, else its words when nobody else has them."""
        if arrival.attempt_id in self.attempts:
            return arrival.attempt_id
        token = arrival.text.rpartition("/a/")[2].split(" ")[0].strip(".")
        if token in self._by_token:
            return self._by_token[token]
        same = self._by_words[facts.owners.get(arrival.to, ""), arrival.text]
        return next(iter(same)) if len(same) == 1 else None


def _lost(facts: Facts, duties: Sequence[Duty], known: _Known, verdict: Verdict) -> Iterable[str]:
    rows = {row.obligation_id: row for row in facts.duties}
    alerted = {alert.obligation_id for alert in facts.alerts}
    for duty in duties:
        row = rows.get(duty.obligation_id)
        what = "never stored" if row is None else _became(facts, duty, row, known, alerted)
        verdict.became[what] += 1
        if what in ("never stored", "nothing"):
            yield f"{duty.obligation_id} of {duty.owner.id}: {what}"


def _became(facts: Facts, duty: Duty, row: DutySeen, known: _Known, alerted: set[str | None]) -> str:
    attempts = known.by_duty[duty.obligation_id]
    if any(known.arrived[one.attempt_id] for one in attempts):
        return "at a provider"
    if any(known.unnamed[one.person_id, one.channel] for one in attempts if one.claimed_at is not None):
        return "at a provider"
    if duty.obligation_id in alerted:
        return "an advisor knows"
    if row.state not in _LIVING:
        # cancelled, done or never required, before anything was to be said
        return "ended at its source" if duty.ends else "nothing"
    if any(one.state in ("skipped", "cancelled") and one.reason for one in attempts):
        return "left out, with a reason"
    if row.next_at is None or row.next_at <= facts.at:
        return "nothing"
    if any(one.state == "unknown" for one in attempts):
        return "nobody knows, next step planned"
    return "its step is ahead"


def _twice(facts: Facts, known: _Known) -> Iterable[str]:
    said: Counter[tuple[object, ...]] = Counter()
    for attempt_id, times in known.arrived.items():
        one = known.attempts[attempt_id]
        if times > 1:
            yield f"{attempt_id} by {one.channel}: {times} times, {one.tries} tries, {one.state}"
        for item in one.items:
            said[(*item, one.channel, one.contact_id)] += 1
    yield from (f"{item}: under {times} attempts" for item, times in said.items() if times > 1)
    claimed: Counter[tuple[str, Channel]] = Counter()
    for one in facts.attempts:
        claimed[one.person_id, one.channel] += one.claimed_at is not None and not known.arrived[one.attempt_id]
    for where, times in known.unnamed.items():
        if times > claimed[where]:
            yield f"{where}: {times} messages at the provider, {claimed[where]} that were claimed"


def _outside(
    timed: Iterable[Arrival], known: _Known, hours: Hours, wrong_by: Callable[[Arrival], float], verdict: Verdict
) -> Iterable[str]:
    for arrival in timed:
        place = known.place(arrival)
        breach = hours.breach(place, arrival.at) if place is not None else 0.0
        if verdict.is_over("outside its hours", breach, wrong_by(arrival)):
            yield f"{arrival.channel} at {arrival.at:%H:%M:%S}: {breach:.1f} s outside ({arrival.attempt_id or arrival.provider_ref})"


def _too_late(known: _Known, wrong_by: Callable[[Arrival], float], verdict: Verdict) -> Iterable[str]:
    for attempt_id, arrivals in known.named.items():
        for arrival in arrivals:
            late = (arrival.at - known.attempts[attempt_id].not_after).total_seconds()
            if verdict.is_over("after its not_after", late, wrong_by(arrival)):
                yield f"{attempt_id} by {arrival.channel}: {late:.1f} s too late"


def _adrift(facts: Facts) -> Iterable[str]:
    """Nobody will look at it again by itself, or somebody should have looked by now."""
    alerted = {alert.obligation_id for alert in facts.alerts if alert.open}
    for row in facts.duties:
        forgotten = row.state == "open" and row.next_at is None and row.obligation_id not in alerted
        overdue = row.state in _LIVING and row.next_at is not None and row.next_at <= facts.at
        if forgotten or overdue:
            yield f"{row.obligation_id}, {row.state}: next at {row.next_at}"


def _alerts_twice(facts: Facts) -> Iterable[str]:
    rows = Counter((alert.person_id, alert.obligation_id, alert.type) for alert in facts.alerts if alert.open)
    told: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for event in facts.topics["alerts.v1"]:
        data = event["data"]
        mine = told[data["person_id"], data.get("obligation_id"), data["type"]]
        (mine.discard if event["type"] == "alert.closed" else mine.add)(data["alert_id"])
    yield from (f"{what}: {times} rows" for what, times in rows.items() if times > 1)
    yield from (f"{what}: {len(ids)} open on the topic" for what, ids in told.items() if len(ids) > 1)


def _differing(facts: Facts) -> Iterable[str]:
    newest = {event["data"]["obligation_id"]: event["data"] for event in facts.topics["obligations.v1"]}
    for row in facts.duties:
        data = newest.get(row.obligation_id)
        if data is None:
            # the plain opening of an actualisation is not told (contracts §3)
            if row.version or not row.obligation_id.startswith("act:"):
                yield f"{row.obligation_id}: never told"
            continue
        for name in ("version", "state", "evidence", "revision", "non_receipt", "verdict"):
            if data.get(name) != getattr(row, name):
                yield f"{row.obligation_id}: {name} is {data.get(name)} on the topic, {getattr(row, name)} in its row"


def _disordered(facts: Facts) -> Iterable[str]:
    last: dict[str, int] = {}
    seen: set[str] = set()
    for event in facts.topics["obligations.v1"]:
        data, again = event["data"], event["id"] in seen
        seen.add(event["id"])
        if not again and data["version"] <= last.get(data["obligation_id"], 0):
            yield f"{data['obligation_id']}: version {data['version']} after {last[data['obligation_id']]}"
        last[data["obligation_id"]] = max(data["version"], last.get(data["obligation_id"], 0))


def _delivered_and_known(facts: Facts) -> list[AttemptSeen]:
    """What a provider has called delivered, where we know its reference."""
    references = {(one.channel, one.provider_ref): one for one in facts.attempts if one.provider_ref is not None}
    return [references[reference] for reference, word in facts.reported.items() if word == "delivered" and reference in references]


def _receipts_lost(reported: Iterable[AttemptSeen]) -> Iterable[str]:
    yield from (f"{one.attempt_id} by {one.channel}: delivered, and we say {one.state}" for one in reported if one.state != "delivered")


def _answers_lost(facts: Facts) -> Iterable[str]:
    return (person for person in facts.answered if person not in facts.replied)
