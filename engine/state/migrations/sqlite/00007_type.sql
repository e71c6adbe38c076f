-- +goose Up

-- The sort of device that a device calls itself; empty for those of which that was not noted.
ALTER TABLE devices ADD COLUMN type TEXT NOT NULL DEFAULT '';
