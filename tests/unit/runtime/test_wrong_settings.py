"""Every setting wrong in turn and all together: refused before anything starts, all mistakes at once, and the doctor says the same."""

import json
from pathlib import Path

import pytest

from services.adapters.policy import SHIPPED
from services.commands import run
from services.commands.exits import Exit
from services.commands.processes import PROCESSES
from services.runtime.manual import SETTINGS
from services.runtime.settings import settings_and_mistakes

#: for each setting a value that cannot be meant, and what is said of it
WRONG: dict[str, tuple[str, str]] = {
    "KAFKA_BOOTSTRAP_SERVERS": ("kafka", "must be host:port"),
    "KAFKA_SECURITY_PROTOCOL": ("TLS", "must be one of PLAINTEXT, SSL"),
    "KAFKA_SASL_MECHANISM": ("GSSAPI", "must be one of PLAIN, SCRAM-SHA-256"),
    "KAFKA_SASL_USERNAME": ("two\tcolumns", "must be one line"),
    "KAFKA_SASL_PASSWORD": ("two\nlines", "must be one line"),
    "KAFKA_SSL_CA_LOCATION": ("/no/such/file", "names a file that is not there"),
    "TOPIC_REPLICATION_FACTOR": ("0", "must be a whole number from 1"),
    "TOPIC_PARTITIONS": ("receipts.v1:3", "must be name=value"),
    "TOPIC_RETENTION_DAYS": ("receipts.v1=ever", "must be a whole number"),
    "TOPIC_READERS": ("receipts.v1=aiokafka", "must be one of faust, confluent"),
    "DATABASE_URL": ("mysql://user:hunter2@host/base", "postgresql://"),
    "DATABASE_CONNECTIONS": ("1", "must be a whole number from 2"),
    "STATE_DIR": (f"{__file__}/state", "names a folder where a file is"),
    "OUTPUT_DIR": (__file__, "names a folder where a file is"),
    "SMTP_URL": ("smtp://user:hunter2@host?tls=maybe", "tls must be one of none, starttls, tls"),
    "SMS_PROVIDERS": ("a=https://user:hunter2@host", "must be an address such as smpp://"),
    "VOICE_URL": ("https://api.example", "needs a user and a password before the host"),
    "LETTER_URL": ("https://client:hunter2@host?user=us", "needs password="),
    "SMS_SENDER": ("FT-INFO", "a name has only letters and digits"),
    "VOICE_CALLER_ID": ("0612345678", "may not show an 06 or 07 number"),
    "VERIFIED_RANGES": ("0948;0949", "must be beginnings of ten-digit numbers"),
    "EMAIL_FROM": ("Sans Faute", "must be an e-mail address"),
    "BOUNCE_LISTEN": ("127.0.0.1:smtp", "must be host:port"),
    "CHANNELS_OWNED": ("sms,fax", "must be words of sms, voice, letter, email"),
    "PUBLIC_URL": ("reponses.example", "must be an address such as https://"),
    "PUBLIC_LISTEN": ("everywhere", "must be host:port"),
    "TRUSTED_PROXIES": ("proxy.example", "must be addresses, or networks"),
    "STAFF_LISTEN": ("127.0.0.1:70000", "must be host:port"),
    "STAFF_URL": ("ftp://staff.example", "must be an address such as https://"),
    "SERVICE_KEY": ("hunter2", "needs at least 32 characters"),
    "EVENTS_TOKEN": ("hunter2", "needs at least 32 characters"),
    "GATEWAY_TOKEN": ("hunter2 and thirty more characters, with spaces", "without spaces"),
    "DEAD_LETTER_SHARE": ("20%", "must be a number from 0 to 1"),
    "POLICY_FILE": ("/no/such/policy.toml", "names a file that is not there"),
    "INSTANCE_NAME": ("first copy", "letters, digits, dots, dashes"),
    "HEALTH_LISTEN": ("9090/health", "must be host:port"),
    "SENDER_NAME": ("Sans\tFaute", "must be one line"),
    "SENDER_ADDRESS": ("|".join(["1 PLACE DE LA GARE"] * 7), "at most 6 lines"),
    "SANS_FAUTE_TEST_FUSE": ("intake", "must be process:point"),
    "LOG_LEVEL": ("LOUD", "must be one of DEBUG, INFO"),
    "LOG_FORMAT": ("xml", "must be one of auto, json, console"),
}


def test_the_table_has_every_setting() -> None:
    """A setting that nobody can get wrong would not be checked."""
    assert WRONG.keys() == SETTINGS.keys()


@pytest.mark.parametrize("name", WRONG)
def test_each_in_turn(name: str) -> None:
    """It is named with what to write instead, nothing else is, and a password is not repeated."""
    value, said = WRONG[name]
    _, mistakes = settings_and_mistakes({name: value})
    assert [mistake.name for mistake in mistakes] == [name]
    assert said in mistakes[0].problem
    assert "hunter2" not in mistakes[0].problem


@pytest.mark.parametrize(
    ("environment", "name", "said"),
    [
        ({"KAFKA_SASL_USERNAME": "us"}, "KAFKA_SECURITY_PROTOCOL", "must be SASL_SSL"),
        ({"KAFKA_SECURITY_PROTOCOL": "SSL"}, "KAFKA_BOOTSTRAP_SERVERS", "is needed with SSL"),
        ({"KAFKA_SSL_CA_LOCATION": __file__}, "KAFKA_SSL_CA_LOCATION", "of no use without"),
        ({"STAFF_LISTEN": "127.0.0.1:8080"}, "STAFF_LISTEN", "must not be the address of PUBLIC_LISTEN"),
        ({"BOUNCE_LISTEN": "127.0.0.1:8081"}, "BOUNCE_LISTEN", "must not be the address of STAFF_LISTEN"),
        ({"LETTER_URL": "https://c:s@host?user=u&password=p"}, "SENDER_ADDRESS", "is needed with LETTER_URL"),
        ({"SMS_PROVIDERS": "voice=smpp://u:p@host"}, "SMS_PROVIDERS", "may not name one voice, letter or email"),
        ({"SMS_PROVIDERS": "a b=smpp://u:p@host"}, "SMS_PROVIDERS", "letters, digits, dots"),
        ({"SMS_PROVIDERS": "a=smpp://u:p@host?window=0"}, "SMS_PROVIDERS", "window must be a whole number from 1"),
        ({"SMS_PROVIDERS": "a=smpp://u:nine-octets@host"}, "SMS_PROVIDERS", "a password of at most 8 characters"),
        ({"SMTP_URL": "smtp://u@host"}, "SMTP_URL", "needs a user and a password"),
        ({"VOICE_URL": "https://u:p@host?region=eu"}, "VOICE_URL", "may have nothing behind a question mark"),
    ],
)
def test_settings_that_contradict_each_other(environment: dict[str, str], name: str, said: str) -> None:
    """What one of them needs of another is a mistake as well, named where it can be mended."""
    _, mistakes = settings_and_mistakes(environment)
    assert [mistake.name for mistake in mistakes] == [name]
    assert said in mistakes[0].problem


@pytest.mark.parametrize("command", ["up", *PROCESSES])
def test_all_together_at_start(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is started: exit code 2, every mistake in one message, what to do next, no traceback, no password."""
    _set_everything_wrong(monkeypatch)
    assert run([command]) == Exit.WRONG_USAGE
    said = capsys.readouterr().err
    for name, (_, problem) in WRONG.items():
        assert any(line.startswith(f"  {name}: ") and problem in line for line in said.splitlines()), name
    assert "sans-faute doctor --settings" in said
    assert "hunter2" not in said
    assert "Traceback" not in said


def test_the_doctor_says_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One finding for each mistake, exit code 2; the machine is looked at all the same."""
    _set_everything_wrong(monkeypatch)
    assert run(["doctor", "--json"]) == Exit.WRONG_USAGE
    findings = json.loads(capsys.readouterr().out)["findings"]
    told = {finding["setting"]: finding["remedy"] for finding in findings if finding["setting"]}
    assert told.keys() == WRONG.keys()
    assert all(problem in told[name] for name, (_, problem) in WRONG.items())
    assert any(finding["what"].startswith("Python") and finding["found"] for finding in findings)


def _set_everything_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (value, _) in WRONG.items():
        monkeypatch.setenv(name, value)


def test_what_settings_name_is_looked_at_with_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two mistakes in the policy, a topic that does not exist, a wrong sender (SC-43, §4.2): one message, from a process and the doctor."""
    policy = tmp_path / "policy.toml"
    text = SHIPPED.read_text("utf-8")
    assert 'cutoff = "15:00"' in text
    assert "transit_days = 3" in text
    policy.write_text(text.replace('cutoff = "15:00"', 'cutoff = "3 pm"').replace("transit_days = 3", "transit_days = -3"), "utf-8")
    monkeypatch.setenv("POLICY_FILE", str(policy))
    monkeypatch.setenv("TOPIC_READERS", "recepits.v1=faust")
    monkeypatch.setenv("VOICE_CALLER_ID", "0140010000")
    wrong = [
        "POLICY_FILE: letters.cutoff: expected an hour",
        "POLICY_FILE: letters.transit_days: expected a whole number",
        "TOPIC_READERS: recepits.v1 is not a topic; the topics are appointments.v1",
        "VOICE_CALLER_ID: an automated system may not show a geographic number",
    ]
    assert run(["relay"]) == Exit.WRONG_USAGE
    said = capsys.readouterr().err
    assert [mistake for mistake in wrong if mistake not in said] == []
    assert run(["doctor", "--json"]) == Exit.WRONG_USAGE
    findings = json.loads(capsys.readouterr().out)["findings"]
    told = [f"{finding['setting']}: {finding['remedy']}" for finding in findings if finding["setting"]]
    assert len(told) == len(wrong)
    assert all(any(line.startswith(mistake) for line in told) for mistake in wrong)


def test_a_delivery_without_a_provider_does_not_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It could send nothing; the others do not need one."""
    assert run(["delivery"]) == Exit.WRONG_USAGE
    assert "SMS_PROVIDERS: no provider is set" in capsys.readouterr().err
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert run(["relay"]) == Exit.WRONG_USAGE
    assert "SMS_PROVIDERS" not in capsys.readouterr().err
