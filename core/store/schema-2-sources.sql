-- What exactly was read: a commit or the like per source, and per file the mark by which the source
-- itself tells two versions apart (blob id, ETag).
ALTER TABLE sources ADD COLUMN revision TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN version TEXT NOT NULL DEFAULT '';
