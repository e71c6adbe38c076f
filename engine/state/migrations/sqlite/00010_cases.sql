-- +goose Up

-- Cases of devices whose password nobody knows. One stays when it was handed over or closed: no generation is accepted twice.
CREATE TABLE cases (
	id         TEXT PRIMARY KEY,
	device     TEXT NOT NULL,
	custody    TEXT NOT NULL,
	generation INTEGER NOT NULL,
	about      TEXT NOT NULL
) STRICT;

-- What happened in a case. Events are appended, and never changed.
CREATE TABLE case_events (
	case_id TEXT NOT NULL,
	seq     INTEGER NOT NULL,
	event   TEXT NOT NULL,
	PRIMARY KEY (case_id, seq)
) STRICT;

-- What was attached to a case, sealed, by the hash of what it was.
CREATE TABLE case_files (
	case_id TEXT NOT NULL,
	sha256  TEXT NOT NULL,
	sealed  BLOB NOT NULL,
	PRIMARY KEY (case_id, sha256)
) STRICT;
