package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/credential"
	"camform/engine/diag"
	"camform/schema"
)

// deviceBlock is a device block, which stands for one device or, with a for_each, for any number.
type deviceBlock struct{ body }

func (d *deviceBlock) profiles(l *loader) []node { return l.namedProfiles(d.attributes["profiles"]) }

// inForEach reports whether a reference stands in the for_each argument.
func (d *deviceBlock) inForEach(reference hcl.Traversal) bool {
	return d.attributes["for_each"].Expr.Range().Overlaps(reference.SourceRange())
}

// evaluate evaluates all instances of the block. What the profiles say is merged once for all of them.
func (d *deviceBlock) evaluate(l *loader, s scope) {
	names := l.uses[node{"device", d.name()}].profiles()
	shared := inherited{
		settings: merge(l.layersOf(names)...), exclusive: unitedOf(l.exclusive, names, nil), unproven: l.allowed(names, nil),
		rules: unitedRules(l.rulesOf(names)...), consumers: unitedConsumers(l.consumersOf(names)...), strict: l.anyStrict(names),
		clockJump: l.clockJump(names),
	}
	instances, ok := d.instances(s)
	if !ok {
		return // its value stays unknown
	}
	if len(instances) == 0 {
		l.config.Vacant = append(l.config.Vacant, d.block.DefRange)
	}
	devices := make([]*Device, len(instances))
	for i, instance := range instances {
		devices[i] = instance.device(d, shared)
	}
	if l.referenced[d.node()] {
		l.values[d.node()] = d.value(devices)
	}
	for _, device := range devices {
		if device.complete() {
			l.config.Devices = append(l.config.Devices, device)
		}
	}
}

func (d *deviceBlock) node() node { return node{"device", d.name()} }

// value is what other declarations see of the block: the device, or an object of its instances by their keys.
func (d *deviceBlock) value(devices []*Device) cty.Value {
	if d.attributes["for_each"] == nil {
		return devices[0].value()
	}
	values := make(map[string]cty.Value, len(devices))
	for _, device := range devices {
		values[device.Address.Key] = device.value()
	}
	return cty.ObjectVal(values)
}

// inherited is what a device gets from its profiles.
type inherited struct {
	settings  layer
	exclusive []string
	unproven  Allowances
	rules     []Rule
	consumers []Consumer
	clockJump string
	strict    bool
}

// instances makes the scope of every instance. It is false if for_each is wrong.
func (d *deviceBlock) instances(s scope) ([]scope, bool) {
	attr := d.attributes["for_each"]
	if attr == nil {
		s.about.Device = schema.Device{Name: d.name()}
		s.meter.allow(stepsPerDevice, bytesPerDevice)
		return []scope{s}, true
	}
	each := s.value(attr.Expr)
	if !s.iterable(attr, each) {
		return nil, false
	}
	var instances []scope
	for key, value := range each.Elements() {
		if each.Type().IsSetType() {
			key = value
		}
		if hidden := strings.IndexFunc(key.AsString(), func(r rune) bool { return !schema.Shown(r) }); hidden >= 0 {
			s.add(invalidForEach.at(attr.Expr.Range(), "The key %q has a character that cannot be shown. Keys are parts of addresses, which appear in "+
				"reports and in commands that people paste into a shell. Give the device a name without it.", key.AsString()))
			return nil, false
		}
		instance := s
		s.meter.allow(stepsPerDevice, bytesPerDevice)
		instance.about.Device = schema.Device{Name: d.name(), Key: key.AsString(), Each: true}
		instance.ctx = s.ctx.NewChild()
		instance.ctx.Variables = map[string]cty.Value{
			"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}),
		}
		instances = append(instances, instance)
	}
	return instances, true
}

// iterable reports whether a value can be the for_each of a device, and says why it cannot.
func (s scope) iterable(attr *hcl.Attribute, v cty.Value) bool {
	wrong := func(detail string) bool {
		s.add(invalidForEach.at(attr.Expr.Range(), "%s", detail))
		return false
	}
	t := v.Type()
	switch {
	case v.IsMarked() || t.IsSetType() && v.ContainsMarked():
		return wrong("The value is secret, and the keys of for_each are shown as parts of addresses. Keep the names of devices separate from the secrets.")
	case !v.IsKnown() && t == cty.DynamicPseudoType, t.IsSetType() && !v.IsWhollyKnown() && s.failed():
		return false // reported where it failed
	case v.IsNull():
		return wrong("The value is null. To have no devices, use an empty map.")
	case t.IsListType() || t.IsTupleType():
		return wrong("The value is a list, whose elements have no names. Turn strings into a set with toset(...), or make a map: { for row in LIST : row.name => row }.")
	case t.IsSetType() && t.ElementType() != cty.String:
		return wrong("The elements of the set are names of devices, and must be strings.")
	case !t.IsMapType() && !t.IsObjectType() && !t.IsSetType():
		return wrong("for_each accepts a map or a set of strings; this is " + describe(v) + ".")
	case !v.IsKnown() || t.IsSetType() && !v.IsWhollyKnown():
		if s.failed() {
			return false
		}
		return wrong("The keys depend on a value that is unknown while the configuration is loaded, such as a secret that is not read.")
	case t.IsSetType() && hasNull(v):
		return wrong("One of the elements is null.")
	}
	return true
}

// expanded is the body with its dynamic blocks replaced by what they generate.
func (b body) expanded(s scope) *outline {
	if !b.generated {
		return b.outline
	}
	o, problems := b.shape.expand(b.block.Body, s.ctx, dynblock.OptCheckForEach(s.generates), isQuiet)
	s.add(problems...)
	return o
}

// generates checks the for_each of a dynamic block.
func (s scope) generates(v cty.Value, expr hcl.Expression, _ *hcl.EvalContext) hcl.Diagnostics {
	at := expr.Range()
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: invalidForEach.summary, Subject: &at}
	switch {
	case hasSecret(v):
		d.Detail = "The value contains a secret, and what it generates is shown. Keep the names separate from the secrets."
	case !v.IsKnown():
		d.Detail = "The value is unknown while the configuration is loaded."
		if s.failed() {
			d.Extra = quiet{}
		}
	default:
		return nil
	}
	return hcl.Diagnostics{d}
}

// quiet is the extra of diagnostics that follow from something that was reported.
type quiet struct{}

func isQuiet(d *hcl.Diagnostic) bool { return d.Extra == quiet{} }

// device evaluates the body for one instance. Fields whose arguments are missing or wrong have their zero values.
func (s scope) device(d *deviceBlock, shared inherited) *Device {
	o := d.expanded(s)
	sections := s.single(o.sections)
	device := &Device{
		Address:   s.about.Device,
		Exclusive: shared.exclusive, AllowUnproven: shared.unproven, Rules: shared.rules, Consumers: shared.consumers,
		Range:     d.block.DefRange,
		Tags:      s.words(o.attributes["tags"]),
		Identity:  s.identity(sections["identity"]),
		TLS:       s.tls(sections["tls"]),
		Ownership: ownershipOf(s, sections["ownership"]),
		Lifecycle: s.lifecycle(sections["lifecycle"]),
	}
	device.Location, _ = s.text(o.attributes["location"])
	device.Site, _ = s.text(o.attributes["site"])
	if attr := o.attributes["exclusive"]; attr != nil {
		device.Exclusive = united(shared.exclusive, s.exclusiveKinds(attr))
	}
	if attr := o.attributes["allow_unproven"]; attr != nil {
		device.AllowUnproven = allowed(shared.unproven, s.unprovenKinds(attr))
	}
	device.ClockJump = clockJumpOf(s, o.attributes["accept_clock_jump"], shared.clockJump)
	device.Strict = s.isStrict(o.attributes["strict"], shared.strict)
	settings := shared.settings
	own, rules := s.judged(o, "")
	if len(own) > 0 {
		settings = merge(settings, own)
	}
	if len(rules) > 0 {
		device.Rules = unitedRules(shared.rules, rules)
	}
	if own := s.consumers(o.sections); len(own) > 0 {
		device.Consumers = unitedConsumers(shared.consumers, own)
	}
	device.Settings, device.Rules = s.withPasswords(settings.on(device.Address)), s.rulesWithPasswords(device.Rules)
	device.URL, device.URLRange = s.address(d.block, "address", o.attributes["address"])
	device.Login = s.login(d.block, sections["login"], func(policy *hcl.Attribute, username string) *credential.Policy {
		return s.accountPolicy(device, policy, username)
	})
	s.declareLogin(device, sections["login"])
	s.add(device.accountNames()...)
	return device
}

// accountNames are the problems of names of accounts that no device takes. The vault keeps other secrets of a device under such names.
func (d *Device) accountNames() (problems diag.Problems) {
	check := func(name string, at hcl.Range) {
		if strings.Contains(name, ":") {
			problems = append(problems, invalidName.at(at, "%s is not a valid name for an account: devices accept none with a colon.", diag.Quote(name)))
		}
	}
	check(d.Login.Username, d.Login.Range)
	for _, setting := range d.Settings {
		if setting.Kind.IsAccount() {
			check(setting.Address.Key, setting.Range)
		}
	}
	return problems
}

// complete reports whether a device can be reached and logged in to.
func (d *Device) complete() bool {
	for _, setting := range d.Settings {
		setting.dropWrong()
	}
	return d.URL != nil && d.Login.Username != "" && schema.IsSecret(d.Login.Password)
}

func united(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// named are the blocks of a device, besides its settings, that have names and can be there more than once.
var named = []string{"consumer", "rule", "check"}

// single finds the blocks that a device has once and that are no settings.
func (s scope) single(sections []*section) map[string]*section {
	found := map[string]*section{}
	for _, section := range sections {
		name := section.block.Type
		if s.options.Kinds.Lookup(name) != nil || slices.Contains(named, name) {
			continue
		}
		if first := found[name]; first != nil {
			s.add(duplicateBlock.at(section.block.DefRange, "There is already a block %s at %s; a device can have only one.", name, line(first.block.DefRange)))
			continue
		}
		found[name] = section
	}
	return found
}

// address is an argument that holds an address as a URL, nil if it is missing or wrong, and its place.
func (s scope) address(block *hcl.Block, name string, attr *hcl.Attribute) (*url.URL, hcl.Range) {
	if attr == nil {
		s.add(missingArgument.at(block.DefRange, "A device needs an address, such as %s = \"https://192.0.2.1\".", name))
		return nil, block.DefRange
	}
	at := attr.Expr.Range()
	v := s.argument(attr, cty.String)
	if v.IsNull() {
		s.add(missingArgument.at(at, "The address is null. A device needs one, such as \"https://192.0.2.1\"."))
	}
	if v.IsNull() || !v.IsKnown() {
		return nil, at
	}
	u, err := parseAddress(v.AsString())
	if err != nil {
		s.add(invalidAddress.at(at, "The address %s.", err))
	}
	return u, at
}

func (s scope) identity(section *section) Identity {
	if section == nil {
		return Identity{}
	}
	id := Identity{Range: section.block.DefRange}
	id.Serial, _ = s.text(section.attributes["serial"])
	id.Model, _ = s.text(section.attributes["model"])
	if text, _ := s.text(section.attributes["mac"]); text != "" {
		mac, err := net.ParseMAC(text)
		if err != nil {
			s.add(invalidMAC.at(section.attributes["mac"].Expr.Range(), "%s is not a MAC address. Write it like 00:00:5e:00:53:01.", diag.Quote(text)))
		}
		id.MAC = mac.String()
	}
	return id
}

// login reads a login block. managed says by what the account is managed, from the argument that names a policy, which may be
// absent.
func (s scope) login(block *hcl.Block, section *section, managed func(policy *hcl.Attribute, username string) *credential.Policy) Login {
	if section == nil {
		s.add(missingBlock.at(block.DefRange, "A device needs a login block with username and password."))
		return Login{}
	}
	login := Login{Range: section.block.DefRange, Basic: s.flag(section.attributes["basic"])}
	name := s.argument(section.attributes["username"], cty.String)
	var missing []string
	if name.IsKnown() && (name.IsNull() || name.AsString() == "") {
		missing = append(missing, "username")
	} else if name.IsKnown() {
		login.Username = name.AsString()
	}
	login.Policy = managed(section.attributes[policyArgument], login.Username)
	if attr := section.attributes["password"]; attr != nil {
		login.Source = attr.Expr.Range()
	}
	login.Password = s.loginPassword(section.attributes["password"], login)
	if login.Password.IsNull() && (login.Policy != nil || saysNothing(section.attributes[policyArgument])) {
		missing = append(missing, "password")
	}
	if len(missing) > 0 {
		s.add(missingArgument.at(section.block.DefRange, "A login needs %s.", list(missing)))
	}
	return login
}

func (s scope) tls(section *section) TLS {
	if section == nil {
		return TLS{}
	}
	t := TLS{Verify: s.flag(section.attributes["verify"]), Legacy: s.flag(section.attributes["legacy"]), Plain: s.flag(section.attributes["plain"])}
	path, ok := s.text(section.attributes["ca_file"])
	if !ok {
		return t
	}
	at := section.attributes["ca_file"].Expr.Range()
	if !t.Verify {
		s.add(invalidTLS.at(at, "ca_file has no effect unless certificates are verified. Add verify = true."))
	}
	t.CAFile = path
	if !filepath.IsAbs(path) {
		t.CAFile = filepath.Join(s.source.dir, path)
	}
	s.add(s.files.barred(t.CAFile, at)...)
	if !isFile(t.CAFile) {
		s.add(unreadableFile.at(at, "There is no file %s. The path in ca_file is relative to the directory of the configuration.", t.CAFile))
	}
	return t
}

// value is what other declarations see of the device. Attributes that are wrong are unknown in it.
func (d *Device) value() cty.Value {
	address, key := cty.UnknownVal(cty.String), cty.NullVal(cty.String)
	if d.URL != nil {
		address = cty.StringVal(d.URL.String())
	}
	if d.Address.Each {
		key = cty.StringVal(d.Address.Key)
	}
	values := map[string]cty.Value{
		"address":  address,
		"name":     cty.StringVal(d.Address.Name),
		"key":      key,
		"location": cty.StringVal(d.Location),
		"site":     cty.StringVal(d.Site),
		"tags":     stringSet(d.Tags),
		"login":    cty.ObjectVal(map[string]cty.Value{"username": cty.StringVal(d.Login.Username)}),
		"identity": cty.ObjectVal(map[string]cty.Value{
			"serial": cty.StringVal(d.Identity.Serial),
			"mac":    cty.StringVal(d.Identity.MAC),
			"model":  cty.StringVal(d.Identity.Model),
		}),
	}
	keyed := map[string]map[string]cty.Value{}
	for _, s := range d.Settings {
		if !s.Kind.Keyed {
			values[s.Kind.Name] = s.declared()
			continue
		}
		if keyed[s.Kind.Name] == nil {
			keyed[s.Kind.Name] = map[string]cty.Value{}
		}
		keyed[s.Kind.Name][s.Address.Key] = s.declared()
	}
	for name, items := range keyed {
		values[name] = cty.ObjectVal(items)
	}
	return cty.ObjectVal(values)
}

// declared is an object of the attributes that are declared. An item of a keyed kind has its key as its name too.
func (s *Setting) declared() cty.Value {
	values := map[string]cty.Value{}
	if s.Kind.Keyed {
		values["name"] = cty.StringVal(s.Address.Key)
	}
	for name, a := range s.Attributes {
		values[name] = schema.Reveal(a.Value)
	}
	return cty.ObjectVal(values)
}

func stringSet(words []string) cty.Value {
	if len(words) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	values := make([]cty.Value, len(words))
	for i, w := range words {
		values[i] = cty.StringVal(w)
	}
	return cty.SetVal(values)
}

// finish orders what was found and compares the devices with each other.
func (l *loader) finish() {
	slices.SortFunc(l.config.Devices, func(a, b *Device) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(l.config.Outputs, func(a, b Output) int { return strings.Compare(a.Name, b.Name) })
	for _, origin := range sortedKeys(l.config.Secrets) {
		l.exposedFile(origin)
	}
	l.distinct()
	derivation{l}.apartFromManaged()
}

// distinct reports devices that must be the same one: by address, or by serial number.
func (l *loader) distinct() {
	hosts, serials := map[string]*Device{}, map[string]*Device{}
	for _, d := range l.config.Devices {
		s := scope{loader: l, about: schema.Setting{Device: d.Address}}
		if first, ok := hosts[d.URL.Host]; ok {
			s.add(duplicateAddress.at(d.URLRange, "%s and %s (%s) have the same address %s. Declare each device only once.", d.Address, first.Address, line(first.URLRange), d.URL.Host))
		} else {
			hosts[d.URL.Host] = d
		}
		serial := d.Identity.Serial
		if first, ok := serials[serial]; ok && serial != "" {
			s.add(duplicateSerial.at(d.Identity.Range, "%s and %s (%s) have the same serial number %s.", d.Address, first.Address, line(first.Identity.Range), diag.Quote(serial)))
		} else {
			serials[serial] = d
		}
	}
}
