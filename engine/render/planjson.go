package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/plan"
	"camform/schema"
)

// The versions that documents for programs carry. Tools decide by them what they may expect.
const (
	PlanFormat       = "1.3"   // of the plan document
	StateFormat      = "1.0"   // of the state inside it
	StreamFormat     = "1.2"   // of the lines of Stream
	TerraformVersion = "1.9.0" // the release of Terraform whose documents these are like
)

// PlanJSON writes a plan as one JSON document in the shape of `terraform show -json`, so that tools for that read it.
//
//   - A resource is a setting: type is the kind, name the key of the item or again the kind, module_address the device
//     and index its for_each key.
//   - Secrets are null, true in after_sensitive, and true in after_unknown if they will be set.
//   - planned_values and prior_state hold the settings that have a step, since a plan knows no others.
//   - resource_drift tells what happened on a device: from what was applied last, null where that is not known any more,
//     to what the device has.
//   - The changes of a device that gets its first password are all that is declared for it: what it has is not known yet. Such devices
//     are in activated of x_camform, and the document is not complete.
//   - checks holds a check for each id, with an instance for each device that was judged by it: pass, fail or unknown.
//   - What Terraform has no word for is in x_camform, once for the plan and once for each resource change and check of a device.
//
// Provider is the name under which the document says whose settings these are. It fails, having written nothing, if the plan
// holds a secret or cannot be encoded.
//
// Unkept are devices of which a backup is due before the plan is applied.
func PlanJSON(w io.Writer, p *plan.Plan, unkept []schema.Device, kinds *schema.Kinds, provider string) error {
	return writePlan(w, p, kinds, provider, func(doc *planDoc) {
		for _, d := range unkept {
			doc.Camform.BackupDue = append(doc.Camform.BackupDue, d.String())
		}
	})
}

// DriftJSON is PlanJSON for a plan that holds nothing but drift. It is complete only if the state remembers every device to
// which something could be applied, and x_camform has the verdict.
func DriftJSON(w io.Writer, p *plan.Plan, kinds *schema.Kinds, provider string) error {
	return writePlan(w, p, kinds, provider, func(doc *planDoc) {
		doc.Complete, doc.Camform.Verdict = p.DriftComplete(), string(p.Drifted())
	})
}

// writePlan writes the document of a plan after something was added to it.
func writePlan(w io.Writer, p *plan.Plan, kinds *schema.Kinds, provider string, add func(*planDoc)) error {
	hash, err := plan.Hash(p, kinds)
	if err != nil {
		return fmt.Errorf("render plan: %w", err)
	}
	doc, err := planDocument(p, kinds, provider)
	if err != nil {
		return fmt.Errorf("render plan: %w", err)
	}
	doc.Camform.PlanHash = hash
	add(doc)
	if err := JSONLine(w, doc); err != nil {
		return fmt.Errorf("render plan: %w", err)
	}
	return nil
}

// JSONLine writes v as one line of JSON in which whatever is not printable is escaped. It writes nothing if v cannot be
// encoded.
func JSONLine(w io.Writer, v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// JSONDocument writes v as one indented document of JSON in which whatever is not printable is escaped, and what HTML takes for
// mark-up. It writes nothing if v cannot be encoded.
func JSONDocument(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, escapeUnprintable(text), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// encode is JSON without HTML escapes in which whatever is not printable is escaped.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeUnprintable(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// escapeUnprintable writes characters that could steer a terminal as \u escapes. In JSON they stand in strings only, since
// the encoder writes no white space.
func escapeUnprintable(text []byte) []byte {
	if isPrintable(string(text)) {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		switch {
		case strconv.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// The shape of the document.
type (
	planDoc struct {
		FormatVersion    string               `json:"format_version"`
		TerraformVersion string               `json:"terraform_version"`
		CamformVersion   string               `json:"camform_version"`
		Timestamp        string               `json:"timestamp"`
		Applyable        bool                 `json:"applyable"`
		Complete         bool                 `json:"complete"`
		Errored          bool                 `json:"errored"`
		Variables        struct{}             `json:"variables"`
		PlannedValues    valuesDoc            `json:"planned_values"`
		ResourceDrift    []resourceChangeDoc  `json:"resource_drift,omitempty"`
		ResourceChanges  []resourceChangeDoc  `json:"resource_changes"`
		OutputChanges    map[string]changeDoc `json:"output_changes"`
		PriorState       stateDoc             `json:"prior_state"`
		Configuration    configurationDoc     `json:"configuration"`
		Checks           []checkDoc           `json:"checks,omitempty"`
		Camform          camformPlanDoc       `json:"x_camform"`
	}
	// checkDoc is one check with the devices that were judged by it.
	checkDoc struct {
		Address   checkAddressDoc    `json:"address"`
		Status    string             `json:"status"` // the worst of its instances
		Instances []checkInstanceDoc `json:"instances"`
	}
	checkAddressDoc struct {
		Display string `json:"to_display"`
		Kind    string `json:"kind,omitempty"`
		Name    string `json:"name,omitempty"`
		Module  string `json:"module,omitempty"`
	}
	checkInstanceDoc struct {
		Address  checkAddressDoc `json:"address"`
		Status   string          `json:"status"`
		Problems []checkWhyDoc   `json:"problems,omitempty"`
		Camform  camformCheckDoc `json:"x_camform"`
	}
	checkWhyDoc struct {
		Message string `json:"message"`
	}
	camformCheckDoc struct {
		Severity string      `json:"severity"`
		Unasked  bool        `json:"unasked,omitempty"` // plan -checks would judge it
		Source   plan.Source `json:"source"`
	}
	stateDoc struct {
		FormatVersion    string    `json:"format_version"`
		TerraformVersion string    `json:"terraform_version"`
		Values           valuesDoc `json:"values"`
	}
	configurationDoc struct {
		RootModule struct{} `json:"root_module"`
	}
	valuesDoc struct {
		RootModule moduleDoc `json:"root_module"`
	}
	moduleDoc struct {
		Address   string        `json:"address,omitempty"`
		Resources []resourceDoc `json:"resources,omitempty"`
		Children  []moduleDoc   `json:"child_modules,omitempty"`
	}
	resourceDoc struct {
		identityDoc
		SchemaVersion   int             `json:"schema_version"`
		Values          attributesDoc   `json:"values"`
		SensitiveValues map[string]bool `json:"sensitive_values"`
	}
	// identityDoc names a resource. Its device is the module; in a list of resources of one module it is left out.
	identityDoc struct {
		Address       string `json:"address"`
		ModuleAddress string `json:"module_address,omitempty"`
		Mode          string `json:"mode"`
		Type          string `json:"type"`
		Name          string `json:"name"`
		Index         any    `json:"index,omitempty"`
		ProviderName  string `json:"provider_name"`
	}
	resourceChangeDoc struct {
		identityDoc
		Change       changeDoc      `json:"change"`
		ActionReason string         `json:"action_reason,omitempty"`
		Camform      camformStepDoc `json:"x_camform"`
	}
	// changeDoc holds objects, null where the thing does not exist, or false where nothing of it is sensitive.
	changeDoc struct {
		Actions         []string `json:"actions"`
		Before          any      `json:"before"`
		After           any      `json:"after"`
		AfterUnknown    any      `json:"after_unknown"`
		BeforeSensitive any      `json:"before_sensitive"`
		AfterSensitive  any      `json:"after_sensitive"`
	}
	attributesDoc map[string]json.RawMessage

	camformPlanDoc struct {
		PlanHash    string           `json:"plan_hash"`
		Verdict     string           `json:"verdict,omitempty"` // of drift: good, bad or unknown
		Devices     int              `json:"devices"`
		Targets     []string         `json:"targets"`
		Unapplied   []string         `json:"unapplied"` // devices to which nothing was applied yet
		Unreachable []unreachableDoc `json:"unreachable"`
		Skipped     []skippedDoc     `json:"skipped"`
		Cuts        []cutDoc         `json:"cuts"`                 // who may be cut off, since a person accepts that
		Moved       []movedDoc       `json:"moved"`                // devices that get another name first
		Activated   []activationDoc  `json:"activated,omitempty"`  // devices that get their first password; their changes are what is declared
		BackupDue   []string         `json:"backup_due,omitempty"` // devices that it changes without a backup since their last change
		Forgotten   []goneDoc        `json:"forgotten"`            // devices that left the configuration
		Logins      []loginDoc       `json:"logins,omitempty"`
	}
	loginDoc struct { // a session that the plan could cut off
		On string `json:"on"`
		plan.Login
	}
	unreachableDoc struct {
		Address string `json:"address"`
		Family  string `json:"family"`
		Problem string `json:"problem"`
	}
	cutDoc struct {
		Device string `json:"device"`
		plan.Cut
	}
	skippedDoc struct {
		Address   string      `json:"address"`
		Attribute string      `json:"attribute,omitempty"`
		Reason    string      `json:"reason"`
		Detail    string      `json:"detail,omitempty"`
		Drifted   bool        `json:"drifted,omitempty"` // it was applied, and is no longer so on the device
		Source    plan.Source `json:"source"`
	}
	camformStepDoc struct {
		Why     map[string]whyDoc `json:"why,omitempty"`     // by attribute
		Secrets map[string]string `json:"secrets,omitempty"` // origins by attribute
		Reason  string            `json:"reason,omitempty"`
		Risk    string            `json:"risk"`
		Reboot  string            `json:"reboot"`
		Drops   bool              `json:"drops_sessions"`

		Accepted string `json:"accepted,omitempty"`    // why it may be written although too little is known
		Jumps    bool   `json:"clock_jumps,omitempty"` // it makes the clock jump by more than five minutes
		Stage    any    `json:"stage,omitempty"`       // what is written first, and has to read back before the rest is

		Generated map[string]generatedDoc `json:"generated,omitempty"` // new passwords by attribute
		Follows   string                  `json:"follows,omitempty"`   // the account whose new password is written
	}
	generatedDoc struct {
		Policy   string `json:"policy"`
		Reason   string `json:"reason"`
		Replaces int    `json:"replaces_version,omitempty"`
	}
	whyDoc struct {
		Cause   string      `json:"cause"`
		Source  plan.Source `json:"source"`
		Profile string      `json:"profile,omitempty"`
	}
)

func planDocument(p *plan.Plan, kinds *schema.Kinds, provider string) (*planDoc, error) {
	failed := p.Failed()
	doc := &planDoc{
		FormatVersion: PlanFormat, TerraformVersion: TerraformVersion, CamformVersion: p.Version,
		Timestamp: p.Created.UTC().Format(time.RFC3339),
		Applyable: !p.Empty() && !p.Stopped(), Complete: p.Complete(), Errored: len(failed) > 0,
		ResourceChanges: []resourceChangeDoc{},
		OutputChanges:   map[string]changeDoc{},
		PriorState:      stateDoc{FormatVersion: StateFormat, TerraformVersion: TerraformVersion},
		Camform: camformPlanDoc{
			Devices: len(p.Devices), Targets: append([]string{}, p.Targets...), Unapplied: []string{},
			Unreachable: []unreachableDoc{}, Skipped: []skippedDoc{}, Cuts: []cutDoc{},
		},
	}
	for _, d := range p.Devices {
		if err := doc.addDevice(d, kinds, provider); err != nil {
			return nil, err
		}
	}
	for _, d := range p.Devices {
		for _, l := range d.Logins {
			doc.Camform.Logins = append(doc.Camform.Logins, loginDoc{d.Address.String(), l})
		}
	}
	for _, d := range p.Unapplied() {
		doc.Camform.Unapplied = append(doc.Camform.Unapplied, d.Address.String())
	}
	doc.Camform.Activated = activationDocs(p)
	doc.Checks, doc.Camform.Moved, doc.Camform.Forgotten = checkDocs(p), movedDocs(p), goneDocs(p)
	for _, d := range failed {
		doc.Camform.Unreachable = append(doc.Camform.Unreachable, unreachableDoc{d.Address.String(), d.Family, d.Problem})
	}
	for _, o := range p.Outputs {
		change, err := outputChange(o)
		if err != nil {
			return nil, err
		}
		doc.OutputChanges[o.Name] = change
	}
	return doc, nil
}

func (doc *planDoc) addDevice(d plan.Device, kinds *schema.Kinds, provider string) error {
	prior, after := moduleDoc{Address: d.Address.String()}, moduleDoc{Address: d.Address.String()}
	for _, s := range d.Steps {
		v := newStepView(s, kinds.Lookup(s.Address.Kind), provider)
		change, err := v.change()
		if err != nil {
			return fmt.Errorf("%s: %w", s.Address, err)
		}
		doc.ResourceChanges = append(doc.ResourceChanges, change)
		if drift, ok, err := v.drift(); err != nil {
			return fmt.Errorf("%s: %w", s.Address, err)
		} else if ok {
			doc.ResourceDrift = append(doc.ResourceDrift, drift)
		}
		prior.add(v, change.Change.Before)
		after.add(v, change.Change.After)
	}
	for _, skipped := range d.Skipped {
		doc.Camform.Skipped = append(doc.Camform.Skipped, skippedDoc{
			Address: skipped.Address.String(), Attribute: skipped.Attribute, Reason: string(skipped.Reason),
			Detail: skipped.Detail, Drifted: skipped.Drifted, Source: skipped.Source,
		})
	}
	for _, c := range d.Cuts {
		doc.Camform.Cuts = append(doc.Camform.Cuts, cutDoc{d.Address.String(), c})
	}
	addChild(&doc.PriorState.Values.RootModule, prior)
	addChild(&doc.PlannedValues.RootModule, after)
	return nil
}

func addChild(root *moduleDoc, child moduleDoc) {
	if len(child.Resources) > 0 {
		root.Children = append(root.Children, child)
	}
}

// add lists a setting in a module, if it exists there.
func (m *moduleDoc) add(v stepView, values any) {
	attributes, ok := values.(attributesDoc)
	if !ok {
		return
	}
	identity := v.identity()
	identity.ModuleAddress = ""
	m.Resources = append(m.Resources, resourceDoc{identityDoc: identity, Values: attributes, SensitiveValues: v.sensitive()})
}

// stepView is a step with what a document for programs needs of it.
type stepView struct {
	step     plan.Step
	kind     *schema.Kind
	names    []string
	provider string
}

func newStepView(s plan.Step, kind *schema.Kind, provider string) stepView {
	return stepView{step: s, kind: kind, names: attributeNames(s, kind), provider: provider}
}

func (v stepView) identity() identityDoc {
	a := v.step.Address
	doc := identityDoc{
		Address: a.String(), ModuleAddress: a.Device.String(), Mode: "managed", Type: a.Kind, Name: a.Kind, ProviderName: v.provider,
	}
	if a.Key != "" {
		doc.Name = a.Key
	}
	if a.Device.Each {
		doc.Index = a.Device.Key
	}
	return doc
}

// planActions are the words of a plan document. Those of the stream differ: see streamActions.
var planActions = map[plan.Action]string{
	plan.Create: "create", plan.Update: "update", plan.Delete: "delete", plan.Forget: "forget",
}

func (v stepView) change() (resourceChangeDoc, error) {
	before, err := v.object(v.step.Before, cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, err
	}
	after, err := v.object(v.step.After, v.step.Before)
	if err != nil {
		return resourceChangeDoc{}, err
	}
	doc := resourceChangeDoc{
		identityDoc: v.identity(),
		Change:      v.changeDoc([]string{planActions[v.step.Action]}, before, after),
		Camform:     v.camform(),
	}
	if doc.Camform.Stage, err = v.object(v.step.Stage, v.step.Before); err != nil {
		return resourceChangeDoc{}, err
	}
	if after != nil {
		doc.Change.AfterUnknown = v.unknown()
	}
	if v.step.Action == plan.Delete {
		doc.ActionReason = "delete_because_no_resource_config"
	}
	return doc, nil
}

func (v stepView) changeDoc(actions []string, before, after any) changeDoc {
	doc := changeDoc{
		Actions: actions, Before: before, After: after,
		AfterUnknown: struct{}{}, BeforeSensitive: false, AfterSensitive: false,
	}
	if before != nil {
		doc.BeforeSensitive = v.sensitive()
	}
	if after != nil {
		doc.AfterSensitive = v.sensitive()
	}
	return doc
}

// object is a setting with every attribute, or nil if it does not exist. Attributes that are null in it are those of
// under. Secrets and what is not known yet are null.
func (v stepView) object(object, under cty.Value) (any, error) {
	if object == cty.NilVal || object.IsNull() {
		return nil, nil
	}
	doc := attributesDoc{}
	for _, name := range v.names {
		value := attributeOf(object, name)
		if value.IsKnown() && value.IsNull() {
			value = attributeOf(under, name)
		}
		if v.secret(name) || !value.IsWhollyKnown() {
			value = cty.NullVal(cty.DynamicPseudoType)
		}
		text, err := jsonOf(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		doc[name] = text
	}
	return doc, nil
}

func jsonOf(v cty.Value) (json.RawMessage, error) {
	return ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
}

func (v stepView) secret(name string) bool {
	_, set := v.step.Secrets[name]
	return set || isSecret(v.kind, name, attributeOf(v.step.Before, name), attributeOf(v.step.After, name))
}

// sensitive has true for every attribute whose value is never shown.
func (v stepView) sensitive() map[string]bool {
	doc := map[string]bool{}
	for _, name := range v.names {
		if v.secret(name) {
			doc[name] = true
		}
	}
	return doc
}

// unknown has true for every attribute whose new value is not in the document: secrets that will be set, and values
// that are known later only.
func (v stepView) unknown() map[string]bool {
	doc := map[string]bool{}
	for _, name := range v.names {
		d, shown := deltaOf(v.step, v.kind, name)
		if shown && d.secret || !attributeOf(v.step.After, name).IsWhollyKnown() {
			doc[name] = true
		}
	}
	return doc
}

func (v stepView) camform() camformStepDoc {
	s := v.step
	doc := camformStepDoc{
		Reason: s.Reason, Accepted: s.Accepted, Jumps: s.Jumps, Risk: string(cmp.Or(s.Risk, schema.RiskNone)), Reboot: string(cmp.Or(s.Reboot, schema.RebootNever)),
		Drops: s.Drops, Follows: s.Follows(),
	}
	for _, w := range s.Why {
		if doc.Why == nil {
			doc.Why = map[string]whyDoc{}
		}
		doc.Why[w.Attribute] = whyDoc{Cause: string(w.Cause), Source: w.Source, Profile: w.Profile}
	}
	for name, secret := range s.Secrets {
		if doc.Secrets == nil {
			doc.Secrets = map[string]string{}
		}
		doc.Secrets[name] = secret.Origin
		if g := secret.Generate; g != nil {
			doc.Generated = map[string]generatedDoc{name: {Policy: g.Policy.Name, Reason: g.Reason, Replaces: g.Replaces}}
		}
	}
	return doc
}

// drift tells what happened on the device before the plan, if that is a cause of the step. What was applied last is what
// the step wants again, unless the configuration moved as well.
func (v stepView) drift() (resourceChangeDoc, bool, error) {
	action, ok := driftAction(v.step)
	if !ok {
		return resourceChangeDoc{}, false, nil
	}
	before, err := v.object(v.lastApplied(), cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, false, err
	}
	after, err := v.object(v.step.Before, cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, false, err
	}
	doc := resourceChangeDoc{identityDoc: v.identity(), Change: v.changeDoc([]string{action}, before, after), Camform: v.camform()}
	return doc, true, nil
}

// lastApplied is the setting as it was before something changed on the device.
func (v stepView) lastApplied() cty.Value {
	values := map[string]cty.Value{}
	for _, name := range v.names {
		values[name] = attributeOf(v.step.Before, name)
	}
	for _, w := range v.step.Why {
		switch w.Cause {
		case plan.CauseDrift:
			values[w.Attribute] = attributeOf(v.step.After, w.Attribute)
		case plan.CauseBoth:
			values[w.Attribute] = cty.NullVal(cty.DynamicPseudoType)
		}
	}
	return cty.ObjectVal(values)
}

// outputChange tells an output as new: a plan does not know earlier values.
func outputChange(o plan.Output) (changeDoc, error) {
	doc := changeDoc{Actions: []string{"create"}, AfterUnknown: false, BeforeSensitive: false, AfterSensitive: o.Sensitive}
	value := o.Value
	if o.Sensitive || value == cty.NilVal || value.ContainsMarked() {
		doc.AfterSensitive = true
		return doc, nil
	}
	if !value.IsWhollyKnown() {
		doc.AfterUnknown = true
		return doc, nil
	}
	text, err := jsonOf(value)
	if err != nil {
		return changeDoc{}, fmt.Errorf("output %s: %w", o.Name, err)
	}
	doc.After = text
	return doc, nil
}
