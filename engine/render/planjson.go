package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

// The versions that documents for programs carry. Tools decide by them what they may expect.
const (
	PlanFormat       = "1.2"   // of the plan document
	StateFormat      = "1.0"   // of the state inside it
	StreamFormat     = "1.2"   // of the lines of Stream
	TerraformVersion = "1.9.0" // the release of Terraform whose documents these are like
)

// PlanJSON writes a plan as one JSON document in the shape of `terraform show -json`, so that tools for that read it.
//
//   - A resource is a setting: type is the kind, name the key of the item or again the kind, module_address the device
//     and index its for_each key.
//   - Secrets are null, true in after_sensitive, and true in after_unknown if they will be set.
//   - A setting that is as wanted is a no-op. What a plan leaves alone for another reason is in skipped of x_camform.
//   - A password that camform makes has a credential_epoch beside it: the version that the vault has of it, unknown for the next.
//   - planned_values and prior_state hold the settings that the plan compared.
//   - configuration has the blocks as they are written: a device or a profile is a module call, and what it says of a setting is a resource of it.
//   - resource_drift tells what happened on a device: from what was applied last, null where that is not known any more,
//     to what the device has.
//   - The changes of a device that gets its first password are all that is declared for it: what it has is not known yet. Such devices
//     are in activated of x_camform, and the document is not complete.
//   - checks holds a check for each id, with an instance for each device that was judged by it: pass, fail or unknown.
//   - What Terraform has no word for is in x_camform, once for the plan and once for each resource change and check of a device.
//
// Provider is the name under which the document says whose settings these are. It fails, having written nothing, if the plan
// holds a secret or cannot be encoded.
func PlanJSON(w io.Writer, p *plan.Plan, kinds *schema.Kinds, provider string) error {
	return writePlan(w, p, kinds, provider, func(*planDoc) {})
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
	doc.Camform.PlanHash, doc.Camform.Snapshot = hash, takenDocOf(p)
	if doc.Camform.ContentHash, err = plan.ContentHash(p, kinds); err != nil {
		return fmt.Errorf("render plan: %w", err)
	}
	add(doc)
	if err := JSONLine(w, doc); err != nil {
		return fmt.Errorf("render plan: %w", err)
	}
	return nil
}

// The shape of the document.
type (
	planDoc struct {
		FormatVersion    string                 `json:"format_version"`
		TerraformVersion string                 `json:"terraform_version"`
		CamformVersion   string                 `json:"camform_version"`
		Timestamp        string                 `json:"timestamp"`
		Applyable        bool                   `json:"applyable"`
		Complete         bool                   `json:"complete"`
		Errored          bool                   `json:"errored"`
		Variables        map[string]variableDoc `json:"variables"`
		PlannedValues    valuesDoc              `json:"planned_values"`
		ResourceDrift    []resourceChangeDoc    `json:"resource_drift,omitempty"`
		ResourceChanges  []resourceChangeDoc    `json:"resource_changes"`
		OutputChanges    map[string]changeDoc   `json:"output_changes"`
		PriorState       stateDoc               `json:"prior_state"`
		Configuration    configurationDoc       `json:"configuration"`
		Checks           []checkDoc             `json:"checks,omitempty"`
		Camform          camformPlanDoc         `json:"x_camform"`
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
	valuesDoc struct {
		Outputs    map[string]outputDoc `json:"outputs,omitempty"`
		RootModule moduleDoc            `json:"root_module"`
	}
	moduleDoc struct {
		Address   string        `json:"address,omitempty"`
		Resources []resourceDoc `json:"resources,omitempty"`
		Children  []moduleDoc   `json:"child_modules,omitempty"`
	}
	resourceDoc struct {
		identityDoc
		SchemaVersion   int                `json:"schema_version"`
		Values          attributesDoc      `json:"values"`
		SensitiveValues map[string]bool    `json:"sensitive_values"`
		Camform         *rememberedSetting `json:"x_camform,omitempty"` // of a setting that the state remembers
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
		Change       changeDoc       `json:"change"`
		ActionReason string          `json:"action_reason,omitempty"`
		Camform      *camformStepDoc `json:"x_camform,omitempty"` // nil where nothing changes
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
		ContentHash string           `json:"content_hash"`       // of what it does, regardless of who made it and when
		Snapshot    *takenDoc        `json:"snapshot,omitempty"` // that it is from, instead of the devices
		ReadAt      string           `json:"read_at"`            // when the devices were read: how old everything here is
		Risk        map[string]int   `json:"risk"`               // how many changes have which risk
		Verdict     string           `json:"verdict,omitempty"`  // of drift: good, bad or unknown
		Devices     int              `json:"devices"`
		Targets     []string         `json:"targets"`
		LeftOut     bool             `json:"outputs_left_out,omitempty"` // whether outputs were not looked at for the targets
		Unapplied   []string         `json:"unapplied"`                  // devices to which nothing was applied yet
		Unreachable []unreachableDoc `json:"unreachable"`
		Skipped     []skippedDoc     `json:"skipped"`
		Cuts        []cutDoc         `json:"cuts"`                // who may be cut off, since that is accepted
		Moved       []movedDoc       `json:"moved"`               // devices that get another name first
		Activated   []activationDoc  `json:"activated,omitempty"` // devices that get their first password; their changes are what is declared
		Forgotten   []goneDoc        `json:"forgotten"`           // devices that left the configuration
		Logins      []loginDoc       `json:"logins,omitempty"`
		Consumers   []consumerDoc    `json:"consumers"` // other users of the devices that the plan had to know
		Evidence    []evidenceDoc    `json:"evidence"`  // who answered at the address of each device
	}
	loginDoc struct { // a session that the plan could cut off
		On string `json:"on"`
		plan.Login
	}
	consumerDoc struct { // of a device
		Device string `json:"device"`
		plan.Way
	}
	evidenceDoc struct {
		Device   string `json:"device"`
		Serial   string `json:"serial,omitempty"`
		Model    string `json:"model,omitempty"`
		Firmware string `json:"firmware,omitempty"`
		Key      string `json:"tls_key,omitempty"` // fingerprint of the key that its TLS showed
		Record   string `json:"record"`            // whether something was applied to it before: recorded, unapplied or none
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
			Devices: len(p.Devices), Targets: append([]string{}, p.Targets...), LeftOut: p.OutputsLeftOut(), Unapplied: []string{},
			Unreachable: []unreachableDoc{}, Skipped: []skippedDoc{}, Cuts: []cutDoc{},
			ReadAt: p.Created.UTC().Format(time.RFC3339), Risk: map[string]int{}, Consumers: []consumerDoc{}, Evidence: []evidenceDoc{},
		},
		Variables: variableDocs(p.Configuration), Configuration: newConfigurationDoc(p.Configuration, kinds, provider),
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
		for _, w := range d.Ways {
			doc.Camform.Consumers = append(doc.Camform.Consumers, consumerDoc{d.Address.String(), w})
		}
		if d.Problem == "" {
			doc.Camform.Evidence = append(doc.Camform.Evidence, evidenceDoc{
				Device: d.Address.String(), Serial: d.Identity.Serial, Model: d.Identity.Model, Firmware: d.Identity.Firmware, Key: d.Pin.SPKI,
				Record: cmp.Or(string(d.Record), "none"),
			})
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
		if err := doc.addOutput(o); err != nil {
			return nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
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
		doc.Camform.Risk[change.Camform.Risk]++
		if drift, ok, err := v.drift(); err != nil {
			return fmt.Errorf("%s: %w", s.Address, err)
		} else if ok {
			doc.ResourceDrift = append(doc.ResourceDrift, drift)
		}
		prior.add(v, change.Change.Before)
		after.add(v, change.Change.After)
	}
	for _, u := range d.Unchanged {
		v := unchangedView(u, kinds.Lookup(u.Address.Kind), provider)
		same, err := v.object(u.Value, cty.NilVal)
		if err != nil {
			return fmt.Errorf("%s: %w", u.Address, err)
		}
		doc.ResourceChanges = append(doc.ResourceChanges, resourceChangeDoc{identityDoc: v.identity(), Change: v.changeDoc([]string{"no-op"}, same, same)})
		prior.add(v, same)
		after.add(v, same)
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
