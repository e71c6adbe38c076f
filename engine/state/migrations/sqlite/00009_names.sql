-- +goose Up

-- Under which name the fingerprints of secrets of a device are made, where that is not its own: it may have moved since, and then
-- whoever gets the name that it had needs another one for them.
CREATE TABLE fingerprint_names (
	device TEXT PRIMARY KEY,
	name   TEXT NOT NULL
) STRICT;

-- A move looks for all intents of a device, also those that are over.
CREATE INDEX intents_by_device ON intents (device);
