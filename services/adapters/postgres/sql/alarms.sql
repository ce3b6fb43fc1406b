-- Alarms, and what the watch counts before it rings one.

-- name: write_alarms
-- Insert or replace alarms; cleared ones first, because a new one of the same scope may stand in the same changes.
INSERT INTO alarms (alarm_id, type, scope, channel, figures, since, raised_at, until, cleared_at)
SELECT alarm_id, type, scope, channel, figures, since, raised_at, until, cleared_at
FROM json_populate_recordset(NULL::alarms, $1)
ORDER BY cleared_at IS NULL
ON CONFLICT (alarm_id) DO UPDATE SET (type, scope, channel, figures, since, raised_at, until, cleared_at) = ROW (
    excluded.type, excluded.scope, excluded.channel, excluded.figures, excluded.since, excluded.raised_at, excluded.until,
    excluded.cleared_at);

-- name: add_refused_callbacks
-- Count refused callbacks, whoever else counts the same second.
INSERT INTO refused_callbacks (provider, at, count)
SELECT provider, at, sum(count)
FROM unnest($1::text[], $2::timestamptz[], $3::integer[]) AS given (provider, at, count)
GROUP BY provider, at
ORDER BY provider, at
ON CONFLICT (provider, at) DO UPDATE SET count = refused_callbacks.count + excluded.count;

-- name: write_accesses
-- Who asked for whose file.
INSERT INTO accesses (at, actor, person_id, purpose, granted)
SELECT at, actor, person_id, purpose, granted FROM json_populate_recordset(NULL::accesses, $1);

-- name: alarms
-- Open alarms, and silences of feeds that ended after $1: a period of actualisation is shorter than that.
SELECT coalesce(json_agg(r ORDER BY r.raised_at, r.alarm_id), '[]')::text
FROM alarms AS r
WHERE r.cleared_at IS NULL OR (r.cleared_at > $1 AND r.type = 'FEED_SILENT');

-- name: take_alarms
-- Until the transaction ends nobody else raises or clears an alarm.
SELECT pg_advisory_xact_lock($1, 0);

-- name: open_alarms
-- What is open.
SELECT coalesce(json_agg(r ORDER BY r.raised_at, r.alarm_id), '[]')::text FROM alarms AS r WHERE r.cleared_at IS NULL;

-- name: begin_waking
-- From the first person on, whether an earlier waking came to its end or not.
INSERT INTO waking DEFAULT VALUES ON CONFLICT (only_row) DO UPDATE SET woken_to = excluded.woken_to;

-- name: end_waking
-- Nobody is left to wake.
DELETE FROM waking;

-- name: hold_waking
-- How far it came, for one watch at a time: the other does not wait.
SELECT woken_to FROM waking FOR UPDATE SKIP LOCKED;

-- name: next_portion
-- The last of the next $2 people after $1, and how many they are.
SELECT max(person_id) AS last_id, count(*) AS people
FROM (SELECT person_id FROM people WHERE person_id > $1 ORDER BY person_id LIMIT $2) AS portion;

-- name: hold_portion
-- Those after $1, up to $2, who may have to be woken; locked in order of id, like by everybody else. Duties are looked up person by person:
-- with EXISTS, a plan that was made while the tables were small would read those of everybody.
SELECT person_id
FROM people
WHERE person_id > $1
  AND person_id <= $2
  AND quarantined_at IS NULL
  AND (
    SELECT true FROM obligations
    WHERE obligations.person_id = people.person_id AND kind = 'actualisation' AND state = 'open' AND due_at > $3
    LIMIT 1
  )
ORDER BY person_id
FOR NO KEY UPDATE OF people;

-- name: wake_actualisations
-- Those of $1 whose actualisation is still open are looked at in the campaign's lane; asked again, because somebody may have had them before
-- we did. Who is due already is left as they are.
WITH woken AS (
    UPDATE people
    SET campaign_at = $2
    WHERE person_id = ANY ($1::text[])
      AND quarantined_at IS NULL
      AND (campaign_at IS NULL OR campaign_at > $2)
      AND (
        SELECT true FROM obligations
        WHERE obligations.person_id = people.person_id AND kind = 'actualisation' AND state = 'open' AND due_at > $2
        LIMIT 1
      )
    RETURNING person_id
)
SELECT count(*) FROM woken;

-- name: go_on_waking
-- Everybody up to $1 was woken.
UPDATE waking SET woken_to = $1;

-- name: watch_receipts
-- SMS accepted in [$1, $2) by provider and network, and of how many something came back; released since $3, so that little is read.
-- What is missing cannot be counted in what came.
SELECT a.provider, c.carrier, count(*) AS accepted, count(*) FILTER (WHERE a.delivered_at IS NOT NULL OR a.state = 'failed') AS told
FROM attempts AS a
LEFT JOIN contacts AS c ON c.person_id = a.person_id AND c.contact_id = a.contact_id
WHERE a.release_at >= $3
  AND a.channel = 'sms'
  AND a.accepted_at >= $1
  AND a.accepted_at < $2
  AND a.provider IS NOT NULL
  AND a.provider_ref IS NOT NULL
GROUP BY a.provider, c.carrier
ORDER BY a.provider, c.carrier;

-- name: watch_refusals
-- Messages handed over since $1, by mail domain and by SMS provider, and how many were refused because of us; released since $2.
SELECT a.channel, a.scope, count(*) FILTER (WHERE a.claimed_at >= $1) AS messages, count(*) FILTER (WHERE a.refused_at >= $1) AS refused
FROM (
    SELECT
        a.channel,
        CASE a.channel WHEN 'email' THEN lower(regexp_replace(c.value, '^.*@', '')) ELSE a.provider END AS scope,
        a.claimed_at,
        CASE WHEN a.last_status = 'failed_policy' THEN coalesce(a.closed_at, a.claimed_at) END AS refused_at
    FROM attempts AS a
    LEFT JOIN contacts AS c ON c.person_id = a.person_id AND c.contact_id = a.contact_id
    WHERE a.release_at >= $2 AND a.channel IN ('email', 'sms') AND a.claimed_at IS NOT NULL AND a.state <> 'submitting'
) AS a
WHERE a.scope IS NOT NULL AND (a.claimed_at >= $1 OR a.refused_at >= $1)
GROUP BY a.channel, a.scope
ORDER BY a.channel, a.scope;

-- name: watch_completion
-- When an actualisation was last told to be done.
SELECT changed_at FROM obligations WHERE state = 'done' AND kind = 'actualisation' ORDER BY changed_at DESC LIMIT 1;

-- name: watch_callbacks
-- Refused callbacks by provider and second, since $1.
SELECT provider, at, count FROM refused_callbacks WHERE at >= $1 ORDER BY provider, at;

-- name: watch_dead_letters
-- Records that nobody could read since $1, by topic.
SELECT topic, count(*) AS count, min(at) AS first_at, max(at) AS last_at FROM dead_letters WHERE at >= $1 GROUP BY topic ORDER BY topic;

-- name: watch_accesses
-- How many people's files each actor asked for since $1, and how many of these were never granted.
SELECT actor, count(*) AS files, count(*) FILTER (WHERE NOT granted) AS denied, min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT actor, person_id, bool_or(granted) AS granted, min(at) AS first_at, max(at) AS last_at
    FROM accesses
    WHERE at >= $1
    GROUP BY actor, person_id
) AS a
GROUP BY actor
ORDER BY actor COLLATE "C";

-- name: watch_overdue
-- What waits at $1, and since when: people to be decided about in each lane, messages for Kafka, people about whom nothing is decided.
SELECT 'wakes' AS what, count(*) AS count, min(live_at) AS since FROM people WHERE quarantined_at IS NULL AND live_at <= $1
UNION ALL
SELECT 'campaign', count(*), min(campaign_at) FROM people WHERE quarantined_at IS NULL AND campaign_at <= $1
UNION ALL
SELECT 'outbox', count(*), min(at) FROM outbox WHERE published_at IS NULL
UNION ALL
SELECT 'quarantined', count(*), min(quarantined_at) FROM people WHERE quarantined_at IS NOT NULL;

-- name: watch_stuck
-- The same of messages (released since $2) that nobody claims, or of which nobody says what became; and of duties that are still ahead
-- without a future: nobody is about to look at them, and no advisor was told. Reads every duty that is owed.
SELECT 'released' AS what, count(*) AS count, min(GREATEST(release_at, try_at)) AS since
FROM attempts
WHERE release_at >= $2 AND release_at <= $1 AND state = 'released' AND coalesce(try_at, release_at) <= $1
UNION ALL
SELECT 'submitting', count(*), min(coalesce(claimed_at, release_at)) FROM attempts WHERE release_at >= $2 AND state = 'submitting'
UNION ALL
SELECT 'adrift', count(*), min(coalesce(duty.next_at, duty.changed_at))
FROM obligations AS duty
JOIN people AS p ON p.person_id = duty.person_id
WHERE duty.state IN ('open', 'acknowledged', 'declined')
  AND duty.kind <> 'contact'
  AND duty.due_at > $1
  AND (duty.next_at IS NULL OR duty.next_at <= $1)
  AND p.quarantined_at IS NULL
  AND coalesce(LEAST(p.live_at, p.campaign_at) > $1, true)
  AND NOT EXISTS (
      SELECT FROM alerts AS a WHERE a.person_id = duty.person_id AND a.obligation_id = duty.obligation_id AND a.closed_at IS NULL
  );

-- name: watch_owed
-- Duties of which an outage of ours cost a message and nobody was reached since, at $1, until $2 after their date; at most $3 of them, with
-- the figures of all. Open without a message handed over since; or missed or lapsed, until an advisor has closed what was raised then.
SELECT
    count(*) OVER () AS duties,
    count(*) FILTER (WHERE owed.due_at <= $1) OVER () AS past,
    count(*) FILTER (WHERE owed.alert IS NULL) OVER () AS untold,
    min(owed.outage_at) OVER () AS since,
    owed.*
FROM (
    SELECT
        duty.person_id, duty.obligation_id, duty.kind, duty.state, duty.due_at, duty.outage_at, duty.next_at,
        told.type AS alert, told.agency_id, coalesce(told.claimed_by, told.advisor_id) AS advisor_id
    FROM obligations AS duty
    LEFT JOIN LATERAL (
        SELECT a.type, a.agency_id, a.advisor_id, a.claimed_by
        FROM alerts AS a
        WHERE a.person_id = duty.person_id AND a.obligation_id = duty.obligation_id AND a.closed_at IS NULL
        ORDER BY a.raised_at DESC, a.type COLLATE "C"
        LIMIT 1
    ) AS told ON true
    WHERE duty.outage_at IS NOT NULL
      AND duty.due_at > $1::timestamptz - $2::interval
      AND duty.evidence IN ('E0', 'E1', 'E2')
      AND CASE
          WHEN duty.state = 'open' THEN NOT EXISTS (
              SELECT
              FROM attempt_items AS i
              JOIN attempts AS a ON a.attempt_id = i.attempt_id
              WHERE i.obligation_id = duty.obligation_id AND a.state IN ('accepted', 'delivered') AND a.accepted_at > duty.outage_at
          )
          ELSE duty.state IN ('missed', 'lapsed') AND NOT EXISTS (
              SELECT
              FROM alerts AS a
              WHERE a.person_id = duty.person_id
                AND a.obligation_id = duty.obligation_id
                AND a.type IN ('NON_RECEIPT_DOSSIER', 'ACTUALISATION_MISSED')
                AND a.closed_at IS NOT NULL
          )
      END
) AS owed
ORDER BY owed.due_at <= $1, owed.due_at, owed.obligation_id COLLATE "C"
LIMIT $3;

-- name: watch_providers
-- By channel and provider, since $1: messages that it took, and messages that it did not take or did not answer; released since $2.
SELECT
    channel,
    provider,
    count(*) FILTER (WHERE accepted_at >= $1 AND last_status IS DISTINCT FROM 'unknown') AS taken,
    count(*) FILTER (WHERE state = 'released' AND last_status IS NULL OR state = 'unknown' AND reason = 'no_outcome') AS troubled,
    min(claimed_at) AS since
FROM attempts
WHERE release_at >= $2 AND claimed_at >= $1 AND provider IS NOT NULL AND state <> 'submitting'
GROUP BY channel, provider
ORDER BY channel, provider;

-- name: watch_lost
-- People to whom this provider ($1) accepted an SMS for this network ($2; none: nobody named it) in [$3, $4) without a receipt before $5,
-- and who among them was reached since, or answered; released since $6.
WITH lost AS (
    SELECT a.person_id, min(a.accepted_at) AS at, bool_or(a.delivered_at IS NOT NULL) AS late
    FROM attempts AS a
    LEFT JOIN contacts AS c ON c.person_id = a.person_id AND c.contact_id = a.contact_id
    WHERE a.release_at >= $6
      AND a.channel = 'sms'
      AND a.provider = $1
      AND c.carrier IS NOT DISTINCT FROM $2
      AND a.accepted_at >= $3
      AND a.accepted_at < $4
      AND a.provider_ref IS NOT NULL
      AND a.state <> 'failed'
      AND (a.delivered_at IS NULL OR a.delivered_at >= $5 AND a.accepted_at < $5)
    GROUP BY a.person_id
)
SELECT
    lost.person_id,
    lost.late
        OR EXISTS (SELECT FROM attempts AS o WHERE o.person_id = lost.person_id AND o.release_at >= $6 AND o.delivered_at > lost.at)
        OR EXISTS (SELECT FROM replies AS y WHERE y.person_id = lost.person_id AND y.at > lost.at AND y.effect = 'acknowledged') AS recovered
FROM lost
ORDER BY lost.person_id;
