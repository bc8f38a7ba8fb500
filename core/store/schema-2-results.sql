-- Answers of past questions, for processes that start after they were asked. Rows of an older
-- generation are of no use and leave with the next insert.
CREATE TABLE results (
  key        TEXT PRIMARY KEY,          -- canonical query, filters, scope
  generation INTEGER NOT NULL,          -- of the cache that gave the answer
  body       BLOB NOT NULL              -- core/search/cache.c
) STRICT, WITHOUT ROWID;
