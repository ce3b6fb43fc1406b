-- What is forgotten when its time is over (rules §8.3): older than $1, not older than $3, at most $2 rows; what somebody holds is left for later.

-- name: forget_outbox
-- Published messages have done their work.
DELETE FROM outbox
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM outbox WHERE published_at < $1 AND published_at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_inbox
-- Events older than any topic keeps them cannot come again.
DELETE FROM inbox
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM inbox WHERE seen_at < $1 AND seen_at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_dead_letters
-- As long as the dead-letter topic keeps them.
DELETE FROM dead_letters
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM dead_letters WHERE at < $1 AND at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_refused_callbacks
-- The watch looks at the last minutes only.
DELETE FROM refused_callbacks
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM refused_callbacks WHERE at < $1 AND at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_journal
-- Lines of a simulation.
DELETE FROM journal
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM journal WHERE at < $1 AND at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_accesses
-- Who asked for whose file.
DELETE FROM accesses
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM accesses WHERE at < $1 AND at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_messages
-- The words that were sent.
DELETE FROM messages
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM messages WHERE at < $1 AND at >= $3 LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_stray_receipts
-- Receipts that nobody ever knew what to do with.
DELETE FROM receipts
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM receipts WHERE received_at < $1 AND received_at >= $3
          AND effect IN ('waiting', 'quarantined') LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_receipt_payloads
-- What providers said in their own words; the canonical status stays.
UPDATE receipts
SET raw_status = '', provider_ref = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM receipts
    WHERE received_at < $1 AND received_at >= $3 AND (raw_status <> '' OR provider_ref IS NOT NULL)
      AND effect NOT IN ('waiting', 'quarantined')
    LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_references
-- Providers' references of messages that no receipt will come for any more.
DELETE FROM provider_references
WHERE ctid = ANY (ARRAY(
    SELECT r.ctid
    FROM attempts AS a
    JOIN provider_references AS r ON r.provider = a.provider AND r.provider_ref = a.provider_ref
    WHERE a.release_at < $1 AND a.release_at >= $3
    LIMIT $2 FOR UPDATE OF r SKIP LOCKED
));

-- name: forget_reply_words
-- What people wrote; what they chose stays.
UPDATE replies
SET text_sealed = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM replies WHERE at < $1 AND at >= $3 AND text_sealed IS NOT NULL LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_old_alerts
-- Alerts stay as counts: of nobody, on nobody's list.
UPDATE alerts
SET alert_id = 'anonymous:' || gen_random_uuid(), person_id = 'anonymous', obligation_id = NULL, advisor_id = NULL, claimed_by = NULL, known = '[]'
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM alerts WHERE closed_at < $1 AND closed_at >= $3 AND person_id <> 'anonymous' LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: forget_old_replies
-- Answers that belong to no duty stay as counts.
UPDATE replies
SET reply_id = 'anonymous:' || gen_random_uuid(), person_id = NULL, attempt_id = NULL, sender_hash = NULL, text_sealed = NULL, reason = NULL,
    by = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM replies
    WHERE at < $1 AND at >= $3 AND obligation_id IS NULL AND reply_id NOT LIKE 'anonymous:%'
    LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: hold_old_duties
-- Duties whose evidence is of no use any more.
SELECT obligation_id, person_id, kind, version
FROM obligations
WHERE due_at < $1 AND due_at >= $3 AND person_id <> 'anonymous'
LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: drop_old_items
-- Which messages were about these duties; returns them.
DELETE FROM attempt_items WHERE obligation_id = ANY ($1::text[]) RETURNING attempt_id;

-- name: attempts_without_items
-- Of these messages, those that are about no other duty.
SELECT attempt_id
FROM unnest($1::text[]) AS given (attempt_id)
WHERE NOT EXISTS (SELECT FROM attempt_items AS i WHERE i.attempt_id = given.attempt_id);

-- name: anonymise_receipts
-- A status on a day, of nobody's message.
UPDATE receipts
SET receipt_id = 'anonymous:' || gen_random_uuid(), provider_ref = NULL, attempt_id = NULL, person_id = NULL, raw_status = ''
WHERE attempt_id = ANY ($1::text[]);

-- name: anonymise_attempts
-- A message on a channel on a day, to nobody.
UPDATE attempts
SET attempt_id = 'anonymous:' || gen_random_uuid(), person_id = 'anonymous', contact_id = '', provider_ref = NULL, reference = NULL, token = NULL,
    items = (SELECT coalesce(jsonb_agg(item || '{"obligation_id": "anonymous"}'), '[]') FROM jsonb_array_elements(items) AS item)
WHERE attempt_id = ANY ($1::text[]);

-- name: anonymise_replies
-- A choice on a channel on a day, of nobody.
UPDATE replies AS r
SET reply_id = 'anonymous:' || gen_random_uuid(), person_id = NULL, obligation_id = NULL, attempt_id = NULL, sender_hash = NULL,
    text_sealed = NULL, reason = NULL, by = NULL
FROM unnest($1::text[], $2::text[]) AS given (obligation_id, person_id)
WHERE r.person_id = given.person_id AND r.obligation_id = given.obligation_id;

-- name: drop_proofs
-- A proof names its person, and its digest holds for every word of it: it goes as a whole.
DELETE FROM proofs WHERE obligation_id = ANY ($1::text[]);

-- name: anonymise_duties
-- A duty of a kind on a day, its evidence and its verdict, of nobody.
UPDATE obligations
SET obligation_id = 'anonymous:' || gen_random_uuid(), person_id = 'anonymous', place = NULL, purpose = NULL, advisor_id = NULL, replaces = NULL,
    declined_reason = NULL, next_at = NULL
WHERE obligation_id = ANY ($1::text[]);
