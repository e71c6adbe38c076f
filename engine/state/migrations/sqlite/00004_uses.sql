-- +goose Up

-- What devices use of others, such as the channels of recorders, as they told last; see package consumer. JSON, without secrets.
CREATE TABLE uses (
	device  TEXT PRIMARY KEY,
	told    TEXT NOT NULL,
	read_at INTEGER NOT NULL
) STRICT;
