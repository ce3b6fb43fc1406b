"""How to reach a Kafka cluster, in the words of each of the two client libraries."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

#: name in librdkafka → name in faust's credentials; both libraries know the same four protocols
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """A cluster's address and how we show who we are. Raises ``ValueError`` when the parts do not fit together."""

    #: ``host:port`` with commas
    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    #: never logged, never printed
    sasl_password: str | None = field(default=None, repr=False)
    #: authorities that sign the brokers' certificates; none: the system's
    ssl_ca_location: Path | None = None

    def __post_init__(self) -> None:
        if self.security_protocol not in PROTOCOLS:
            raise ValueError(f"security protocol must be one of {', '.join(PROTOCOLS)}")
        if self.uses_sasl:
            if self.sasl_mechanism is not None and self.sasl_mechanism not in MECHANISMS:
                raise ValueError(f"SASL mechanism must be one of {', '.join(MECHANISMS)}")
            if self.sasl_username is None or self.sasl_password is None:
                raise ValueError(f"{self.security_protocol} needs a user name and a password")

    @property
    def uses_sasl(self) -> bool:
        """Whether we sign in with a user name."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether the line is encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def mechanism(self) -> str:
        """The SASL mechanism, PLAIN unless said otherwise."""
        return self.sasl_mechanism or "PLAIN"

    def librdkafka(self) -> dict[str, str]:
        """Configuration of confluent-kafka's clients."""
        values = {"bootstrap.servers": self.bootstrap, "security.protocol": self.security_protocol}
        if self.uses_sasl:
            values["sasl.mechanism"] = self.mechanism
            values["sasl.username"] = self.sasl_username or ""
            values["sasl.password"] = self.sasl_password or ""
        if self.uses_tls and self.ssl_ca_location is not None:
            values["ssl.ca.location"] = str(self.ssl_ca_location)
        return values

    def aiokafka(self) -> dict[str, Any]:
        """Arguments of aiokafka's clients."""
        values: dict[str, Any] = {"bootstrap_servers": self.bootstrap.split(","), "security_protocol": self.security_protocol}
        if self.uses_sasl:
            values["sasl_mechanism"] = self.mechanism
            values["sasl_plain_username"] = self.sasl_username
            values["sasl_plain_password"] = self.sasl_password
        if self.uses_tls:
            values["ssl_context"] = self._tls()
        return values

    def faust(self) -> dict[str, Any]:
        """Arguments of a Faust app. Its transport is aiokafka; ``confluent://`` swaps keys and values and is never used."""
        import faust  # noqa: PLC0415 - takes half a second, and command-line tools do not need it

        values: dict[str, Any] = {"broker": [f"aiokafka://{server.strip()}" for server in self.bootstrap.split(",")]}
        context = self._tls() if self.uses_tls else None
        if self.uses_sasl:
            values["broker_credentials"] = faust.SASLCredentials(
                username=self.sasl_username, password=self.sasl_password, mechanism=self.mechanism, ssl_context=context
            )
        elif context is not None:
            values["broker_credentials"] = faust.SSLCredentials(context)
        return values

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=None if self.ssl_ca_location is None else str(self.ssl_ca_location))


class KafkaUnavailable(Exception):
    """No broker answers; says where we tried and what the client library said. One that answers and refuses is a ``KafkaRefused``."""

    def __init__(self, connection: KafkaConnection, why: str, *, what: str = "does not answer") -> None:
        super().__init__(f"Kafka {what} at {connection.bootstrap}: {why}")


class Refusal(StrEnum):
    """What it is that the broker does not take from us."""

    #: the user, or the password
    IDENTITY = "identity"
    #: the broker offers no such way of signing in
    MECHANISM = "mechanism"
    #: nobody we trust has signed the broker's certificate, or it is another host's
    CERTIFICATE = "certificate"
    #: what is there is not TLS
    NOT_TLS = "not_tls"
    #: it knows us, and does not let us do what we must
    RIGHT = "right"


class KafkaRefused(KafkaUnavailable):
    """A broker answers and does not let us in, or not far enough; says where we tried and what it said, never the password."""

    def __init__(self, connection: KafkaConnection, refusal: Refusal, why: str) -> None:
        super().__init__(connection, why, what="does not let us in")
        self.refusal = refusal
