-- Who looked at whose file, and duties that an outage of ours cost a message.

CREATE TABLE accesses (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    person_id text COLLATE "C" NOT NULL,
    purpose   text NOT NULL,
    granted   boolean NOT NULL
);
COMMENT ON TABLE accesses IS 'Each look at a person''s file, granted or not, written before anything is shown (rules §8.4).';
COMMENT ON COLUMN accesses.access_id IS 'In order of writing.';
COMMENT ON COLUMN accesses.at IS 'When.';
COMMENT ON COLUMN accesses.actor IS 'Who: a member of staff, an operator of this machine, or another system.';
COMMENT ON COLUMN accesses.person_id IS 'Whose file, as it was asked for: nobody may be known by this name.';
COMMENT ON COLUMN accesses.purpose IS 'What for.';
COMMENT ON COLUMN accesses.granted IS 'Whether they were shown it.';
CREATE INDEX accesses_by_at ON accesses (at);
COMMENT ON INDEX accesses_by_at IS 'The watch: the last hour; retention.';
CREATE INDEX accesses_of_person ON accesses (person_id, at);
COMMENT ON INDEX accesses_of_person IS 'A person who asks who has read their file.';

CREATE INDEX obligations_by_outage ON obligations (outage_at) WHERE outage_at IS NOT NULL;
COMMENT ON INDEX obligations_by_outage IS 'The watch and operations: what we owe after an outage.';
