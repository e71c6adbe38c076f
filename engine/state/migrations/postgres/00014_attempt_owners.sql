-- +goose Up

-- Which process makes a login attempt: while it lives, an open one is not cut off.
ALTER TABLE attempts ADD COLUMN who TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN pid BIGINT NOT NULL DEFAULT 0;
