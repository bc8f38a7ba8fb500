-- Vectors of the model that takes over once every passage has one; until then those in `vectors`
-- answer. meta 'next_fingerprint' names that model.
CREATE TABLE vectors_next (
  passage INTEGER PRIMARY KEY,
  code    BLOB NOT NULL
) STRICT;

-- What costly models answered, so that no text is sent to them twice: across collections, after a
-- removal, and when a model comes back.
CREATE TABLE vector_cache (
  key     BLOB PRIMARY KEY,             -- first 16 bytes of the SHA-256 of fingerprint and text
  used_at INTEGER NOT NULL,             -- seconds
  code    BLOB NOT NULL                 -- vindex_encode()
) STRICT, WITHOUT ROWID;
CREATE INDEX vector_cache_by_use ON vector_cache (used_at);
