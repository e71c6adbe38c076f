-- +goose Up

-- What devices gave and refused that do not tell how many login attempts are left. Refused is 0 where a document was given.
CREATE TABLE untold (
	serial   TEXT COLLATE "C" NOT NULL,
	firmware TEXT COLLATE "C" NOT NULL,
	path     TEXT COLLATE "C" NOT NULL,
	refused  BIGINT NOT NULL,
	PRIMARY KEY (serial, firmware, path)
);
