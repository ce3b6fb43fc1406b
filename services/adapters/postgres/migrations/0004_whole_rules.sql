-- What the whole of the rules needs to remember: the life of contact points, alerts that move on, outages of ours, the policy that decided.

ALTER TABLE profiles
    ADD COLUMN followers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN quiet     jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN profiles.quiet IS 'Local hours of each day at which nobody writes or calls: [[from, to]].';
COMMENT ON COLUMN profiles.followers IS 'Partner bodies that follow this person too: [{organisation, advisor_id}].';

ALTER TABLE contacts
    ADD COLUMN value_at          timestamptz,
    ADD COLUMN human_at          timestamptz,
    ADD COLUMN failed_at         timestamptz,
    ADD COLUMN silent_duties     smallint NOT NULL DEFAULT 0,
    ADD COLUMN only_verification boolean NOT NULL DEFAULT false,
    ADD COLUMN letter            text;
COMMENT ON COLUMN contacts.value_at IS 'When the directory told us of this value.';
COMMENT ON COLUMN contacts.human_at IS 'When a human last answered there.';
COMMENT ON COLUMN contacts.failed_at IS 'When it last failed hard.';
COMMENT ON COLUMN contacts.silent_duties IS 'Duties in a row that were written about there and ended without an answer.';
COMMENT ON COLUMN contacts.only_verification IS 'Gets the verification message and nothing else, until somebody answers there.';
COMMENT ON COLUMN contacts.letter IS 'Which of the people with this value this is, in answers.';

ALTER TABLE obligations
    ADD COLUMN outage_at timestamptz,
    DROP CONSTRAINT obligations_kind_words,
    ADD CONSTRAINT obligations_kind_words CHECK (kind IN ('appointment', 'convocation', 'actualisation', 'contact'));
COMMENT ON COLUMN obligations.outage_at IS 'Since when an outage of ours made a message about it useless.';

ALTER TABLE attempts
    ADD COLUMN policy text NOT NULL DEFAULT '',
    DROP CONSTRAINT attempts_reason_words,
    ADD CONSTRAINT attempts_reason_words CHECK (reason IN (
        'forbidden', 'no_contact', 'contact_disabled', 'contact_invalid', 'to_be_verified', 'not_a_mobile', 'constraint', 'stopped',
        'cap_reached', 'too_late', 'letter_too_late', 'no_other_channel', 'no_channel', 'not_eligible', 'not_called', 'closed_day',
        'on_hold', 'paused', 'acknowledged', 'declined', 'done', 'handled', 'cancelled_at_source', 'missed', 'superseded', 'erased',
        'outside_window', 'contact_changed', 'no_receipt', 'no_outcome', 'rejected_by_provider', 'provider_unavailable',
        'unrenderable'));
COMMENT ON COLUMN attempts.policy IS 'Version of the policy that decided it.';

ALTER TABLE attempt_items
    DROP CONSTRAINT attempt_items_step_words,
    ADD CONSTRAINT attempt_items_step_words CHECK (step IN (
        'N0', 'L', 'R1', 'R2', 'R3', 'F', 'corrective', 'cancellation', 'verification', 'changed', 'A0', 'A1', 'A2', 'A3', 'A4', 'A5',
        'A6'));

ALTER TABLE alerts
    ADD COLUMN routed_at timestamptz,
    ADD COLUMN pushed_at timestamptz,
    ADD COLUMN policy    text NOT NULL DEFAULT '';
UPDATE alerts SET routed_at = updated_at WHERE closed_at IS NULL;
COMMENT ON COLUMN alerts.routed_at IS 'Since when it stands on this list.';
COMMENT ON COLUMN alerts.pushed_at IS 'When it was e-mailed to whom it is routed, at once or in a digest.';
CREATE INDEX alerts_unpushed ON alerts (act_by, alert_id) WHERE closed_at IS NULL AND claimed_by IS NULL AND pushed_at IS NULL;
COMMENT ON INDEX alerts_unpushed IS 'What waits to be e-mailed.';

CREATE TABLE proofs (
    obligation_id text COLLATE "C" NOT NULL,
    person_id     text COLLATE "C" NOT NULL,
    at            timestamptz NOT NULL,
    document      text NOT NULL,
    digest        text NOT NULL,
    PRIMARY KEY (obligation_id, at)
);
COMMENT ON TABLE proofs IS 'The ledger of proofs of reception: one document for each verdict, written once, never edited.';
COMMENT ON COLUMN proofs.obligation_id IS 'About which duty.';
COMMENT ON COLUMN proofs.person_id IS 'Whose.';
COMMENT ON COLUMN proofs.at IS 'When the verdict was given.';
COMMENT ON COLUMN proofs.document IS 'Canonical JSON.';
COMMENT ON COLUMN proofs.digest IS 'SHA-256 of the document, as hexadecimal digits.';

CREATE TABLE crowd_notices (
    advisor_id text COLLATE "C" PRIMARY KEY,
    told_on    date NOT NULL
);
COMMENT ON TABLE crowd_notices IS 'When an agency''s manager was last told that an advisor''s list is too long.';
COMMENT ON COLUMN crowd_notices.advisor_id IS 'Whose list.';
COMMENT ON COLUMN crowd_notices.told_on IS 'The day, in Paris.';
COMMENT ON COLUMN alerts.policy IS 'Version of the policy that decided it.';

ALTER TABLE dead_letters
    ADD COLUMN ancestor text,
    ADD COLUMN replays  jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN dead_letters.ancestor IS 'Topic/partition/offset of the letter whose replay this record was.';
COMMENT ON COLUMN dead_letters.replays IS 'Each time it was published again: [{at, by, reason}].';
