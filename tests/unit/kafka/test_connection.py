"""One connection in the words of both client libraries."""

import ssl

import pytest

from services.adapters.kafka.connection import KafkaConnection


def test_a_plain_connection() -> None:
    """Without security, only the servers are told."""
    connection = KafkaConnection(bootstrap="a:9092,b:9092")
    assert connection.librdkafka() == {"bootstrap.servers": "a:9092,b:9092", "security.protocol": "PLAINTEXT"}
    assert connection.faust() == {"broker": ["aiokafka://a:9092", "aiokafka://b:9092"]}
    assert connection.aiokafka() == {"bootstrap_servers": ["a:9092", "b:9092"], "security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", [None, "SCRAM-SHA-512"])
def test_signing_in_over_tls(mechanism: str | None) -> None:
    """User, password, mechanism and authorities reach both libraries."""
    connection = KafkaConnection(
        bootstrap="a:9093", security_protocol="SASL_SSL", sasl_mechanism=mechanism, sasl_username="u", sasl_password="p"
    )
    assert connection.librdkafka() == {
        "bootstrap.servers": "a:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism or "PLAIN",
        "sasl.username": "u",
        "sasl.password": "p",
    }
    credentials = connection.faust()["broker_credentials"]
    assert credentials.username == "u"
    assert credentials.mechanism.value == (mechanism or "PLAIN")
    assert isinstance(credentials.ssl_context, ssl.SSLContext)


def test_tls_without_a_user() -> None:
    """SSL alone gives Faust a context and nothing else."""
    connection = KafkaConnection(bootstrap="a:9093", security_protocol="SSL")
    assert isinstance(connection.faust()["broker_credentials"].context, ssl.SSLContext)


def test_a_password_is_never_shown() -> None:
    """Whoever prints a connection does not print its password."""
    connection = KafkaConnection(bootstrap="a:1", security_protocol="SASL_PLAINTEXT", sasl_username="u", sasl_password="secret")
    assert "secret" not in repr(connection)


@pytest.mark.parametrize(
    ("protocol", "mechanism", "user", "message"),
    [
        ("TLS", None, None, "one of PLAINTEXT, SSL"),
        ("SASL_SSL", None, None, "needs a user name and a password"),
        ("SASL_SSL", "GSSAPI", "u", "SASL mechanism must be one of"),
    ],
)
def test_parts_that_do_not_fit_are_refused(protocol: str, mechanism: str | None, user: str | None, message: str) -> None:
    """An unknown protocol or mechanism, and SASL without a user, are refused when the value is made."""
    with pytest.raises(ValueError, match=message):
        KafkaConnection(bootstrap="a:1", security_protocol=protocol, sasl_mechanism=mechanism, sasl_username=user, sasl_password=user)
