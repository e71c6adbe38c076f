package render

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"camform/engine/state"
)

// Remembered is what the state knows of a device and its settings.
type Remembered struct {
	Device   state.Device
	Settings []state.Setting // ordered by address
}

// StateJSON writes the state as one JSON document in the shape of `terraform show -json` without a plan. A device is a module and
// a setting a resource of it, with the values that were applied; secrets are null and sensitive. What else is known of both is in x_camform.
// Provider is the name under which the document says whose settings these are.
func StateJSON(w io.Writer, all []Remembered, outputs []state.Output, provider string) error {
	doc := rememberedDoc{stateDoc: stateDoc{FormatVersion: StateFormat, TerraformVersion: TerraformVersion}, Camform: []rememberedDevice{}}
	for _, r := range all {
		module := moduleDoc{Address: r.Device.Address.String()}
		for _, s := range r.Settings {
			resource, err := rememberedResource(s, provider)
			if err != nil {
				return fmt.Errorf("render state: %s: %w", s.Address, err)
			}
			module.Resources = append(module.Resources, resource)
		}
		addChild(&doc.Values.RootModule, module)
		doc.Camform = append(doc.Camform, rememberedDevice{
			Address: r.Device.Address.String(), Endpoint: r.Device.Endpoint, Identity: r.Device.Identity, Pin: r.Device.Pin, LastSeen: Moment(r.Device.LastSeen),
		})
	}
	for _, o := range outputs {
		put(&doc.Values.Outputs, o.Name, outputDoc{Sensitive: o.Sensitive, Type: o.Type, Value: o.Value})
	}
	return JSONDocument(w, doc)
}

// OutputsJSON writes the recorded outputs as `terraform output -json` does.
func OutputsJSON(w io.Writer, outputs []state.Output) error {
	docs := map[string]outputDoc{}
	for _, o := range outputs {
		docs[o.Name] = outputDoc{Sensitive: o.Sensitive, Type: o.Type, Value: o.Value}
	}
	return JSONDocument(w, docs)
}

// RememberedOutputs lists the recorded outputs.
func RememberedOutputs(outputs []state.Output) []Row {
	d := &document{}
	d.open(Summary, "")
	for _, o := range outputs {
		text := sensitiveValue
		if !o.Sensitive {
			text = string(escapeUnprintable(o.Value))
		}
		d.line(0, Normal, o.Name+" = "+text)
	}
	return d.rows
}

// rememberedResource is a setting with the values that were applied.
func rememberedResource(s state.Setting, provider string) (resourceDoc, error) {
	values := attributesDoc{}
	if len(s.Applied) > 0 {
		if err := json.Unmarshal(s.Applied, &values); err != nil {
			return resourceDoc{}, err
		}
	}
	doc := resourceDoc{Values: values, SensitiveValues: map[string]bool{}}
	doc.Address, doc.Mode, doc.Type, doc.Name, doc.ProviderName = s.Address.String(), "managed", s.Address.Kind, s.Address.Kind, provider
	if s.Address.Key != "" {
		doc.Name = s.Address.Key
	}
	if s.Address.Device.Each {
		doc.Index = s.Address.Device.Key
	}
	about := rememberedSetting{Observed: s.Observed, Created: s.Created, PendingReboot: s.PendingReboot, At: Moment(s.At)}
	for name := range s.Fingerprints {
		values[name], doc.SensitiveValues[name] = json.RawMessage("null"), true
		about.Secrets = append(about.Secrets, name)
	}
	slices.Sort(about.Secrets)
	doc.Camform = &about
	return doc, nil
}

// Moment is a time for programs, to the second.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// The shape of the document.
type (
	rememberedDoc struct {
		stateDoc
		Camform []rememberedDevice `json:"x_camform"`
	}
	rememberedDevice struct {
		Address  string `json:"address"`
		Endpoint string `json:"endpoint"`
		Identity any    `json:"identity"`
		Pin      any    `json:"pin"`
		LastSeen string `json:"last_seen"`
	}
	rememberedSetting struct {
		Observed      json.RawMessage `json:"observed"`
		Secrets       []string        `json:"secrets,omitempty"`
		Created       bool            `json:"created"`
		PendingReboot bool            `json:"pending_reboot"`
		At            string          `json:"at"`
	}
)
