-- How far the waking of those who waited for a silent feed has come.

CREATE TABLE waking (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    woken_to text COLLATE "C" NOT NULL DEFAULT ''
);
COMMENT ON TABLE waking IS 'There is a row while people are being woken because a silent feed speaks again, a portion at a time (rules §10.16).';
COMMENT ON COLUMN waking.only_row IS 'There is one row at most.';
COMMENT ON COLUMN waking.woken_to IS 'Everybody up to this person_id was woken; nobody yet when it is empty.';
