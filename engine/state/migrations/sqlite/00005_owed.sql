-- +goose Up

-- Items of devices that have to be told the password of an account, until they were. Account is the address of its setting,
-- origin where the password is: never the password.
CREATE TABLE owed (
	device  TEXT NOT NULL,
	kind    TEXT NOT NULL,
	item    TEXT NOT NULL,
	account TEXT NOT NULL,
	origin  TEXT NOT NULL,
	since   INTEGER NOT NULL,
	PRIMARY KEY (device, kind, item)
) STRICT;
