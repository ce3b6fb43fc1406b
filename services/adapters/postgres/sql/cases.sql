-- Everything that a decision about some people reads, table by table; services/adapters/postgres/cases.py makes services.core.model.Case of it.

-- name: load_cases
-- The rows of these people ($1); obligations named in $2 belong to theirs however old they are.
-- Settled obligations stay for 60 days after the newest change of the same person: the caps look back 30 days (rules §10.4), and a case must
-- not grow with a person's history. services/adapters/memory/cases.py says the same in Python.
-- Table by table: each is probed once for all of the people, and a plan that was made while a table was small costs one scan a batch at
-- the worst, not one for each person (docs/decisions/0012).
WITH wanted AS MATERIALIZED (
    SELECT
        p.person_id,
        coalesce((SELECT max(o.changed_at) - interval '60 days' FROM obligations AS o WHERE o.person_id = p.person_id), '-infinity') AS since
    FROM people AS p
    WHERE p.person_id = ANY ($1::text[])
),
kept AS MATERIALIZED (
    SELECT duty, duty.person_id, duty.obligation_id, duty.due_at,
        -- the only ones that attempts older than "since" can speak of
        CASE WHEN duty.revision > 1 OR duty.known_at < w.since THEN w.since END AS before
    FROM wanted AS w
    JOIN obligations AS duty ON duty.person_id = w.person_id
    WHERE duty.state NOT IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
    UNION ALL
    SELECT duty, duty.person_id, duty.obligation_id, duty.due_at,
        CASE WHEN duty.revision > 1 OR duty.known_at < w.since THEN w.since END
    FROM wanted AS w
    JOIN obligations AS duty ON duty.person_id = w.person_id AND duty.changed_at >= w.since
    WHERE duty.state IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
    UNION ALL
    SELECT duty, duty.person_id, duty.obligation_id, duty.due_at,
        CASE WHEN duty.revision > 1 OR duty.known_at < w.since THEN w.since END
    FROM (SELECT DISTINCT unnest($2::text[]) AS obligation_id) AS named
    JOIN obligations AS duty ON duty.obligation_id = named.obligation_id
    JOIN wanted AS w ON w.person_id = duty.person_id AND duty.changed_at < w.since
    WHERE duty.state IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
),
sent AS MATERIALIZED (
    SELECT message, message.attempt_id, message.release_at
    FROM wanted AS w
    JOIN attempts AS message ON message.person_id = w.person_id AND message.release_at >= w.since
    UNION ALL
    SELECT message, message.attempt_id, message.release_at
    FROM (
        SELECT DISTINCT item.attempt_id, k.before
        FROM kept AS k
        JOIN attempt_items AS item ON item.obligation_id = k.obligation_id
        WHERE k.before IS NOT NULL
    ) AS old
    JOIN attempts AS message ON message.attempt_id = old.attempt_id AND message.release_at < old.before
)
SELECT json_build_object(
    'people', (SELECT json_agg(person_id) FROM wanted),
    'profiles', (SELECT json_agg(r) FROM wanted AS w JOIN profiles AS r ON r.person_id = w.person_id),
    'contacts', (SELECT json_agg(r ORDER BY r.contact_id) FROM wanted AS w JOIN contacts AS r ON r.person_id = w.person_id),
    'obligations', (SELECT json_agg(duty ORDER BY due_at, obligation_id) FROM kept),
    'attempts', (SELECT json_agg(message ORDER BY release_at, attempt_id) FROM sent),
    'receipts', (
        SELECT json_agg(r ORDER BY r.received_at, r.receipt_id) FROM sent JOIN receipts AS r ON r.attempt_id = sent.attempt_id
    ),
    'replies', (
        SELECT json_agg(r ORDER BY r.at, r.reply_id)
        FROM wanted AS w
        JOIN replies AS r ON r.person_id = w.person_id
        WHERE r.at >= w.since OR r.obligation_id IN (SELECT obligation_id FROM kept)
    ),
    'alerts', (
        SELECT json_agg(r ORDER BY r.raised_at, r.alert_id)
        FROM wanted AS w
        JOIN alerts AS r ON r.person_id = w.person_id
        WHERE r.closed_at IS NULL OR r.obligation_id IN (SELECT obligation_id FROM kept)
    )
)::text;
