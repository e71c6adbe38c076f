-- +goose Up

-- On whose word an attempt was made; see providers.Consent. Empty for a run.
ALTER TABLE attempts ADD COLUMN consent TEXT NOT NULL DEFAULT '';
