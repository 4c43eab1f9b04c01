-- Release 1.0 must still work on this schema: everything new is optional to it.
ALTER TABLE notes ADD COLUMN word_count integer;
UPDATE notes SET word_count = (SELECT count(*) FROM regexp_matches(text, '\S+', 'g'));

CREATE TABLE tags (
    note_id bigint NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    tag text NOT NULL,
    PRIMARY KEY (note_id, tag)
);
INSERT INTO tags (note_id, tag)
SELECT notes.id, lower(found[1]) FROM notes, regexp_matches(notes.text, '#(\w+)', 'g') AS found
ON CONFLICT DO NOTHING;
