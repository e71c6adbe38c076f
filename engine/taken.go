package engine

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/snapshot"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// From is what plans are made from where there is neither a route to the devices nor a secret: a snapshot that was taken where they
// are. The store of the engine is what the state remembered there.
type From struct {
	*snapshot.Replay
	Taken plan.Taken
}

// everything is what a snapshot has of a device: all kinds, with the items that are declared or remembered, what checks observe, and
// who is logged in.
func (m memory) everything(kinds *schema.Kinds, device *config.Device) live.Wants {
	all, known := m.observing(everyRule)(kinds, device), wantsOfLock(kinds, device)
	all.Kinds = known.Kinds
	for name, keys := range known.Keys {
		for _, key := range keys {
			if !slices.Contains(all.Keys[name], key) {
				all.Keys[name] = append(all.Keys[name], key)
			}
		}
	}
	for _, k := range kinds.All() {
		if k.Sessions != nil && !k.Own && !slices.Contains(all.Extra, k.Sessions.Path) {
			all.Extra = append(all.Extra, k.Sessions.Path)
		}
	}
	return all
}

// taken reads devices and writes down what they say.
func (s surveyor) taken(ctx context.Context, devices []*config.Device, t *taking) (*snapshot.Content, diag.Problems) {
	s.open, s.take = t.recorder.Open(s.open), t.take
	found, problems := s.survey(ctx, devices, t.last.everything)
	if found == nil {
		return nil, problems
	}
	for i, snap := range found.snapshots {
		if snap.Err != nil {
			t.unread(found.devices[i], snap)
			problems = append(problems, notRead(snap))
		}
	}
	return t.finish(), append(problems, t.problems...)
}

// taking writes down what devices say, as soon as each was read.
type taking struct {
	judge
	last     memory
	recorder *snapshot.Recorder
	now      func() time.Time

	mu       sync.Mutex
	content  *snapshot.Content
	texts    snapshot.Pool
	certs    snapshot.Pool
	problems diag.Problems
}

// take writes a device down that was read, and lets go of what it said.
func (t *taking) take(d *config.Device, _ live.Wants, s *live.Snapshot) {
	said := t.recorder.Taken(d.Address)
	hide := t.hides(d, s, said)
	reading := t.reading(d, s, said)
	reading.Shown = t.shown(s)
	noted := t.noted(d)
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Certificate != nil {
		reading.Certificate = t.certs.Number(s.Certificate.Raw)
	}
	for _, path := range said.Paths() {
		reading.Documents = append(reading.Documents, t.document(path, said, hide))
	}
	t.content.Devices, t.content.Noted = append(t.content.Devices, reading), append(t.content.Noted, noted...)
	t.problems = append(t.problems, t.missed(d, s)...)
	*s = live.Snapshot{Device: s.Device, Identity: s.Identity, Pin: s.Pin}
}

// unread writes a device down that could not be read.
func (t *taking) unread(d *config.Device, s *live.Snapshot) {
	said := t.recorder.Taken(d.Address)
	reading := t.reading(d, s, said)
	reading.Failure = snapshot.FailureOf(s.Err, providers.NewRedactor(said.Login))
	t.content.Devices = append(t.content.Devices, reading)
}

func (t *taking) reading(d *config.Device, s *live.Snapshot, said snapshot.Said) snapshot.Device {
	access := diff.AccessOf(d)
	reading := snapshot.Device{
		Address: d.Address.String(), URL: access.URL, Username: access.Username, Read: said.Asked.UTC(), Identity: s.Identity, Pin: s.Pin,
	}
	if said.Asked.IsZero() {
		reading.Read = t.now().UTC()
	}
	if said.Activation != nil {
		reading.Activation = &snapshot.Activation{Activated: said.Activation.Activated, Activation: *said.Activation}
	}
	return reading
}

// document is what a device answered for a path, without secrets. A document whose secrets are unknown is one that could not
// be read: a plan cannot read it either.
func (t *taking) document(path string, said snapshot.Said, hide *providers.Redactor) snapshot.Document {
	doc, read := said.Documents[path]
	err := said.Unread[path]
	if read {
		doc, err = t.Discreet(doc, hide)
	}
	if err != nil {
		return snapshot.Document{Path: path, Failure: snapshot.FailureOf(err, hide)}
	}
	d := snapshot.Document{
		Path: path, Text: t.texts.Number(doc.Body), Missing: doc.Missing, Unsure: doc.Unsure, Source: doc.Source,
		Asked: utc(doc.Told.Asked), Answered: utc(doc.Told.Answered), Date: utc(doc.Told.Date),
	}
	if doc.Shown != nil {
		d.Shown = t.certs.Number(doc.Shown.Raw)
	}
	return d
}

func utc(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC()
}

// hides blanks what is secret of a device wherever it repeats it: the password of the login, what the configuration gives it, what it
// was given when it was applied last, also where its kind calls that no secret, and what it shows of others, where those are no ordinary
// words.
func (t *taking) hides(d *config.Device, s *live.Snapshot, said snapshot.Said) *providers.Redactor {
	secrets := []schema.Secret{said.Login}
	for _, setting := range d.Settings {
		for _, a := range setting.Attributes {
			if secret, ok := schema.SecretIn(a.Value); ok && schema.IsSecret(a.Value) {
				secrets = append(secrets, secret)
			}
		}
	}
	for address, memory := range t.last[d.Address] {
		for attribute := range memory.Fingerprints {
			if secret, ok := secretAt(s, address, attribute); ok {
				secrets = append(secrets, secret)
			}
		}
	}
	for name, items := range s.Items {
		for key := range items {
			for _, a := range s.Kinds[name].Attributes {
				secret, ok := secretAt(s, schema.Setting{Device: s.Device, Kind: name, Key: key}, a.Name)
				if a.Secret && ok && !providers.IsWord(secret) {
					secrets = append(secrets, secret)
				}
			}
		}
	}
	return providers.NewRedactor(secrets...)
}

// secretAt is the text that a device shows for an attribute, as a secret; ok is false where it shows none.
func secretAt(s *live.Snapshot, address schema.Setting, attribute string) (secret schema.Secret, ok bool) {
	kind, item := s.Kinds[address.Kind], s.Items[address.Kind][address.Key]
	if kind == nil || item == cty.NilVal || item.IsNull() || kind.Attribute(attribute) == nil {
		return schema.Secret{}, false
	}
	v := item.GetAttr(attribute)
	if secret, ok := schema.SecretIn(v); ok {
		return secret, true
	}
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return schema.Secret{}, false
	}
	return schema.NewSecret(v.AsString()), true
}

// shown are fingerprints of the secrets that a device shows: those of its kinds, and what was one when it was applied last.
func (t *taking) shown(s *live.Snapshot) []snapshot.Noted {
	var all []snapshot.Noted
	for name, items := range s.Items {
		for key := range items {
			address := schema.Setting{Device: s.Device, Kind: name, Key: key}
			for _, a := range s.Kinds[name].Attributes {
				if !a.Secret && t.last[s.Device][address].Fingerprints[a.Name] == "" {
					continue
				}
				if secret, ok := secretAt(s, address, a.Name); ok {
					all = append(all, snapshot.Noted{Address: address.String(), Attribute: a.Name, Fingerprint: t.fingerprint(address, a.Name, secret)})
				}
			}
		}
	}
	slices.SortFunc(all, byAttribute)
	return all
}

// noted are fingerprints of the secrets of the vault that a configuration gives to a device.
func (t *taking) noted(d *config.Device) []snapshot.Noted {
	var all []snapshot.Noted
	for _, s := range d.Settings {
		for name, a := range s.Attributes {
			origin := schema.Origin(a.Value)
			secret, known := schema.SecretIn(a.Value)
			if scheme, _ := schema.OriginScheme(origin); scheme == schema.OriginVault && known {
				all = append(all, snapshot.Noted{
					Address: s.Address.String(), Attribute: name, Origin: origin, Fingerprint: t.fingerprint(s.Address, name, secret),
				})
			}
		}
	}
	return all
}

func byAttribute(a, b snapshot.Noted) int {
	return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.Attribute, b.Attribute))
}

// missed are the settings that a plan would miss: declared or remembered, and not read.
func (t *taking) missed(d *config.Device, s *live.Snapshot) diag.Problems {
	var problems diag.Problems
	unread := s.Unread()
	for _, setting := range slices.SortedFunc(maps.Keys(unread), schema.Setting.Compare) {
		missed := func(address schema.Setting) bool {
			return address.Kind == setting.Kind && (setting.Key == "" || address.Key == setting.Key)
		}
		wanted := slices.ContainsFunc(d.Settings, func(other *config.Setting) bool { return missed(other.Address) })
		for address := range t.last[d.Address] {
			wanted = wanted || missed(address)
		}
		if wanted {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: NotReadCode, Summary: "Setting could not be read",
				Detail:  "It could not be read for the snapshot: " + diag.Sentence(unread[setting]),
				Address: schema.Setting{Device: s.Device, Kind: setting.Kind, Key: setting.Key},
			})
		}
	}
	return problems
}

// finish is the content, in order.
func (t *taking) finish() *snapshot.Content {
	c := t.content
	slices.SortFunc(c.Devices, func(a, b snapshot.Device) int { return strings.Compare(a.Address, b.Address) })
	slices.SortFunc(c.Noted, byAttribute)
	c.Texts, c.Certificates = t.texts.All(), t.certs.All()
	return c
}

// elsewhere stands for the vault and for all other origins of secrets where a plan is made from a snapshot: nothing is sent, so that
// an empty text does for a login.
type elsewhere struct{}

func (elsewhere) Open(state.SecretVersion) (schema.Secret, error) { return schema.Secret{}, nil }

func (elsewhere) Keep(string, schema.Secret) ([]byte, error) { return nil, errElsewhere }

func (elsewhere) Propose(context.Context, string, string, plan.Generate) (schema.Secret, []byte, error) {
	return schema.Secret{}, nil, errElsewhere
}

func (elsewhere) read(string) (schema.Secret, error) { return schema.Secret{}, nil }

var errElsewhere = errors.New("this is a bug: a plan from a snapshot makes no secret")

// reads makes a surveyor read a snapshot instead of devices.
func (f *From) reads(s *surveyor) {
	if f != nil {
		s.open, s.passwords, s.secret, s.take = f.Open, elsewhere{}, elsewhere{}.read, withoutCovered
	}
}

// withoutCovered makes kinds unread for which a snapshot does not show the name of an item, since that repeats a secret: one that is
// there would pass for one that is missing.
func withoutCovered(_ *config.Device, _ live.Wants, s *live.Snapshot) {
	for name, items := range s.Items {
		for key := range items {
			if strings.Contains(key, schema.Blank) {
				delete(s.Items, name)
				s.Unreadable[name] = errCovered
				break
			}
		}
	}
}

var errCovered = errors.New("the name of an item contains a secret, which a snapshot does not show")

// values are the attributes whose wanted value a plan needs: none where secrets are elsewhere.
func (f *From) values(wanted func(*schema.Attribute) bool) func(*schema.Attribute) bool {
	if f != nil {
		return noValue
	}
	return wanted
}

// elsewhere is what is known of secrets; nil where they are here.
func (f *From) elsewhere() diff.Elsewhere {
	if f == nil {
		return nil
	}
	return f.Replay
}

// signs says in a plan from which snapshot it is.
func (f *From) signs(p *plan.Plan) {
	if f == nil {
		return
	}
	taken := f.Taken
	for _, d := range p.Devices {
		if at := f.Read(d.Address); !at.IsZero() && (taken.Oldest.IsZero() || at.Before(taken.Oldest)) {
			taken.Oldest = at.UTC().Truncate(time.Second)
		}
	}
	p.Taken = &taken
}
