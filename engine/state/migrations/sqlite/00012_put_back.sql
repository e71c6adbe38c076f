-- +goose Up

-- Requests that gave devices old values again: every plan asks for them, and they are few among all.
CREATE INDEX intents_put_back ON intents (device) WHERE instr(steps, '"action":"put-back"') > 0;
