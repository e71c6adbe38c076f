-- +goose Up

-- Documents for which a device asked for a login again although the login was good. They are not asked for with this firmware.
CREATE TABLE nodes (
	serial   TEXT NOT NULL,
	firmware TEXT NOT NULL,
	path     TEXT NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (serial, firmware, path)
) STRICT;
