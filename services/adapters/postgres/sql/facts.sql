-- What a step writes: each type of row in one statement, from one JSON array of its dataclass (narrow rows: from one array for each column).
-- A row replaces the stored one with the same key; columns that do not change cost nothing in the indexes.

-- name: write_profiles
-- Insert or replace profiles.
INSERT INTO profiles (
    person_id, revision, known_at, first_name, last_name, postal_code, preferred_channel, forbidden_channels, constraints, digital_ease,
    language, asked_opening_notice, missed_actualisations, hold, referent_id, backup_id, agency_id, followers, quiet)
SELECT
    person_id, revision, known_at, first_name, last_name, postal_code, preferred_channel, forbidden_channels, constraints, digital_ease,
    language, asked_opening_notice, missed_actualisations, hold, referent_id, backup_id, agency_id, followers, quiet
FROM json_populate_recordset(NULL::profiles, $1)
ON CONFLICT (person_id) DO UPDATE SET (
    revision, known_at, first_name, last_name, postal_code, preferred_channel, forbidden_channels, constraints, digital_ease, language,
    asked_opening_notice, missed_actualisations, hold, referent_id, backup_id, agency_id, followers, quiet) = ROW (
    excluded.revision, excluded.known_at, excluded.first_name, excluded.last_name, excluded.postal_code, excluded.preferred_channel,
    excluded.forbidden_channels, excluded.constraints, excluded.digital_ease, excluded.language, excluded.asked_opening_notice,
    excluded.missed_actualisations, excluded.hold, excluded.referent_id, excluded.backup_id, excluded.agency_id, excluded.followers,
    excluded.quiet);

-- name: write_contacts
-- Insert or replace contact points.
INSERT INTO contacts (
    contact_id, person_id, kind, value, lines, e164, line_type, declared_by, verified_at, carrier, problem, status, status_reason,
    status_at, closed_channels, sender_hash, value_at, human_at, failed_at, silent_duties, only_verification, letter)
SELECT
    contact_id, person_id, kind, value, lines, e164, line_type, declared_by, verified_at, carrier, problem, status, status_reason,
    status_at, closed_channels, sender_hash, value_at, human_at, failed_at, silent_duties, only_verification, letter
FROM json_populate_recordset(NULL::contacts, $1)
ON CONFLICT (person_id, contact_id) DO UPDATE SET (
    kind, value, lines, e164, line_type, declared_by, verified_at, carrier, problem, status, status_reason, status_at, closed_channels,
    sender_hash, value_at, human_at, failed_at, silent_duties, only_verification, letter) = ROW (
    excluded.kind, excluded.value, excluded.lines, excluded.e164, excluded.line_type, excluded.declared_by, excluded.verified_at,
    excluded.carrier, excluded.problem, excluded.status, excluded.status_reason, excluded.status_at, excluded.closed_channels,
    excluded.sender_hash, excluded.value_at, excluded.human_at, excluded.failed_at, excluded.silent_duties, excluded.only_verification, excluded.letter);

-- name: write_obligations
-- Insert or replace duties; one of another person is left alone, and missing from the count.
INSERT INTO obligations (
    obligation_id, person_id, kind, revision, last_revision, state, known_at, due_at, opens_at, period, place, purpose, mandatory,
    legal_value, duration_minutes, advisor_id, replaces, evidence, evidence_how, evidence_at, declined_at, declined_reason, said_done_at,
    settled_at, non_receipt, verdict, version, changed_at, next_at, outage_at)
SELECT
    obligation_id, person_id, kind, revision, last_revision, state, known_at, due_at, opens_at, period, place, purpose, mandatory,
    legal_value, duration_minutes, advisor_id, replaces, evidence, evidence_how, evidence_at, declined_at, declined_reason, said_done_at,
    settled_at, non_receipt, verdict, version, changed_at, next_at, outage_at
FROM json_populate_recordset(NULL::obligations, $1)
ON CONFLICT (obligation_id) DO UPDATE SET (
    kind, revision, last_revision, state, known_at, due_at, opens_at, period, place, purpose, mandatory, legal_value, duration_minutes,
    advisor_id, replaces, evidence, evidence_how, evidence_at, declined_at, declined_reason, said_done_at, settled_at, non_receipt,
    verdict, version, changed_at, next_at, outage_at) = ROW (
    excluded.kind, excluded.revision, excluded.last_revision, excluded.state, excluded.known_at, excluded.due_at, excluded.opens_at,
    excluded.period, excluded.place, excluded.purpose, excluded.mandatory, excluded.legal_value, excluded.duration_minutes,
    excluded.advisor_id, excluded.replaces, excluded.evidence, excluded.evidence_how, excluded.evidence_at, excluded.declined_at,
    excluded.declined_reason, excluded.said_done_at, excluded.settled_at, excluded.non_receipt, excluded.verdict, excluded.version,
    excluded.changed_at, excluded.next_at, excluded.outage_at)
WHERE obligations.person_id = excluded.person_id;

-- name: write_next_instants
-- When something may be due for a duty; a decision changes this and, most often, nothing else.
UPDATE obligations SET next_at = given.at
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS given (obligation_id, person_id, at)
WHERE obligations.obligation_id = given.obligation_id AND obligations.person_id = given.person_id;

-- name: write_attempts
-- Insert or replace attempts; one to another person is left alone, and missing from the count.
INSERT INTO attempts (
    attempt_id, person_id, channel, contact_id, items, state, reason, cause, chosen_by, excluded, release_at, not_after, tries, parts,
    try_at, dispatched_at, claimed_at, provider, provider_ref, reference, token, submitted_at, accepted_at, delivered_at, closed_at,
    last_status, policy)
SELECT
    attempt_id, person_id, channel, contact_id, items, state, reason, cause, chosen_by, excluded, release_at, not_after, tries, parts,
    try_at, dispatched_at, claimed_at, provider, provider_ref, reference, token, submitted_at, accepted_at, delivered_at, closed_at,
    last_status, policy
FROM json_populate_recordset(NULL::attempts, $1)
ON CONFLICT (attempt_id) DO UPDATE SET (
    channel, contact_id, items, state, reason, cause, chosen_by, excluded, release_at, not_after, tries, parts, try_at, dispatched_at,
    claimed_at, provider, provider_ref, reference, token, submitted_at, accepted_at, delivered_at, closed_at, last_status, policy) = ROW (
    excluded.channel, excluded.contact_id, excluded.items, excluded.state, excluded.reason, excluded.cause, excluded.chosen_by,
    excluded.excluded, excluded.release_at, excluded.not_after, excluded.tries, excluded.parts, excluded.try_at, excluded.dispatched_at,
    excluded.claimed_at, excluded.provider, excluded.provider_ref, excluded.reference, excluded.token, excluded.submitted_at,
    excluded.accepted_at, excluded.delivered_at, excluded.closed_at, excluded.last_status, excluded.policy)
WHERE attempts.person_id = excluded.person_id;

-- name: drop_attempt_items
-- Before attempts are replaced: forget the items that they do not carry any more.
WITH dropped AS MATERIALIZED (
    SELECT given.attempt_id, item.obligation_id, item.revision, item.step, item.occurrence
    FROM unnest($1::text[], $2::text[]) AS given (attempt_id, items)
    JOIN attempts AS before ON before.attempt_id = given.attempt_id AND before.items <> given.items::jsonb,
    LATERAL jsonb_to_recordset(before.items) AS item (obligation_id text, revision bigint, step text, occurrence integer)
)
DELETE FROM attempt_items AS gone
USING dropped
WHERE gone.obligation_id = dropped.obligation_id
  AND gone.attempt_id = dropped.attempt_id
  AND gone.revision = dropped.revision
  AND gone.step = dropped.step
  AND gone.occurrence = dropped.occurrence;

-- name: write_attempt_items
-- The items of attempts; those that were never sent first, because a real one for the same item may stand in the same changes.
INSERT INTO attempt_items (obligation_id, attempt_id, revision, step, occurrence, channel, contact_id, never_sent)
SELECT *
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::boolean[])
    AS given (obligation_id, attempt_id, revision, step, occurrence, channel, contact_id, never_sent)
ORDER BY given.never_sent DESC
ON CONFLICT (obligation_id, attempt_id, revision, step, occurrence) DO UPDATE SET
    channel = excluded.channel, contact_id = excluded.contact_id, never_sent = excluded.never_sent
WHERE (attempt_items.channel, attempt_items.contact_id, attempt_items.never_sent)
    IS DISTINCT FROM (excluded.channel, excluded.contact_id, excluded.never_sent);

-- name: write_provider_references
-- Providers' names for attempts; a name that belongs to another attempt breaks the guard.
INSERT INTO provider_references (provider, provider_ref, attempt_id, person_id)
SELECT *
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (provider, provider_ref, attempt_id, person_id)
WHERE NOT EXISTS (
    SELECT FROM provider_references AS known
    WHERE known.provider = given.provider AND known.provider_ref = given.provider_ref AND known.attempt_id = given.attempt_id
);

-- name: write_receipts
-- Insert or replace receipts.
INSERT INTO receipts (
    receipt_id, provider, provider_ref, attempt_id, person_id, part, status, raw_status, reason, carrier, at, received_at, effect)
SELECT
    receipt_id, provider, provider_ref, attempt_id, person_id, part, status, raw_status, reason, carrier, at, received_at, effect
FROM json_populate_recordset(NULL::receipts, $1)
ON CONFLICT (receipt_id) DO UPDATE SET (
    provider, provider_ref, attempt_id, person_id, part, status, raw_status, reason, carrier, at, received_at, effect) = ROW (
    excluded.provider, excluded.provider_ref, excluded.attempt_id, excluded.person_id, excluded.part, excluded.status,
    excluded.raw_status, excluded.reason, excluded.carrier, excluded.at, excluded.received_at, excluded.effect);

-- name: write_replies
-- Insert or replace answers.
INSERT INTO replies (
    reply_id, channel, choice, identity, answered_by, person_id, obligation_id, revision, attempt_id, sender_hash, text_sealed, reason,
    by, at, effect)
SELECT
    reply_id, channel, choice, identity, answered_by, person_id, obligation_id, revision, attempt_id, sender_hash, text_sealed, reason,
    by, at, effect
FROM json_populate_recordset(NULL::replies, $1)
ON CONFLICT (reply_id) DO UPDATE SET (
    channel, choice, identity, answered_by, person_id, obligation_id, revision, attempt_id, sender_hash, text_sealed, reason, by, at,
    effect) = ROW (
    excluded.channel, excluded.choice, excluded.identity, excluded.answered_by, excluded.person_id, excluded.obligation_id,
    excluded.revision, excluded.attempt_id, excluded.sender_hash, excluded.text_sealed, excluded.reason, excluded.by, excluded.at,
    excluded.effect);

-- name: write_alerts
-- Insert or replace alerts; closed ones first, because a new one of the same type may stand in the same changes.
INSERT INTO alerts (
    alert_id, type, severity, person_id, obligation_id, agency_id, advisor_id, routed, claimed_by, claimed_at, deadline, known,
    next_action, act_by, raised_at, updated_at, closed_at, close_reason, routed_at, pushed_at, policy)
SELECT
    alert_id, type, severity, person_id, obligation_id, agency_id, advisor_id, routed, claimed_by, claimed_at, deadline, known,
    next_action, act_by, raised_at, updated_at, closed_at, close_reason, routed_at, pushed_at, policy
FROM json_populate_recordset(NULL::alerts, $1)
ORDER BY closed_at IS NULL
ON CONFLICT (alert_id) DO UPDATE SET (
    type, severity, person_id, obligation_id, agency_id, advisor_id, routed, claimed_by, claimed_at, deadline, known, next_action, act_by,
    raised_at, updated_at, closed_at, close_reason, routed_at, pushed_at, policy) = ROW (
    excluded.type, excluded.severity, excluded.person_id, excluded.obligation_id, excluded.agency_id, excluded.advisor_id,
    excluded.routed, excluded.claimed_by, excluded.claimed_at, excluded.deadline, excluded.known, excluded.next_action, excluded.act_by,
    excluded.raised_at, excluded.updated_at, excluded.closed_at, excluded.close_reason, excluded.routed_at, excluded.pushed_at, excluded.policy);

-- name: write_proofs
-- Append to the ledger of proofs; what stands there is never edited.
INSERT INTO proofs (obligation_id, person_id, at, document, digest)
SELECT obligation_id, person_id, at, document, digest
FROM json_populate_recordset(NULL::proofs, $1)
ON CONFLICT (obligation_id, at) DO NOTHING;

-- name: write_messages
-- Insert or replace the words that were handed over.
INSERT INTO messages (
    attempt_id, try_number, person_id, text, parts, encoding, provider, at)
SELECT
    attempt_id, try_number, person_id, text, parts, encoding, provider, at
FROM json_populate_recordset(NULL::messages, $1)
ON CONFLICT (attempt_id, try_number) DO UPDATE SET (
    person_id, text, parts, encoding, provider, at) = ROW (
    excluded.person_id, excluded.text, excluded.parts, excluded.encoding, excluded.provider, excluded.at);

-- name: write_advisors
-- Insert or replace advisors.
INSERT INTO advisors (
    advisor_id, name, agency_id, email, backup_id, absences, active)
SELECT
    advisor_id, name, agency_id, email, backup_id, absences, active
FROM json_populate_recordset(NULL::advisors, $1)
ON CONFLICT (advisor_id) DO UPDATE SET (
    name, agency_id, email, backup_id, absences, active) = ROW (
    excluded.name, excluded.agency_id, excluded.email, excluded.backup_id, excluded.absences, excluded.active);

-- name: write_agencies
-- Insert or replace agencies.
INSERT INTO agencies (
    agency_id, name, phone, address, postal_code, access_info, opening, closures, duty_email)
SELECT
    agency_id, name, phone, address, postal_code, access_info, opening, closures, duty_email
FROM json_populate_recordset(NULL::agencies, $1)
ON CONFLICT (agency_id) DO UPDATE SET (
    name, phone, address, postal_code, access_info, opening, closures, duty_email) = ROW (
    excluded.name, excluded.phone, excluded.address, excluded.postal_code, excluded.access_info, excluded.opening, excluded.closures,
    excluded.duty_email);

-- name: staff_written
-- Readers of advisors and agencies look again.
UPDATE staff_version SET written_by = pg_current_xact_id();

-- name: remove_contacts
-- Contact points that the directory dropped.
DELETE FROM contacts
USING unnest($1::text[], $2::text[]) AS gone (person_id, contact_id)
WHERE contacts.person_id = gone.person_id AND contacts.contact_id = gone.contact_id;

-- name: erase_profiles
-- Erasure: who it was.
DELETE FROM profiles WHERE person_id = ANY ($1::text[]);

-- name: erase_contacts
-- Erasure: where they could be reached.
DELETE FROM contacts WHERE person_id = ANY ($1::text[]);

-- name: erase_messages
-- Erasure: what was said to them.
DELETE FROM messages WHERE person_id = ANY ($1::text[]);

-- name: erase_replies
-- Erasure: what they wrote, and from where; that they answered stays.
UPDATE replies SET sender_hash = NULL, text_sealed = NULL WHERE person_id = ANY ($1::text[]);

-- name: erase_people
-- Erasure: from now on events about them are refused.
UPDATE people SET erased = true WHERE person_id = ANY ($1::text[]);
