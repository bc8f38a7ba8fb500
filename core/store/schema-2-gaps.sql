-- Questions without a good answer; asked counts questions with those words. Trimmed to 5,000.
CREATE TABLE gaps (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  question    INTEGER NOT NULL UNIQUE,      -- hash of the words: their order does not matter
  query       TEXT NOT NULL,
  topic       TEXT NOT NULL,                -- words that no document holds
  sufficiency REAL NOT NULL,
  asked       INTEGER NOT NULL DEFAULT 0,
  first_at    INTEGER NOT NULL,             -- seconds
  last_at     INTEGER NOT NULL,
  state       TEXT NOT NULL DEFAULT 'open', -- 'open', 'queued', 'filled', 'dismissed'
  job         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Who allowed that something was fetched.
CREATE TABLE consents (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at       INTEGER NOT NULL,
  gap      INTEGER NOT NULL,
  job      INTEGER NOT NULL,
  who      TEXT NOT NULL,
  policy   TEXT NOT NULL,
  location TEXT NOT NULL,
  query    TEXT NOT NULL
) STRICT;
