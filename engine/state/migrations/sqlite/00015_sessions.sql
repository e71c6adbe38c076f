-- +goose Up

-- Whether the session of an accepted attempt lasts, on a device that does not tell how many attempts are left.
ALTER TABLE attempts ADD COLUMN session INTEGER NOT NULL DEFAULT 0;
