-- docfs.db, schema version 1; later versions add schema-N-TOPIC.sql (meson.build has the order).
-- Row numbers of documents, passages, content and directories are never reused (AUTOINCREMENT):
-- the mount builds inode numbers from them and the vector index relies on passages only growing.

CREATE TABLE meta (                     -- one row per fact about the cache itself
  key   TEXT PRIMARY KEY,               -- 'generation', 'fingerprint', 'dimension', 'created_at'
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE collections (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  name        TEXT NOT NULL UNIQUE,     -- 'python@3.11'
  base        TEXT NOT NULL,            -- 'python'
  version     TEXT NOT NULL DEFAULT '', -- '3.11'
  title       TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  root        INTEGER NOT NULL,         -- directories.id
  created_at  INTEGER NOT NULL,         -- seconds
  changed_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sources (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
  kind       TEXT NOT NULL,             -- 'directory'
  location   BLOB NOT NULL,             -- absolute path or URL, as bytes
  options    TEXT NOT NULL DEFAULT '{}',-- JSON: include, exclude, limits
  checked_at INTEGER NOT NULL DEFAULT 0,-- last complete run, seconds
  outcome    TEXT NOT NULL DEFAULT '',  -- '' never run, 'ok', or the error text
  UNIQUE (collection, kind, location)
) STRICT;

CREATE TABLE directories (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
  parent     INTEGER NOT NULL,          -- directories.id, 0 for the root of a collection
  name       BLOB NOT NULL,             -- one component; '' for the root
  UNIQUE (collection, parent, name)
) STRICT;

CREATE TABLE documents (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
  directory  INTEGER NOT NULL REFERENCES directories(id),
  name       BLOB NOT NULL,             -- file name in the tree: 'asyncio-task.md'
  source     INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
  path       BLOB NOT NULL,             -- path in the source: 'library/asyncio-task.html'
  part       TEXT NOT NULL DEFAULT '',  -- which page of that file, '' for the only one
  title      TEXT NOT NULL,
  url        TEXT NOT NULL DEFAULT '',
  format     TEXT NOT NULL,             -- format_name() of the original
  lang       TEXT NOT NULL DEFAULT '',
  content    INTEGER NOT NULL,          -- content.id of the current version
  size       INTEGER NOT NULL,          -- bytes of markdown
  lines      INTEGER NOT NULL,
  mtime_ns   INTEGER NOT NULL,          -- of the original
  fetched_at INTEGER NOT NULL,          -- seconds; last ingest that read it
  changed_at INTEGER NOT NULL,          -- seconds; last ingest that changed it
  UNIQUE (directory, name),
  UNIQUE (source, path, part)
) STRICT;
CREATE INDEX documents_by_collection ON documents (collection);

-- Versions of documents. The last one is current; older ones stay readable for a while so that a
-- reader of the mount never sees a file change under it.
CREATE TABLE content (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  document   INTEGER NOT NULL,
  sha256     BLOB NOT NULL,             -- of the markdown
  retired_at INTEGER,                   -- seconds; NULL = current
  body       BLOB NOT NULL
) STRICT;
CREATE INDEX content_by_document ON content (document);
CREATE INDEX content_retired ON content (retired_at) WHERE retired_at IS NOT NULL;

CREATE TABLE passages (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL,
  heading  TEXT NOT NULL,
  start    INTEGER NOT NULL,            -- bytes into the body
  length   INTEGER NOT NULL,
  line     INTEGER NOT NULL,            -- 1-based
  lines    INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_by_document ON passages (document);

CREATE TABLE vectors (
  passage INTEGER PRIMARY KEY,
  code    BLOB NOT NULL                 -- vindex_encode()
) STRICT;

-- Contentless: the text lives once, in content.body.
CREATE VIRTUAL TABLE fulltext USING fts5 (
  title, heading, body,
  content='', tokenize='docfs'
);
CREATE VIRTUAL TABLE fulltext_terms USING fts5vocab (fulltext, row);

-- Outcome of every file a source held at its last run: makes a refresh incremental and shows
-- what was left out and why.
CREATE TABLE files (
  source   INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
  path     BLOB NOT NULL,
  size     INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  sha256   BLOB,                        -- of the raw bytes; NULL when it was not read
  outcome  TEXT NOT NULL,               -- 'ok', 'skipped', 'failed'
  reason   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_bad ON files (source) WHERE outcome <> 'ok';

CREATE TABLE jobs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,            -- 'ingest', 'remove', 'reembed'
  source      INTEGER,
  state       TEXT NOT NULL,            -- 'running', 'done', 'failed', 'cancelled', 'interrupted'
  pid         INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  total       INTEGER NOT NULL DEFAULT 0,
  done        INTEGER NOT NULL DEFAULT 0,
  message     TEXT NOT NULL DEFAULT ''
) STRICT;

-- What changed in the tree, by generation, so that mounts can tell the kernel. Trimmed to the
-- last 100,000; a reader that is further behind forgets everything it knows.
CREATE TABLE changes (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  generation INTEGER NOT NULL,
  directory  INTEGER NOT NULL,          -- directories.id; 0 = the list of collections
  name       BLOB NOT NULL              -- entry that appeared, vanished or got a new version
) STRICT;

CREATE TABLE saved (
  name       BLOB PRIMARY KEY,
  query      TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE query_log (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,              -- seconds
  door   TEXT NOT NULL,                 -- 'cli', 'mount'
  query  TEXT NOT NULL,
  hits   INTEGER NOT NULL,
  micros INTEGER NOT NULL
) STRICT;
