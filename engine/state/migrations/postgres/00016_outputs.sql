-- +goose Up

-- What the outputs of the configuration were at the last apply. Of a sensitive one there is a mark in the place of its value.
CREATE TABLE outputs (
	name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	type      TEXT NOT NULL,
	value     TEXT NOT NULL,
	mark      TEXT NOT NULL,
	sensitive BIGINT NOT NULL
);
