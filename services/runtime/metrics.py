"""Every metric there is, typed: what it counts and under which bounded labels. Nobody's identifier is ever a label."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_PREFIX = "sans_faute_"
#: seconds; from one decision (50 µs) to a provider that hangs (30 s)
_SECONDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Kind(StrEnum):
    """How a metric behaves."""

    #: only grows
    COUNTER = "counter"
    #: goes up and down
    GAUGE = "gauge"
    #: seconds, in buckets
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one metric is; the name has our prefix and, for counters, ``_total`` when it is read."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


#: A new metric is one line here.
METRICS: dict[str, Metric] = {
    # what comes in
    "events_received": Metric(kind=Kind.COUNTER, help="Events read and stored.", labels=("topic",)),
    "events_repeated": Metric(
        kind=Kind.COUNTER, help="Events that changed nothing: known already, or older than what is known.", labels=("reason",)
    ),
    "dead_letters": Metric(kind=Kind.COUNTER, help="Records that could not be read.", labels=("topic",)),
    "dead_letters_replayed": Metric(kind=Kind.COUNTER, help="Records published again on somebody's word.", labels=("topic",)),
    "batch_seconds": Metric(kind=Kind.SECONDS, help="From having a batch to having it stored.", labels=("topic",)),
    "callbacks_refused": Metric(kind=Kind.COUNTER, help="Callbacks with a wrong signature or an old timestamp.", labels=("provider",)),
    "provider_octets_unread": Metric(
        kind=Kind.COUNTER, help="What a provider sent and nobody can read, by what it should have been.", labels=("provider", "type")
    ),
    "requests_held_back": Metric(kind=Kind.COUNTER, help="Requests of a source that asks too often (429).", labels=("door",)),
    # deciding
    "decisions": Metric(kind=Kind.COUNTER, help="People decided about.", labels=("lane",)),
    "decision_seconds": Metric(kind=Kind.SECONDS, help="One decision about one person."),
    "people_quarantined": Metric(kind=Kind.COUNTER, help="People whose decision raised; nobody decides about them until somebody looks."),
    "wake_delay_seconds": Metric(kind=Kind.GAUGE, help="How late the person that waits longest is looked at.", labels=("lane",)),
    # going out
    "outbox_waiting": Metric(kind=Kind.GAUGE, help="Messages not yet with the broker."),
    "messages_published": Metric(kind=Kind.COUNTER, help="Messages that the broker confirmed.", labels=("topic",)),
    "attempts_sent": Metric(
        kind=Kind.COUNTER, help="Hand-overs to a provider, by what it said.", labels=("channel", "provider", "outcome")
    ),
    "attempts_withheld": Metric(kind=Kind.COUNTER, help="Attempts stopped by the check before sending.", labels=("channel", "reason")),
    "send_seconds": Metric(kind=Kind.SECONDS, help="One call to a provider.", labels=("channel", "provider")),
    # coming back
    "receipts": Metric(kind=Kind.COUNTER, help="Receipts by canonical status.", labels=("provider", "status")),
    "replies": Metric(kind=Kind.COUNTER, help="Replies by choice.", labels=("channel", "choice")),
    "alerts_raised": Metric(kind=Kind.COUNTER, help="Alerts raised to advisors.", labels=("type",)),
    "alarms_raised": Metric(kind=Kind.COUNTER, help="Alarms raised to operations.", labels=("type",)),
    "alarms_open": Metric(kind=Kind.GAUGE, help="Alarms that are open now.", labels=("type",)),
    "watch_looked_at_seconds": Metric(kind=Kind.GAUGE, help="When the watch last looked, in seconds since 1970: a dead man's handle."),
    "rows_forgotten": Metric(kind=Kind.COUNTER, help="Rows whose retention was over: deleted or made anonymous.", labels=("type",)),
    "forgot_at_seconds": Metric(kind=Kind.GAUGE, help="When retention was last looked after, in seconds since 1970."),
    # being alive
    "consumer_lag": Metric(kind=Kind.GAUGE, help="Records not yet acknowledged.", labels=("topic",)),
    "loop_age_seconds": Metric(kind=Kind.GAUGE, help="Since the process last went round its loop.", labels=("process",)),
    "process_restarts": Metric(kind=Kind.COUNTER, help="Times the supervisor started a process again.", labels=("process",)),
}


@dataclass(slots=True)
class Metrics:
    """The catalogue's metrics with their values; one per operating-system process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _made: dict[str, Counter | Gauge | Histogram] = field(default_factory=dict)
    #: by name and labels: finding them again in the library costs more than counting
    _children: dict[tuple[object, ...], Counter | Gauge | Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, metric in METRICS.items():
            self._made[name] = self._make(name, metric)

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        made = self._labelled(name, labels)
        if not isinstance(made, Counter):
            raise TypeError(f"{name} is not a counter")
        made.inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        made = self._labelled(name, labels)
        if not isinstance(made, Gauge):
            raise TypeError(f"{name} is not a gauge")
        made.set(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in seconds."""
        made = self._labelled(name, labels)
        if not isinstance(made, Histogram):
            raise TypeError(f"{name} is not a duration")
        made.observe(seconds)

    def value(self, name: str, **labels: str) -> float:
        """What a counter or gauge says now; 0 when it was never touched. For health checks and tests."""
        metric = METRICS[name]
        suffix = "_total" if metric.kind is Kind.COUNTER else ""
        return self.registry.get_sample_value(_PREFIX + name + suffix, labels) or 0.0

    def exposition(self) -> bytes:
        """The text that Prometheus reads (content type ``text/plain; version=0.0.4; charset=utf-8``)."""
        return generate_latest(self.registry)

    def _make(self, name: str, metric: Metric) -> Counter | Gauge | Histogram:
        match metric.kind:
            case Kind.COUNTER:
                return Counter(_PREFIX + name, metric.help, metric.labels, registry=self.registry)
            case Kind.GAUGE:
                return Gauge(_PREFIX + name, metric.help, metric.labels, registry=self.registry)
            case Kind.SECONDS:
                return Histogram(_PREFIX + name, metric.help, metric.labels, registry=self.registry, buckets=_SECONDS)

    def _labelled(self, name: str, labels: Mapping[str, str]) -> Counter | Gauge | Histogram:
        key = (name, *labels.items())
        child = self._children.get(key)
        if child is None:
            made = self._made[name]
            child = self._children[key] = made.labels(**labels) if METRICS[name].labels else made
        return child
