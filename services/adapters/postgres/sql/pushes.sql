-- E-mails to staff: what waits, and what was sent.

-- name: unpushed
-- Open alerts that nobody claimed and that were not e-mailed, soonest first, with the first name of whom they are about.
SELECT coalesce(json_agg(json_build_object('alert', a, 'first_name', p.first_name) ORDER BY a.act_by, a.alert_id), '[]')::text
FROM alerts AS a
LEFT JOIN profiles AS p ON p.person_id = a.person_id
WHERE a.closed_at IS NULL AND a.claimed_by IS NULL AND a.pushed_at IS NULL;

-- name: mark_pushed
-- These ($1) were e-mailed; one that stands on another list by now ($2), or is more severe ($3), is to be e-mailed again.
UPDATE alerts
SET pushed_at = $4
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS sent (alert_id, routed_at, severity)
WHERE alerts.alert_id = sent.alert_id AND alerts.routed_at IS NOT DISTINCT FROM sent.routed_at AND alerts.severity = sent.severity;

-- name: crowded
-- Advisors with more than $1 open alerts of whom nobody was told on the day of $2 in Paris; their agency is the newest alert's.
SELECT a.advisor_id, (array_agg(a.agency_id ORDER BY a.raised_at DESC, a.alert_id))[1] AS agency_id, count(*) AS open
FROM alerts AS a
LEFT JOIN crowd_notices AS n ON n.advisor_id = a.advisor_id
WHERE a.closed_at IS NULL
  AND a.advisor_id IS NOT NULL
  AND (n.told_on IS NULL OR n.told_on < ($2::timestamptz AT TIME ZONE 'Europe/Paris')::date)
GROUP BY a.advisor_id
HAVING count(*) > $1
ORDER BY a.advisor_id;

-- name: crowd_told
-- Somebody was told of this list.
INSERT INTO crowd_notices (advisor_id, told_on)
VALUES ($1, ($2::timestamptz AT TIME ZONE 'Europe/Paris')::date)
ON CONFLICT (advisor_id) DO UPDATE SET told_on = excluded.told_on;

-- name: receipts_alarms
-- When receipts were low, open or over, raised after $1.
SELECT coalesce(json_agg(r ORDER BY r.raised_at, r.alarm_id), '[]')::text
FROM alarms AS r
WHERE r.type = 'RECEIPTS_LOW' AND r.raised_at > $1;

-- name: agencies_of_lost
-- Of these people ($1) whose SMS were lost, and of whom some were reached ($2), how many each agency has; those that were told on the
-- day of $3 in Paris are left out, and those whose people were all reached.
SELECT p.agency_id, count(*) AS people, count(*) FILTER (WHERE lost.reached) AS reached
FROM unnest($1::text[], $2::boolean[]) AS lost (person_id, reached)
JOIN profiles AS p ON p.person_id = lost.person_id
LEFT JOIN agency_notices AS n ON n.agency_id = p.agency_id
WHERE n.told_on IS NULL OR n.told_on < ($3::timestamptz AT TIME ZONE 'Europe/Paris')::date
GROUP BY p.agency_id
HAVING NOT bool_and(lost.reached)
ORDER BY p.agency_id;

-- name: lost_told
-- This agency was told.
INSERT INTO agency_notices (agency_id, told_on)
VALUES ($1, ($2::timestamptz AT TIME ZONE 'Europe/Paris')::date)
ON CONFLICT (agency_id) DO UPDATE SET told_on = excluded.told_on;
