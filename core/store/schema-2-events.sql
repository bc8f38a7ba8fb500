-- What happened to the long-running programs of this cache: availability and time to recovery are
-- computed from these rows. Trimmed to the last 20,000.
CREATE TABLE events (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,             -- wall clock
  mono_ms INTEGER NOT NULL,             -- CLOCK_BOOTTIME: immune to clock steps within one boot
  boot    TEXT NOT NULL,                -- which boot
  kind    TEXT NOT NULL,                -- 'start', 'stop', 'crash', 'degraded', 'recovered'
  service TEXT NOT NULL,                -- 'mount', 'serve', ...
  place   TEXT NOT NULL,                -- mount point, address
  pid     INTEGER NOT NULL,
  reason  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX events_at ON events (at_ms);
