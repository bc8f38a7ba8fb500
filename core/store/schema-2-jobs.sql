-- The queue. Rows with max_attempts > 0 were queued and are taken over when their process dies; the
-- others are runs in the foreground. Whoever runs a job holds a lock on byte `id` of jobs.lock.
-- States besides those of version 1: 'queued', 'waiting' (queued, not before next_at).
ALTER TABLE jobs ADD COLUMN target TEXT NOT NULL DEFAULT '';    -- collection or location
ALTER TABLE jobs ADD COLUMN args TEXT NOT NULL DEFAULT '{}';    -- JSON object, by kind
ALTER TABLE jobs ADD COLUMN origin TEXT NOT NULL DEFAULT 'cli'; -- who asked
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0; -- seconds
ALTER TABLE jobs ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN beat_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN phase TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN bytes_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN passages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN result TEXT NOT NULL DEFAULT '';    -- JSON object
ALTER TABLE jobs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;-- meta 'jobs_revision' at its change
CREATE INDEX jobs_by_revision ON jobs (revision);
CREATE INDEX jobs_open ON jobs (state) WHERE state IN ('queued', 'waiting', 'running');
