-- The unit of consistency: locking people, waking them, taking them out of the way.

-- name: add_people
-- A row for everybody who has none yet, in order of id.
INSERT INTO people (person_id)
SELECT wanted.person_id
FROM unnest($1::text[]) AS wanted (person_id)
WHERE NOT EXISTS (SELECT FROM people WHERE people.person_id = wanted.person_id)
ORDER BY wanted.person_id COLLATE "C"
ON CONFLICT (person_id) DO NOTHING;

-- name: lock_people
-- Lock in order of id, so that two units never wait for each other in a circle.
SELECT person_id FROM people WHERE person_id = ANY ($1::text[]) ORDER BY person_id FOR NO KEY UPDATE;

-- name: claim_live
-- People who are due in the live lane, oldest first; those whom somebody else has are left to them.
SELECT person_id
FROM people
WHERE live_at <= $1 AND quarantined_at IS NULL
ORDER BY live_at, person_id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: claim_campaign
-- The same in the campaign lane.
SELECT person_id
FROM people
WHERE campaign_at <= $1 AND quarantined_at IS NULL
ORDER BY campaign_at, person_id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: claim_live_among
-- Those of $3 who are due in the live lane, oldest first; those whom somebody else has are left to them.
SELECT person_id
FROM people
WHERE person_id = ANY ($3::text[]) AND live_at <= $1 AND quarantined_at IS NULL
ORDER BY live_at, person_id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: claim_campaign_among
-- The same in the campaign lane.
SELECT person_id
FROM people
WHERE person_id = ANY ($3::text[]) AND campaign_at <= $1 AND quarantined_at IS NULL
ORDER BY campaign_at, person_id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: urgent_live
-- Of those who wait longest in the live lane, at most $2, the soonest date ahead first: the order of a backlog.
WITH waiting AS MATERIALIZED (
    SELECT person_id, live_at
    FROM people
    WHERE live_at <= $1 AND quarantined_at IS NULL
    ORDER BY live_at, person_id
    LIMIT $2
)
SELECT w.person_id
FROM waiting AS w
LEFT JOIN LATERAL (
    SELECT min(due_at) AS due_at
    FROM obligations
    WHERE person_id = w.person_id AND state NOT IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required') AND due_at > $1
) AS owed ON true
ORDER BY owed.due_at NULLS LAST, w.live_at, w.person_id;

-- name: urgent_campaign
-- The same in the campaign lane.
WITH waiting AS MATERIALIZED (
    SELECT person_id, campaign_at
    FROM people
    WHERE campaign_at <= $1 AND quarantined_at IS NULL
    ORDER BY campaign_at, person_id
    LIMIT $2
)
SELECT w.person_id
FROM waiting AS w
LEFT JOIN LATERAL (
    SELECT min(due_at) AS due_at
    FROM obligations
    WHERE person_id = w.person_id AND state NOT IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required') AND due_at > $1
) AS owed ON true
ORDER BY owed.due_at NULLS LAST, w.campaign_at, w.person_id;

-- name: wake
-- When to look again; a fact only makes it earlier, a decision replaces it.
UPDATE people
SET
    live_at = CASE WHEN given.only_earlier THEN LEAST(people.live_at, given.live_at) ELSE given.live_at END,
    campaign_at = CASE WHEN given.only_earlier THEN LEAST(people.campaign_at, given.campaign_at) ELSE given.campaign_at END
FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::boolean[]) AS given (person_id, live_at, campaign_at, only_earlier)
WHERE people.person_id = given.person_id
  AND CASE
      WHEN given.only_earlier
      THEN given.live_at < coalesce(people.live_at, 'infinity') OR given.campaign_at < coalesce(people.campaign_at, 'infinity')
      ELSE (people.live_at, people.campaign_at) IS DISTINCT FROM (given.live_at, given.campaign_at)
  END;

-- name: wake_alerted
-- Everybody with an open alert on the lists of $1, or claimed by one of them, is looked at: locked in order of id, like every unit does.
WITH alerted AS (
    SELECT person_id
    FROM people
    WHERE person_id IN (
        SELECT person_id FROM alerts WHERE closed_at IS NULL AND advisor_id = ANY ($1::text[])
        UNION
        SELECT person_id FROM alerts WHERE closed_at IS NULL AND claimed_by = ANY ($1::text[])
    )
    ORDER BY person_id
    FOR NO KEY UPDATE
)
UPDATE people SET live_at = LEAST(people.live_at, $2::timestamptz) FROM alerted WHERE people.person_id = alerted.person_id;

-- name: quarantine
-- Nobody decides about this person until released.
UPDATE people SET quarantined_at = $2, quarantine_error = $3 WHERE person_id = $1;

-- name: release
-- Decisions about these people are taken again.
UPDATE people SET quarantined_at = NULL, quarantine_error = NULL WHERE person_id = ANY ($1::text[]) AND quarantined_at IS NOT NULL;

-- name: erased_people
-- Those who asked to be forgotten.
SELECT person_id FROM people WHERE person_id = ANY ($1::text[]) AND erased;

-- name: next_wake_live
-- The earliest instant of the lane of meetings, replies and receipts.
SELECT live_at FROM people WHERE live_at IS NOT NULL AND quarantined_at IS NULL ORDER BY live_at LIMIT 1;

-- name: next_wake_campaign
-- The earliest instant of the lane of campaigns.
SELECT campaign_at FROM people WHERE campaign_at IS NOT NULL AND quarantined_at IS NULL ORDER BY campaign_at LIMIT 1;

-- name: next_wake
-- The earliest instant at which somebody wants to be looked at.
SELECT LEAST(
    (SELECT live_at FROM people WHERE live_at IS NOT NULL AND quarantined_at IS NULL ORDER BY live_at LIMIT 1),
    (SELECT campaign_at FROM people WHERE campaign_at IS NOT NULL AND quarantined_at IS NULL ORDER BY campaign_at LIMIT 1)
);
