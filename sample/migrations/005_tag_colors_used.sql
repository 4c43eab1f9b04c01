-- Needs the column of migration 4, which is why releases from 3.0 on are reached over 2.0.
UPDATE tags SET color = 'green' WHERE color = 'grey';
ALTER TABLE tags ALTER COLUMN color SET DEFAULT 'green';
