"""Where the servers of this state folder are while ``sans-faute up`` runs, so that other commands find them without configuration."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from services.runtime.errors import NotThere
from services.runtime.settings import KafkaSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the embedded servers listen; none where another server is configured. ``database_url`` holds a password: never log it."""

    kafka_bootstrap: str | None
    database_url: str | None


@contextmanager
def announced(state_dir: Path, addresses: Addresses) -> Iterator[None]:
    """Leave the addresses in the state folder, readable by us alone, for as long as the block runs (the lock ends with us in any case)."""
    state_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_file(state_dir), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        json.dump(asdict(addresses), file)
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate(0)


def find_running(state_dir: Path) -> Addresses | None:
    """The addresses, when somebody announces them at this moment."""
    try:
        with _file(state_dir).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Addresses(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None
    return None


def kafka_of(settings: Settings) -> KafkaSettings:
    """The configured cluster, else the running embedded one; raises ``NotThere``."""
    if settings.kafka is not None:
        return settings.kafka
    running = find_running(settings.state_dir)
    if running is not None and running.kafka_bootstrap is not None:
        return embedded_kafka_settings(running.kafka_bootstrap)
    raise NotThere("no Kafka: start one with `sans-faute up`, or set KAFKA_BOOTSTRAP_SERVERS")


def database_of(settings: Settings) -> str:
    """URL of the configured database, else of the running embedded one; raises ``NotThere``."""
    if settings.database_url is not None:
        return settings.database_url
    running = find_running(settings.state_dir)
    if running is not None and running.database_url is not None:
        return running.database_url
    raise NotThere("no PostgreSQL: start one with `sans-faute up`, or set DATABASE_URL")


def embedded_kafka_settings(bootstrap: str) -> KafkaSettings:
    """How to reach a node of ours: plainly, on this machine."""
    return KafkaSettings(
        bootstrap=bootstrap,
        security_protocol="PLAINTEXT",
        sasl_mechanism=None,
        sasl_username=None,
        sasl_password=None,
        ssl_ca_location=None,
    )


def _file(state_dir: Path) -> Path:
    return state_dir / "running.json"
