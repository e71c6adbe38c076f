// Package recover is the owner's case: what happens between the day on which nobody can log in to a device any longer and the day
// on which its owner can, with a record of each step. It is pure: it has no clock, no network and no store, and resets nothing.
//
// A Case is an append-only list of events. Everything else follows from them and from what is known besides (Facts): Steps lists
// what there is to do, and Next names the one thing to do now.
//
//	verify                      the device is the one in the inventory, its ownership is on record, somebody is on site
//	   ↓
//	current, previous, typed    one login each, while the device says that more than two attempts are left ──┐ accepted
//	   ↓ refused, skipped or held back                                                                       │
//	consumers, recordings       who loses the picture knows it; recordings are accounted for                 │
//	   ↓                                                                                                     │
//	guid_file, questions,       a person resets the password with what the owner prepared;                   │
//	email, app, menu            least loss first ────────────────────────────────────────────┐ done          │
//	   ↓ failed or skipped                                                                   │               │
//	code → bundle →             a request to support; open for 48 hours,                     │               │
//	handed_over → answer        in which nothing may spoil it                                │               │
//	   ↓                                                                                     │               │
//	support                     a person resets the password with the answer of support ─────┤ done          │
//	   ↓ failed or skipped                                                                   │               │
//	button                      a person resets everything at the device ────────────────────┤ done          │
//	                                                                                         ↓               │
//	wait                        the device answers again; nobody logs in                                     │
//	   ↓                                                                                                     │
//	activate (wiped) or new     a password that is in the vault is proven                                    │
//	   ↓                                                                                                     ↓
//	restore, rotate, online, log, network, firmware      what the reset took is back, as a reviewed plan; see Restoring
//	   ↓
//	baseline, accounts, backup, prepared, review, alarms, record, card      hardened and documented
//	   ↓
//	close
//
// Each step is in one of these states (State):
//
//	               ┌─────────── again, with a reason ◂────────────┐
//	               ↓                                              │
//	later ───▸ ready ───▸ begun ───▸ done            begun ───▸ failed
//	  │          │                                   begun: its outcome is uncertain until the operator reports it
//	  │          └─▸ skipped, with a reason
//	  ├─▸ absent     the device or the case has no use for it
//	  └─▸ held       it could spend one of the last two attempts before a lock
//
// Rules:
//
//   - What may spend something (a login, an export, an answer) is durable as begun before it starts. One that has no end is never
//     begun again without a reason.
//   - The last two attempts before a lock are kept, for wrong files and answers as for passwords.
//   - Options come in the order of what they cost. A later one needs a result, or a reason, for each before it.
//   - A case is open in one place. A state that accepted a generation accepts no such generation again.
package recover
