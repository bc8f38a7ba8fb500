-- Who may use the cache over the network, and what was changed that way.
CREATE TABLE tokens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  hash       BLOB NOT NULL UNIQUE,      -- SHA-256 of the token, which itself is nowhere
  scopes     INTEGER NOT NULL,          -- 1 read, 2 write, 4 admin
  created_at INTEGER NOT NULL,          -- seconds
  expires_at INTEGER NOT NULL DEFAULT 0,-- 0 = never
  used_at    INTEGER NOT NULL DEFAULT 0 -- to the minute; 0 = never
) STRICT;

CREATE TABLE audit (                    -- the last 10,000
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,             -- seconds
  client  TEXT NOT NULL,                -- name of the token, or address
  address TEXT NOT NULL,
  action  TEXT NOT NULL,                -- 'collection.create', 'token.revoke', ...
  object  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  trace   TEXT NOT NULL
) STRICT;
