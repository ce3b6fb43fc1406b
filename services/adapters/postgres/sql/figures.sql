-- Key figures of the service.

-- name: key_figures
-- Duties of the 30 days before $1, all and split; services/adapters/memory/figures.py says the same in Python.
WITH duties AS (
    SELECT
        o.due_at,
        o.evidence IN ('E3', 'E4', 'E5') AND o.evidence_at < o.due_at AS proved,
        (o.state = 'missed' OR (o.state = 'lapsed' AND o.kind = 'actualisation')) AND o.evidence IN ('E0', 'E1', 'E2') AS lost,
        coalesce(p.digital_ease, 'unknown') AS segment,
        coalesce(first.channel, '') AS channel,
        coalesce(CASE WHEN p.postal_code ~ '^9[78]' THEN left(p.postal_code, 3) ELSE left(p.postal_code, 2) END, '') AS department,
        told.alerts,
        told.acted,
        o.state = 'missed' AS missed,
        o.kind <> 'actualisation' AND o.state IN ('done', 'missed') AND coalesce(said.choice = 'come', false) AS said_come,
        o.due_at - told.first_at AS margin
    FROM obligations AS o
    LEFT JOIN profiles AS p ON p.person_id = o.person_id
    LEFT JOIN LATERAL (
        SELECT a.channel
        FROM attempt_items AS i
        JOIN attempts AS a ON a.attempt_id = i.attempt_id
        WHERE i.obligation_id = o.obligation_id AND a.submitted_at IS NOT NULL
        ORDER BY a.submitted_at, a.attempt_id
        LIMIT 1
    ) AS first ON true
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS alerts,
            count(*) FILTER (
                WHERE l.claimed_at < o.due_at
                   OR (l.closed_at < o.due_at AND l.close_reason IN ('handled', 'called', 'contact_fixed'))
            ) AS acted,
            min(l.raised_at) AS first_at
        FROM alerts AS l
        WHERE l.person_id = o.person_id AND l.obligation_id = o.obligation_id AND l.raised_at < o.due_at
    ) AS told
    LEFT JOIN LATERAL (
        SELECT y.choice
        FROM replies AS y
        WHERE y.person_id = o.person_id
          AND y.obligation_id = o.obligation_id
          AND y.revision = o.revision
          AND y.choice IN ('come', 'cannot_come')
          AND y.effect = 'acknowledged'
          AND y.at < o.due_at
        ORDER BY y.at DESC, y.reply_id COLLATE "C" DESC
        LIMIT 1
    ) AS said ON true
    WHERE o.due_at > $1::timestamptz - interval '30 days'
      AND o.due_at <= $1
      AND o.kind <> 'contact'
      AND o.state IN ('acknowledged', 'declined', 'handled', 'done', 'missed', 'lapsed')
), counted AS (
    SELECT
        CASE
            WHEN grouping(segment) = 0 THEN 'segment'
            WHEN grouping(channel) = 0 THEN 'channel'
            WHEN grouping(department) = 0 THEN 'department'
            ELSE 'all'
        END AS split,
        coalesce(segment, channel, department, '') AS value,
        count(*) AS due,
        count(*) FILTER (WHERE proved) AS proved,
        count(*) FILTER (WHERE lost AND alerts = 0) AS unflagged,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY margin) AS margin_p50,
        percentile_disc(0.9) WITHIN GROUP (ORDER BY margin) AS margin_p90,
        coalesce(sum(alerts), 0)::bigint AS alerts,
        coalesce(sum(acted), 0)::bigint AS acted,
        count(*) FILTER (WHERE said_come) AS said_come,
        count(*) FILTER (WHERE said_come AND missed) AS false_acks
    FROM duties
    GROUP BY GROUPING SETS ((), (segment), (channel), (department))
)
SELECT *
FROM counted
ORDER BY array_position(ARRAY['all', 'segment', 'channel', 'department'], split), value COLLATE "C";
