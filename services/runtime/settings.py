"""Everything that can be set from outside: the only reader of the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from services.core.channels.senders import VERIFIED_RANGES
from services.runtime import readers
from services.runtime.errors import Mistake, WrongSettings
from services.runtime.manual import SETTINGS
from services.runtime.readers import Listen, ProviderUrl, Reader, TestFuse

T = TypeVar("T")
_CHANNELS = ("sms", "voice", "letter", "email")
#: names of the providers that are the only one of their channel, in receipts and in ``/callbacks/{name}``
VOICE, LETTER, EMAIL = "voice", "letter", "email"
#: what stands in the addresses of providers
_SMS_URL = readers.url(
    "smpp",
    "smpps",
    example="smpp://user:password@host:2775",
    # SMPP 3.4, 4.1.1: fields of 16 and 9 octets with their end
    login=readers.Login(user=15, password=8),
    parameters={"system_type": readers.text, "window": readers.whole(1, 1_000)},
)
_SMTP_URL = readers.url(
    "smtp",
    "smtps",
    example="smtp://user:password@host:587",
    login=readers.Login(needed=False),
    parameters={"tls": readers.choice("none", "starttls", "tls"), "connections": readers.whole(1, 100)},
)
_VOICE_URL = readers.url("https", "http", example="https://account:token@host", login=readers.Login(), parameters={})
_SHOP_URL = readers.url(
    "https",
    "http",
    example="https://client:secret@host?user=…&password=… or file:///folder",
    login=readers.Login(),
    parameters={
        "user": readers.text,
        "password": readers.text,
        "token_url": readers.url("https", "http", example="https://host/token"),
        "webhook_user": readers.text,
        "webhook_password": readers.text,
    },
    needs=["user", "password"],
)
_SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """A cluster of somebody else's."""

    bootstrap: str
    security_protocol: str
    sasl_mechanism: str | None
    sasl_username: str | None
    #: never log it
    sasl_password: str | None
    ssl_ca_location: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """What differs from contracts/topics.yaml, by topic."""

    replication_factor: int
    partitions: Mapping[str, int]
    retention_days: Mapping[str, int]
    readers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, read and checked. ``None`` for a server means: the embedded one (or the simulated one in the demo)."""

    kafka: KafkaSettings | None
    topics: TopicSettings
    database_url: str | None
    database_connections: int
    state_dir: Path
    output_dir: Path
    smtp_url: str | None
    sms_providers: tuple[ProviderUrl, ...]
    voice_url: str | None
    letter_url: str | None
    sms_sender: str
    voice_caller_id: str
    #: beginnings of numbers that an automated system may show (rules §4.2)
    verified_ranges: tuple[str, ...]
    email_from: str
    bounce_listen: Listen | None
    channels_owned: tuple[str, ...]
    public_url: str
    public_listen: Listen
    #: proxies before the public listener; whom they name is who asks (a flood is counted by who asks)
    trusted_proxies: tuple[str, ...]
    staff_listen: Listen
    #: address of the staff's pages as staff see it, for links in e-mails
    staff_url: str
    #: none: made once, in the state folder (``services.runtime.keys``)
    service_key: bytes | None
    events_token: str | None
    gateway_token: str | None
    dead_letter_share: float
    #: none: the rules' numbers as they are shipped
    policy_file: Path | None
    #: none: made from the host's name
    instance_name: str | None
    #: none: a process that runs by itself does not listen
    health_listen: Listen | None
    #: who writes, as people read it beside the address of an e-mail and on the back of an envelope
    sender_name: str
    sender_address: tuple[str, ...]
    #: none, but in tests
    test_fuse: TestFuse | None
    log_level: str
    log_format: str

    def providers(self) -> list[tuple[str, str, str]]:
        """Channel, name and address of each provider of the channels that we own, preferred ones first (addresses hold passwords)."""
        single = ((VOICE, self.voice_url), (LETTER, self.letter_url), (EMAIL, self.smtp_url))
        found = [("sms", provider.name, provider.url) for provider in self.sms_providers]
        found += [(channel, channel, url) for channel, url in single if url is not None]
        return [one for one in found if one[0] in self.channels_owned]


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read every setting (of our environment when none is given); raise ``WrongSettings`` with every mistake at once."""
    settings, mistakes = settings_and_mistakes(environment)
    if mistakes:
        raise WrongSettings(mistakes)
    return settings


def settings_and_mistakes(environment: Mapping[str, str] | None = None) -> tuple[Settings, tuple[Mistake, ...]]:
    """As ``read_settings``, for who wants to look at the rest as well: what is wrong has its default, and is named beside."""
    form = _Form(os.environ if environment is None else environment)
    settings = _settings(form)
    return settings, tuple(form.mistakes)


def environment_with(additions: Mapping[str, str]) -> dict[str, str]:
    """Our environment and ``additions``, for a child process."""
    return {**os.environ, **additions}


def search_path() -> str | None:
    """Folders in which programs are looked for."""
    return os.environ.get("PATH")


def home_of_the_code() -> Path:
    """The checkout, or the working folder when the package is installed somewhere else."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


class _Form:
    """Values asked for by name; keeps every mistake instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.mistakes: list[Mistake] = []

    def get(self, name: str, reader: Reader[T], default: T) -> T:
        """The setting read, or ``default`` when it is absent, empty or wrong."""
        if name not in SETTINGS:
            raise KeyError(name)
        value = self._environment.get(name, "").strip()
        if not value:
            return default
        try:
            return reader(value)
        except ValueError as problem:
            self.wrong(name, str(problem))
            return default

    def optional(self, name: str, reader: Reader[T]) -> T | None:
        """The setting read, or none when it is absent or wrong."""
        read: Callable[[str], T | None] = reader
        return self.get(name, read, None)

    def is_wrong(self, name: str) -> bool:
        """Whether a mistake is known: one is enough."""
        return any(mistake.name == name for mistake in self.mistakes)

    def wrong(self, name: str, problem: str) -> None:
        """Remember a mistake."""
        self.mistakes.append(Mistake(name=name, problem=problem))


def _settings(form: _Form) -> Settings:
    home = home_of_the_code()
    kafka = _kafka(form)
    public_listen = form.get("PUBLIC_LISTEN", readers.listen, Listen(host="127.0.0.1", port=8080))
    staff_listen = form.get("STAFF_LISTEN", readers.listen, Listen(host="127.0.0.1", port=8081))
    bounce_listen = form.optional("BOUNCE_LISTEN", readers.listen)
    _each_its_own(form, {"PUBLIC_LISTEN": public_listen, "STAFF_LISTEN": staff_listen, "BOUNCE_LISTEN": bounce_listen})
    verified = form.get("VERIFIED_RANGES", readers.number_ranges, VERIFIED_RANGES)
    sms_providers = form.get("SMS_PROVIDERS", readers.providers(_SMS_URL), tuple[ProviderUrl, ...]())
    if {VOICE, LETTER, EMAIL} & {provider.name for provider in sms_providers}:
        form.wrong("SMS_PROVIDERS", f"may not name one {VOICE}, {LETTER} or {EMAIL}: these are the names of the other providers")
    letter_url = form.optional("LETTER_URL", _letter_url)
    sender_address: tuple[str, ...] = form.get("SENDER_ADDRESS", readers.lines, tuple[str, ...]())
    if letter_url is not None and not letter_url.startswith("file:") and not (sender_address or form.is_wrong("SENDER_ADDRESS")):
        form.wrong("SENDER_ADDRESS", "is needed with LETTER_URL: a letter that comes back needs an address, lines with | between them")
    return Settings(
        kafka=kafka,
        topics=_topics(form, default_replication=3 if kafka else 1),
        database_url=form.optional("DATABASE_URL", readers.url("postgresql", "postgres", example="postgresql://user:password@host/base")),
        database_connections=form.get("DATABASE_CONNECTIONS", readers.whole(2, 200), 10),
        state_dir=form.get("STATE_DIR", readers.folder, home / ".state"),
        output_dir=form.get("OUTPUT_DIR", readers.folder, home / "out"),
        smtp_url=form.optional("SMTP_URL", _SMTP_URL),
        sms_providers=sms_providers,
        voice_url=form.optional("VOICE_URL", _VOICE_URL),
        letter_url=letter_url,
        sms_sender=form.get("SMS_SENDER", lambda value: readers.sms_sender(value, verified), "38123"),
        voice_caller_id=form.get("VOICE_CALLER_ID", lambda value: readers.caller_id(value, verified), "0948123456"),
        verified_ranges=verified,
        email_from=form.get("EMAIL_FROM", readers.email, "ne-manquez-rien@sans-faute.example"),
        bounce_listen=bounce_listen,
        channels_owned=form.get("CHANNELS_OWNED", readers.words(*_CHANNELS), _CHANNELS),
        public_url=form.get(
            "PUBLIC_URL", readers.url("https", "http", example="https://reponses.example"), f"http://{public_listen}"
        ).rstrip("/"),
        public_listen=public_listen,
        trusted_proxies=form.get("TRUSTED_PROXIES", readers.networks, ("127.0.0.1", "::1")),
        staff_listen=staff_listen,
        staff_url=form.get("STAFF_URL", readers.url("https", "http", example="https://staff.example"), f"http://{staff_listen}").rstrip(
            "/"
        ),
        service_key=form.optional("SERVICE_KEY", readers.secret),
        events_token=form.optional("EVENTS_TOKEN", readers.token),
        gateway_token=form.optional("GATEWAY_TOKEN", readers.token),
        dead_letter_share=form.get("DEAD_LETTER_SHARE", readers.number(0, 1), 0.2),
        policy_file=form.optional("POLICY_FILE", readers.file),
        instance_name=form.optional("INSTANCE_NAME", readers.name),
        health_listen=form.optional("HEALTH_LISTEN", readers.listen),
        sender_name=form.get("SENDER_NAME", readers.text, "Sans Faute"),
        sender_address=sender_address,
        test_fuse=form.optional("SANS_FAUTE_TEST_FUSE", readers.fuse),
        log_level=form.get("LOG_LEVEL", readers.choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        log_format=form.get("LOG_FORMAT", readers.choice("auto", "json", "console"), "auto"),
    )


def _kafka(form: _Form) -> KafkaSettings | None:
    protocol = form.get("KAFKA_SECURITY_PROTOCOL", readers.choice("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), "PLAINTEXT")
    sasl = protocol.startswith("SASL")
    username = form.optional("KAFKA_SASL_USERNAME", readers.text)
    password = form.optional("KAFKA_SASL_PASSWORD", readers.text)
    mechanism = form.optional("KAFKA_SASL_MECHANISM", readers.choice(*_SASL))
    authority = form.optional("KAFKA_SSL_CA_LOCATION", readers.file)
    bootstrap = form.optional("KAFKA_BOOTSTRAP_SERVERS", readers.bootstrap)
    if sasl and not (username and password):
        form.wrong("KAFKA_SASL_USERNAME", f"and KAFKA_SASL_PASSWORD are needed with {protocol}")
    if not sasl and (username or password or mechanism):
        form.wrong("KAFKA_SECURITY_PROTOCOL", "must be SASL_SSL (or SASL_PLAINTEXT) when KAFKA_SASL_… is set")
    if authority and protocol not in {"SSL", "SASL_SSL"}:
        form.wrong("KAFKA_SSL_CA_LOCATION", "is of no use without KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL")
    if bootstrap is None:
        if protocol != "PLAINTEXT" and not form.is_wrong("KAFKA_BOOTSTRAP_SERVERS"):
            form.wrong("KAFKA_BOOTSTRAP_SERVERS", f"is needed with {protocol}: the embedded node has none of it")
        return None
    return KafkaSettings(
        bootstrap=bootstrap,
        security_protocol=protocol,
        sasl_mechanism=(mechanism or "PLAIN") if sasl else None,
        sasl_username=username,
        sasl_password=password,
        ssl_ca_location=authority,
    )


def _topics(form: _Form, *, default_replication: int) -> TopicSettings:
    return TopicSettings(
        replication_factor=form.get("TOPIC_REPLICATION_FACTOR", readers.whole(1, 15), default_replication),
        partitions=form.get("TOPIC_PARTITIONS", readers.pairs(readers.whole(1, 10_000)), {}),
        retention_days=form.get("TOPIC_RETENTION_DAYS", readers.pairs(readers.whole(1, 3_650)), {}),
        readers=form.get("TOPIC_READERS", readers.pairs(readers.choice("faust", "confluent")), {}),
    )


def _letter_url(value: str) -> str:
    if value.startswith("file:///"):
        return value
    return _SHOP_URL(value)


def _each_its_own(form: _Form, listens: Mapping[str, Listen | None]) -> None:
    """Two listeners of one process cannot have one address (but port 0 is another one each time)."""
    taken: dict[Listen, str] = {}
    for name, listen in listens.items():
        if listen is not None and listen.port and (other := taken.setdefault(listen, name)) != name:
            form.wrong(name, f"must not be the address of {other}")
