"""What the operator reads about each setting: `sans-faute doctor --settings`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """What the operator reads about a setting."""

    meaning: str
    #: what happens when it is absent
    default: str


#: Every setting with its meaning; ``sans-faute doctor --settings`` prints it.
SETTINGS: dict[str, Setting] = {
    "KAFKA_BOOTSTRAP_SERVERS": Setting("Kafka cluster to use, host:port with commas", "an embedded node"),
    "KAFKA_SECURITY_PROTOCOL": Setting("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", "PLAINTEXT"),
    "KAFKA_SASL_MECHANISM": Setting("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "PLAIN with a SASL protocol"),
    "KAFKA_SASL_USERNAME": Setting("user of the cluster", "none"),
    "KAFKA_SASL_PASSWORD": Setting("its password", "none"),
    "KAFKA_SSL_CA_LOCATION": Setting("file with the authorities that sign the cluster's certificates", "the system's"),
    "TOPIC_REPLICATION_FACTOR": Setting("copies of each partition, for topics that we create", "1 embedded, else 3"),
    "TOPIC_PARTITIONS": Setting("partitions that differ, topic=number with commas", "contracts/topics.yaml"),
    "TOPIC_RETENTION_DAYS": Setting("days that differ, topic=number with commas", "contracts/topics.yaml"),
    "TOPIC_READERS": Setting("reader that differs, topic=faust or topic=confluent with commas", "contracts/topics.yaml"),
    "DATABASE_URL": Setting("PostgreSQL 15 or later, postgresql://user:password@host/base", "an embedded server"),
    "DATABASE_CONNECTIONS": Setting("most connections of one process", "10"),
    "STATE_DIR": Setting("folder of embedded servers, keys and logs", ".state beside the code"),
    "OUTPUT_DIR": Setting("folder for letters and e-mails that the simulated providers received", "out beside the code"),
    "SMTP_URL": Setting("mail relay, smtp://user:password@host:587 or smtps://", "none: no e-mail leaves"),
    "SMS_PROVIDERS": Setting("name=smpp://user:password@host:2775 with commas, preferred first", "none: no SMS leaves"),
    "VOICE_URL": Setting("telephone API, https://account:token@host", "none: no call is made"),
    "LETTER_URL": Setting("print API https://client:secret@host, or file:///folder", "none: no letter leaves"),
    "SMS_SENDER": Setting("short code 36xxx or 38xxx, or a name of at most 11 letters and digits", "38123"),
    "VOICE_CALLER_ID": Setting("number that calls show; only a verified one (NPV) is allowed", "0948123456"),
    "VERIFIED_RANGES": Setting("beginnings of verified numbers (NPV), with commas", "the list of the numbering plan"),
    "EMAIL_FROM": Setting("constant sender of e-mails", "ne-manquez-rien@sans-faute.example"),
    "BOUNCE_LISTEN": Setting("host:port where returned e-mails arrive over SMTP", "none: nobody listens"),
    "CHANNELS_OWNED": Setting("channels that our delivery owns, the others are gateways'; with commas", "sms,voice,letter,email"),
    "PUBLIC_URL": Setting("address of the public pages as people see it", "http:// and PUBLIC_LISTEN"),
    "PUBLIC_LISTEN": Setting("host:port of the public pages and callbacks", "127.0.0.1:8080"),
    "TRUSTED_PROXIES": Setting("addresses or networks of your proxies, whose X-Forwarded-For tells who asks; with commas", "127.0.0.1,::1"),
    "STAFF_LISTEN": Setting("host:port of the advisors' and operations' pages; keep it private", "127.0.0.1:8081"),
    "STAFF_URL": Setting("address of the staff's pages as staff see it, for links in e-mails", "http:// and STAFF_LISTEN"),
    "SERVICE_KEY": Setting("secret for links and sealed texts, 32 characters or more; the same everywhere", "made once, in STATE_DIR"),
    "EVENTS_TOKEN": Setting("bearer token of producers on /events", "none: /events is closed"),
    "GATEWAY_TOKEN": Setting("bearer token of gateways on /attempts", "none: /attempts is closed"),
    "DEAD_LETTER_SHARE": Setting("share of unreadable ones among the last 100 records, 0 to 1, above which a reader stops", "0.2"),
    "POLICY_FILE": Setting("file with the rules' numbers, made from services/core/policy.toml", "services/core/policy.toml"),
    "INSTANCE_NAME": Setting("name of this copy of a process; different for each copy, the same after a restart", "host and number"),
    "HEALTH_LISTEN": Setting("host:port of /healthz, /readyz and /metrics of one process that runs by itself", "none: it does not listen"),
    "SENDER_NAME": Setting("who writes, as people read it", "Sans Faute"),
    "SENDER_ADDRESS": Setting("where returned letters go, lines with | between them", "SENDER_NAME alone"),
    "SANS_FAUTE_TEST_FUSE": Setting("process:point[:count] at which a test lets that process die; never set it", "none"),
    "LOG_LEVEL": Setting("DEBUG, INFO, WARNING or ERROR", "INFO"),
    "LOG_FORMAT": Setting("json or console", "console on a terminal, else json"),
}  # fmt: skip
