-- What was sent, what came back, and what advisors are told.

CREATE TABLE attempts (
    attempt_id    text COLLATE "C" NOT NULL,
    person_id     text COLLATE "C" NOT NULL,
    channel       text NOT NULL,
    contact_id    text COLLATE "C" NOT NULL,
    items         jsonb NOT NULL,
    state         text NOT NULL,
    reason        text,
    cause         text NOT NULL,
    chosen_by     text NOT NULL,
    excluded      text[] NOT NULL,
    release_at    timestamptz NOT NULL,
    not_after     timestamptz NOT NULL,
    tries         integer NOT NULL,
    try_at        timestamptz,
    provider      text,
    provider_ref  text COLLATE "C",
    reference     text,
    token         text COLLATE "C",
    parts         integer NOT NULL,
    dispatched_at timestamptz,
    claimed_at    timestamptz,
    submitted_at  timestamptz,
    accepted_at   timestamptz,
    delivered_at  timestamptz,
    closed_at     timestamptz,
    last_status   text,
    CONSTRAINT an_attempt_has_one_row PRIMARY KEY (attempt_id),
    CONSTRAINT attempts_channel_words CHECK (channel IN ('sms', 'voice', 'letter', 'email')),
    CONSTRAINT attempts_state_words CHECK (state IN ('released', 'submitting', 'accepted', 'delivered', 'failed', 'unknown', 'skipped', 'cancelled')),
    CONSTRAINT attempts_reason_words CHECK (reason IN (
        'forbidden', 'no_contact', 'contact_disabled', 'contact_invalid', 'not_a_mobile', 'constraint', 'stopped', 'cap_reached',
        'too_late', 'letter_too_late', 'no_other_channel', 'no_channel', 'not_eligible', 'not_called', 'closed_day', 'on_hold',
        'paused', 'acknowledged', 'declined', 'done', 'handled', 'cancelled_at_source', 'missed', 'superseded', 'erased',
        'outside_window', 'contact_changed', 'no_receipt', 'no_outcome', 'rejected_by_provider', 'provider_unavailable',
        'unrenderable')),
    CONSTRAINT attempts_last_status_words CHECK (last_status IN (
        'accepted', 'sent', 'delivered', 'failed_hard', 'failed_soft', 'failed_policy', 'expired', 'unknown', 'returned',
        'refused_by_person', 'complaint', 'no_answer', 'busy', 'answered_no_input', 'voicemail_left', 'wrong_person'))
) WITH (fillfactor = 70);
COMMENT ON TABLE attempts IS 'One message on one channel to one contact point, for one or several items; four updates in its life, all in place.';
COMMENT ON COLUMN attempts.attempt_id IS 'Derived; the idempotency key at providers.';
COMMENT ON COLUMN attempts.person_id IS 'To whom; it never changes.';
COMMENT ON COLUMN attempts.channel IS 'By which channel.';
COMMENT ON COLUMN attempts.contact_id IS 'To which contact point.';
COMMENT ON COLUMN attempts.items IS 'What it says: [{obligation_id, revision, step, occurrence}].';
COMMENT ON COLUMN attempts.state IS 'Where it stands: the second axis; in no index, so that updates stay in place.';
COMMENT ON COLUMN attempts.reason IS 'Of a skip, a cancellation or a failure.';
COMMENT ON COLUMN attempts.cause IS 'Why now.';
COMMENT ON COLUMN attempts.chosen_by IS 'Why this channel.';
COMMENT ON COLUMN attempts.excluded IS 'Why not the others.';
COMMENT ON COLUMN attempts.release_at IS 'Not sent before.';
COMMENT ON COLUMN attempts.not_after IS 'Not sent after.';
COMMENT ON COLUMN attempts.tries IS 'Calls to a provider so far.';
COMMENT ON COLUMN attempts.try_at IS 'Not before this instant, when a provider said later.';
COMMENT ON COLUMN attempts.provider IS 'Who has it.';
COMMENT ON COLUMN attempts.provider_ref IS 'The provider''s name for the last try.';
COMMENT ON COLUMN attempts.reference IS 'What a person reads out on the telephone to find this message.';
COMMENT ON COLUMN attempts.token IS 'Last path segment of the acknowledgement link.';
COMMENT ON COLUMN attempts.parts IS 'That the provider made of it; delivered means all of them.';
COMMENT ON COLUMN attempts.dispatched_at IS 'When it was handed to the outbox last.';
COMMENT ON COLUMN attempts.claimed_at IS 'When somebody claimed it last, to call the provider.';
COMMENT ON COLUMN attempts.submitted_at IS 'When the provider was called first.';
COMMENT ON COLUMN attempts.accepted_at IS 'When the provider took it.';
COMMENT ON COLUMN attempts.delivered_at IS 'When the device or the mailbox had it.';
COMMENT ON COLUMN attempts.closed_at IS 'When nothing more was expected.';
COMMENT ON COLUMN attempts.last_status IS 'Of the last receipt.';
CREATE INDEX attempts_of_person ON attempts (person_id, release_at);
COMMENT ON INDEX attempts_of_person IS 'Cases: what was sent lately.';
CREATE UNIQUE INDEX a_token_is_of_one_attempt ON attempts (token) WHERE token IS NOT NULL;
COMMENT ON INDEX a_token_is_of_one_attempt IS 'Guard: a link leads to one message.';
CREATE INDEX attempts_by_release ON attempts USING brin (release_at) WITH (pages_per_range = 32);
COMMENT ON INDEX attempts_by_release IS 'Figures of the day: rows come in about this order.';

CREATE TABLE attempt_items (
    obligation_id text COLLATE "C" NOT NULL,
    attempt_id    text COLLATE "C" NOT NULL,
    revision      bigint NOT NULL,
    step          text NOT NULL,
    occurrence    integer NOT NULL,
    channel       text NOT NULL,
    contact_id    text COLLATE "C" NOT NULL,
    never_sent    boolean NOT NULL,
    PRIMARY KEY (obligation_id, attempt_id, revision, step, occurrence),
    CONSTRAINT attempt_items_step_words CHECK (step IN ('N0', 'L', 'R1', 'R2', 'R3', 'F', 'corrective', 'cancellation', 'A0', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6')),
    CONSTRAINT attempt_items_channel_words CHECK (channel IN ('sms', 'voice', 'letter', 'email'))
);
COMMENT ON TABLE attempt_items IS 'The items of attempts, one row each: holds the guard, and finds the attempts of an obligation.';
COMMENT ON COLUMN attempt_items.obligation_id IS 'The duty.';
COMMENT ON COLUMN attempt_items.attempt_id IS 'The message that speaks of it.';
COMMENT ON COLUMN attempt_items.revision IS 'Which revision of the duty.';
COMMENT ON COLUMN attempt_items.step IS 'Which rung of its ladder.';
COMMENT ON COLUMN attempt_items.occurrence IS 'Counts planned repeats of one rung.';
COMMENT ON COLUMN attempt_items.channel IS 'The attempt''s.';
COMMENT ON COLUMN attempt_items.contact_id IS 'The attempt''s.';
COMMENT ON COLUMN attempt_items.never_sent IS 'The attempt was skipped or cancelled, and stands in nobody''s way.';
CREATE UNIQUE INDEX an_item_is_sent_once ON attempt_items (obligation_id, revision, step, occurrence, channel, contact_id) WHERE NOT never_sent;
COMMENT ON INDEX an_item_is_sent_once IS 'Guard: an item goes out at most once by a channel to a contact point (contracts §3).';

CREATE TABLE provider_references (
    provider     text COLLATE "C" NOT NULL,
    provider_ref text COLLATE "C" NOT NULL,
    attempt_id   text COLLATE "C" NOT NULL,
    person_id    text COLLATE "C" NOT NULL,
    CONSTRAINT a_reference_is_of_one_attempt PRIMARY KEY (provider, provider_ref)
);
COMMENT ON TABLE provider_references IS 'Every name that a provider gave to a try: a late receipt of an earlier try still finds its attempt.';
COMMENT ON COLUMN provider_references.provider IS 'Who gave it.';
COMMENT ON COLUMN provider_references.provider_ref IS 'The name.';
COMMENT ON COLUMN provider_references.attempt_id IS 'Of which message.';
COMMENT ON COLUMN provider_references.person_id IS 'To whom.';
COMMENT ON CONSTRAINT a_reference_is_of_one_attempt ON provider_references IS 'Guard: a receipt speaks of one message.';

CREATE TABLE receipts (
    receipt_id   text COLLATE "C" PRIMARY KEY,
    provider     text COLLATE "C" NOT NULL,
    provider_ref text COLLATE "C",
    attempt_id   text COLLATE "C",
    person_id    text COLLATE "C",
    part         integer,
    status       text NOT NULL,
    raw_status   text NOT NULL,
    reason       text,
    carrier      text,
    at           timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    effect       text NOT NULL,
    CONSTRAINT receipts_status_words CHECK (status IN (
        'accepted', 'sent', 'delivered', 'failed_hard', 'failed_soft', 'failed_policy', 'expired', 'unknown', 'returned',
        'refused_by_person', 'complaint', 'no_answer', 'busy', 'answered_no_input', 'voicemail_left', 'wrong_person')),
    CONSTRAINT receipts_effect_words CHECK (effect IN ('applied', 'repeated', 'late', 'waiting', 'quarantined'))
);
COMMENT ON TABLE receipts IS 'Facts from providers, kept as they came.';
COMMENT ON COLUMN receipts.receipt_id IS 'Stable per report: a repeated one is the same row.';
COMMENT ON COLUMN receipts.provider IS 'Who says so.';
COMMENT ON COLUMN receipts.provider_ref IS 'Of what, in the provider''s words.';
COMMENT ON COLUMN receipts.attempt_id IS 'Of what, in ours; none while the reference is unknown.';
COMMENT ON COLUMN receipts.person_id IS 'About whom.';
COMMENT ON COLUMN receipts.part IS 'Which part of a long SMS.';
COMMENT ON COLUMN receipts.status IS 'In the one canonical list.';
COMMENT ON COLUMN receipts.raw_status IS 'In the provider''s words.';
COMMENT ON COLUMN receipts.reason IS 'The provider''s reason.';
COMMENT ON COLUMN receipts.carrier IS 'Network that reported it.';
COMMENT ON COLUMN receipts.at IS 'When it happened.';
COMMENT ON COLUMN receipts.received_at IS 'When we heard of it.';
COMMENT ON COLUMN receipts.effect IS 'What it changed.';
CREATE INDEX receipts_of_attempt ON receipts (attempt_id) WHERE attempt_id IS NOT NULL;
COMMENT ON INDEX receipts_of_attempt IS 'Cases.';
CREATE INDEX receipts_waiting ON receipts (provider, provider_ref) WHERE effect = 'waiting';
COMMENT ON INDEX receipts_waiting IS 'Receipts that overtook the answer which names their reference.';

CREATE TABLE replies (
    reply_id      text COLLATE "C" PRIMARY KEY,
    channel       text NOT NULL,
    choice        text NOT NULL,
    identity      text NOT NULL,
    answered_by   text NOT NULL,
    person_id     text COLLATE "C",
    obligation_id text COLLATE "C",
    revision      bigint,
    attempt_id    text COLLATE "C",
    sender_hash   text COLLATE "C",
    text_sealed   text,
    reason        text,
    by            text,
    at            timestamptz NOT NULL,
    effect        text NOT NULL,
    CONSTRAINT replies_channel_words CHECK (channel IN ('sms', 'voice', 'link', 'letter', 'email', 'agency', 'phone')),
    CONSTRAINT replies_choice_words CHECK (choice IN ('come', 'cannot_come', 'call_me_back', 'wrong_person', 'done', 'stop', 'unreadable', 'decoy')),
    CONSTRAINT replies_identity_words CHECK (identity IN ('none', 'link', 'dtmf', 'code', 'agency')),
    CONSTRAINT replies_answered_by_words CHECK (answered_by IN ('self', 'helper', 'unknown')),
    CONSTRAINT replies_effect_words CHECK (effect IN ('acknowledged', 'ambiguous', 'ignored', 'forwarded', 'bot_suspect'))
);
COMMENT ON TABLE replies IS 'Facts from people, or from somebody who answered.';
COMMENT ON COLUMN replies.reply_id IS 'Stable per answer: a repeated one is the same row.';
COMMENT ON COLUMN replies.channel IS 'Where it came from.';
COMMENT ON COLUMN replies.choice IS 'What it says.';
COMMENT ON COLUMN replies.identity IS 'How sure we are who answered.';
COMMENT ON COLUMN replies.answered_by IS 'Who said that they answered.';
COMMENT ON COLUMN replies.person_id IS 'Who was asked, when that is known.';
COMMENT ON COLUMN replies.obligation_id IS 'About which duty.';
COMMENT ON COLUMN replies.revision IS 'Of the duty that the answered message spoke of.';
COMMENT ON COLUMN replies.attempt_id IS 'The message that was answered.';
COMMENT ON COLUMN replies.sender_hash IS 'Keyed hash of the number or address.';
COMMENT ON COLUMN replies.text_sealed IS 'What was written, encrypted.';
COMMENT ON COLUMN replies.reason IS 'What they gave as reason.';
COMMENT ON COLUMN replies.by IS 'Staff member, for an entry at the desk.';
COMMENT ON COLUMN replies.at IS 'When.';
COMMENT ON COLUMN replies.effect IS 'What it changed.';
CREATE INDEX replies_of_person ON replies (person_id, at) WHERE person_id IS NOT NULL;
COMMENT ON INDEX replies_of_person IS 'Cases.';

CREATE TABLE alerts (
    alert_id      text COLLATE "C" PRIMARY KEY,
    type          text NOT NULL,
    severity      text NOT NULL,
    person_id     text COLLATE "C" NOT NULL,
    obligation_id text COLLATE "C",
    agency_id     text COLLATE "C" NOT NULL,
    advisor_id    text COLLATE "C",
    routed        text NOT NULL,
    claimed_by    text COLLATE "C",
    claimed_at    timestamptz,
    deadline      timestamptz,
    known         jsonb NOT NULL,
    next_action   text NOT NULL,
    act_by        timestamptz NOT NULL,
    raised_at     timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    close_reason  text,
    CONSTRAINT alerts_type_words CHECK (type IN (
        'NO_CHANNEL', 'SHORT_NOTICE', 'UNREACHABLE', 'UNCONFIRMED', 'CONTACT_DEAD', 'CONTACT_SUSPECT', 'WRONG_PERSON', 'CANNOT_COME',
        'CALLBACK_REQUESTED', 'CONTRADICTORY_REPLIES', 'INBOUND_MESSAGE', 'ACTUALISATION_AT_RISK', 'ACTUALISATION_LAST_DAY',
        'ACTUALISATION_MISSED', 'TRAVELS_FOR_NOTHING', 'NON_RECEIPT_DOSSIER')),
    CONSTRAINT alerts_severity_words CHECK (severity IN ('info', 'medium', 'high', 'critical')),
    CONSTRAINT alerts_routed_words CHECK (routed IN ('referent', 'backup', 'agency'))
);
COMMENT ON TABLE alerts IS 'Lines of advisors'' lists.';
COMMENT ON COLUMN alerts.alert_id IS 'Derived.';
COMMENT ON COLUMN alerts.type IS 'What is wrong.';
COMMENT ON COLUMN alerts.severity IS 'How little time is left.';
COMMENT ON COLUMN alerts.person_id IS 'About whom.';
COMMENT ON COLUMN alerts.obligation_id IS 'About which duty; none when it is about the person.';
COMMENT ON COLUMN alerts.agency_id IS 'The agency that takes it when nobody else can.';
COMMENT ON COLUMN alerts.advisor_id IS 'Whose list it stands on; none when it is the agency''s.';
COMMENT ON COLUMN alerts.routed IS 'As whom.';
COMMENT ON COLUMN alerts.claimed_by IS 'Who takes care of it.';
COMMENT ON COLUMN alerts.claimed_at IS 'Since when.';
COMMENT ON COLUMN alerts.deadline IS 'Instant of the duty.';
COMMENT ON COLUMN alerts.known IS 'What is known: [{code, parameters}].';
COMMENT ON COLUMN alerts.next_action IS 'What to do, as a code.';
COMMENT ON COLUMN alerts.act_by IS 'By when.';
COMMENT ON COLUMN alerts.raised_at IS 'When it was raised.';
COMMENT ON COLUMN alerts.updated_at IS 'When its severity or route last changed.';
COMMENT ON COLUMN alerts.closed_at IS 'When it was over.';
COMMENT ON COLUMN alerts.close_reason IS 'Why.';
CREATE UNIQUE INDEX an_alert_is_open_once ON alerts (person_id, obligation_id, type) NULLS NOT DISTINCT WHERE closed_at IS NULL;
COMMENT ON INDEX an_alert_is_open_once IS 'Guard: one open alert for each person, duty and type (rules §10.8).';
CREATE INDEX alerts_of_person ON alerts (person_id);
COMMENT ON INDEX alerts_of_person IS 'Cases.';
CREATE INDEX alerts_open_by_advisor ON alerts (advisor_id) WHERE closed_at IS NULL;
COMMENT ON INDEX alerts_open_by_advisor IS 'An advisor''s list.';
CREATE INDEX alerts_open_by_agency ON alerts (agency_id) WHERE closed_at IS NULL;
COMMENT ON INDEX alerts_open_by_agency IS 'An agency''s list.';
CREATE INDEX alerts_open_by_claimer ON alerts (claimed_by) WHERE closed_at IS NULL AND claimed_by IS NOT NULL;
COMMENT ON INDEX alerts_open_by_claimer IS 'What an advisor took from somebody else''s list.';

CREATE TABLE messages (
    attempt_id text COLLATE "C" NOT NULL,
    try_number integer NOT NULL,
    person_id  text COLLATE "C" NOT NULL,
    text       text NOT NULL,
    parts      integer NOT NULL,
    encoding   text,
    provider   text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (attempt_id, try_number)
);
COMMENT ON TABLE messages IS 'The words that were handed to a provider: the proof of what was said, deleted after six months (rules §8.3).';
COMMENT ON COLUMN messages.attempt_id IS 'Which message.';
COMMENT ON COLUMN messages.try_number IS 'Which try of it.';
COMMENT ON COLUMN messages.person_id IS 'To whom.';
COMMENT ON COLUMN messages.text IS 'What the person reads or hears.';
COMMENT ON COLUMN messages.parts IS 'Of an SMS.';
COMMENT ON COLUMN messages.encoding IS 'Of an SMS.';
COMMENT ON COLUMN messages.provider IS 'To whom it was handed.';
COMMENT ON COLUMN messages.at IS 'When.';
CREATE INDEX messages_of_person ON messages (person_id);
COMMENT ON INDEX messages_of_person IS 'A person''s file, and their erasure.';
CREATE INDEX messages_by_at ON messages USING brin (at);
COMMENT ON INDEX messages_by_at IS 'Retention.';
