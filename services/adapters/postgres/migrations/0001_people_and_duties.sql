-- Who is known, what they owe, who follows them.
--
-- Columns have the names of the fields in services/core/model.py, and a closed vocabulary is a CHECK with the words of services/core/words.py
-- (a test compares both). Identifiers are compared byte by byte (COLLATE "C"): the order of locks must not depend on a language.
--
-- There are no foreign keys. Everything about a person hangs on a row in "people"; locking makes that row, and the write path refuses rows
-- about people whom it has not locked. A key would look the same row up again for each of millions of duties and attempts: measured, a
-- quarter of the time of writing them.

CREATE TABLE people (
    person_id        text COLLATE "C" PRIMARY KEY,
    live_at          timestamptz,
    campaign_at      timestamptz,
    wake_at          timestamptz GENERATED ALWAYS AS (LEAST(live_at, campaign_at)) STORED,
    quarantined_at   timestamptz,
    quarantine_error text,
    erased           boolean NOT NULL DEFAULT false,
    CONSTRAINT a_quarantine_has_a_reason CHECK ((quarantined_at IS NULL) = (quarantine_error IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE people IS 'One row for each person anybody mentioned: what is locked before anything about the person is decided or written.';
COMMENT ON COLUMN people.person_id IS 'The source''s identifier; the Kafka key of everything about the person.';
COMMENT ON COLUMN people.live_at IS 'When to look at this person again for meetings, answers and receipts.';
COMMENT ON COLUMN people.campaign_at IS 'When to look at this person again for what is sent to millions at once.';
COMMENT ON COLUMN people.wake_at IS 'The earlier of both.';
COMMENT ON COLUMN people.quarantined_at IS 'Since when nobody decides about this person, because a decision raised.';
COMMENT ON COLUMN people.quarantine_error IS 'Class of what it raised, never its message.';
COMMENT ON COLUMN people.erased IS 'The person asked to be forgotten: events about them are refused from then on.';
CREATE INDEX people_due_live ON people (live_at, person_id) WHERE live_at IS NOT NULL AND quarantined_at IS NULL;
COMMENT ON INDEX people_due_live IS 'Claims: who is due in the live lane, oldest first.';
CREATE INDEX people_due_campaign ON people (campaign_at, person_id) WHERE campaign_at IS NOT NULL AND quarantined_at IS NULL;
COMMENT ON INDEX people_due_campaign IS 'Claims: who is due in the campaign lane, oldest first.';
CREATE INDEX people_quarantined ON people (quarantined_at) WHERE quarantined_at IS NOT NULL;
COMMENT ON INDEX people_quarantined IS 'Operations: the people whom somebody has to look at.';

CREATE TABLE profiles (
    person_id              text COLLATE "C" PRIMARY KEY,
    revision               bigint NOT NULL,
    known_at               timestamptz NOT NULL,
    first_name             text NOT NULL,
    last_name              text NOT NULL,
    postal_code            text NOT NULL,
    preferred_channel      text NOT NULL,
    forbidden_channels     text[] NOT NULL,
    constraints            text[] NOT NULL,
    digital_ease           text NOT NULL,
    language               text NOT NULL,
    asked_opening_notice   boolean NOT NULL,
    missed_actualisations  smallint NOT NULL,
    hold                   jsonb,
    referent_id            text COLLATE "C" NOT NULL,
    backup_id              text COLLATE "C",
    agency_id              text COLLATE "C" NOT NULL,
    CONSTRAINT profiles_preferred_channel_words CHECK (preferred_channel IN ('sms', 'voice', 'letter', 'email')),
    CONSTRAINT profiles_forbidden_channels_words CHECK (forbidden_channels <@ ARRAY['sms', 'voice', 'letter', 'email']),
    CONSTRAINT profiles_constraints_words CHECK (constraints <@ ARRAY['no_voice', 'discreet', 'needs_simple_text', 'prepaid', 'link_ok', 'no_internet']),
    CONSTRAINT profiles_digital_ease_words CHECK (digital_ease IN ('at_ease', 'unfamiliar', 'offline', 'unknown'))
);
COMMENT ON TABLE profiles IS 'What the directory says of a person: no age, no sex, no nationality, ever.';
COMMENT ON COLUMN profiles.person_id IS 'Whose profile.';
COMMENT ON COLUMN profiles.revision IS 'Of the snapshot; a lower one changes nothing.';
COMMENT ON COLUMN profiles.known_at IS 'When the first snapshot of this person was stored.';
COMMENT ON COLUMN profiles.first_name IS 'As texts say it.';
COMMENT ON COLUMN profiles.last_name IS 'As letters print it.';
COMMENT ON COLUMN profiles.postal_code IS 'Of the residence: zone, holidays, windows.';
COMMENT ON COLUMN profiles.preferred_channel IS 'The channel that works for this person.';
COMMENT ON COLUMN profiles.forbidden_channels IS 'Channels that are never used.';
COMMENT ON COLUMN profiles.constraints IS 'What the person told us about how to be reached; never a diagnosis.';
COMMENT ON COLUMN profiles.digital_ease IS 'How far the web can be relied on.';
COMMENT ON COLUMN profiles.language IS 'ISO 639-1.';
COMMENT ON COLUMN profiles.asked_opening_notice IS 'Wants to be told when an actualisation opens.';
COMMENT ON COLUMN profiles.missed_actualisations IS 'Of the last three.';
COMMENT ON COLUMN profiles.hold IS 'Nobody writes to this person: {reason, until}.';
COMMENT ON COLUMN profiles.referent_id IS 'The advisor who follows this person.';
COMMENT ON COLUMN profiles.backup_id IS 'Who stands in.';
COMMENT ON COLUMN profiles.agency_id IS 'The agency that takes what nobody else can.';

CREATE TABLE contacts (
    person_id       text COLLATE "C" NOT NULL,
    contact_id      text COLLATE "C" NOT NULL,
    kind            text NOT NULL,
    value           text,
    lines           text[] NOT NULL,
    e164            text,
    line_type       text,
    declared_by     text NOT NULL,
    verified_at     timestamptz,
    carrier         text,
    problem         text,
    status          text NOT NULL,
    status_reason   text,
    status_at       timestamptz,
    closed_channels text[] NOT NULL,
    sender_hash     text COLLATE "C",
    PRIMARY KEY (person_id, contact_id),
    CONSTRAINT contacts_kind_words CHECK (kind IN ('phone', 'email', 'postal')),
    CONSTRAINT contacts_line_type_words CHECK (line_type IN ('mobile', 'fixed_line', 'voip', 'special', 'unknown')),
    CONSTRAINT contacts_declared_by_words CHECK (declared_by IN ('self', 'adviser', 'import')),
    CONSTRAINT contacts_status_words CHECK (status IN ('unverified', 'active', 'suspect', 'disabled')),
    CONSTRAINT contacts_closed_channels_words CHECK (closed_channels <@ ARRAY['sms', 'voice', 'letter', 'email'])
);
COMMENT ON TABLE contacts IS 'Contact points and what we observed of them; their identifiers are the directory''s and may repeat from person to person.';
COMMENT ON COLUMN contacts.person_id IS 'Whose contact point.';
COMMENT ON COLUMN contacts.contact_id IS 'Stable while the point is.';
COMMENT ON COLUMN contacts.kind IS 'What it is; a mobile phone serves two channels.';
COMMENT ON COLUMN contacts.value IS 'Number as declared, or e-mail address.';
COMMENT ON COLUMN contacts.lines IS 'Postal address, one line each.';
COMMENT ON COLUMN contacts.e164 IS 'The number as networks know it; none when it is not a valid one.';
COMMENT ON COLUMN contacts.line_type IS 'What the number is in the numbering plan.';
COMMENT ON COLUMN contacts.declared_by IS 'Who told us of it.';
COMMENT ON COLUMN contacts.verified_at IS 'When somebody last answered there, as the directory says.';
COMMENT ON COLUMN contacts.carrier IS 'Network of the number.';
COMMENT ON COLUMN contacts.problem IS 'Bounded code of what makes it unusable.';
COMMENT ON COLUMN contacts.status IS 'Its life (rules §10.7).';
COMMENT ON COLUMN contacts.status_reason IS 'Why it has this status.';
COMMENT ON COLUMN contacts.status_at IS 'Since when.';
COMMENT ON COLUMN contacts.closed_channels IS 'Uses that the person closed (STOP).';
COMMENT ON COLUMN contacts.sender_hash IS 'Keyed hash of the number or address, as replies carry it.';
CREATE INDEX contacts_by_e164 ON contacts (e164) WHERE e164 IS NOT NULL;
COMMENT ON INDEX contacts_by_e164 IS 'Shared numbers (rules §10.14), and an advisor who looks for one.';
CREATE INDEX contacts_by_value ON contacts (lower(value)) WHERE kind = 'email';
COMMENT ON INDEX contacts_by_value IS 'Shared addresses, and bounces that name only the address.';
CREATE INDEX contacts_by_sender ON contacts (sender_hash) WHERE sender_hash IS NOT NULL;
COMMENT ON INDEX contacts_by_sender IS 'Answers that come with a sender and nothing else.';

CREATE TABLE obligations (
    obligation_id    text COLLATE "C" NOT NULL,
    person_id        text COLLATE "C" NOT NULL,
    kind             text NOT NULL,
    revision         bigint NOT NULL,
    last_revision    bigint NOT NULL,
    state            text NOT NULL,
    known_at         timestamptz NOT NULL,
    due_at           timestamptz NOT NULL,
    opens_at         timestamptz,
    period           text,
    place            jsonb,
    purpose          text,
    mandatory        boolean NOT NULL,
    legal_value      text NOT NULL,
    duration_minutes integer,
    advisor_id       text COLLATE "C",
    replaces         text COLLATE "C",
    evidence         text NOT NULL,
    evidence_how     text,
    evidence_at      timestamptz,
    declined_at      timestamptz,
    declined_reason  text,
    said_done_at     timestamptz,
    settled_at       timestamptz,
    non_receipt      boolean NOT NULL,
    verdict          text,
    version          bigint NOT NULL,
    changed_at       timestamptz NOT NULL,
    next_at          timestamptz,
    CONSTRAINT an_obligation_has_one_row PRIMARY KEY (obligation_id),
    CONSTRAINT obligations_kind_words CHECK (kind IN ('appointment', 'convocation', 'actualisation')),
    CONSTRAINT obligations_state_words CHECK (state IN ('open', 'acknowledged', 'declined', 'handled', 'done', 'cancelled', 'missed', 'lapsed', 'not_required')),
    CONSTRAINT obligations_evidence_words CHECK (evidence IN ('E0', 'E1', 'E2', 'E3', 'E4', 'E5')),
    CONSTRAINT obligations_verdict_words CHECK (verdict IN ('proved', 'not_proved', 'absence_announced', 'service_at_fault'))
) WITH (fillfactor = 80);
COMMENT ON TABLE obligations IS 'Duties: a meeting at due_at, or an actualisation open from opens_at to due_at.';
COMMENT ON COLUMN obligations.obligation_id IS 'Derived from the source''s identifier.';
COMMENT ON COLUMN obligations.person_id IS 'Whose duty; it never changes.';
COMMENT ON COLUMN obligations.kind IS 'What is owed.';
COMMENT ON COLUMN obligations.revision IS 'Of the schedule: what was answered to an older one does not count.';
COMMENT ON COLUMN obligations.last_revision IS 'Highest one that any event about it carried; a lower or equal one is stale.';
COMMENT ON COLUMN obligations.state IS 'Where it stands: the first axis.';
COMMENT ON COLUMN obligations.known_at IS 'When this revision became known.';
COMMENT ON COLUMN obligations.due_at IS 'The meeting, or the end of the period.';
COMMENT ON COLUMN obligations.opens_at IS 'Start of the period.';
COMMENT ON COLUMN obligations.period IS 'Month of an actualisation, e.g. 2026-11.';
COMMENT ON COLUMN obligations.place IS 'Where a meeting is held: {kind, name, address, access_info, agency_id}.';
COMMENT ON COLUMN obligations.purpose IS 'Short French text.';
COMMENT ON COLUMN obligations.mandatory IS 'Missing it has consequences.';
COMMENT ON COLUMN obligations.legal_value IS 'informative or formal.';
COMMENT ON COLUMN obligations.duration_minutes IS 'Length of a meeting.';
COMMENT ON COLUMN obligations.advisor_id IS 'Who receives the person.';
COMMENT ON COLUMN obligations.replaces IS 'The meeting that this one takes the place of.';
COMMENT ON COLUMN obligations.evidence IS 'What is proved about reception: the third axis.';
COMMENT ON COLUMN obligations.evidence_how IS 'The reply''s channel or the receipt''s status.';
COMMENT ON COLUMN obligations.evidence_at IS 'When that was.';
COMMENT ON COLUMN obligations.declined_at IS 'When the person said that they cannot come.';
COMMENT ON COLUMN obligations.declined_reason IS 'What they gave as reason.';
COMMENT ON COLUMN obligations.said_done_at IS 'When the person said that it is done; not a completion.';
COMMENT ON COLUMN obligations.settled_at IS 'When it was done, attended, missed or cancelled, as the source says.';
COMMENT ON COLUMN obligations.non_receipt IS 'The date has come and nothing proves that the person received anything.';
COMMENT ON COLUMN obligations.verdict IS 'What can be said once the date has passed.';
COMMENT ON COLUMN obligations.version IS 'Counts published changes.';
COMMENT ON COLUMN obligations.changed_at IS 'When it last changed.';
COMMENT ON COLUMN obligations.next_at IS 'The next instant at which something may be due; in no index, so that most decisions touch no index at all.';
CREATE INDEX obligations_of_person ON obligations (person_id, changed_at);
COMMENT ON INDEX obligations_of_person IS 'Cases: what changed lately; history stays out of the way.';
CREATE INDEX obligations_unsettled ON obligations (person_id) WHERE state NOT IN ('done', 'cancelled', 'missed', 'lapsed', 'not_required');
COMMENT ON INDEX obligations_unsettled IS 'Cases and the watch: what is still owed, however old.';
CREATE INDEX obligations_by_due ON obligations USING brin (due_at);
COMMENT ON INDEX obligations_by_due IS 'Figures of the last weeks.';

CREATE TABLE advisors (
    advisor_id text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL,
    agency_id  text COLLATE "C" NOT NULL,
    email      text NOT NULL,
    backup_id  text COLLATE "C",
    absences   jsonb NOT NULL,
    active     boolean NOT NULL
);
COMMENT ON TABLE advisors IS 'Members of staff.';
COMMENT ON COLUMN advisors.advisor_id IS 'The directory''s identifier.';
COMMENT ON COLUMN advisors.name IS 'As people know them.';
COMMENT ON COLUMN advisors.agency_id IS 'Where they work.';
COMMENT ON COLUMN advisors.email IS 'Where the digest goes.';
COMMENT ON COLUMN advisors.backup_id IS 'Who stands in.';
COMMENT ON COLUMN advisors.absences IS 'Inclusive pairs of local dates.';
COMMENT ON COLUMN advisors.active IS 'Still takes alerts.';

CREATE TABLE agencies (
    agency_id   text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    phone       text NOT NULL,
    address     text NOT NULL,
    postal_code text NOT NULL,
    access_info text NOT NULL,
    opening     jsonb NOT NULL,
    closures    date[] NOT NULL,
    duty_email  text
);
COMMENT ON TABLE agencies IS 'Agencies.';
COMMENT ON COLUMN agencies.agency_id IS 'The directory''s identifier.';
COMMENT ON COLUMN agencies.name IS 'As texts say it.';
COMMENT ON COLUMN agencies.phone IS 'What people can call.';
COMMENT ON COLUMN agencies.address IS 'Where it is.';
COMMENT ON COLUMN agencies.postal_code IS 'Its zone and holidays.';
COMMENT ON COLUMN agencies.access_info IS 'How to get there.';
COMMENT ON COLUMN agencies.opening IS 'Weekday (0 is Monday) to pairs of hours.';
COMMENT ON COLUMN agencies.closures IS 'Days on which it is closed.';
COMMENT ON COLUMN agencies.duty_email IS 'Who is told when nobody else can be.';

CREATE TABLE staff_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    written_by xid8 NOT NULL
);
COMMENT ON TABLE staff_version IS 'Tells readers whether the advisors and agencies that they remember are still right.';
COMMENT ON COLUMN staff_version.only_row IS 'There is one row.';
COMMENT ON COLUMN staff_version.written_by IS 'The transaction that last wrote an advisor or an agency; one that was rolled back never comes again.';
INSERT INTO staff_version (written_by) VALUES (pg_current_xact_id());
