"""What Prometheus is told to watch exists, each alert leads to its runbook, and the container shape fits the code."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader

from services.commands.processes import PROCESSES
from services.core.words import AlarmType, AlertType, Channel, Lane, ReceiptStatus, Why
from services.runtime.manual import SETTINGS
from services.runtime.metrics import METRICS, Kind, Metric
from services.watch.rules import RULES as RULES_OF_THE_WATCH

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
RULES = INFRA / "monitoring" / "rules.yaml"
OPERATIONS = ROOT / "docs" / "operations.md"
#: of the machine, or the one that ``infra/setup tests`` fetches
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=ROOT / ".tools" / "bin")

_METRIC = re.compile(r"\bsans_faute_(\w+?)\b(?:\{([^}]*)\})?(?=[\s\[)>\d*/,]|$)")
_LABEL = re.compile(r'(\w+)\s*=~?\s*"([^"]*)"')
_SUFFIXES: Final = {Kind.COUNTER: ("_total",), Kind.GAUGE: ("",), Kind.SECONDS: ("_bucket", "_count", "_sum")}
#: the values that a bounded label can have; ``outcome`` is the name of a class in services/core/ports/providers.py
_VALUES: Final[dict[str, set[str]]] = {
    "channel": set(Channel),
    "lane": set(Lane),
    "status": set(ReceiptStatus),
    "reason": set(Why),
    "type": {*AlarmType, *AlertType},
    "outcome": {"Accepted", "TryLater", "Refused", "OutcomeUnknown", "Absent"},
}


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _exposed() -> dict[str, Metric]:
    """Every name that /metrics can show, without our prefix."""
    return {name + suffix: metric for name, metric in METRICS.items() for suffix in _SUFFIXES[metric.kind]}


ALERTS = _alerts()


def test_every_alert_has_a_name_of_its_own() -> None:
    """Two alerts of one name could not be told apart."""
    names = [alert["alert"] for alert in ALERTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_watches_metrics_that_exist(alert: dict[str, Any]) -> None:
    """Each metric of the expression is in the catalogue, with labels that it has and values that they can take."""
    exposed = _exposed()
    found = _METRIC.findall(alert["expr"])
    assert found or "up{" in alert["expr"]
    for name, selector in found:
        assert name in exposed
        for label, value in _LABEL.findall(selector):
            assert label in exposed[name].labels
            assert set(value.split("|")) <= _VALUES.get(label, {value})


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_keeps_only_labels_that_its_metrics_have(alert: dict[str, Any]) -> None:
    """A sum by a label that no metric has would hide who is meant."""
    exposed = _exposed()
    labels = {label for name, _ in _METRIC.findall(alert["expr"]) for label in exposed[name].labels} | {"le", "instance", "process"}
    kept = {label.strip() for by in re.findall(r"by \(([^)]*)\)", alert["expr"]) for label in by.split(",")}
    assert kept <= labels


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_leads_to_its_runbook(alert: dict[str, Any]) -> None:
    """Severity, a sentence, and a heading of the operations page."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert ROOT / file == OPERATIONS
    headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text("utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("type_", AlarmType)
def test_every_alarm_has_a_rule_and_one_runbook(type_: AlarmType) -> None:
    """The watch judges it, Prometheus hears of it, and both Prometheus and the operations page lead to the same runbook."""
    assert type_ in RULES_OF_THE_WATCH
    (alert,) = [alert for alert in ALERTS if f'sans_faute_alarms_open{{type="{type_}"}}' in alert["expr"]]
    words = Environment(loader=FileSystemLoader(ROOT / "templates" / "pages"), autoescape=True).get_template("words.html").module
    assert str(words.runbook(type_)) == alert["annotations"]["runbook"]  # type: ignore[attr-defined]
    anchor = alert["annotations"]["runbook"].partition("#")[2]
    table = OPERATIONS.read_text("utf-8").partition("## Alarms that this service raises itself")[2]
    assert re.search(rf"^\| `{type_}` \|.*\(#{anchor}\) \|$", table, re.MULTILINE)


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: `infra/setup tests` fetches it where apt knows the package prometheus")
@pytest.mark.parametrize("arguments", [("check", "rules", "rules.yaml"), ("test", "rules", "rules_test.yaml")], ids=" ".join)
def test_prometheus_understands_the_rules(arguments: tuple[str, ...]) -> None:
    """Prometheus' own tool reads the rules, and the stories told to it ring the alerts that they should."""
    said = subprocess.run([str(PROMTOOL), *arguments], cwd=RULES.parent, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_process_has_its_container_and_is_watched() -> None:
    """compose.yaml starts each process of `sans-faute up`, and Prometheus looks at it."""
    services = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))["services"]
    commands = {service["command"][0] for service in services.values() if str(service["image"]).startswith("sans-faute:")}
    assert set(PROCESSES) == commands - {"migrate", "topics"}
    scraped = yaml.safe_load((INFRA / "monitoring" / "prometheus.yaml").read_text("utf-8"))["scrape_configs"][0]
    alone = {target.partition(":")[0] for each in scraped["static_configs"] for target in each["targets"]}
    assert {*scraped["dns_sd_configs"][0]["names"], *alone} == set(PROCESSES)


def test_containers_are_given_settings_that_exist() -> None:
    """Each variable of our containers is a setting; a misspelt one would be silence."""
    services = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))["services"]
    ours = [service for service in services.values() if str(service["image"]).startswith("sans-faute:")]
    given = {name for service in ours for name in service["environment"]}
    assert given <= set(SETTINGS)
    image = (INFRA / "Dockerfile").read_text("utf-8")
    assert set(re.findall(r"\b(STATE_DIR|LOG_FORMAT|HEALTH_LISTEN)=", image)) <= set(SETTINGS)


def test_images_are_pinned() -> None:
    """No image is "latest", and Kafka has the version that the tests run on."""
    services = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))["services"]
    images = {str(service["image"]) for service in services.values()}
    assert all(re.search(r":(v?\d|\$\{)", image) for image in images)
    pom = ET.parse(INFRA / "kafka" / "pom.xml").getroot()
    version = pom.findtext("{*}properties/{*}kafka.version")
    assert f"apache/kafka:{version}" in images
