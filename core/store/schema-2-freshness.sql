-- When a source is read again, and since when its documents are known to be current.
ALTER TABLE sources ADD COLUMN policy TEXT NOT NULL DEFAULT '';    -- '' = by kind, 'manual', 'interval', 'watch'
ALTER TABLE sources ADD COLUMN every INTEGER NOT NULL DEFAULT 0;   -- seconds, of 'interval'
ALTER TABLE sources ADD COLUMN ok_at INTEGER NOT NULL DEFAULT 0;   -- last run without error, seconds
ALTER TABLE sources ADD COLUMN shown_at INTEGER NOT NULL DEFAULT 0;-- ok_at that kept answers may show
UPDATE sources SET ok_at = checked_at WHERE outcome = 'ok';
