-- What was said about documents and done with answers. Trimmed to the last 100,000. meta
-- 'feedback_epoch' grows when priors made of it have to be computed again.
CREATE TABLE feedback (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at       INTEGER NOT NULL,              -- seconds
  signal   INTEGER NOT NULL,              -- enum docfs_signal
  document INTEGER NOT NULL,
  question INTEGER NOT NULL,              -- hash of the question's words, 0 = none
  value    REAL NOT NULL,
  query    TEXT NOT NULL DEFAULT '',
  door     TEXT NOT NULL DEFAULT '',
  comment  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX feedback_by_document ON feedback (document, question);
