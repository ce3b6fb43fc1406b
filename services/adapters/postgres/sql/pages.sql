-- What the pages read; nothing here locks or writes.

-- name: page_link
-- What stands behind one acknowledgement link; nothing when the person was erased.
SELECT json_build_object(
    'attempt', a,
    'person', p,
    'agency', (SELECT row_to_json(g) FROM agencies AS g WHERE g.agency_id = p.agency_id),
    'obligations', (
        SELECT coalesce(json_agg(o ORDER BY i.place), '[]')
        FROM (
            SELECT each.item ->> 'obligation_id' AS obligation_id, min(each.place) AS place
            FROM jsonb_array_elements(a.items) WITH ORDINALITY AS each (item, place)
            GROUP BY 1
        ) AS i
        JOIN obligations AS o ON o.obligation_id = i.obligation_id
    )
)::text
FROM attempts AS a
JOIN profiles AS p ON p.person_id = a.person_id
WHERE a.token = $1;

-- name: page_advisors
-- Active advisors in order of name.
SELECT coalesce(json_agg(r ORDER BY r.name, r.advisor_id), '[]')::text FROM advisors AS r WHERE r.active;

-- name: page_advisor
-- One member of staff.
SELECT row_to_json(r)::text FROM advisors AS r WHERE r.advisor_id = $1;

-- name: page_desk
-- Open alerts of an advisor ($1) and those routed to an agency ($2), with what an advisor needs beside them.
SELECT coalesce(json_agg(json_build_object(
    'alert', a,
    'person', (SELECT row_to_json(r) FROM profiles AS r WHERE r.person_id = a.person_id),
    'contacts', (SELECT coalesce(json_agg(r ORDER BY r.contact_id), '[]') FROM contacts AS r WHERE r.person_id = a.person_id),
    'obligation', (SELECT row_to_json(r) FROM obligations AS r WHERE r.obligation_id = a.obligation_id)
) ORDER BY a.act_by, a.alert_id), '[]')::text
FROM alerts AS a
WHERE a.closed_at IS NULL AND (a.advisor_id = $1 OR a.claimed_by = $1 OR (a.agency_id = $2 AND a.routed = 'agency'));

-- name: page_messages
-- The words that were sent to a person, oldest first, and their agency.
SELECT
    (SELECT coalesce(json_agg(r ORDER BY r.at, r.attempt_id, r.try_number), '[]') FROM messages AS r WHERE r.person_id = $1)::text AS messages,
    (
        SELECT row_to_json(g)
        FROM profiles AS p
        JOIN agencies AS g ON g.agency_id = p.agency_id
        WHERE p.person_id = $1
    )::text AS agency;

-- name: page_settings
-- Figures read many rows, once: for them the planner may choose freely, unlike in a unit.
SELECT
    set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true);

-- name: page_channels
-- Attempts handed over since $1, by channel, provider and where they stand; released at most three days before, so that little is read.
SELECT
    channel,
    provider,
    count(*) AS sent,
    count(*) FILTER (WHERE state = 'accepted') AS accepted,
    count(*) FILTER (WHERE state = 'delivered') AS delivered,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'unknown') AS unknown
FROM attempts
WHERE release_at >= $1::timestamptz - interval '3 days'
  AND submitted_at >= $1
  AND state IN ('accepted', 'delivered', 'failed', 'unknown')
GROUP BY channel, provider
ORDER BY array_position(ARRAY['sms', 'voice', 'email', 'letter'], channel), provider;

-- name: page_waiting
-- What stands in a queue at $1, and since when. Attempts of the last three days: older ones are over, sent or not.
SELECT 'wakes' AS what, count(*) AS count, min(live_at) AS since FROM people WHERE quarantined_at IS NULL AND live_at <= $1
UNION ALL
SELECT 'campaign', count(*), min(campaign_at) FROM people WHERE quarantined_at IS NULL AND campaign_at <= $1
UNION ALL
SELECT 'outbox', count(*), min(at) FROM outbox WHERE published_at IS NULL
UNION ALL
SELECT known.state, count(attempts.attempt_id), min(coalesce(attempts.claimed_at, attempts.release_at))
FROM unnest(ARRAY['released', 'submitting']) AS known (state)
LEFT JOIN attempts
    ON attempts.state = known.state AND attempts.release_at BETWEEN $1::timestamptz - interval '3 days' AND $1
GROUP BY known.state;

-- name: page_alerts
-- Open alerts by severity, the most urgent first.
SELECT
    severity,
    count(*) AS open,
    count(*) FILTER (WHERE claimed_by IS NULL) AS unclaimed,
    min(raised_at) FILTER (WHERE claimed_by IS NULL) AS oldest_unclaimed_at
FROM alerts
WHERE closed_at IS NULL
GROUP BY severity
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'info'], severity);

-- name: page_quarantined
-- People about whom nothing is decided, longest first.
SELECT person_id, quarantined_at AS at, quarantine_error AS error
FROM people
WHERE quarantined_at IS NOT NULL
ORDER BY quarantined_at, person_id
LIMIT 100;

-- name: page_dead_letters
-- The newest records that nobody could read.
SELECT coalesce(json_agg(r ORDER BY r.at DESC, r.topic, r.partition, r."offset" DESC), '[]')::text
FROM (SELECT * FROM dead_letters ORDER BY at DESC LIMIT 50) AS r;

-- name: page_dead_letters_total
-- How many were not published again.
SELECT count(*) FROM dead_letters WHERE replays = '[]';

-- name: page_obligations
-- What people owe (our questions about contact points are no duties) at $1 and not due yet, how much of it was answered, and how much has no next step: silence that nobody would see.
SELECT
    count(*) AS open,
    count(*) FILTER (WHERE evidence IN ('E3', 'E4', 'E5')) AS answered,
    count(*) FILTER (WHERE next_at IS NULL OR next_at < $1::timestamptz - interval '10 minutes') AS adrift
FROM obligations
WHERE state IN ('open', 'acknowledged', 'declined') AND due_at > $1 AND kind <> 'contact';

-- name: page_recent
-- Duties of the 30 days before $1, and how many of them were answered.
SELECT count(*) AS due, count(*) FILTER (WHERE evidence IN ('E3', 'E4', 'E5')) AS answered
FROM obligations
WHERE due_at > $1::timestamptz - interval '30 days'
  AND due_at <= $1
  AND kind <> 'contact'
  AND state IN ('acknowledged', 'declined', 'done', 'missed', 'lapsed');

-- name: holdings
-- All rows about a person, however old; nothing when nobody is known by this name.
SELECT json_build_object(
    'person', p,
    'contacts', (SELECT coalesce(json_agg(r ORDER BY r.contact_id), '[]') FROM contacts AS r WHERE r.person_id = p.person_id),
    'obligations', (SELECT coalesce(json_agg(r ORDER BY r.due_at), '[]') FROM obligations AS r WHERE r.person_id = p.person_id),
    'attempts', (SELECT coalesce(json_agg(r ORDER BY r.release_at, r.attempt_id), '[]') FROM attempts AS r WHERE r.person_id = p.person_id),
    'messages', (SELECT coalesce(json_agg(r ORDER BY r.at, r.try_number), '[]') FROM messages AS r WHERE r.person_id = p.person_id),
    'replies', (SELECT coalesce(json_agg(r ORDER BY r.at, r.reply_id), '[]') FROM replies AS r WHERE r.person_id = p.person_id)
)::text
FROM profiles AS p
WHERE p.person_id = $1;
