package diff

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/plan"
	"camform/schema"
)

// Elsewhere is what was noted of secrets where they were, for a comparison where they are not. Fingerprints are those that the state
// makes; empty for one that was not noted.
type Elsewhere interface {
	// Fingerprint is that of the secret that an origin gave for an attribute.
	Fingerprint(address schema.Setting, attribute, origin string) string

	// Shown is that of the text that the device shows for an attribute.
	Shown(address schema.Setting, attribute string) string
}

// generation is the version that the vault has of a secret; 0 for a secret of another origin.
func (c *comparison) generation(origin string) int {
	scheme, name := schema.OriginScheme(origin)
	if scheme != schema.OriginVault {
		return 0
	}
	return c.rules.Managed(name).Version
}

// untilApply reports whether nobody knows here whether an attribute is as wanted: its secret is elsewhere, and nothing was noted of
// it that tells. A secret of the vault that the attribute never had is one that changes, unless the device shows what it has.
func (c *comparison) untilApply(want *config.Setting, a *schema.Attribute, declared config.Attribute) bool {
	origin := schema.Origin(declared.Value)
	switch {
	case c.rules.Elsewhere == nil, !want.Hides(a.Name), c.leaders[origin] != "":
		return false
	case declared.Policy != nil && (c.managed(want).Version == 0 || c.isOwn(want)):
		return false // it gets its first password, or camform logged in with it
	case declared.Policy == nil && c.provenByLogin(want, a, declared):
		return false
	case c.rules.Elsewhere.Fingerprint(want.Address, a.Name, origin) != "":
		return false
	case c.generation(origin) == 0, c.Last[want.Address].Fingerprints[a.Name] != "":
		return true
	}
	return c.rules.Elsewhere.Shown(want.Address, a.Name) != ""
}

// covered reports whether nobody knows here what the device has for an attribute: it repeats a secret, which is not shown.
func (c *comparison) covered(want *config.Setting, a *schema.Attribute, have cty.Value) bool {
	if c.rules.Elsewhere == nil || want.Hides(a.Name) {
		return false
	}
	covered := false
	_ = cty.Walk(have, func(_ cty.Path, v cty.Value) (bool, error) {
		if !v.IsMarked() && v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			covered = covered || strings.Contains(v.AsString(), schema.Blank)
		}
		return !covered, nil
	})
	return covered
}

// noteUntilApply reports the attributes of a setting that may change or not: nobody knows here. Have is what the device has of it;
// cty.NilVal if nothing.
func (c *comparison) noteUntilApply(want *config.Setting, have cty.Value) {
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		detail := ""
		switch {
		case !ok:
		case c.untilApply(want, a, declared):
			detail = fmt.Sprintf("it comes from %s, which was not available where this plan was made", schema.Origin(declared.Value))
		case have != cty.NilVal && c.covered(want, a, have.GetAttr(a.Name)):
			detail = "the device's value repeats a secret, and a snapshot does not show secrets"
		}
		if detail != "" {
			c.result.Skipped = append(c.result.Skipped, plan.Skipped{
				Address: want.Address, Attribute: a.Name, Reason: plan.UntilApply, Source: plan.SourceOf(declared.Range), Detail: detail,
			})
		}
	}
}

// same reports whether the device shows what is wanted. What it shows of a secret is elsewhere, too.
func (c *comparison) same(want *config.Setting, a *schema.Attribute, wanted, have cty.Value) bool {
	if c.rules.Elsewhere != nil && want.Hides(a.Name) {
		shown := c.rules.Elsewhere.Shown(want.Address, a.Name)
		return shown != "" && shown == c.fingerprint(want.Address, a, wanted)
	}
	wanted, _ = wanted.Unmark()
	return c.rules.Same(want.Kind, a, wanted, have)
}
