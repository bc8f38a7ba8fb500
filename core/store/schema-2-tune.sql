-- Adaptations of the built-in model to this cache (docfs tune); the newest that is not undone is in
-- force.
CREATE TABLE tunings (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    TEXT NOT NULL,                -- hash of factors; part of the model's fingerprint
  made_at INTEGER NOT NULL,             -- seconds
  undone  INTEGER NOT NULL DEFAULT 0,
  pairs   INTEGER NOT NULL,             -- learned from
  before  REAL NOT NULL,                -- mean reciprocal rank of the pairs held out
  after   REAL NOT NULL,
  factors BLOB NOT NULL                 -- core/embed/tune.c
) STRICT;
