package schema

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"camform/schema/nesting"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
)

type source struct {
	name string
	text []byte
}

// Folder is a folder of setting files.
type Folder struct {
	Name  string // stands before the names of the files in messages, such as "schemas"; empty for nothing
	Files fs.FS
	Own   bool // whether the files are the user's, rather than those that come with camform
}

// Checker finds what only a provider can find wrong with a kind, such as a codec that it does not have.
type Checker func(*Kind) []Fault

// Fault is what is wrong with a part of a kind. Detail is in sentences.
type Fault struct {
	Part    string // as in Kind.Places; empty for the kind as a whole
	Summary string
	Detail  string
}

// Diagnose places faults of the kind in its setting file.
func (k *Kind) Diagnose(faults []Fault) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, f := range faults {
		diags = append(diags, fault(k.Place(f.Part), f.Summary, "%s", f.Detail))
	}
	return diags
}

// Read reads every setting file (*.hcl) at the top of the folders. It returns the kinds that are right together with
// everything that is wrong with the others, each at the value that is to blame. The checker may be nil.
func Read(check Checker, folders ...Folder) (*Kinds, hcl.Diagnostics) {
	r := reader{check: check, seen: map[string]hcl.Range{}, parser: hclparse.NewParser()}
	for _, folder := range folders {
		r.folder(folder)
	}
	set := NewKinds(r.kinds...)
	set.hash = hashSources(r.sources)
	return set, r.diags
}

type reader struct {
	check   Checker
	parser  *hclparse.Parser
	sources []source
	kinds   []*Kind
	seen    map[string]hcl.Range // where each kind is declared
	diags   hcl.Diagnostics
}

func (r *reader) folder(folder Folder) {
	names, err := fs.Glob(folder.Files, "*.hcl")
	if err != nil {
		r.diags = append(r.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Setting files cannot be listed", Detail: err.Error()})
		return
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := fs.ReadFile(folder.Files, name)
		if err != nil {
			r.diags = append(r.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Setting file cannot be read", Detail: err.Error()})
			continue
		}
		r.file(path.Join(folder.Name, name), text, folder.Own)
	}
}

func (r *reader) file(name string, text []byte, own bool) {
	r.sources = append(r.sources, source{name, text})
	if own { // those of the program nest as they did when its tests read them
		if deep := nesting.Check(nesting.File, text, name, hcl.InitialPos); deep.HasErrors() {
			r.diags = append(r.diags, deep...)
			return
		}
	}
	file, diags := r.parser.ParseHCL(text, name)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	var shape fileShape
	diags = gohcl.DecodeBody(file.Body, nil, &shape)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	for _, s := range shape.Settings {
		r.setting(s, own)
	}
}

// setting takes a kind if there is nothing wrong with it.
func (r *reader) setting(s settingShape, own bool) {
	k, diags := s.kind()
	k.Own = own
	faults := s.faults(k)
	if len(diags)+len(faults) == 0 && r.check != nil {
		faults = r.check(k)
	}
	diags = append(diags, k.Diagnose(faults)...)
	if first, ok := r.seen[k.Name]; ok {
		diags = append(diags, fault(k.Range, "Kind declared twice", "The kind %q is already declared in %s.", k.Name, first))
	}
	r.diags = append(r.diags, diags...)
	if len(diags) > 0 {
		return
	}
	r.seen[k.Name] = k.Range
	r.kinds = append(r.kinds, k)
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
	KeyPattern string           `hcl:"key_pattern,optional"`
	KeyDoc     string           `hcl:"key_doc,optional"`
	KeyExample string           `hcl:"key_example,optional"`
	DeviceName string           `hcl:"device_name,optional"`
	Phase      string           `hcl:"phase"`
	Risk       string           `hcl:"risk,optional"`
	Reboot     string           `hcl:"reboot,optional"`
	Drops      bool             `hcl:"drops_sessions,optional"`
	SendsLogin bool             `hcl:"sends_login,optional"`
	Enciphers  []string         `hcl:"enciphers,optional"`
	Hooks      string           `hcl:"hooks,optional"`
	Documents  []documentShape  `hcl:"document,block"`
	Item       *itemShape       `hcl:"item,block"`
	Write      *writeShape      `hcl:"write,block"`
	Again      *Again           `hcl:"again,block"`
	Sees       *seesShape       `hcl:"sees,block"`
	Clock      *Clock           `hcl:"clock,block"`
	Sessions   *sessionsShape   `hcl:"sessions,block"`
	Works      *worksShape      `hcl:"works,block"`
	Consumes   *Consumes        `hcl:"consumes,block"`
	Prepares   *Prepares        `hcl:"prepares,block"`
	Guards     []guardShape     `hcl:"guards,block"`
	Attributes []attributeShape `hcl:"attribute,block"`
	Body       hcl.Body         `hcl:",body"`
	DefRange   hcl.Range        `hcl:",def_range"`
}

type guardShape struct {
	Role  string    `hcl:"role,label"`
	Label hcl.Range `hcl:"role,label_range"`
	Parts hcl.Body  `hcl:",remain"`
	Range hcl.Range `hcl:",def_range"`
}

type documentShape struct {
	Path         string   `hcl:"path"`
	Root         string   `hcl:"root,optional"`
	Capabilities []string `hcl:"capabilities,optional"`
	Beside       []string `hcl:"beside,optional"`
	Within       string   `hcl:"within,optional"`
}

type writeShape struct {
	Path    string   `hcl:"path"`
	Element string   `hcl:"element,optional"`
	Create  string   `hcl:"create,optional"`
	Delete  string   `hcl:"delete,optional"`
	New     string   `hcl:"new,optional"`
	List    bool     `hcl:"list,optional"`
	Without []string `hcl:"without,optional"`
}

type seesShape struct {
	Path     string   `hcl:"path"`
	Elements []string `hcl:"elements"`
}

type sessionsShape struct {
	Path    string `hcl:"path"`
	Account string `hcl:"account"`
	Address string `hcl:"address"`
	Since   string `hcl:"since"`
}

type worksShape struct {
	Path    string   `hcl:"path"`
	Element string   `hcl:"element"`
	Values  []string `hcl:"values"`
	Wait    string   `hcl:"wait"`
}

type itemShape struct {
	Element string `hcl:"element"`
	Key     string `hcl:"key,optional"`
	Equals  string `hcl:"equals,optional"`
	AnyCase bool   `hcl:"any_case,optional"`
	Apart   string `hcl:"apart,optional"`
	Alone   string `hcl:"alone,optional"`

	Words map[string][]string `hcl:"words,optional"`

	Names *namesShape `hcl:"names,block"`

	Word    string      `hcl:"word,optional"`
	Channel string      `hcl:"channel,optional"`
	Hints   []hintShape `hcl:"hint,block"`
}

type hintShape struct {
	Source    string            `hcl:"source"`
	Paths     []string          `hcl:"paths"`
	Element   string            `hcl:"element"`
	Channel   string            `hcl:"channel,optional"`
	Words     string            `hcl:"words,optional"`
	Flags     string            `hcl:"flags,optional"`
	Names     string            `hcl:"names,optional"`
	Keys      map[string]string `hcl:"keys,optional"`
	Otherwise bool              `hcl:"otherwise,optional"`
}

type namesShape struct {
	Path    string `hcl:"path"`
	Root    string `hcl:"root"`
	Element string `hcl:"element"`
	Key     string `hcl:"key"`
	Name    string `hcl:"name"`
}

type attributeShape struct {
	Name      string            `hcl:"name,label"`
	Type      hcl.Expression    `hcl:"type"`
	Doc       string            `hcl:"doc"`
	Element   string            `hcl:"element,optional"`
	Elements  []string          `hcl:"elements,optional"`
	After     []string          `hcl:"after,optional"`
	Codec     string            `hcl:"codec,optional"`
	Values    []string          `hcl:"values,optional"`
	Map       map[string]string `hcl:"map,optional"`
	Min       *int64            `hcl:"min,optional"`
	Max       *int64            `hcl:"max,optional"`
	UsualMin  *int64            `hcl:"usual_min,optional"`
	UsualMax  *int64            `hcl:"usual_max,optional"`
	Unit      string            `hcl:"unit,optional"`
	Required  bool              `hcl:"required,optional"`
	Secret    bool              `hcl:"secret,optional"`
	WriteOnly bool              `hcl:"write_only,optional"`
	When      map[string]string `hcl:"when,optional"`
	ImpliedBy string            `hcl:"implied_by,optional"`
	Network   string            `hcl:"in_network_of,optional"`
	Holder    string            `hcl:"holder,optional"`
	Omittable bool              `hcl:"omittable,optional"`
	Example   string            `hcl:"example,optional"`
	Missing   string            `hcl:"missing,optional"`
	Grade     string            `hcl:"confidence,optional"`
	Source    string            `hcl:"source,optional"`
	DefRange  hcl.Range         `hcl:",def_range"`
}

// kind is what a block says, right or wrong. The diagnostics are about types and guards, whose parts are not kept.
func (s settingShape) kind() (*Kind, hcl.Diagnostics) {
	k := &Kind{
		Name: s.Name, Summary: s.Summary, Doc: strings.TrimSpace(s.Doc), Source: s.Source,
		Confidence: Confidence(s.Confidence), Keyed: s.Keyed, Keys: s.Keys, KeyPattern: s.KeyPattern, KeyDoc: s.KeyDoc, KeyExample: s.KeyExample, DeviceName: s.DeviceName,
		Phase: Phase(slices.Index(phases, s.Phase) + 1),
		Risk:  Risk(cmp.Or(s.Risk, string(RiskNone))), Reboot: Reboot(cmp.Or(s.Reboot, string(RebootNever))), Drops: s.Drops, SendsLogin: s.SendsLogin, Enciphers: s.Enciphers,
		Hooks: s.Hooks, Range: s.DefRange, Places: Places{},
	}
	k.Places.add("", s.Body)
	for i, shape := range s.Documents {
		if i == 0 {
			k.Document = Document(shape)
			continue
		}
		k.Elsewhere = append(k.Elsewhere, Document(shape))
	}
	if s.Item != nil {
		k.Item = &Item{
			Element: s.Item.Element, Key: s.Item.Key, Equals: s.Item.Equals, AnyCase: s.Item.AnyCase, Words: s.Item.Words, Apart: s.Item.Apart, Alone: s.Item.Alone, Names: (*Names)(s.Item.Names),
			Word: s.Item.Word, Channel: s.Item.Channel,
		}
		for _, shape := range s.Item.Hints {
			h := Hint(shape)
			k.Item.Hints = append(k.Item.Hints, &h)
		}
	}
	k.Write, k.Sees, k.Sessions = (*Write)(s.Write), (*Sees)(s.Sees), (*Sessions)(s.Sessions)
	k.Consumes, k.Prepares, k.Clock, k.Again = s.Consumes, s.Prepares, s.Clock, s.Again
	if s.Works != nil {
		wait, _ := time.ParseDuration(s.Works.Wait)
		k.Works = &Works{Path: s.Works.Path, Element: s.Works.Element, Values: s.Works.Values, Wait: wait}
	}
	var diags hcl.Diagnostics
	for _, shape := range s.Attributes {
		a, more := shape.attribute()
		diags = append(diags, more...)
		k.Attributes = append(k.Attributes, a)
	}
	for _, shape := range s.Guards {
		g, more := shape.guard(k)
		diags = append(diags, more...)
		k.Guards = append(k.Guards, g)
	}
	return k, diags
}

func (s attributeShape) attribute() (*Attribute, hcl.Diagnostics) {
	typ, diags := typeexpr.TypeConstraint(s.Type)
	if len(diags) == 0 && !allowedType(typ) {
		diags = append(diags, fault(s.Type.Range(), "Type of an attribute not possible", "%q must be string, number, bool, list(string) or set(string).", s.Name))
	}
	a := &Attribute{
		Name: s.Name, Type: typ, Doc: s.Doc, Elements: s.Elements, After: s.After, Codec: cmp.Or(s.Codec, "text"), Values: s.Values, Map: s.Map,
		Min: s.Min, Max: s.Max, UsualMin: s.UsualMin, UsualMax: s.UsualMax, Unit: s.Unit, Required: s.Required, Secret: s.Secret || s.WriteOnly, WriteOnly: s.WriteOnly,
		When: s.When, ImpliedBy: s.ImpliedBy, InNetworkOf: s.Network, Holder: s.Holder, Omittable: s.Omittable, Example: s.Example, Missing: s.Missing, Confidence: Confidence(s.Grade), Source: s.Source, Range: s.DefRange,
	}
	if s.Element != "" {
		a.Elements = append([]string{s.Element}, a.Elements...)
	}
	return a, diags
}

func fault(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at}
}
