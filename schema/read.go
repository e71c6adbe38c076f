package schema

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
)

type source struct {
	name string
	text []byte
}

// Read reads every setting file (*.hcl) at the top of files. It returns the kinds that are right together with
// everything that is wrong with the others.
func Read(files fs.FS) (*Kinds, hcl.Diagnostics) {
	names, err := fs.Glob(files, "*.hcl")
	if err != nil {
		return NewKinds(), hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Setting files cannot be listed", Detail: err.Error()}}
	}
	slices.Sort(names)
	var (
		sources []source
		kinds   []*Kind
		diags   hcl.Diagnostics
		seen    = map[string]hcl.Range{}
		parser  = hclparse.NewParser()
	)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Setting file cannot be read", Detail: err.Error()})
			continue
		}
		sources = append(sources, source{name, text})
		file, moreDiags := parser.ParseHCL(text, path.Base(name))
		diags = append(diags, moreDiags...)
		if moreDiags.HasErrors() {
			continue
		}
		more, moreDiags := readFile(file)
		diags = append(diags, moreDiags...)
		for _, k := range more {
			if first, ok := seen[k.Name]; ok {
				diags = append(diags, fault(k.Range, "Kind declared twice", "The kind %q is declared in %s already.", k.Name, first))
				continue
			}
			seen[k.Name] = k.Range
			kinds = append(kinds, k)
		}
	}
	set := NewKinds(kinds...)
	set.hash = hashSources(sources)
	return set, diags
}

// The shape of a setting file, for gohcl.
type fileShape struct {
	Settings []settingShape `hcl:"setting,block"`
}

type settingShape struct {
	Name       string           `hcl:"name,label"`
	Summary    string           `hcl:"summary"`
	Doc        string           `hcl:"doc,optional"`
	Source     string           `hcl:"source"`
	Confidence string           `hcl:"confidence"`
	Keyed      bool             `hcl:"keyed,optional"`
	Keys       []string         `hcl:"keys,optional"`
	KeyDoc     string           `hcl:"key_doc,optional"`
	Phase      string           `hcl:"phase"`
	Risk       string           `hcl:"risk,optional"`
	Reboot     string           `hcl:"reboot,optional"`
	Hooks      string           `hcl:"hooks,optional"`
	Document   documentShape    `hcl:"document,block"`
	Item       *itemShape       `hcl:"item,block"`
	Attributes []attributeShape `hcl:"attribute,block"`
	DefRange   hcl.Range        `hcl:",def_range"`
}

type documentShape struct {
	Path         string   `hcl:"path"`
	Root         string   `hcl:"root"`
	Capabilities []string `hcl:"capabilities,optional"`
}

type itemShape struct {
	Element string `hcl:"element"`
	Key     string `hcl:"key,optional"`
	Equals  string `hcl:"equals,optional"`
}

type attributeShape struct {
	Name      string            `hcl:"name,label"`
	Type      hcl.Expression    `hcl:"type"`
	Doc       string            `hcl:"doc"`
	Element   string            `hcl:"element,optional"`
	Elements  []string          `hcl:"elements,optional"`
	Codec     string            `hcl:"codec,optional"`
	Values    []string          `hcl:"values,optional"`
	Map       map[string]string `hcl:"map,optional"`
	Min       *int64            `hcl:"min,optional"`
	Max       *int64            `hcl:"max,optional"`
	Unit      string            `hcl:"unit,optional"`
	Required  bool              `hcl:"required,optional"`
	Secret    bool              `hcl:"secret,optional"`
	WriteOnly bool              `hcl:"write_only,optional"`
	Example   string            `hcl:"example,optional"`
	DefRange  hcl.Range         `hcl:",def_range"`
}

func readFile(file *hcl.File) ([]*Kind, hcl.Diagnostics) {
	var shape fileShape
	diags := gohcl.DecodeBody(file.Body, nil, &shape)
	if diags.HasErrors() {
		return nil, diags
	}
	var kinds []*Kind
	for _, s := range shape.Settings {
		kind, more := s.kind()
		diags = append(diags, more...)
		if !more.HasErrors() {
			kinds = append(kinds, kind)
		}
	}
	return kinds, diags
}

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

	phases = map[string]Phase{
		"clock": PhaseClock, "accounts": PhaseAccounts, "services": PhaseServices,
		"login": PhaseLogin, "access": PhaseAccess, "filter": PhaseFilter,
	}
	risks       = []Risk{RiskNone, RiskService, RiskLogin, RiskLockout}
	reboots     = []Reboot{RebootNever, RebootMaybe}
	confidences = []Confidence{Confirmed, Likely, Unsure}

	// reserved are the arguments and blocks of a device or profile; a kind of that name could never be written.
	reserved = []string{
		"address", "identity", "login", "profiles", "extends", "tags", "site", "location", "exclusive", "lifecycle",
		"for_each", "tls", "channel", "name",
	}
)

func (s settingShape) kind() (*Kind, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	wrong := func(summary, format string, args ...any) {
		diags = append(diags, fault(s.DefRange, summary, format, args...))
	}
	k := &Kind{
		Name: s.Name, Summary: s.Summary, Doc: strings.TrimSpace(s.Doc), Source: s.Source,
		Confidence: Confidence(s.Confidence), Keyed: s.Keyed, Keys: s.Keys, KeyDoc: s.KeyDoc,
		Document: Document(s.Document), Phase: phases[s.Phase],
		Risk: Risk(orElse(s.Risk, string(RiskNone))), Reboot: Reboot(orElse(s.Reboot, string(RebootNever))),
		Hooks: s.Hooks, Range: s.DefRange,
	}
	if s.Item != nil {
		item := Item(*s.Item)
		k.Item = &item
	}
	if !namePattern.MatchString(k.Name) || slices.Contains(reserved, k.Name) {
		wrong("Name of a kind not possible", "%q must be lower case with underscores, and must not be a word that devices and profiles use already.", k.Name)
	}
	if k.Phase == 0 {
		wrong("Unknown phase", "%q is not one of clock, accounts, services, login, access, filter.", s.Phase)
	}
	if !slices.Contains(risks, k.Risk) {
		wrong("Unknown risk", "%q is not one of none, service, login, lockout.", s.Risk)
	}
	if !slices.Contains(reboots, k.Reboot) {
		wrong("Unknown reboot behaviour", "%q is not one of never, maybe.", s.Reboot)
	}
	if !slices.Contains(confidences, k.Confidence) {
		wrong("Unknown confidence", "%q is not one of confirmed, likely, unsure.", s.Confidence)
	}
	if !strings.HasPrefix(k.Document.Path, "/") || k.Document.Root == "" {
		wrong("Document incomplete", "path must begin with a slash and root must name the root element.")
	}
	if k.Keyed && (k.Item == nil || k.Item.Key == "" || k.Item.Equals != "") {
		wrong("Item of a keyed kind incomplete", "A keyed kind needs an item block with key, and without equals: the label takes its place.")
	}
	if !k.Keyed && k.Item != nil && (k.Item.Key == "") != (k.Item.Equals == "") {
		wrong("Item incomplete", "The item block of a kind that a device has once needs key and equals, or neither for the first entry.")
	}
	if !k.Keyed && len(k.Keys) > 0 {
		wrong("Keys of a kind without key", "keys lists the labels of a keyed kind, but keyed is not set.")
	}
	if len(s.Attributes) == 0 {
		wrong("Kind without attributes", "A kind needs at least one attribute block.")
	}
	seen := map[string]bool{}
	for _, shape := range s.Attributes {
		a, more := shape.attribute()
		diags = append(diags, more...)
		if seen[a.Name] {
			diags = append(diags, fault(a.Range, "Attribute declared twice", "The attribute %q is declared above already.", a.Name))
		}
		seen[a.Name] = true
		k.Attributes = append(k.Attributes, a)
	}
	return k, diags
}

func (s attributeShape) attribute() (*Attribute, hcl.Diagnostics) {
	typ, diags := typeexpr.TypeConstraint(s.Type)
	wrong := func(summary, format string, args ...any) {
		diags = append(diags, fault(s.DefRange, summary, format, args...))
	}
	a := &Attribute{
		Name: s.Name, Type: typ, Doc: s.Doc, Elements: s.Elements, Codec: s.Codec, Values: s.Values, Map: s.Map,
		Min: s.Min, Max: s.Max, Unit: s.Unit, Required: s.Required, Secret: s.Secret || s.WriteOnly, WriteOnly: s.WriteOnly,
		Example: s.Example, Range: s.DefRange,
	}
	if s.Element != "" {
		a.Elements = append([]string{s.Element}, a.Elements...)
	}
	if a.Codec == "" {
		a.Codec = "text"
	}
	if !namePattern.MatchString(a.Name) {
		wrong("Name of an attribute not possible", "%q must be lower case with underscores.", a.Name)
	}
	if len(a.Elements) == 0 {
		wrong("Attribute without an element", "element or elements must name where the value of %q lies in the document.", a.Name)
	}
	if !diags.HasErrors() && !allowedType(typ) {
		wrong("Type of an attribute not possible", "%q must be string, number, bool, list(string) or set(string).", a.Name)
	}
	if a.Min != nil && a.Max != nil && *a.Min > *a.Max {
		wrong("Bounds the wrong way round", "min of %q is greater than max.", a.Name)
	}
	if a.Secret && a.Example != "" {
		wrong("Example of a secret", "%q is secret and must not have an example value.", a.Name)
	}
	return a, diags
}

func allowedType(t cty.Type) bool {
	if t.IsListType() || t.IsSetType() {
		return t.ElementType() == cty.String
	}
	return t == cty.String || t == cty.Number || t == cty.Bool
}

func fault(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at}
}

func orElse(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
