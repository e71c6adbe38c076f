package guard

import (
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/schema"
)

// Trials reports whether what leaves together for a device can be proven only by trying: it changes how the device is
// reached, and whether that works is decided by what the guard cannot see. Such a change is made while the old connection
// stays open, proven over a new one, and put back over the old one where that fails.
func Trials(g plan.Group, kinds *schema.Kinds) bool {
	return slices.ContainsFunc(g.Steps, func(s plan.Step) bool { return tried(factOf(s, kinds)) })
}

// ProvenByTrial reports whether a trial is all that speaks for what leaves together for a device: nobody knows which values
// keep the way in open, and no reason accepts them.
func ProvenByTrial(g plan.Group, kinds *schema.Kinds) bool {
	return slices.ContainsFunc(g.Steps, func(s plan.Step) bool { return factOf(s, kinds).opaque() && s.Accepted == "" })
}

func tried(f fact) bool {
	f.done = true
	return f.opaque() || slices.ContainsFunc(f.guards, func(g *schema.Guard) bool {
		return slices.ContainsFunc(roles[g.Role].tried(f, g), f.moved)
	})
}

func untried(fact, *schema.Guard) []string { return nil }

// triedIdentity: whether the device shows the key that it told of is seen over a new connection only.
func triedIdentity(_ fact, g *schema.Guard) []string {
	if g.Keeps == "" {
		return nil
	}
	return []string{g.Keeps}
}

// triedFilter: a filter that is off lets everybody in.
func triedFilter(f fact, g *schema.Guard) []string {
	if isFalse(f.value(g.Enabled)) {
		return nil
	}
	return []string{g.Enabled, g.Mode, g.List}
}

// triedListener: one without a port is none by which camform comes, and takes no port away.
func triedListener(_ fact, g *schema.Guard) []string {
	if g.Port == "" {
		return nil
	}
	return []string{g.Enabled, g.Port}
}

// triedAuthentication: camform logs in over HTTP or HTTPS.
func triedAuthentication(_ fact, g *schema.Guard) []string {
	if !g.Counts(schema.SchemeHTTP) && !g.Counts(schema.SchemeHTTPS) {
		return nil
	}
	return []string{g.Method, g.Algorithm}
}

// triedRequirement: camform logs in over HTTP or HTTPS.
func triedRequirement(_ fact, g *schema.Guard) []string {
	if !g.Counts(schema.SchemeHTTP) && !g.Counts(schema.SchemeHTTPS) {
		return nil
	}
	return []string{g.By}
}

func triedLink(_ fact, g *schema.Guard) []string {
	return slices.Concat([]string{g.Version, g.Enabled}, g.V4, g.V6, g.Cuts)
}

// closedByOpaque refuses a change that may close the way in, where nobody knows and a trial would come too late.
func closedByOpaque(f fact) string {
	if f.kind == nil {
		return fmt.Sprintf("This camform has no setting %s, so it cannot tell what changing it does to the way in. Make "+
			"the plan again with this camform and its setting files.", f.Address.Kind)
	}
	why := f.noTrial()
	if !f.opaque() || why == "" || f.Accepted != "" {
		return ""
	}
	return fmt.Sprintf("A wrong value of %s can close the way in, camform does not know which values are right, and it cannot try them: %s. "+
		"Try it on a device that you can reach by hand. If it works there, say so in the device block: allow_unproven = { %q = \"what you tried, and where\" }.",
		f.Address.Kind, why, f.Address.Kind)
}

// noTrial is why a change cannot be made on trial; empty where it can.
func (f fact) noTrial() string {
	switch {
	case f.Action != plan.Update:
		return "it creates or deletes an item, which cannot be restored as it was"
	case !f.kind.Restorable():
		return "camform sends something other than the document it read, so it cannot put the old one back"
	case f.kind.Reboot == schema.RebootYes: // whatever a plan says
		return "it takes effect at a restart, which breaks the connection over which camform could undo it"
	case f.kind.IsLink(f.Address.Key):
		return "it changes the link itself, which breaks the connection over which camform could undo it"
	default:
		return ""
	}
}
