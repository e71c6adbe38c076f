package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"camform/engine/advisory"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diff"
	"camform/engine/discovery"
	"camform/engine/inventory"
	"camform/engine/ledger"
	"camform/engine/recover"
	"camform/engine/rotate"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Attachment is a file that belongs to a case.
type Attachment struct {
	recover.File
	Content []byte
}

// Attach describes a file by its content.
func Attach(name, as string, content []byte) Attachment {
	sum := sha256.Sum256(content)
	return Attachment{recover.File{Name: name, As: as, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}, content}
}

// Cases are all recoveries that the state knows: those that are open, and those that were handed over or closed.
func (e *Engine) Cases(ctx context.Context) ([]recover.Case, error) {
	return casesIn(ctx, e.Store.Cases)
}

// stored is a case as the state keeps it.
func stored(c recover.Case) (state.Case, error) {
	about, err := json.Marshal(caseAbout{c.Identity, c.URL, c.Opened, c.By, c.Reason})
	if err != nil {
		return state.Case{}, err
	}
	events, err := storedEvents(c.Events...)
	return state.Case{ID: c.ID, Device: c.Device, Custody: string(c.Custody), Generation: c.Generation, About: about, Events: events}, err
}

func storedEvents(events ...recover.Event) (all []json.RawMessage, err error) {
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// sealedFiles are attachments as the state keeps them.
func (e *Engine) sealedFiles(files []Attachment) (all []state.CaseFile, err error) {
	for _, f := range files {
		sealed, err := e.sealer().Seal(f.Content)
		if err != nil {
			return nil, err
		}
		all = append(all, state.CaseFile{SHA256: f.SHA256, Sealed: sealed})
	}
	return all, nil
}

// OpenCase remembers a case: one that begins (auditlog.CaseOpened), or one that came from another state (auditlog.CaseAccepted).
// The errors are those of state.Cases.AddCase.
func (e *Engine) OpenCase(ctx context.Context, c recover.Case, files []Attachment, as auditlog.Action) error {
	s, err := stored(c)
	if err != nil {
		return err
	}
	sealed, err := e.sealedFiles(files)
	if err != nil {
		return err
	}
	return e.Store.AddCase(ctx, s, sealed, auditlog.Record{Action: as, Detail: fmt.Sprintf("case %s, generation %d", c.ID, c.Generation), Reason: c.Reason})
}

// Happened adds an event to a case, with what is attached to it, and returns the case with it. The event is durable then. The errors
// are those of state.Cases.ChangeCase.
func (e *Engine) Happened(ctx context.Context, c recover.Case, event recover.Event, files ...Attachment) (recover.Case, error) {
	return e.changeCase(ctx, c, event, files, "", wentOn(c, event), e.Store.ChangeCase)
}

func wentOn(c recover.Case, event recover.Event) auditlog.Record {
	return auditlog.Record{
		Action: auditlog.CaseWentOn, Detail: fmt.Sprintf("case %s: %s", c.ID, event.Step), Outcome: string(event.Kind), Reason: event.Remark,
	}
}

// Noted is Happened for a case that may be closed here already.
func (e *Engine) Noted(ctx context.Context, c recover.Case, event recover.Event, files ...Attachment) (recover.Case, error) {
	if c.Custody != recover.Closed {
		return e.Happened(ctx, c, event, files...)
	}
	return e.changeCase(ctx, c, event, files, "", wentOn(c, event), e.Store.NoteCase)
}

// PurgeCase forgets the events and the files of a case that is not open here, and who opened it, and why.
func (e *Engine) PurgeCase(ctx context.Context, c recover.Case) error {
	s, err := stored(c)
	if err != nil {
		return err
	}
	if s.About, err = json.Marshal(caseAbout{Opened: c.Opened}); err != nil {
		return err
	}
	return e.Store.PurgeCase(ctx, s, auditlog.Record{Action: auditlog.CasePurged, Detail: fmt.Sprintf("case %s, %d events", c.ID, len(c.Events))})
}

// EndCase adds the last event of a case here, which is handed over or closed by it. One that is handed over has the generation under
// which another state accepts it.
func (e *Engine) EndCase(ctx context.Context, c recover.Case, event recover.Event, custody recover.Custody) (recover.Case, error) {
	action := auditlog.CaseClosed
	if custody == recover.Away {
		action = auditlog.CaseHandedOver
	}
	return e.changeCase(ctx, c, event, nil, custody, auditlog.Record{Action: action, Detail: "case " + c.ID, Reason: event.Remark}, e.Store.ChangeCase)
}

func (e *Engine) changeCase(
	ctx context.Context, c recover.Case, event recover.Event, files []Attachment, custody recover.Custody, record auditlog.Record,
	write func(context.Context, state.Case, state.CaseChange) error,
) (recover.Case, error) {
	event.At = e.Now().UTC().Truncate(time.Microsecond)
	for _, f := range files {
		event.Files = append(event.Files, f.File)
	}
	s, err := stored(c)
	if err != nil {
		return c, err
	}
	events, err := storedEvents(event)
	if err != nil {
		return c, err
	}
	sealed, err := e.sealedFiles(files)
	if err != nil {
		return c, err
	}
	change := state.CaseChange{Events: events, Files: sealed, Custody: string(custody), Raise: custody == recover.Away, Record: record}
	if err := write(ctx, s, change); err != nil {
		return c, err
	}
	c = c.With(event)
	if c.Custody = cmp.Or(custody, c.Custody); change.Raise {
		c.Generation++
	}
	return c, nil
}

// Attachments are the files of a case, each once, with what they hold.
func (e *Engine) Attachments(ctx context.Context, c recover.Case) ([]Attachment, error) {
	kept, err := e.Store.CaseFiles(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	files, _ := c.Files()
	var all []Attachment
	for _, f := range files {
		i := slices.IndexFunc(kept, func(k state.CaseFile) bool { return k.SHA256 == f.SHA256 })
		if i < 0 || slices.ContainsFunc(all, func(a Attachment) bool { return a.SHA256 == f.SHA256 }) {
			continue
		}
		content, err := e.sealer().Unseal(kept[i].Sealed)
		if err != nil {
			return nil, err
		}
		if again := Attach(f.Name, f.As, content); again.SHA256 != f.SHA256 {
			return nil, fmt.Errorf("%w: a file of the case %s is not the one that was attached", state.ErrDamaged, c.ID)
		}
		all = append(all, Attachment{f, content})
	}
	return all, nil
}

// RecoveryFacts are what is known of the device of a case besides its events: from the configuration and the state. No device is
// asked. The newest backup and the contacts are the caller's to add.
func (e *Engine) RecoveryFacts(ctx context.Context, cfg *config.Config, device *config.Device) (recover.Facts, error) {
	f := recover.Facts{Now: e.Now(), Configured: len(device.Settings), Prepared: map[string]string{}}
	remembered, err := e.Store.AllDevices(ctx)
	if err != nil {
		return f, err
	}
	for _, r := range inventory.Join(cfg.Devices, remembered, discovery.Report{}) {
		if r.Device == device.Address {
			f.Record = r
		}
	}
	if f.Passwords, err = e.passwordsOf(ctx, device); err != nil {
		return f, err
	}
	report, err := e.Advisories(ctx, cfg, []schema.Setting{{Device: device.Address}})
	if err != nil {
		return f, err
	}
	for _, d := range report.Devices {
		f.Affected, f.Unsure = advisory.IDs(d.Findings, advisory.Affected), advisory.IDs(d.Findings, advisory.Unknown)
	}
	use, err := e.inquiry(cfg, nil).remembered(ctx, cfg.Devices)
	if err != nil {
		return f, err
	}
	for _, way := range use.ways(device) {
		f.Consumers = append(f.Consumers, recover.Consumer{Name: way.Who, Why: cmp.Or(way.Evidence, way.Title)})
	}
	for _, item := range use.usedBy(device.Address) {
		f.Uses = append(f.Uses, item.Local())
	}
	err = e.exported(ctx, device, &f)
	return f, err
}

// exported notes which recovery file of a device the vault has.
func (e *Engine) exported(ctx context.Context, device *config.Device, f *recover.Facts) error {
	known, err := readCredentials(ctx, e.Store)
	if err != nil {
		return err
	}
	managed := diff.AccessOf(device).Managed
	file, ok := rotate.Live(known.versions[credential.RecoveryFile(device.Address)])
	password, _ := rotate.Live(known.versions[managed])
	outdated, proven := known.recoveryFile(device.Address, managed) == fileOutdated, !password.Proven.IsZero()
	switch {
	case !ok:
	case outdated && proven:
		f.Prepared[recover.GUIDFile] = fmt.Sprintf(
			"the vault's file of %s is void, because the password changed later. Skip this, unless somebody has another file", at(file.Created))
	default:
		if f.Prepared[recover.GUIDFile] = fmt.Sprintf("the vault has a file of %s: camform recover file %s -out FILE writes it",
			at(file.Created), shell.Quoted(device.Address.String())); !outdated {
			f.Exported = file.Created
		}
	}
	return nil
}

// passwordsOf are the passwords that there are for the account with which camform logs in to a device, and which of them would not
// be tried now.
func (e *Engine) passwordsOf(ctx context.Context, device *config.Device) (p recover.Passwords, err error) {
	access := diff.AccessOf(device)
	if access.Managed == "" {
		known, _, err := e.Store.Device(ctx, device.Address)
		if err != nil {
			return p, err
		}
		p.Current, p.Proven = access.Password.Origin, known.LastSeen
	} else {
		versions, err := e.Store.Versions(ctx, access.Managed)
		if err != nil {
			return p, err
		}
		if live, ok := rotate.Live(versions); ok {
			p.Current, p.Proven, p.Generated = versionOf(live), live.Proven, live.Run != ""
			if before, ok := previous(versions); ok {
				p.Previous = versionOf(before)
			}
		}
		p.Rotating, p.Activating = standing{device: device.Address, versions: versions}.finishing()
	}
	if p.Left, err = e.Store.Told(ctx, device.URL.Host); err != nil {
		return p, err
	}
	p.Withheld, err = e.withheldFrom(ctx, device, p.Left)
	return p, err
}

// withheldFrom are the logins that the ledger would not let be made on a device now, whatever it says then of the attempts that are
// left. Nothing is spent. One with a password that the device refused is not among them: its answer is known, and a try takes that over.
// The vault is opened only where an attempt counts, which may have been one with that password.
func (e *Engine) withheldFrom(ctx context.Context, device *config.Device, left int) (map[string]recover.Withheld, error) {
	access := diff.AccessOf(device)
	a := providers.Attempt{Endpoint: device.URL.Host, Credential: providers.Credential{Username: access.Username}, Remaining: left}
	if left == providers.RemainingUnknown {
		if e.Store.Allow(ctx, a) == nil {
			return nil, nil
		}
		a.Remaining = math.MaxInt32 // the device may tell of more than anybody needs
	}
	all := map[string]recover.Withheld{}
	for step, consent := range map[string]providers.Consent{
		recover.Current: providers.ByRun, recover.Previous: providers.ByRun, recover.Typed: providers.ByPerson,
	} {
		a.Consent, a.Credential.Password = consent, schema.Secret{}
		if step != recover.Typed {
			if password, err := e.Remembered(ctx, device, step); err == nil {
				a.Credential.Password = password
			} // one that cannot be read here may still be tried where it can
		}
		err := e.Store.Allow(ctx, a)
		refusal, withheld := errors.AsType[*ledger.Refusal](err)
		switch {
		case err == nil || AlreadyRefused(err):
		case withheld:
			all[step] = recover.Withheld{Until: refusal.Until, Why: refusal.Error()}
		default:
			return nil, err
		}
	}
	return all, nil
}

// AlreadyRefused reports whether a login was not tried because the device refused the same password a short while ago, as the ledger
// remembers. Other reasons to withhold a login say nothing about the password.
func AlreadyRefused(err error) bool {
	refusal, ok := errors.AsType[*ledger.Refusal](err)
	return ok && refusal.Cause == ledger.Again
}

func versionOf(v state.SecretVersion) string {
	return fmt.Sprintf("version %d of %s", v.Version, v.Name)
}

// previous is the version that was in use before the live one.
func previous(versions []state.SecretVersion) (state.SecretVersion, bool) {
	var best state.SecretVersion
	for _, v := range versions {
		if v.Status == state.SecretHistory && v.Version > best.Version {
			best = v
		}
	}
	return best, best.Version > 0
}

// ErrNoPassword says that there is no password to try.
var ErrNoPassword = errors.New("there is no such password")

// Remembered reads the current password that camform has for a device, or the previous one.
func (e *Engine) Remembered(ctx context.Context, device *config.Device, step string) (schema.Secret, error) {
	access := diff.AccessOf(device)
	if access.Managed == "" && step == recover.Current {
		return e.Secret(access.Password.Origin)
	}
	versions, err := e.Store.Versions(ctx, access.Managed)
	if err != nil {
		return schema.Secret{}, err
	}
	v, ok := rotate.Live(versions)
	if step == recover.Previous {
		v, ok = previous(versions)
	}
	if !ok {
		return schema.Secret{}, fmt.Errorf("%w: the vault has none for %s", ErrNoPassword, device.Address)
	}
	return e.Passwords.Open(v)
}

// Reviewed notes until when the password of a device is to be reviewed next, in its case that was opened last. The error is
// state.ErrCaseAbsent if it has none, and state.ErrCaseAway if that case is open elsewhere.
func (e *Engine) Reviewed(ctx context.Context, device schema.Device, event recover.Event) (recover.Case, error) {
	cases, err := e.Cases(ctx)
	if err != nil {
		return recover.Case{}, err
	}
	cases = slices.DeleteFunc(cases, func(c recover.Case) bool { return c.Device != device || c.Custody == recover.Purged })
	if len(cases) == 0 {
		return recover.Case{}, fmt.Errorf("%s: %w", device, errNoCase)
	}
	c := slices.MaxFunc(cases, func(a, b recover.Case) int { return a.Opened.Compare(b.Opened) })
	return e.Noted(ctx, c, event)
}

// errNoCase is that of a device without a case of recovery.
var errNoCase = errors.New("it has no recovery case, so there is no review to set a date for; camform credentials review looks at all devices")
