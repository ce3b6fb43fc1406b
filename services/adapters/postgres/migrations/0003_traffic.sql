-- What comes in and goes out: events seen, messages for Kafka, records nobody could read.

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard        smallint NOT NULL,
    topic        text NOT NULL,
    key          text NOT NULL,
    type         text NOT NULL,
    subject      text NOT NULL,
    data         json NOT NULL,
    shard_key    text NOT NULL,
    at           timestamptz NOT NULL,
    published_at timestamptz
);
COMMENT ON TABLE outbox IS 'Messages for Kafka, written with what they tell of, published by the relay, in order per shard key.';
COMMENT ON COLUMN outbox.id IS 'Grows within a shard key, because its person is locked; becomes the CloudEvent''s id.';
COMMENT ON COLUMN outbox.shard IS 'Stable hash of the shard key: one relay at a time works on a shard.';
COMMENT ON COLUMN outbox.topic IS 'Where it goes.';
COMMENT ON COLUMN outbox.key IS 'Kafka key.';
COMMENT ON COLUMN outbox.type IS 'Of the CloudEvent.';
COMMENT ON COLUMN outbox.subject IS 'Of the CloudEvent.';
COMMENT ON COLUMN outbox.data IS 'Of the CloudEvent.';
COMMENT ON COLUMN outbox.shard_key IS 'The person whose messages stay in order, or the agency, the alarm''s type.';
COMMENT ON COLUMN outbox.at IS 'Time of the CloudEvent.';
COMMENT ON COLUMN outbox.published_at IS 'When the broker had it.';
CREATE INDEX outbox_waiting ON outbox (shard, id) WHERE published_at IS NULL;
COMMENT ON INDEX outbox_waiting IS 'The relay: what a shard still has to publish, oldest first.';
CREATE INDEX outbox_published ON outbox USING brin (published_at);
COMMENT ON INDEX outbox_published IS 'Retention.';

CREATE TABLE inbox (
    source   text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    seen_at  timestamptz NOT NULL,
    PRIMARY KEY (source, event_id)
);
COMMENT ON TABLE inbox IS 'Events that were read: the same source and id twice is one event. Not split by month: only one index over all of it makes two readers of one event wait for each other.';
COMMENT ON COLUMN inbox.source IS 'Of the CloudEvent.';
COMMENT ON COLUMN inbox.event_id IS 'Of the CloudEvent.';
COMMENT ON COLUMN inbox.seen_at IS 'When it was first read.';
CREATE INDEX inbox_by_seen_at ON inbox USING brin (seen_at);
COMMENT ON INDEX inbox_by_seen_at IS 'Retention.';

CREATE TABLE dead_letters (
    topic     text NOT NULL,
    partition integer NOT NULL,
    "offset"  bigint NOT NULL,
    errors    jsonb NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
COMMENT ON TABLE dead_letters IS 'Records that could not be read: where they are and what is wrong, never what they say.';
COMMENT ON COLUMN dead_letters.topic IS 'Where the record is.';
COMMENT ON COLUMN dead_letters.partition IS 'Where the record is.';
COMMENT ON COLUMN dead_letters."offset" IS 'Where the record is.';
COMMENT ON COLUMN dead_letters.errors IS 'Pairs of path and message.';
COMMENT ON COLUMN dead_letters.at IS 'When it was put aside.';
CREATE INDEX dead_letters_by_at ON dead_letters (at);
COMMENT ON INDEX dead_letters_by_at IS 'Operations: the newest ones; retention.';

CREATE UNLOGGED TABLE journal (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    what   text NOT NULL,
    fields json NOT NULL
);
COMMENT ON TABLE journal IS 'Lines for simulations and the demo; empty in production, and lost in a crash of the server.';
COMMENT ON COLUMN journal.number IS 'Order of writing.';
COMMENT ON COLUMN journal.at IS 'When it happened.';
COMMENT ON COLUMN journal.what IS 'What happened.';
COMMENT ON COLUMN journal.fields IS 'Everything else about it.';
