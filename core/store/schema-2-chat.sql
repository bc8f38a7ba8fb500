-- What the interfaces of other programs keep: workspaces, threads, chats, uploads. value is a JSON
-- object of its front end; docfs itself reads only the columns.
CREATE TABLE records (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       TEXT NOT NULL,             -- 'workspace', 'thread', 'chat', 'upload'
  parent     TEXT NOT NULL,             -- what it belongs to: workspace, workspace/thread, folder
  key        TEXT NOT NULL,             -- its name there; '' = none, it is one of a sequence
  value      TEXT NOT NULL,
  body       TEXT NOT NULL DEFAULT '',  -- the text of an upload
  created_at INTEGER NOT NULL,          -- seconds
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_key ON records (kind, parent, key) WHERE key <> '';
CREATE INDEX records_parent ON records (kind, parent, id);
