// Package state is what camform records between runs: what cannot be read from the devices.
//
//	devices        who answered at an address last time, and its pin
//	settings       what was last applied to a setting and read back, which secrets by fingerprint, whether we created it
//	leases         who may change a device now, with a token that grows with every lease of the device
//	intents        the journal: requests that change a device, written before they are sent
//	runs           what was run, by whom, and how it ended
//	applied_plans  saved plans that were applied, so that a second time is noticed
//	capabilities   documents that depend on model and firmware only
//	attempts       login attempts, for the rules of package ledger
//	cases          recoveries of devices whose password nobody knows, with case_events and case_files; see package recover
//	nodes          documents that a device withholds, with its serial number and firmware
//	outputs        what the configuration gave to the outside at the last apply
//	untold         documents given and refused by a device that does not report how many login attempts are left
//	meta           the check value of the key, the head of the audit log, and what distinguishes the restores of the state
//	audit_log      who did what, in a chain that shows where it was changed; see package auditlog
//
//	fingerprint_names   under which names fingerprints of devices are made that have moved
//
// Rules:
//
//   - What a method wrote is on the disk when it returns without an error. With an error nothing of it was written, and
//     writes of other callers are not affected. Writes of many goroutines share transactions, so they are fast together.
//   - What records something that already happened (Finish, Record, Settle, Locked, EndRun, Release) is written even if
//     its context is cancelled. Everything else is no longer begun.
//   - Several processes may use a store at once. A process that changes a device holds its lease; a write with the token of an
//     older lease is refused with ErrLeaseLost.
//   - There is no secret in the database: passwords appear as fingerprints under a key that lies in a file beside it.
//     Callers give values without secrets; a value in a secret attribute goes through Fingerprint.
//   - A device has the name of the configuration. When it gets another one (MoveDevices), every row that names it moves with it; a
//     store that is opened with Options.Moves shows it under the new name before.
//   - What changes a device, a secret or the state is in the audit log: the record and the change it reports are
//     written together or not at all. Nothing removes a record.
//   - After a failed write to the disk the store refuses every further write, since what the disk holds is
//     uncertain. A full disk is different: it can be tried again.
//   - A damaged, foreign or newer database is refused and left as it is. Nothing ever starts empty in its place, and no message
//     advises to remove it: the vault in it may be the only one. A backup takes its place, and keeps it; see Backups.
//
// The SQL is common to SQLite and PostgreSQL. What is particular to one of them is its dialect: sqlite.go, and postgres.go with the
// connection in server.go. Each has migrations of its own, of the same numbers.
//
// A Store consists of parts, one for each of these tables or what belongs together; those about devices form its Fleet. Who
// needs a part takes it, not the Store.
//
// All methods may be called from any goroutine.
package state
