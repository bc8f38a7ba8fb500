-- Answers of past questions, for processes that start after they were asked. Those of an older
-- generation are of no use; all but the newest thousand leave with the next insert.
CREATE TABLE results (
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,      -- canonical query, filters, scope, model, settings
  generation INTEGER NOT NULL,          -- of the cache that gave the answer
  body       BLOB NOT NULL              -- core/search/pack.c
) STRICT;
