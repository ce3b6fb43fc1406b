"""The catalogue of metrics."""

import pytest

from services.runtime.metrics import METRICS, Metrics

#: labels whose values are bounded words; an identifier would be one time series for each person
BOUNDED = {"topic", "lane", "channel", "door", "provider", "outcome", "reason", "status", "choice", "type", "process"}


def test_labels_are_bounded() -> None:
    """No metric is labelled with anybody's identifier."""
    assert {label for metric in METRICS.values() for label in metric.labels} <= BOUNDED


def test_counting_setting_observing() -> None:
    """Each kind of metric is written and read by its name in the catalogue."""
    metrics = Metrics()
    metrics.count("attempts_sent", channel="sms", provider="a", outcome="accepted")
    metrics.count("attempts_sent", 2, channel="sms", provider="a", outcome="accepted")
    metrics.set("outbox_waiting", 5)
    metrics.observe("decision_seconds", 0.00004)
    assert metrics.value("attempts_sent", channel="sms", provider="a", outcome="accepted") == 3
    assert metrics.value("outbox_waiting") == 5
    text = metrics.exposition().decode()
    assert 'sans_faute_attempts_sent_total{channel="sms",outcome="accepted",provider="a"} 3.0' in text
    assert 'sans_faute_decision_seconds_bucket{le="0.0001"} 1.0' in text


def test_a_metric_outside_the_catalogue_does_not_exist() -> None:
    """A misspelt name fails where it is written."""
    with pytest.raises(KeyError):
        Metrics().count("attempt_sent")


def test_a_metric_is_used_as_what_it_is() -> None:
    """A gauge is not counted, a counter is neither set nor observed."""
    metrics = Metrics()
    with pytest.raises(TypeError, match="outbox_waiting"):
        metrics.count("outbox_waiting")
    with pytest.raises(TypeError, match="decisions"):
        metrics.set("decisions", 1, lane="live")
    with pytest.raises(TypeError, match="decisions"):
        metrics.observe("decisions", 1, lane="live")
