-- +goose Up

-- When the backup was made from which a live version was restored; 0 where no restore made it uncertain, or a device accepted it
-- since.
ALTER TABLE secrets ADD COLUMN uncertain INTEGER NOT NULL DEFAULT 0;
