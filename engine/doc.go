// Package engine is what camform does, one page for each thing: plan, apply, drift, audit, import, learn, lock.
//
// The way of the data:
//
//	operator.hcl   what no configuration may decide for itself                    operator.Read
//	setting files  what there is to set, and by role what each of it guards        schema.Read
//	*.cam.hcl      parsed: which state, which vault, which setting files           config.Parse
//	   ↓           the state is opened, and with it the secrets                    state.Open, vault
//	   ↓           evaluated, profiles merged into devices                         config.Evaluate
//	   ↓           *config.Config: every setting of every device, with its place
//	secrets        that evaluation left unread, for the devices in question        withSecrets
//	devices        identified, then each document read once                        live.Refresh
//	   ↓           live.Snapshot: typed values, raw documents, limits
//	   ↓           who answered is recorded, twins are found, refusals noted     survey
//	   ↓           compared with what is wanted and what was last applied          diff.CompareAll pure
//	   ↓           checked against the device's limits and put in order            diff.Plan      pure
//	   ↓           an order is searched in which the ways in stay open             guard.Prove    pure
//	   ↓           plan file: canonical JSON with a hash                           plan.Encode
//	 - - -         somebody reviews it; another day, another machine
//	   ↓           for each document: read, check, prepare, send, settle           apply.Run
//	   ↓           which password does an account have?                            rotate.Accounts
//
// Start-up goes down to the engine, each step once, and a command stops where it has what it needs: fmt and settings open no state,
// and validate only asks a state that lies in a file which firmware it remembers.
//
// What a setting guards stands in its file, as a role with the parts that its attributes play in it (schema.Guard). The guard
// interprets roles and names no kind; a setting with the risk lockout that no role explains is opaque, and changed on trial
// only: apply opens a spare connection first, sends, proves the way in over a new connection, and puts the document back
// where that fails, also if the reply was lost.
//
// A password changes in apply's stages like any other attribute. Which password is next, which of two a device has after a
// reply was lost, and when the old one may be forgotten is for rotate alone, which never tries one twice.
//
// A secret is a schema.Secret from its origin to the request that carries it, and blank wherever it is printed. A plan holds its
// plan.SecretSource: the origin, with a fingerprint. The functions that take its text out stand in revealing, in a test.
//
// Every command that reads devices does so by survey, and is pure over what it returns: audit.Evaluate judges by rules,
// learn.Learn writes configurations, and lockfile.File keeps what devices can do for a check without them. Rotate is a plan about
// passwords, Rollback one whose wishes come from the snapshots of an earlier run.
//
// The files of this package are in an order, too: engine.go has a page for each command, the files below it the stages, and
// none uses one above it. The rooms of providers/hikvision are kept in the same way.
//
// Layers, from the top; a package imports only packages below it:
//
//	cmd/camform                 flags, wiring; names the providers
//	cmd/camform/manual          the pages of help: the language, and what commands share
//	cmd/camform/view            what commands print, for people and for programs
//	engine                      this package
//	engine/apply                plans → done
//	engine/learn                snapshots → configurations; pure
//	engine/render               plans and reports → text, Markdown, JSON
//	engine/audit                snapshots → compliance; pure
//	engine/papers               cases of recovery → what leaves them on paper; pure
//	engine/recover              the owner's case: what to do where nobody can log in any more; pure
//	engine/inventory            what is owned: declared and remembered, joined; pure
//	engine/advisory             what devices tell of themselves → affected by security advisories or not; pure
//	engine/discovery            what was found on the network, against what should be there; pure
//	engine/operator             what configurations may not decide for themselves
//	engine/approval             who has to agree to a plan, and who did; pure
//	engine/diff, guard          pure judgements
//	engine/rotate               passwords: changed, and found out about
//	engine/vault                secrets: what is kept, and where others come from
//	engine/snapshot             what devices said and the state remembers, signed, for plans elsewhere
//	engine/backup               what devices said of themselves, kept to bring it back
//	engine/lockfile             what devices can do, kept for a check without them
//	engine/live, config, state  devices, text, memory
//	engine/report               the outcome of a run
//	engine/plan                 what is to be done
//	engine/consumer             who uses which device, as devices tell it; pure
//	engine/graph, diag, ledger, credential, auditlog, atomicfile, ours, shell, signers
//	providers                   the contract, and below it a room for each family
//	schema                      vocabulary: kinds, attributes, roles, addresses
//
// Invariants, after which tests are named:
//
//	I1   No secret in any file, log, plan, report, state row, error or process argument.
//	I2   No request that changes a device leaves before its intent is durable.
//	I3   What we do not understand goes back to the device byte for byte.
//	I4   After apply, plan again: nothing to do. Applying a plan twice writes once.
//	I5   A refused credential is never tried again in the run; the last two attempts before a lock are never spent,
//	     except one by the operator, with a reason, and never the last.
//	I6   A plan is a program: apply reads the plan and the devices, never the configuration.
//	I7   Planning cannot write: it holds sessions that have no write method.
//	I8   Before a password is sent, its ciphertext is durable; the old one is forgotten only after the new one logged in.
//	I9   A step that could close the way in is refused, unless another proven way stays open.
//	I10  One dead device costs its own settings, never the run. Every run ends with a summary.
//	I11  No credential goes to a peer whose pin does not match, to another origin, or into a weaker scheme than before.
//	I12  What is not known is never called good: every verdict is good, bad or unknown.
//	I13  Nobody's picture is lost: who uses a device is found on the devices, and no change cuts him off unannounced.
//	I14  Nobody chooses the judge who judges them: the operator's rules stand outside the repository, and are only made stricter.
package engine
