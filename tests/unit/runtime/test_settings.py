"""Settings: defaults, readers, every mistake at once."""

from pathlib import Path

import pytest

from services.runtime.errors import WrongSettings
from services.runtime.manual import SETTINGS
from services.runtime.readers import Listen, ProviderUrl
from services.runtime.settings import read_settings, settings_and_mistakes


def _mistakes(environment: dict[str, str]) -> dict[str, str]:
    with pytest.raises(WrongSettings) as caught:
        read_settings(environment)
    return {mistake.name: mistake.problem for mistake in caught.value.mistakes}


def test_nothing_has_to_be_set() -> None:
    """Without any setting: embedded servers, pages on this machine only, lawful senders."""
    settings = read_settings({})
    assert settings.kafka is None
    assert settings.database_url is None
    assert settings.staff_listen == Listen(host="127.0.0.1", port=8081)
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.voice_caller_id == "0948123456"
    assert settings.topics.replication_factor == 1


def test_an_empty_setting_is_an_absent_one() -> None:
    """``NAME=`` in an environment file means the default."""
    assert read_settings({"DATABASE_URL": "", "LOG_LEVEL": " "}) == read_settings({})


def test_a_mistake_never_quotes_the_value() -> None:
    """A setting may hold a password: what was written is not repeated."""
    with pytest.raises(WrongSettings) as caught:
        read_settings({"DATABASE_URL": "postgres//user:hunter2@host", "SMTP_URL": "smtp:hunter2", "SMS_PROVIDERS": "a=http:/hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["0612345678", "0140010000", "0972123456", "38123", "FRTRAVAIL"])
def test_an_unlawful_caller_id_refuses_to_start(value: str) -> None:
    """Calls show a verified ten-digit number and nothing else (SC-43, §4.2)."""
    assert "VOICE_CALLER_ID" in _mistakes({"VOICE_CALLER_ID": value})


@pytest.mark.parametrize("value", ["FranceTravail", "FT-INFO", "12345678901", "0612345678", "37000"])
def test_an_unlawful_sms_sender_refuses_to_start(value: str) -> None:
    """An SMS shows a short code or a name of the charter's form (SC-43, §4.2)."""
    assert "SMS_SENDER" in _mistakes({"SMS_SENDER": value})


@pytest.mark.parametrize("value", ["38123", "FRTRAVAIL", "0948 12 34 56"])
def test_a_lawful_sms_sender_is_kept_as_written(value: str) -> None:
    """What SC-43 accepts starts."""
    assert read_settings({"SMS_SENDER": value}).sms_sender == value


def test_the_verified_ranges_decide_about_senders() -> None:
    """A longer list of verified numbers is a setting, not a release."""
    assert read_settings({"VERIFIED_RANGES": "0950", "VOICE_CALLER_ID": "0950123456"}).voice_caller_id == "0950123456"


def test_providers_keep_their_order_and_may_be_named_after_their_host() -> None:
    """The first provider is the preferred one."""
    settings = read_settings({"SMS_PROVIDERS": "b=smpp://u:p@one.example:2775, smpp://u:p@two.example"})
    assert settings.sms_providers == (
        ProviderUrl(name="b", url="smpp://u:p@one.example:2775"),
        ProviderUrl(name="two.example", url="smpp://u:p@two.example"),
    )


def test_a_provider_named_twice_is_a_mistake() -> None:
    """A name in receipts and metrics means one provider."""
    assert "twice" in _mistakes({"SMS_PROVIDERS": "a=smpp://u:p@one.example,a=smpp://u:p@two.example"})["SMS_PROVIDERS"]


def test_kafka_with_a_password() -> None:
    """SASL settings come together, PLAIN unless said otherwise; topics are then copied three times."""
    settings = read_settings(
        {
            "KAFKA_BOOTSTRAP_SERVERS": "one:9092, two:9092",
            "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_SASL_USERNAME": "us",
            "KAFKA_SASL_PASSWORD": "secret",
        }
    )
    assert settings.kafka is not None
    assert settings.kafka.bootstrap == "one:9092,two:9092"
    assert (settings.kafka.security_protocol, settings.kafka.sasl_mechanism) == ("SASL_SSL", "PLAIN")
    assert settings.topics.replication_factor == 3


def test_half_of_a_kafka_login_is_a_mistake() -> None:
    """SASL without a user and a password."""
    assert "KAFKA_SASL_USERNAME" in _mistakes({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})


def test_topics_may_differ_one_by_one() -> None:
    """Partitions, retention and reader are settings per topic."""
    topics = read_settings(
        {"TOPIC_PARTITIONS": "a.v1=24,b.v1=3", "TOPIC_READERS": "a.v1=confluent", "TOPIC_RETENTION_DAYS": "b.v1=1"}
    ).topics
    assert topics.partitions == {"a.v1": 24, "b.v1": 3}
    assert topics.readers == {"a.v1": "confluent"}
    assert topics.retention_days == {"b.v1": 1}


@pytest.mark.parametrize("url", ["postgresql://postgres@host/base", "postgresql://host", "postgres://u:p@host/base?sslmode=require"])
def test_a_database_may_trust_us(url: str) -> None:
    """What stands before and behind the host of a database's address is the database's matter."""
    assert read_settings({"DATABASE_URL": url}).database_url == url


def test_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is one of where we were started."""
    monkeypatch.chdir(tmp_path)
    assert read_settings({"STATE_DIR": "here"}).state_dir == tmp_path / "here"


def test_letters_may_go_into_a_folder() -> None:
    """``file:///`` is a print shop too; another scheme is not."""
    assert read_settings({"LETTER_URL": "file:///srv/letters"}).letter_url == "file:///srv/letters"
    assert "LETTER_URL" in _mistakes({"LETTER_URL": "ftp://print.example"})


def test_a_print_shop_needs_an_address_for_what_comes_back() -> None:
    """Said at start, not at the first letter; a folder needs none."""
    shop = "https://client:secret@print.example?user=u&password=p"
    assert "SENDER_ADDRESS" in _mistakes({"LETTER_URL": shop})
    address = read_settings({"LETTER_URL": shop, "SENDER_ADDRESS": "1 PLACE DE LA GARE|59000 LILLE"}).sender_address
    assert address == ("1 PLACE DE LA GARE", "59000 LILLE")


def test_the_rest_of_wrong_settings_can_be_used() -> None:
    """What is wrong has its default, and is named beside."""
    settings, mistakes = settings_and_mistakes({"LOG_LEVEL": "LOUD", "DATABASE_CONNECTIONS": "20"})
    assert (settings.database_connections, settings.log_level) == (20, "INFO")
    assert [mistake.name for mistake in mistakes] == ["LOG_LEVEL"]


def test_every_setting_is_in_the_manual() -> None:
    """Each has a meaning and says what its absence does."""
    assert all(setting.meaning and setting.default for setting in SETTINGS.values())
