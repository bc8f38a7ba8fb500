-- What tells near duplicates: core/text/sketch.h of the current body. Texts that are too short for
-- one have no row.
CREATE TABLE sketches (
  document INTEGER PRIMARY KEY,
  sketch   BLOB NOT NULL
) STRICT;
