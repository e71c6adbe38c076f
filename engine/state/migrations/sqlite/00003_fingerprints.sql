-- +goose Up

-- What tells whether a version has a certain text without opening it; see package vault. Empty until the vault was open.
ALTER TABLE secrets ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
