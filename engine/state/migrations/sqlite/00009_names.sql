-- +goose Up

-- Under which name the fingerprints of secrets of a device are made, where that is not its own: it may have moved since, and then
-- whoever gets the name that it had needs another one for them.
CREATE TABLE fingerprint_names (
	device TEXT PRIMARY KEY,
	name   TEXT NOT NULL
) STRICT;
