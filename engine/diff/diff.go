// Package diff compares what is wanted with what there is and with what was last applied. It is pure.
//
// Rules:
//
//   - Only attributes that somebody declared are compared. What is not ours is put into "wanted" as it is, or taken out of
//     it, before anything is compared; the comparison itself has no exceptions.
//   - The three-way comparison decides the cause of a change, never whether there is one, with one exception: a device
//     that is known to keep a value in a form of its own has it.
//   - A value that a device never returns is as wanted if its fingerprint is the one that was last applied.
package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Memory is the record of a setting from the last time it was applied. Maps are by attribute.
type Memory struct {
	Applied      map[string]cty.Value // what was wanted
	Observed     map[string]cty.Value // what the device answered after it was written
	Fingerprints map[string]string    // of secrets
	Created      bool                 // whether camform created the item
}

// hides reports whether an attribute had a secret when the setting was applied, which the device may still show.
func (m Memory) hides(attribute string) bool { return m.Fingerprints[attribute] != "" }

// Rules are the judgements that the comparison needs from outside. They are pure.
type Rules struct {
	// Same reports whether the device's value have is what want asks for.
	Same func(kind *schema.Kind, a *schema.Attribute, want, have cty.Value) bool
	// Fingerprint identifies the value of a secret at an address.
	Fingerprint func(address schema.Setting, attribute string, secret schema.Secret) string
	// Elsewhere says what is known of secrets that are not here: what somebody noted where they were. Nil where they are here.
	Elsewhere Elsewhere
	// Managed says what is known of the password that the vault keeps under a name.
	Managed func(name string) Managed
	// Asked reports whether somebody asked for a new password of an account.
	Asked func(address schema.Setting) bool
	// Held says why a setting must stay as it is for now, for people; empty if it need not.
	Held func(address schema.Setting) string
	// Due reports whether a managed password is due to be changed, and why.
	Due func(credential.Policy, Managed) (due bool, reason string)
	// Window reports whether due passwords may be changed now, and if not, when.
	Window func(credential.Policy) (open bool, next time.Time)
}

// Managed is what is known of a password of the vault.
type Managed struct {
	Version int       // the live one; 0 if there is none
	Since   time.Time // when it was made
	Made    bool      // whether camform made it up; otherwise a person chose it

	// Activated reports whether the device got it when it had none: before it had shown who it is.
	Activated bool

	// Uncertain is when the backup was made that the state was restored from, where no device accepted the password since; else zero.
	Uncertain time.Time
}

// Change is a difference of one setting.
type Change struct {
	Address schema.Setting
	Kind    *schema.Kind
	Action  plan.Action
	Before  cty.Value // null if there is none; secrets in it are null
	After   cty.Value // null if it is to go; undeclared attributes and secrets are null
	Secrets map[string]plan.SecretSource
	Why     []plan.Why
	Unseen  []string        // attributes of Why that nobody could compare: the device does not show them, or what is wanted was left unread
	Reason  string          // for deletions and forgets
	Cause   plan.Cause      // for deletions
	Want    *config.Setting // nil if nobody wants it any more
}

// Result is what the comparison of one device found. Everything is ordered by address.
type Result struct {
	Changes   []Change
	Protected []Change         // changes that lifecycle { protect } forbids
	Skipped   []plan.Skipped   // wanted settings that could not be compared
	Adopted   []Adopted        // settings that are as wanted, but not remembered so
	Unmanaged map[string]int   // items that nobody declared, by kind
	Unchanged []plan.Unchanged // settings that are as wanted
}

// Adopted is a setting that a device has already as it is wanted.
type Adopted struct {
	Address schema.Setting
	Kind    *schema.Kind
	Value   cty.Value // declared attributes; the others and secrets are null
	Secrets map[string]plan.SecretSource
}

// Compare compares one device by itself: whatever logs in with a password of another device is judged by the password of
// now. The snapshot must be without Err.
func Compare(device *config.Device, snap *live.Snapshot, last map[schema.Setting]Memory, rules Rules) Result {
	c := comparison{Subject: Subject{Device: device, Snapshot: snap, Last: last}, rules: rules}
	c.compareManaged()
	c.compareOthers()
	return c.sorted()
}

type comparison struct {
	Subject
	rules   Rules
	leaders map[string]string // origin → address of the account whose new password it will yield
	held    map[string]string // origin → why the account must keep its password for now
	first   bool              // the device has no password yet, and is about to get its first
	result  Result
}

// compareManaged compares the accounts whose passwords the vault manages.
func (c *comparison) compareManaged() {
	for _, want := range c.Device.Settings {
		if isManaged(want) {
			c.compareWanted(want)
		}
	}
}

// compareOthers compares everything else.
func (c *comparison) compareOthers() {
	for _, want := range c.Device.Settings {
		if !isManaged(want) {
			c.compareWanted(want)
		}
	}
	c.findUndeclared()
	c.findVanished()
	c.noteWaiting()
}

// sorted is the result, ordered by address.
func (c *comparison) sorted() Result {
	byAddress := func(a, b Change) int { return a.Address.Compare(b.Address) }
	slices.SortFunc(c.result.Changes, byAddress)
	slices.SortFunc(c.result.Protected, byAddress)
	slices.SortStableFunc(c.result.Skipped, func(a, b plan.Skipped) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(c.result.Adopted, func(a, b Adopted) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(c.result.Unchanged, func(a, b plan.Unchanged) int { return a.Address.Compare(b.Address) })
	return c.result
}

func (c *comparison) compareWanted(want *config.Setting) {
	declared, whole := len(want.Attributes), want
	want = c.withoutIgnored(want)
	items, ok := c.Snapshot.Items[want.Kind.Name]
	have, exists := items[want.Address.Key]
	if declared > 0 && len(want.Attributes) == 0 {
		c.unchanged(whole, have)
		return
	}
	if !ok {
		c.skip(want)
		return
	}
	c.noteUntilApply(want, have)
	switch {
	case exists && declared == 0:
		c.unchanged(whole, have)
	case exists:
		c.compareExisting(c.completed(want, have), have)
	case c.Snapshot.Fault(want.Kind, want.Address.Key) != "":
		c.skipMissing(want, c.Snapshot.Fault(want.Kind, want.Address.Key))
	case (want.Kind.Creatable() || want.Kind.Again != nil) && declared > 0:
		c.add(c.created(c.implying(want)))
	default:
		c.skipMissing(want, "the device has no "+want.Address.Local())
	}
}

// skip notes that a wanted setting cannot be compared, with the reason that the snapshot knows.
func (c *comparison) skip(want *config.Setting) {
	if why, ok := c.Snapshot.Missing[want.Kind.Name]; ok {
		c.skipMissing(want, why)
		return
	}
	detail := "it was not read"
	if err := c.Snapshot.Unreadable[want.Kind.Name]; err != nil {
		detail = providers.Reason(err)
	}
	c.skipFor(want, plan.Unreadable, detail)
}

// skipMissing notes that a device does not have a wanted setting, or that this is unknown: it answers with a fault that may pass.
func (c *comparison) skipMissing(want *config.Setting, why string) {
	reason := plan.Unsupported
	if c.Snapshot.Fault(want.Kind, want.Address.Key) != "" {
		reason = plan.Unreadable
	}
	c.skipFor(want, reason, why)
}

// skipFor notes that a wanted setting is left alone. What was applied once and is not there any more has drifted.
func (c *comparison) skipFor(want *config.Setting, reason plan.SkipReason, detail string) {
	_, applied := c.Last[want.Address]
	c.result.Skipped = append(c.result.Skipped, plan.Skipped{
		Address: want.Address, Reason: reason, Detail: detail, Drifted: applied && reason == plan.Unsupported, Source: plan.SourceOf(want.Range),
	})
}

func (c *comparison) compareExisting(want *config.Setting, have cty.Value) {
	change := Change{Address: want.Address, Kind: want.Kind, Action: plan.Update, Want: want}
	memory, remembered := c.Last[want.Address]
	change.Before = c.shown(want, have)
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		if !ok {
			continue
		}
		if same, why := c.compareAttribute(want, a, declared, have.GetAttr(a.Name), memory); !same {
			change.Why = append(change.Why, why)
			if a.Unseen(have.GetAttr(a.Name)) || !declared.Value.IsKnown() && c.rules.Elsewhere == nil {
				change.Unseen = append(change.Unseen, a.Name)
			}
		}
	}
	if len(change.Why) == 0 {
		c.unchanged(want, have)
		if !remembered || !c.remembersAll(want, memory) {
			c.result.Adopted = append(c.result.Adopted, Adopted{
				Address: want.Address, Kind: want.Kind, Value: wantedValue(want), Secrets: c.secrets(want),
			})
		}
		return
	}
	change.After, change.Secrets = wantedValue(want), c.secrets(want)
	c.add(change)
}

// shown is what a device has of a wanted setting, without what comes from a secret, or came from one when it was applied.
func (c *comparison) shown(want *config.Setting, have cty.Value) cty.Value {
	return withoutSecrets(want.Kind, have, func(name string) bool { return want.Hides(name) || c.Last[want.Address].hides(name) })
}

// unchanged notes that a setting stays as the device has it; have is the zero value where the device was not asked for it.
func (c *comparison) unchanged(want *config.Setting, have cty.Value) {
	same := plan.Unchanged{Address: want.Address, Value: want.Kind.Null()}
	if have != cty.NilVal {
		same.Value = c.shown(want, have)
	}
	for _, a := range want.Kind.Attributes {
		if a.Secret || want.Hides(a.Name) || c.Last[want.Address].hides(a.Name) {
			same.Hidden = append(same.Hidden, a.Name)
		}
	}
	c.result.Unchanged = append(c.result.Unchanged, same)
}

// compareAttribute reports whether an attribute is as wanted, and if not, why.
func (c *comparison) compareAttribute(
	want *config.Setting, a *schema.Attribute, declared config.Attribute, have cty.Value, memory Memory,
) (bool, plan.Why) {
	why := plan.Why{Attribute: a.Name, Cause: plan.CauseConfig, Source: plan.SourceOf(declared.Range), Profile: declared.Profile}
	if declared.Policy != nil {
		return c.rotation(want, declared) == "", why
	}
	if want.Hides(a.Name) && c.leaders[schema.Origin(declared.Value)] != "" {
		return false, why
	}
	if c.untilApply(want, a, declared) || c.covered(want, a, have) {
		return true, why // nothing else is known here
	}
	if a.Unseen(have) {
		if c.provenByLogin(want, a, declared) {
			return true, why
		}
		return c.wasApplied(want, a, declared.Value, memory), why
	}
	wanted, _ := declared.Value.Unmark()
	if !have.IsNull() && c.same(want, a, declared.Value, have) {
		return true, why
	}
	if want.Hides(a.Name) {
		if known := memory.Fingerprints[a.Name]; known != "" && known == c.fingerprint(want.Address, a, declared.Value) {
			why.Cause = plan.CauseDrift // it is what was applied, and the device shows another one
		}
		return false, why
	}
	applied, known := memory.Applied[a.Name]
	if !known {
		return false, why
	}
	observed, seen := memory.Observed[a.Name]
	configMoved := !applied.RawEquals(wanted)
	deviceMoved := !seen || !observed.RawEquals(have)
	switch {
	case !configMoved && !deviceMoved:
		return true, why // the device keeps this value in a form of its own
	case configMoved && deviceMoved:
		why.Cause = plan.CauseBoth
	case deviceMoved:
		why.Cause = plan.CauseDrift
	}
	return false, why
}

// provenByLogin reports whether a password is the one that we are logged in with.
func (c *comparison) provenByLogin(want *config.Setting, a *schema.Attribute, declared config.Attribute) bool {
	if !c.isOwn(want) || a.Name != want.Kind.Account().Password {
		return false
	}
	wanted, _ := declared.Value.Unmark()
	ours, _ := c.Device.Login.Password.Unmark()
	if c.rules.Elsewhere != nil {
		return schema.Origin(declared.Value) != "" && schema.Origin(declared.Value) == schema.Origin(c.Device.Login.Password)
	}
	return ours.IsKnown() && !ours.IsNull() && wanted.RawEquals(ours)
}

func (c *comparison) created(want *config.Setting) Change {
	change := Change{
		Address: want.Address, Kind: want.Kind, Action: plan.Create, Before: want.Kind.Null(),
		After: wantedValue(want), Secrets: c.secrets(want), Want: want,
	}
	_, existed := c.Last[want.Address]
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		if !ok {
			continue
		}
		why := plan.Why{Attribute: a.Name, Cause: plan.CauseConfig, Source: plan.SourceOf(declared.Range), Profile: declared.Profile}
		if existed {
			why.Cause = plan.CauseDrift
		}
		change.Why = append(change.Why, why)
	}
	return change
}

// findUndeclared deals with items that the device has and nobody declared: removed where the kind is exclusive, else
// left alone and counted. The account that camform uses is never removed.
func (c *comparison) findUndeclared() {
	declared := map[schema.Setting]bool{}
	for _, s := range c.Device.Settings {
		declared[s.Address] = true
	}
	for name, items := range c.Snapshot.Items {
		for key, have := range items {
			address := schema.Setting{Device: c.Device.Address, Kind: name, Key: key}
			kind := c.Snapshot.Kinds[name]
			if declared[address] || kind == nil || !kind.Creatable() || c.deletesCreated(address) {
				continue
			}
			if !slices.Contains(c.Device.Exclusive, name) || key == c.Device.Login.Username {
				if c.result.Unmanaged == nil {
					c.result.Unmanaged = map[string]int{}
				}
				c.result.Unmanaged[name]++
				continue
			}
			c.add(Change{
				Address: address, Kind: kind, Action: plan.Delete, Before: withoutSecrets(kind, have, c.Last[address].hides), After: kind.Null(),
				Reason: "no configuration declares it, and the device lists " + name + " as exclusive", Cause: plan.CauseDrift,
			})
		}
	}
}

// findVanished deals with settings that were applied once and that nobody declares any more.
func (c *comparison) findVanished() {
	declared := map[schema.Setting]bool{}
	for _, s := range c.Device.Settings {
		declared[s.Address] = true
	}
	for address := range c.Last {
		kind := c.Snapshot.Kinds[address.Kind]
		if declared[address] || kind == nil || c.hasChange(address) {
			continue
		}
		items, read := c.Snapshot.Items[address.Kind]
		if !read && c.Snapshot.Missing[address.Kind] == "" || c.Snapshot.Fault(kind, address.Key) != "" {
			c.skipVanished(address)
			continue
		}
		change := Change{
			Address: address, Kind: kind, Action: plan.Forget, Before: kind.Null(), After: kind.Null(),
			Reason: "the configuration no longer declares it; the device keeps it as it is",
		}
		if have, exists := items[address.Key]; exists {
			change.Before = withoutSecrets(kind, have, c.Last[address].hides)
			if c.deletesCreated(address) {
				change.Action, change.Cause = plan.Delete, plan.CauseConfig
				change.Reason = "camform created it, and the configuration no longer declares it"
			}
		}
		c.add(change)
	}
}

// skipVanished notes that it is uncertain whether an item is still there that is ours to delete.
func (c *comparison) skipVanished(address schema.Setting) {
	why := c.Snapshot.Fault(c.Snapshot.Kinds[address.Kind], address.Key)
	if err := c.Snapshot.Unreadable[address.Kind]; err != nil {
		why = providers.Reason(err)
	}
	if why != "" && c.deletesCreated(address) {
		c.result.Skipped = append(c.result.Skipped, plan.Skipped{
			Address: address, Reason: plan.Unreadable, Detail: "camform created it, and the configuration no longer declares it: " + why,
		})
	}
}

// deletesCreated reports whether an item that nobody declares is ours to delete because we created it.
func (c *comparison) deletesCreated(address schema.Setting) bool {
	return c.Last[address].Created && address.Key != "" && address.Key != c.Device.Login.Username
}

func (c *comparison) hasChange(address schema.Setting) bool {
	return slices.ContainsFunc(c.result.Changes, func(ch Change) bool { return ch.Address == address })
}

func (c *comparison) add(change Change) {
	if why := c.rules.Held(change.Address); why != "" && change.Action != plan.Forget {
		source := plan.Source{}
		if change.Want != nil {
			source = plan.SourceOf(change.Want.Range)
		}
		c.result.Skipped = append(c.result.Skipped, plan.Skipped{Address: change.Address, Reason: plan.Held, Detail: why, Source: source})
		return
	}
	if change.Action != plan.Forget && c.Device.Lifecycle.Protects(change.Address) {
		c.result.Protected = append(c.result.Protected, change)
		return
	}
	c.result.Changes = append(c.result.Changes, change)
}

// withoutIgnored takes the attributes out of a setting that lifecycle { ignore_changes } names.
func (c *comparison) withoutIgnored(want *config.Setting) *config.Setting {
	kept := make(map[string]config.Attribute, len(want.Attributes))
	for name, a := range want.Attributes {
		if !c.Device.Lifecycle.Ignores(want.Address, name) {
			kept[name] = a
		}
	}
	if len(kept) == len(want.Attributes) {
		return want
	}
	reduced := *want
	reduced.Attributes = kept
	return &reduced
}

// completed adds to a wanted setting what follows from it and from what the device has: words in a set that the kind does not know,
// which stay, and switches that an attribute needs to have any effect.
func (c *comparison) completed(want *config.Setting, have cty.Value) *config.Setting {
	all := maps.Clone(want.Attributes)
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		implies, implied := want.Attributes[a.ImpliedBy]
		switch there := have.GetAttr(a.Name); {
		case ok:
			declared.Value = a.Keeping(declared.Value, there)
			all[a.Name] = declared
		case implied && !there.IsNull() && !c.Device.Lifecycle.Ignores(want.Address, a.Name):
			implies.Value = cty.True
			all[a.Name] = implies
		}
	}
	full := *want
	full.Attributes = all
	return &full
}

// implying adds to a wanted entry that is to be made again the switches that what is declared needs to have any effect. Which of them
// the device has is seen when they are checked.
func (c *comparison) implying(want *config.Setting) *config.Setting {
	if want.Kind.Again == nil {
		return want
	}
	return c.completed(want, cty.UnknownVal(want.Kind.Type()))
}

// remembersAll reports whether the memory holds exactly what is wanted.
func (c *comparison) remembersAll(want *config.Setting, memory Memory) bool {
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		applied, known := memory.Applied[a.Name]
		switch {
		case ok && want.Hides(a.Name):
			if !c.wasApplied(want, a, declared.Value, memory) && !c.untilApply(want, a, declared) {
				return false
			}
		case ok != known:
			return false
		case ok && !applied.RawEquals(declared.Value):
			return false
		}
	}
	return true
}

func (c *comparison) secrets(want *config.Setting) map[string]plan.SecretSource {
	var secrets map[string]plan.SecretSource
	for _, a := range want.Kind.Attributes {
		declared, ok := want.Attributes[a.Name]
		if !ok || !want.Hides(a.Name) {
			continue
		}
		if secrets == nil {
			secrets = map[string]plan.SecretSource{}
		}
		secrets[a.Name] = c.secret(want, a, declared)
	}
	return secrets
}

// secret is how a plan names the value of a secret attribute.
func (c *comparison) secret(want *config.Setting, a *schema.Attribute, declared config.Attribute) plan.SecretSource {
	s := plan.SecretSource{Origin: schema.Origin(declared.Value)}
	reason := ""
	if declared.Policy != nil {
		reason = c.rotation(want, declared)
	}
	switch leader := c.leaders[s.Origin]; {
	case reason != "":
		s.Generate = &plan.Generate{
			Policy: *declared.Policy, Replaces: c.managed(want).Version, Reason: reason, Own: c.isOwn(want),
			MinLen: bound(a.Min), MaxLen: bound(a.Max),
		}
	case declared.Policy == nil && leader != "":
		s.Follows = leader
	default:
		s.Fingerprint, s.Generation = c.fingerprint(want.Address, a, declared.Value), c.generation(s.Origin)
	}
	return s
}

// wasApplied reports whether a secret is the one that was last applied. One that was left unread, since nothing is to be written,
// counts as that.
func (c *comparison) wasApplied(want *config.Setting, a *schema.Attribute, v cty.Value, memory Memory) bool {
	known := memory.Fingerprints[a.Name]
	return known != "" && (!v.IsKnown() && c.rules.Elsewhere == nil || known == c.fingerprint(want.Address, a, v))
}

func (c *comparison) fingerprint(address schema.Setting, a *schema.Attribute, v cty.Value) string {
	if c.rules.Elsewhere != nil {
		return c.rules.Elsewhere.Fingerprint(address, a.Name, schema.Origin(v))
	}
	secret, ok := schema.SecretIn(v)
	if !ok {
		return ""
	}
	return c.rules.Fingerprint(address, a.Name, secret)
}

// wantedValue is the wanted value with secrets and undeclared attributes null.
func wantedValue(want *config.Setting) cty.Value {
	return withoutSecrets(want.Kind, want.Want(), want.Hides)
}

// withoutSecrets is a setting without the attributes that its kind hides, and those that hides names besides.
func withoutSecrets(kind *schema.Kind, v cty.Value, hides func(attribute string) bool) cty.Value {
	v, _ = v.UnmarkDeep()
	if v.IsNull() {
		return v
	}
	values := v.AsValueMap()
	for _, a := range kind.Attributes {
		if a.Secret || hides(a.Name) {
			values[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(values)
}
