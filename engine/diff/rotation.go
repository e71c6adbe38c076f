package diff

import (
	"fmt"
	"slices"
	"time"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/schema"
)

// managed is what is known of the password of the account that a setting is.
func (c *comparison) managed(want *config.Setting) Managed {
	return c.rules.Managed(credential.Name(want.Address.Device, want.Address.Key))
}

// isOwn reports whether a setting is the account that camform logs in with.
func (c *comparison) isOwn(want *config.Setting) bool {
	return want.Kind.IsAccount() && want.Address.Key == c.Device.Login.Username
}

// rotation says why a managed password is to be changed now; empty if it is not.
func (c *comparison) rotation(want *config.Setting, declared config.Attribute) string {
	known := c.managed(want)
	due, reason := c.due(want, declared)
	switch {
	case known.Version == 0:
		return "the vault has no password for it yet"
	case exposes(c.Device, want.Kind):
		return ""
	case c.held[schema.Origin(declared.Value)] != "":
		return ""
	case c.rules.Asked(want.Address):
		return "somebody requested it"
	case (known.Activated || c.first && c.isOwn(want)) && c.Device.URL.Scheme == "https":
		return "a device receives its first password before it has proven its identity"
	case !known.Made:
		return "the one in the vault was chosen by hand"
	case !c.isOwn(want) && !known.Uncertain.IsZero():
		return "the state was restored from a backup of " + known.Uncertain.UTC().Format(time.RFC3339) + ", so the account may have a newer one"
	case !c.isOwn(want) && !c.hasManaged(want, declared):
		return "it may not have the password in the vault"
	case due:
		return reason
	default:
		return ""
	}
}

// hasManaged reports whether an account has, according to the state, the password of the vault.
func (c *comparison) hasManaged(want *config.Setting, declared config.Attribute) bool {
	i := slices.IndexFunc(want.Kind.Attributes, func(a *schema.Attribute) bool { return want.Attributes[a.Name].Policy != nil })
	a := want.Kind.Attributes[i]
	known := c.Last[want.Address].Fingerprints[a.Name]
	return c.untilApply(want, a, declared) || known != "" && known == c.fingerprint(want.Address, a, declared.Value)
}

// due reports whether the age of a managed password asks for a new one, and this is the time to make one.
func (c *comparison) due(want *config.Setting, declared config.Attribute) (bool, string) {
	if open, _ := c.rules.Window(*declared.Policy); !open {
		return false, ""
	}
	return c.rules.Due(*declared.Policy, c.managed(want))
}

// bound is a bound of a schema; 0 for none.
func bound(n *int64) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

// noteWaiting tells of managed passwords that are due and have to wait.
func (c *comparison) noteWaiting() {
	for _, want := range c.Device.Settings {
		for _, a := range want.Kind.Attributes {
			declared, ok := want.Attributes[a.Name]
			if !ok || declared.Policy == nil || c.managed(want).Version == 0 {
				continue
			}
			if reason, detail := c.waits(want, declared); detail != "" {
				c.result.Skipped = append(c.result.Skipped, plan.Skipped{
					Address: want.Address, Attribute: a.Name, Reason: reason, Source: plan.SourceOf(declared.Range), Detail: detail,
				})
			}
		}
	}
}

// waits says for what a new password has to wait; empty if it need not, or is not due.
func (c *comparison) waits(want *config.Setting, declared config.Attribute) (plan.SkipReason, string) {
	due, reason := c.rules.Due(*declared.Policy, c.managed(want))
	open, next := c.rules.Window(*declared.Policy)
	asked, held := c.rules.Asked(want.Address), c.held[schema.Origin(declared.Value)]
	switch {
	case exposes(c.Device, want.Kind) && (due || asked):
		return plan.Exposed, exposed
	case held != "" && (due || asked):
		return plan.Waiting, held
	case due && !open && !asked:
		return plan.Waiting, fmt.Sprintf("%s; its window opens at %s", reason, next.Format("2006-01-02 15:04 MST"))
	default:
		return "", ""
	}
}
