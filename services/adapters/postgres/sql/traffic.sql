-- What came in, what goes out.

-- name: see_events
-- Remember events; returns those that are new. Two readers of one event wait for each other here.
INSERT INTO inbox (source, event_id, seen_at)
SELECT DISTINCT source, event_id, $3::timestamptz
FROM unnest($1::text[], $2::text[]) AS given (source, event_id)
ORDER BY source, event_id
ON CONFLICT (source, event_id) DO NOTHING
RETURNING source, event_id;

-- name: write_outbox
-- Messages for the relay, in the order in which they were given.
INSERT INTO outbox (shard, topic, key, type, subject, data, shard_key, at)
SELECT shard, topic, key, type, subject, data, shard_key, at
FROM ROWS FROM (
    json_to_recordset($1) AS (topic text, key text, type text, subject text, data json, shard_key text, at timestamptz),
    unnest($2::smallint[])
) WITH ORDINALITY AS given (topic, key, type, subject, data, shard_key, at, shard, place)
ORDER BY place;

-- name: take_shards
-- Those of these shards that nobody else works on; ours until the transaction ends.
SELECT shard FROM unnest($2::integer[]) AS wanted (shard) WHERE pg_try_advisory_xact_lock($1, shard);

-- name: claim_outbox
-- The oldest rows of these shards, so many of each: from the head of each shard in the index, however long the queue is.
SELECT oldest.*
FROM unnest($1::smallint[]) AS mine (shard),
LATERAL (
    SELECT id, shard, topic, key, type, subject, data, shard_key, at
    FROM outbox
    WHERE outbox.shard = mine.shard AND published_at IS NULL
    ORDER BY id
    LIMIT $2
) AS oldest
ORDER BY id;

-- name: mark_published
-- The broker has these.
UPDATE outbox SET published_at = $2 WHERE id = ANY ($1::bigint[]) AND published_at IS NULL;

-- name: waiting_shards
-- Shards with something to publish: from one to the next in the index, however long the queue is.
WITH RECURSIVE waiting (shard) AS (
    (SELECT shard FROM outbox WHERE published_at IS NULL ORDER BY shard LIMIT 1)
    UNION ALL
    SELECT (SELECT o.shard FROM outbox o WHERE o.published_at IS NULL AND o.shard > waiting.shard ORDER BY o.shard LIMIT 1)
    FROM waiting WHERE waiting.shard IS NOT NULL
)
SELECT shard FROM waiting WHERE shard IS NOT NULL;

-- name: outbox_size
-- How many wait.
SELECT count(*) FROM outbox WHERE published_at IS NULL;

-- name: write_dead_letters
-- Records that nobody could read; the same record twice is one.
INSERT INTO dead_letters (topic, partition, "offset", errors, at, ancestor)
SELECT topic, partition, "offset", errors, at, ancestor
FROM json_populate_recordset(NULL::dead_letters, $1)
ON CONFLICT (topic, partition, "offset") DO UPDATE SET errors = excluded.errors, at = excluded.at, ancestor = excluded.ancestor;

-- name: hold_dead_letters
-- Letters that somebody is about to publish again.
SELECT coalesce(json_agg(r ORDER BY r.topic, r.partition, r."offset"), '[]')::text
FROM (
    SELECT d.*
    FROM dead_letters AS d
    JOIN unnest($1::text[], $2::integer[], $3::bigint[]) AS given (topic, partition, "offset")
        ON (d.topic, d.partition, d."offset") = (given.topic, given.partition, given."offset")
    ORDER BY d.topic, d.partition, d."offset"
    FOR UPDATE OF d
) AS r;

-- name: mark_replayed
-- When, by whom and why these were published again.
UPDATE dead_letters AS d
SET replays = d.replays || $4::jsonb
FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS given (topic, partition, "offset")
WHERE (d.topic, d.partition, d."offset") = (given.topic, given.partition, given."offset");

-- name: dead_letters
-- Letters of a topic ($1), since ($2), replayed or not ($3), with an error at a path ($4), newest first, at most so many ($5), of one partition
-- ($6), at one offset ($7); null: any.
SELECT coalesce(json_agg(r ORDER BY r.at DESC, r.topic, r.partition, r."offset"), '[]')::text
FROM (
    SELECT *
    FROM dead_letters
    WHERE ($1::text IS NULL OR topic = $1)
      AND ($2::timestamptz IS NULL OR at >= $2)
      AND ($3::boolean IS NULL OR (replays <> '[]') = $3)
      AND ($4::text IS NULL OR EXISTS (SELECT FROM jsonb_array_elements(errors) AS error WHERE error ->> 0 = $4))
      AND ($6::integer IS NULL OR partition = $6)
      AND ($7::bigint IS NULL OR "offset" = $7)
    ORDER BY at DESC, topic, partition, "offset"
    LIMIT $5
) AS r;

-- name: write_journal
-- Lines for simulations and the demo.
INSERT INTO journal (at, what, fields)
SELECT at, what, fields
FROM ROWS FROM (json_to_recordset($1) AS (at timestamptz, what text, fields json)) WITH ORDINALITY AS given (at, what, fields, place)
ORDER BY place;

-- name: journal
-- In order of instant and writing.
SELECT coalesce(json_agg(r ORDER BY r.at, r.number), '[]')::text FROM journal AS r;

-- name: announce
-- Tell the listeners, once, when the transaction is committed: the earliest instant that somebody is to be looked at, and that messages wait.
SELECT
    CASE WHEN $1::text IS NOT NULL THEN pg_notify('sans_faute_wake', $1) END,
    CASE WHEN $2::boolean THEN pg_notify('sans_faute_outbox', '') END;
