package engine

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/advisory"
	"camform/engine/audit"
	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// audit judges the devices of a survey by their rules.
func (j judge) audit(found *survey, last memory) *audit.Report {
	subjects := make([]audit.Subject, len(found.devices))
	rules := j.rules(found.credentials, nobodyAsked)
	for i, device := range found.devices {
		subjects[i] = j.subject(device, found.snapshots[i], last[device.Address], rules, found.credentials)
	}
	return audit.Evaluate(subjects)
}

// aimAtRules is the aim of an audit. A target that names a setting looks at what rules want of it, and at nothing else; a
// device that targets do not name is judged by no rule.
func aimAtRules(devices []*config.Device, targets []schema.Setting) aim {
	at := aimAt(devices, targets)
	at.observes, at.values = everyRule, shownValues
	if len(targets) == 0 {
		return at
	}
	for i, device := range at.devices {
		reduced := *device
		reduced.Rules = nil
		for _, rule := range device.Rules {
			if rule, ok := aimedAt(device.Address, rule, targets); ok {
				reduced.Rules = append(reduced.Rules, rule)
			}
		}
		at.devices[i] = &reduced
	}
	return at
}

// aimedAt is what targets leave of a rule. It is false if that is nothing.
func aimedAt(device schema.Device, rule config.Rule, targets []schema.Setting) (config.Rule, bool) {
	if slices.ContainsFunc(targets, func(t schema.Setting) bool { return t.Kind == "" && t.Covers(schema.Setting{Device: device}) }) {
		return rule, true
	}
	rule.Settings = slices.DeleteFunc(slices.Clone(rule.Settings), func(s *config.Setting) bool {
		address := s.Address
		address.Device = device
		return !covered(targets, address)
	})
	return rule, len(rule.Settings) > 0
}

// observing wants the settings of a device, and the documents that some of its checks look at.
func (m memory) observing(some func(config.Rule) bool) wants {
	return func(kinds *schema.Kinds, device *config.Device) live.Wants {
		all := m.wants(kinds, device)
		for _, rule := range device.Rules {
			if some(rule) {
				all.Extra = append(all.Extra, rule.Documents...)
			}
		}
		slices.Sort(all.Extra)
		all.Extra = slices.Compact(all.Extra)
		return all
	}
}

// checks judges a device by those of its checks whose documents were read.
func (j judge) checks(device *config.Device, snap *live.Snapshot, known credentials) []plan.Check {
	judged := *device
	judged.Rules = slices.DeleteFunc(slices.Clone(device.Rules), func(r config.Rule) bool { return len(r.Asserts) == 0 })
	subject := audit.Subject{Device: &judged, Facts: j.facts(device, snap, known)}
	if snap.Err != nil {
		subject.Problem = diff.NotRead(device, snap).Problem
	}
	results := audit.Evaluate([]audit.Subject{subject}).Results
	checks := make([]plan.Check, len(results))
	for i, r := range results {
		rule := judged.Rules[i] // both are ordered by id
		checks[i] = plan.Check{
			Rule: r.Rule, Severity: plan.Severity(rule.Severity), Verdict: verdictOf(r.Status), Why: r.Why, Source: r.Source,
		}
		if snap.Err == nil && !slices.ContainsFunc(rule.Documents, func(path string) bool { return !asked(snap, path) }) {
			continue
		}
		checks[i].Verdict, checks[i].Unasked = plan.Unknown, snap.Err == nil
	}
	return checks
}

// asked reports whether a device was asked for a document.
func asked(snap *live.Snapshot, path string) bool {
	_, read := snap.Documents[path]
	return read || snap.UnreadDocuments[path] != nil
}

// verdictOf is the verdict on a check with a status.
func verdictOf(s audit.Status) plan.Verdict {
	switch s {
	case audit.Compliant:
		return plan.Good
	case audit.Violated:
		return plan.Bad
	default:
		return plan.Unknown
	}
}

// subject puts together what is known of one device. Whether lifecycle { protect } lets a plan change a setting makes no
// difference to whether it is as wanted.
func (j judge) subject(device *config.Device, snap *live.Snapshot, last map[schema.Setting]diff.Memory, rules diff.Rules, known credentials) audit.Subject {
	s := audit.Subject{Device: device}
	if snap.Err != nil {
		s.Problem = diff.NotRead(device, snap).Problem
		return s
	}
	open := *device
	open.Lifecycle.Protect = nil
	s.Facts = j.facts(device, snap, known)
	s.Found = diff.Compare(&open, snap, last, rules)
	planned, refused := diff.Plan(&open, snap, s.Found, j.Kinds(), j.Check, j.Enciphers)
	s.Skipped, s.Refused = planned.Skipped, refused
	return s
}

// facts are what checks can know of a device.
type facts struct {
	device      *config.Device
	snap        *live.Snapshot
	interpreter providers.Interpreter
	advisories  *advisory.Data
	known       credentials
	now         time.Time
}

func (j judge) facts(device *config.Device, snap *live.Snapshot, known credentials) facts {
	return facts{device: device, snap: snap, interpreter: j, advisories: j.advisories, known: known, now: j.now}
}

// Self is the object `self` of a check, of the type config.SelfType.
func (f facts) Self() cty.Value {
	text := func(s string) cty.Value {
		if s == "" {
			return cty.NullVal(cty.String)
		}
		return cty.StringVal(s)
	}
	tags := cty.SetValEmpty(cty.String)
	if len(f.device.Tags) > 0 {
		var values []cty.Value
		for _, tag := range f.device.Tags {
			values = append(values, cty.StringVal(tag))
		}
		tags = cty.SetVal(values)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"address": text(f.device.Address.String()), "url": text(f.device.URL.String()), "username": text(f.device.Login.Username),
		"location": text(f.device.Location), "site": text(f.device.Site), "tags": tags, "ownership": ownershipOf(f.device.Ownership, text),
		"serial": text(f.snap.Identity.Serial), "mac": text(f.snap.Identity.MAC),
		"model": text(f.snap.Identity.Model), "firmware": text(f.snap.Identity.Firmware),
		"certificate": f.certificate(), "clock": f.clock(), "advisories": f.standing(), "recovery": cty.ObjectVal(map[string]cty.Value{"ways": f.prepared()}),
	})
}

// ownershipOf is what a device block says of whose the device is, as an object.
func ownershipOf(o config.Ownership, text func(string) cty.Value) cty.Value {
	missing := cty.ListValEmpty(cty.String)
	if names := o.Missing(); len(names) > 0 {
		values := make([]cty.Value, len(names))
		for i, name := range names {
			values[i] = cty.StringVal(name)
		}
		missing = cty.ListVal(values)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"owner": text(o.Owner), "custodian": text(o.Custodian), "purchased_from": text(o.PurchasedFrom), "invoice": text(o.Invoice),
		"label_photo": text(o.LabelPhoto), "warranty": text(o.Warranty), "warranty_until": text(o.WarrantyUntil),
		"contract": text(o.Contract), "contract_until": text(o.ContractUntil), "missing": missing,
	})
}

// standing is how the device stands to security advisories, as an object.
func (f facts) standing() cty.Value {
	told := f.snap.Identity
	findings := f.advisories.Judge(advisory.Device{Model: told.Model, Firmware: told.Firmware, Type: told.Type})
	ids := func(verdict advisory.Verdict) cty.Value {
		var values []cty.Value
		for _, id := range advisory.IDs(findings, verdict) {
			values = append(values, cty.StringVal(id))
		}
		if values == nil {
			return cty.ListValEmpty(cty.String)
		}
		return cty.ListVal(values)
	}
	return cty.ObjectVal(map[string]cty.Value{"affected": ids(advisory.Affected), "unknown": ids(advisory.Unknown)})
}

// prepared are the ways to a new password that are prepared: the file that is on record, if it is as new as the password, and those
// that the device has settings for. It is null where none is found and not all could be looked at.
func (f facts) prepared() cty.Value {
	var ways []cty.Value
	if f.known.recoveryFile(f.device.Address, diff.AccessOf(f.device).Managed) == fileCurrent {
		ways = append(ways, cty.StringVal(wayByFile))
	}
	unknown := false
	for _, kind := range f.interpreter.Kinds().Preparing() {
		items, err := f.interpreter.Decode(kind, nil, f.snap.Documents)
		if _, read := f.snap.Documents[kind.Document.Path]; !read || err != nil && !errors.Is(err, providers.ErrUnsupported) {
			unknown = true
			continue
		}
		if value, ok := items[""]; ok {
			if by := value.GetAttr(kind.Prepares.By); !by.IsNull() && by.LengthInt() > 0 {
				ways = append(ways, cty.StringVal(kind.Prepares.Way))
			}
		}
	}
	switch {
	case len(ways) > 0:
		return cty.ListVal(ways)
	case unknown:
		return cty.NullVal(cty.List(cty.String))
	}
	return cty.ListValEmpty(cty.String)
}

// clock is how the clock of the device stands to ours, in seconds. Its parts are null where it does not tell.
func (f facts) clock() cty.Value {
	clock, known := f.interpreter.Clock(f.snap.Documents)
	seconds := func(d time.Duration) cty.Value {
		if !known {
			return cty.NullVal(cty.Number)
		}
		return cty.NumberFloatVal(d.Round(time.Second / 10).Seconds())
	}
	return cty.ObjectVal(map[string]cty.Value{
		"ahead": seconds(clock.Ahead), "off": seconds(clock.Ahead.Abs()), "within": seconds(clock.Within),
	})
}

// certificate is the certificate of the device as an object; null over plain HTTP.
func (f facts) certificate() cty.Value {
	shown := f.snap.Certificate
	if shown == nil {
		return cty.NullVal(config.SelfType.AttributeType("certificate"))
	}
	days := int64(math.Floor(shown.NotAfter.Sub(f.now).Hours() / 24)) // an hour after the end it is -1
	return cty.ObjectVal(map[string]cty.Value{
		"subject": cty.StringVal(shown.Subject.String()), "issuer": cty.StringVal(shown.Issuer.String()),
		"not_after": cty.StringVal(shown.NotAfter.UTC().Format(time.RFC3339)), "days_left": cty.NumberIntVal(days),
		"self_signed": cty.BoolVal(shown.CheckSignatureFrom(shown) == nil || shown.Subject.String() == shown.Issuer.String()),
		"key":         cty.StringVal(keyOf(shown)),
	})
}

// keyOf names the kind and the size of the key of a certificate, such as "RSA 2048".
func keyOf(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return fmt.Sprintf("EC %d", key.Params().BitSize)
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}

// Observed reads an element of a document that the device was asked for.
func (f facts) Observed(path, element string) ([]string, error) {
	if err := f.snap.UnreadDocuments[path]; err != nil {
		return nil, fmt.Errorf("could not be read: %s", providers.Reason(err))
	}
	doc, ok := f.snap.Documents[path]
	if !ok {
		return nil, fmt.Errorf("%s was not read", path)
	}
	texts, err := f.interpreter.Observe(doc, element)
	if err != nil {
		return nil, errors.New(providers.Reason(err))
	}
	return texts, nil
}
