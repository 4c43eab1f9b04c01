-- What release 1.3 shipped: it commits half of its work, texts already moved away, and then fails.
-- No statement takes this back; the data has to be restored.
BEGIN;
CREATE TABLE note_bodies (
    note_id bigint PRIMARY KEY REFERENCES notes (id) ON DELETE CASCADE,
    body text NOT NULL
);
INSERT INTO note_bodies (note_id, body) SELECT id, text FROM notes;
ALTER TABLE notes ADD COLUMN marker text;
UPDATE notes SET marker = 'moved', text = '';
COMMIT;
ALTER TABLE note_bodies ALTER COLUMN body_format SET NOT NULL;
