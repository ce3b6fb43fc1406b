-- Who owes something, for comparing policies.

-- name: people_who_owe
-- The next people after $1, in order of id, with a duty that is still ahead at $2.
SELECT person_id
FROM people
WHERE person_id > $1
  AND NOT erased
  AND EXISTS (
      SELECT FROM obligations AS duty
      WHERE duty.person_id = people.person_id AND duty.state IN ('open', 'acknowledged') AND duty.due_at > $2
  )
ORDER BY person_id
LIMIT $3;
