-- Times are microseconds since 1970 in UTC, 0 for none. Addresses of devices are in the form that a configuration uses.

-- +goose Up
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE devices (
    device     TEXT PRIMARY KEY,
    endpoint   TEXT NOT NULL,
    serial     TEXT NOT NULL,
    mac        TEXT NOT NULL,
    model      TEXT NOT NULL,
    firmware   TEXT NOT NULL,
    pin        TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_by_serial ON devices (serial);

CREATE TABLE settings (
    device         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    item           TEXT NOT NULL,
    applied        TEXT NOT NULL,
    observed       TEXT NOT NULL,
    fingerprints   TEXT NOT NULL,
    created        INTEGER NOT NULL,
    pending_reboot INTEGER NOT NULL,
    run            TEXT NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (device, kind, item)
) STRICT;

-- A released lease stays, since its token must never be given out again.
CREATE TABLE leases (
    device    TEXT PRIMARY KEY,
    token     INTEGER NOT NULL,
    held      INTEGER NOT NULL,
    run       TEXT NOT NULL,
    who       TEXT NOT NULL,
    pid       INTEGER NOT NULL,
    operation TEXT NOT NULL,
    version   TEXT NOT NULL,
    acquired  INTEGER NOT NULL,
    renewed   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;

CREATE TABLE intents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    run      TEXT NOT NULL,
    device   TEXT NOT NULL,
    document TEXT NOT NULL,
    method   TEXT NOT NULL,
    digest   TEXT NOT NULL,
    steps    TEXT NOT NULL,
    begun    INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    finished INTEGER NOT NULL
) STRICT;
CREATE INDEX intents_open ON intents (device) WHERE outcome IN ('', 'unknown');
CREATE INDEX intents_by_run ON intents (run);

CREATE TABLE runs (
    id        TEXT PRIMARY KEY,
    operation TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    who       TEXT NOT NULL,
    started   INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    summary   TEXT NOT NULL
) STRICT;

CREATE TABLE applied_plans (
    hash TEXT PRIMARY KEY,
    run  TEXT NOT NULL,
    at   INTEGER NOT NULL
) STRICT;

CREATE TABLE capabilities (
    model    TEXT NOT NULL,
    firmware TEXT NOT NULL,
    path     TEXT NOT NULL,
    body     BLOB,
    missing  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (model, firmware, path)
) STRICT;

CREATE TABLE attempts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint   TEXT NOT NULL,
    credential TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    charged    INTEGER NOT NULL,
    settled    INTEGER NOT NULL,
    rebased    INTEGER NOT NULL,
    remaining  INTEGER NOT NULL,
    lock       INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_endpoint ON attempts (endpoint, id);
