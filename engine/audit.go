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

	"camform/engine/audit"
	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/providers"
	"camform/schema"
)

// audit judges the devices of a survey by their rules.
func (j judge) audit(found *survey, last memory) *audit.Report {
	subjects := make([]audit.Subject, len(found.devices))
	rules := j.rules(found.credentials, nobodyAsked)
	for i, device := range found.devices {
		subjects[i] = j.subject(device, found.snapshots[i], last[device.Address], rules)
	}
	return audit.Evaluate(subjects)
}

// aimAtRules is the aim of an audit. A target that names a setting looks at what rules want of it, and at nothing else; a
// device of which targets do not speak is judged by no rule.
func aimAtRules(devices []*config.Device, targets []schema.Setting) aim {
	at := aimAt(devices, targets)
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

// wantsForChecks are what a plan wants, and the documents that the checks of a device look at.
func (m memory) wantsForChecks(kinds *schema.Kinds, device *config.Device) live.Wants {
	all := m.wants(kinds, device)
	all.Extra = observedBy(device)
	return all
}

// observedBy are the documents that the checks of a device look at.
func observedBy(device *config.Device) []string {
	var paths []string
	for _, rule := range device.Rules {
		paths = append(paths, rule.Documents...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// subject puts together what is known of one device. Whether lifecycle { protect } lets a plan change a setting makes no
// difference to whether it is as wanted.
func (j judge) subject(device *config.Device, snap *live.Snapshot, last map[schema.Setting]diff.Memory, rules diff.Rules) audit.Subject {
	s := audit.Subject{Device: device}
	if snap.Err != nil {
		s.Problem = diff.NotRead(device, snap).Problem
		return s
	}
	open := *device
	open.Lifecycle.Protect = nil
	s.Facts = facts{device: device, snap: snap, interpreter: j, now: j.now}
	s.Found = diff.Compare(&open, snap, last, rules)
	planned, refused := diff.Plan(&open, snap, s.Found, j.Kinds(), j.Check)
	s.Skipped, s.Refused = planned.Skipped, refused
	return s
}

// facts are what checks can know of a device.
type facts struct {
	device      *config.Device
	snap        *live.Snapshot
	interpreter providers.Interpreter
	now         time.Time
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
		"location": text(f.device.Location), "site": text(f.device.Site), "tags": tags,
		"serial": text(f.snap.Identity.Serial), "mac": text(f.snap.Identity.MAC),
		"model": text(f.snap.Identity.Model), "firmware": text(f.snap.Identity.Firmware),
		"certificate": f.certificate(),
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
