-- The corrected form: copies, and takes nothing away from older releases.
CREATE TABLE note_bodies (
    note_id bigint PRIMARY KEY REFERENCES notes (id) ON DELETE CASCADE,
    body text NOT NULL
);
INSERT INTO note_bodies (note_id, body) SELECT id, text FROM notes;
ALTER TABLE notes ADD COLUMN marker text;
UPDATE notes SET marker = 'copied';
