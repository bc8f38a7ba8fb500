-- What a document is besides documentation (core/text/hygiene.h): set of signs, and one line
-- "sign TAB line TAB what" for each of the first findings.
ALTER TABLE documents ADD COLUMN signs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN findings TEXT NOT NULL DEFAULT '';
CREATE INDEX documents_signs ON documents(signs) WHERE signs <> 0;
