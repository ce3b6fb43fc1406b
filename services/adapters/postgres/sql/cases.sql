-- Everything that a decision about one person reads, as JSON that decodes into services.core.model.Case.

-- name: load_cases
-- Cases of these people ($1); obligations named in $2 belong to theirs however old they are.
-- Settled obligations stay for 60 days after the newest change of the same person: the caps look back 30 days (rules §10.4), and a case must
-- not grow with a person's history. services/adapters/memory/cases.py says the same in Python.
-- Each part is a handful of index probes per person, whatever the tables' sizes.
SELECT coalesce(json_agg(json_build_object(
    'person_id', p.person_id,
    'person', (SELECT row_to_json(r) FROM profiles AS r WHERE r.person_id = p.person_id),
    'contacts', (
        SELECT coalesce(json_agg(r ORDER BY r.contact_id), '[]') FROM contacts AS r WHERE r.person_id = p.person_id
    ),
    'obligations', kept.rows,
    'attempts', sent.rows,
    'receipts', (
        SELECT coalesce(json_agg(r ORDER BY r.received_at, r.receipt_id), '[]') FROM receipts AS r WHERE r.attempt_id = ANY (sent.ids)
    ),
    'replies', (
        SELECT coalesce(json_agg(r ORDER BY r.at, r.reply_id), '[]')
        FROM replies AS r
        WHERE r.person_id = p.person_id AND (r.at >= history.since OR r.obligation_id = ANY (kept.ids))
    ),
    'alerts', (
        SELECT coalesce(json_agg(r ORDER BY r.raised_at, r.alert_id), '[]')
        FROM alerts AS r
        WHERE r.person_id = p.person_id AND (r.closed_at IS NULL OR r.obligation_id = ANY (kept.ids))
    )
)), '[]')::text
FROM people AS p
CROSS JOIN LATERAL (
    SELECT coalesce(max(o.changed_at) - interval '60 days', '-infinity') AS since FROM obligations AS o WHERE o.person_id = p.person_id
) AS history
CROSS JOIN LATERAL (
    SELECT
        coalesce(json_agg(o ORDER BY o.due_at, o.obligation_id), '[]') AS rows,
        coalesce(array_agg(o.obligation_id), '{}') AS ids,
        -- the only ones that attempts older than "since" can speak of
        coalesce(array_agg(o.obligation_id) FILTER (WHERE o.revision > 1 OR o.known_at < history.since), '{}') AS old_ids
    FROM (
        SELECT *
        FROM obligations
        WHERE person_id = p.person_id AND state NOT IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
        UNION ALL
        SELECT *
        FROM obligations
        WHERE person_id = p.person_id
          AND state IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
          AND changed_at >= history.since
        UNION ALL
        SELECT *
        FROM obligations
        WHERE obligation_id = ANY ($2::text[])
          AND person_id = p.person_id
          AND state IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required')
          AND changed_at < history.since
    ) AS o
) AS kept
CROSS JOIN LATERAL (
    SELECT
        coalesce(json_agg(a ORDER BY a.release_at, a.attempt_id), '[]') AS rows,
        coalesce(array_agg(a.attempt_id), '{}') AS ids
    FROM (
        SELECT * FROM attempts WHERE person_id = p.person_id AND release_at >= history.since
        UNION ALL
        SELECT *
        FROM attempts
        WHERE attempt_id IN (SELECT attempt_id FROM attempt_items WHERE obligation_id = ANY (kept.old_ids))
          AND release_at < history.since
    ) AS a
) AS sent
WHERE p.person_id = ANY ($1::text[]);
