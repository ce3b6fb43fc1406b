-- What operations are told: alarms, open and past, and the counts that nothing else keeps.

CREATE TABLE alarms (
    alarm_id   text COLLATE "C" PRIMARY KEY,
    type       text NOT NULL,
    scope      text NOT NULL,
    channel    text,
    figures    jsonb NOT NULL,
    since      timestamptz NOT NULL,
    raised_at  timestamptz NOT NULL,
    until      timestamptz,
    cleared_at timestamptz,
    CONSTRAINT alarms_type_words CHECK (type IN (
        'RECEIPTS_LOW', 'PROVIDER_DOWN', 'POLICY_REJECTIONS', 'FEED_SILENT', 'DEAD_LETTERS', 'OVERDUE_WORK', 'LATE_AFTER_OUTAGE',
        'FORGED_CALLBACKS', 'UNUSUAL_ACCESS')),
    CONSTRAINT alarms_channel_words CHECK (channel IN ('sms', 'voice', 'letter', 'email'))
);
COMMENT ON TABLE alarms IS 'What operations must see, one row for each time that it rang; the open ones change what is decided (rules §10.16).';
COMMENT ON COLUMN alarms.alarm_id IS 'Derived.';
COMMENT ON COLUMN alarms.type IS 'What is wrong.';
COMMENT ON COLUMN alarms.scope IS 'Where: a provider, a provider and a network, a mail domain, a topic.';
COMMENT ON COLUMN alarms.channel IS 'Whose messages it is about; none when it is not about messages.';
COMMENT ON COLUMN alarms.figures IS 'What was counted, by name.';
COMMENT ON COLUMN alarms.since IS 'When it began.';
COMMENT ON COLUMN alarms.raised_at IS 'When it rang.';
COMMENT ON COLUMN alarms.until IS 'What it changes lasts until then at least; none: until it is cleared.';
COMMENT ON COLUMN alarms.cleared_at IS 'When it was over.';
CREATE UNIQUE INDEX an_alarm_is_open_once ON alarms (type, scope) WHERE cleared_at IS NULL;
COMMENT ON INDEX an_alarm_is_open_once IS 'Guard: one open alarm for each type and scope.';
CREATE INDEX alarms_by_end ON alarms (cleared_at, type);
COMMENT ON INDEX alarms_by_end IS 'Decisions: what is open, and what ended lately.';

CREATE TABLE refused_callbacks (
    provider text COLLATE "C" NOT NULL,
    at       timestamptz NOT NULL,
    count    integer NOT NULL,
    PRIMARY KEY (provider, at)
);
COMMENT ON TABLE refused_callbacks IS 'Callbacks with a wrong signature or an old timestamp, by second: all copies of the web process add up here.';
COMMENT ON COLUMN refused_callbacks.provider IS 'In whose name.';
COMMENT ON COLUMN refused_callbacks.at IS 'In which second.';
COMMENT ON COLUMN refused_callbacks.count IS 'How many.';
CREATE INDEX refused_callbacks_by_at ON refused_callbacks (at);
COMMENT ON INDEX refused_callbacks_by_at IS 'The watch: the last minutes; retention.';

CREATE INDEX obligations_done ON obligations (changed_at) WHERE state = 'done';
COMMENT ON INDEX obligations_done IS 'The watch: when something was last done.';

CREATE INDEX receipts_by_received_at ON receipts USING brin (received_at);
COMMENT ON INDEX receipts_by_received_at IS 'Retention.';
CREATE INDEX replies_by_at ON replies USING brin (at);
COMMENT ON INDEX replies_by_at IS 'Retention.';
CREATE INDEX alerts_by_closed_at ON alerts USING brin (closed_at);
COMMENT ON INDEX alerts_by_closed_at IS 'Retention.';
