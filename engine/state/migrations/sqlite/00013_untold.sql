-- +goose Up

-- What devices gave and refused that do not tell how many login attempts are left. Refused is 0 where a document was given.
CREATE TABLE untold (
	serial   TEXT NOT NULL,
	firmware TEXT NOT NULL,
	path     TEXT NOT NULL,
	refused  INTEGER NOT NULL,
	PRIMARY KEY (serial, firmware, path)
) STRICT;
