package diff

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// TestADeletedEntryIsMadeAgain where it was, or is known to fit, and somebody allows what no device was seen to do. What the device lacks
// of it is left out and told; the switch that an argument needs comes with it where the device has one.
func TestADeletedEntryIsMadeAgain(t *testing.T) {
	kind := &schema.Kind{
		Name: "slot", Keyed: true, Confidence: schema.Confirmed, Document: schema.Document{Path: "/slots"}, Again: &schema.Again{Confidence: schema.Unsure},
		Attributes: []*schema.Attribute{
			{Name: "server", Type: cty.String, Required: true},
			{Name: "enabled", Type: cty.Bool, ImpliedBy: "server"},
			{Name: "port", Type: cty.Number},
		},
	}
	noRoom := providers.AttributeError{Lacks: true, Detail: "It is full."}
	fits := providers.AttributeError{Unproven: true, Detail: "Nobody saw it."}
	may := providers.AttributeError{Lacks: true, Unproven: true, Detail: "Nobody knows."}
	noSwitch, noPort := providers.AttributeError{Attribute: "enabled", Lacks: true, Detail: "No switch."}, providers.AttributeError{Attribute: "port", Lacks: true, Detail: "No port."}
	wrong := providers.AttributeError{Attribute: "port", Detail: "Too high."}
	for title, c := range map[string]struct {
		says             []providers.AttributeError
		allowed, applied bool
		without          string
		why              string // the attributes of the step; empty for none
		reason           plan.SkipReason
		told             string
		refused          string
	}{
		"allowed":                         {says: []providers.AttributeError{fits}, allowed: true, why: "server enabled port"},
		"not allowed":                     {says: []providers.AttributeError{fits, wrong}, reason: plan.Unproven, told: `Nobody saw it. Try it on a device that you can reach by hand, with allow_unproven = ["slot"]`},
		"no room":                         {says: []providers.AttributeError{noRoom}, allowed: true, applied: true, reason: plan.Unsupported, told: "It is full."},
		"nobody knows of it":              {says: []providers.AttributeError{may}, allowed: true, reason: plan.Unsupported, told: "the device has no slot.a"},
		"it was there":                    {says: []providers.AttributeError{may}, allowed: true, applied: true, why: "server enabled port"},
		"it was there, and not allowed":   {says: []providers.AttributeError{may}, applied: true, reason: plan.Unproven, told: "Nobody knows."},
		"without a switch":                {says: []providers.AttributeError{fits, noSwitch}, allowed: true, why: "server port"},
		"without an attribute":            {says: []providers.AttributeError{fits, noPort}, allowed: true, why: "server enabled", reason: plan.Unsupported, told: "No port."},
		"with a wrong value":              {says: []providers.AttributeError{fits, wrong}, allowed: true, why: "server enabled port", refused: "Too high."},
		"without what it needs":           {says: []providers.AttributeError{fits}, allowed: true, without: "server", why: "port", refused: "creating it requires server"},
		"without that, and nobody allows": {says: []providers.AttributeError{fits}, without: "server", reason: plan.Unproven, told: "Nobody saw it."},
	} {
		t.Run(title, func(t *testing.T) {
			wish := &config.Setting{Address: address("slot", "a"), Kind: kind, Range: at(10), Attributes: map[string]config.Attribute{
				"server": {Value: cty.StringVal("b"), Range: at(11)}, "port": {Value: cty.NumberIntVal(2), Range: at(12)},
			}}
			delete(wish.Attributes, c.without)
			last := map[schema.Setting]Memory{}
			if c.applied {
				last[wish.Address] = Memory{Applied: values{"server": cty.StringVal("b")}}
			}
			d := device(wish)
			d.URL = mustURL("https://192.0.2.1:443")
			if c.allowed {
				d.AllowUnproven = config.Allowances{"slot": ""}
			}
			s := snapshot(map[string]providers.Items{"slot": {}})
			says := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError {
				return slices.Clone(c.says)
			}
			planned, refusals := Plan(d, s, Compare(d, s, last, rules), schema.NewKinds(kind), says, nil)
			var why []string
			for _, step := range planned.Steps {
				for _, w := range step.Why {
					why = append(why, w.Attribute)
				}
				if step.Action != plan.Create || step.After.GetAttr("enabled").IsNull() == slices.Contains(why, "enabled") {
					t.Errorf("%s to %#v", step.Action, step.After)
				}
			}
			if have := strings.Join(why, " "); have != c.why {
				t.Errorf("the step is about %q, want %q", have, c.why)
			}
			if left := planned.Skipped; len(left) > 0 != (c.reason != "") || len(left) > 0 && (len(left) != 1 || left[0].Reason != c.reason || !strings.Contains(left[0].Detail, c.told) || left[0].Drifted != c.applied) {
				t.Errorf("left alone: %+v", left)
			}
			if len(refusals) > 0 != (c.refused != "") || len(refusals) > 0 && !strings.Contains(refusals[0].Detail, c.refused) {
				t.Errorf("refused: %+v", refusals)
			}
		})
	}
}
