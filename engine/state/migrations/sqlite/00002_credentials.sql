-- +goose Up

-- The keys of the vault: one row, or none where there is no vault yet.
CREATE TABLE vault (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    epoch     INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    keys      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    rekeyed   INTEGER NOT NULL
) STRICT;

-- Every secret that the vault ever held, as ciphertext. Versions of a name begin with 1.
CREATE TABLE secrets (
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    status  TEXT NOT NULL,
    sealed  BLOB NOT NULL,
    created INTEGER NOT NULL,
    sent    INTEGER NOT NULL,
    proven  INTEGER NOT NULL,
    tried   INTEGER NOT NULL,
    run     TEXT NOT NULL,
    note    TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;
CREATE INDEX secrets_pending ON secrets (name) WHERE status = 'pending';

-- The chain of the audit log. A record is never changed or removed.
CREATE TABLE audit_log (
    seq    INTEGER PRIMARY KEY,
    record TEXT NOT NULL,
    hash   TEXT NOT NULL
) STRICT;

-- Documents of devices as they were before the first change of a run, sealed.
CREATE TABLE snapshots (
    run    TEXT NOT NULL,
    device TEXT NOT NULL,
    path   TEXT NOT NULL,
    sealed BLOB NOT NULL,
    taken  INTEGER NOT NULL,
    PRIMARY KEY (run, device, path)
) STRICT;
CREATE INDEX snapshots_by_device ON snapshots (device);

ALTER TABLE intents ADD COLUMN candidates TEXT NOT NULL DEFAULT '[]';
