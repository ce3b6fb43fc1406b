-- Agencies that were told of lost messages near a closing day.

CREATE TABLE agency_notices (
    agency_id text COLLATE "C" PRIMARY KEY,
    told_on   date NOT NULL
);
COMMENT ON TABLE agency_notices IS 'When an agency was last told that a network swallowed its people''s SMS near a closing day (rules §10.16).';
COMMENT ON COLUMN agency_notices.agency_id IS 'Whose people.';
COMMENT ON COLUMN agency_notices.told_on IS 'The day, in Paris.';
