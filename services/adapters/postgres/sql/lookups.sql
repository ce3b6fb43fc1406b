-- Finding people and attempts by what comes back.

-- name: lock_references
-- Until the transaction ends, nobody else matches receipts and attempts under these names: a receipt that is stored as waiting and the
-- answer that names its reference cannot miss each other. 4,096 locks at most, whatever the batch: a server holds some thousands in all.
SELECT pg_advisory_xact_lock($3, bucket)
FROM (
    SELECT DISTINCT (hashtextextended(provider || chr(31) || provider_ref, 0) & 4095)::integer AS bucket
    FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_ref)
    ORDER BY bucket
) AS buckets;

-- name: attempts_by_reference
-- Who was written to under these names.
SELECT known.provider, known.provider_ref, known.attempt_id, known.person_id
FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_ref)
JOIN provider_references AS known USING (provider, provider_ref);

-- name: waiting_receipts
-- Receipts that came before their reference was known.
SELECT coalesce(json_agg(r ORDER BY r.received_at, r.receipt_id), '[]')::text
FROM (
    SELECT DISTINCT ON (receipt.receipt_id) receipt.*
    FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_ref)
    JOIN receipts AS receipt USING (provider, provider_ref)
    WHERE receipt.effect = 'waiting'
) AS r;

-- name: people_of_attempts
-- Whose attempts these are.
SELECT attempt_id, person_id FROM attempts WHERE attempt_id = ANY ($1::text[]);

-- name: attempt_by_token
-- Whose link this is.
SELECT attempt_id, person_id FROM attempts WHERE token = $1;

-- name: people_by_sender
-- Who has a contact point of this hash.
SELECT DISTINCT person_id FROM contacts WHERE sender_hash = $1 ORDER BY person_id;

-- name: disowned
-- Values of which somebody said that they are another person's, and when they said it last.
SELECT sender_hash, max(status_at) AS said_at
FROM contacts
WHERE sender_hash = ANY ($1::text[]) AND status = 'disabled' AND status_reason = 'wrong_person' AND status_at IS NOT NULL
GROUP BY sender_hash;

-- name: people_of_obligations
-- Whose duties these are.
SELECT obligation_id, person_id FROM obligations WHERE obligation_id = ANY ($1::text[]);

-- name: proof
-- The newest proof about a duty.
SELECT row_to_json(p)::text FROM proofs AS p WHERE p.obligation_id = $1 ORDER BY p.at DESC LIMIT 1;

-- name: open_alerts
-- Open alerts of an advisor, of an agency, or all; soonest first.
SELECT coalesce(json_agg(r ORDER BY r.act_by, r.alert_id), '[]')::text
FROM alerts AS r
WHERE r.closed_at IS NULL AND ($1::text IS NULL OR r.advisor_id = $1) AND ($2::text IS NULL OR r.agency_id = $2);

-- name: staff_version
-- The transaction that last wrote an advisor or an agency.
SELECT written_by::text FROM staff_version;

-- name: staff
-- All advisors and agencies.
SELECT
    (SELECT coalesce(json_agg(r), '[]') FROM advisors AS r)::text AS advisors,
    (SELECT coalesce(json_agg(r), '[]') FROM agencies AS r)::text AS agencies;
