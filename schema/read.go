package schema

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

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

// Folder is a folder of setting files.
type Folder struct {
	Name  string // stands before the names of the files in messages, such as "schemas"; empty for nothing
	Files fs.FS
	Own   bool // whether the files are the user's, rather than those that come with camform
}

// Read reads every setting file (*.hcl) at the top of the folders. It returns the kinds that are right together with
// everything that is wrong with the others.
func Read(folders ...Folder) (*Kinds, hcl.Diagnostics) {
	r := reader{seen: map[string]hcl.Range{}, parser: hclparse.NewParser()}
	for _, folder := range folders {
		before := len(r.kinds)
		r.folder(folder)
		for _, k := range r.kinds[before:] {
			k.Own = folder.Own
		}
	}
	set := NewKinds(r.kinds...)
	set.hash = hashSources(r.sources)
	return set, r.diags
}

type reader struct {
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
		r.file(path.Join(folder.Name, name), text)
	}
}

func (r *reader) file(name string, text []byte) {
	r.sources = append(r.sources, source{name, text})
	file, diags := r.parser.ParseHCL(text, name)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return
	}
	kinds, diags := readFile(file)
	r.diags = append(r.diags, diags...)
	for _, k := range kinds {
		if first, ok := r.seen[k.Name]; ok {
			r.diags = append(r.diags, fault(k.Range, "Kind declared twice", "The kind %q is declared in %s already.", k.Name, first))
			continue
		}
		r.seen[k.Name] = k.Range
		r.kinds = append(r.kinds, k)
	}
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
	Account    bool             `hcl:"account,optional"`
	Phase      string           `hcl:"phase"`
	Risk       string           `hcl:"risk,optional"`
	Reboot     string           `hcl:"reboot,optional"`
	Drops      bool             `hcl:"drops_sessions,optional"`
	Hooks      string           `hcl:"hooks,optional"`
	Documents  []documentShape  `hcl:"document,block"`
	Item       *itemShape       `hcl:"item,block"`
	Write      *writeShape      `hcl:"write,block"`
	Works      *worksShape      `hcl:"works,block"`
	Attributes []attributeShape `hcl:"attribute,block"`
	DefRange   hcl.Range        `hcl:",def_range"`
}

type documentShape struct {
	Path         string   `hcl:"path"`
	Root         string   `hcl:"root,optional"`
	Capabilities []string `hcl:"capabilities,optional"`
	Within       string   `hcl:"within,optional"`
}

type writeShape struct {
	Path    string   `hcl:"path"`
	Element string   `hcl:"element,optional"`
	Create  string   `hcl:"create,optional"`
	Delete  string   `hcl:"delete,optional"`
	New     string   `hcl:"new,optional"`
	Without []string `hcl:"without,optional"`
}

type worksShape struct {
	Path    string   `hcl:"path"`
	Element string   `hcl:"element"`
	Values  []string `hcl:"values"`
	Wait    string   `hcl:"wait"`
}

type itemShape struct {
	Element string      `hcl:"element"`
	Key     string      `hcl:"key,optional"`
	Equals  string      `hcl:"equals,optional"`
	Names   *namesShape `hcl:"names,block"`
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
	Unit      string            `hcl:"unit,optional"`
	Required  bool              `hcl:"required,optional"`
	Secret    bool              `hcl:"secret,optional"`
	WriteOnly bool              `hcl:"write_only,optional"`
	When      map[string]string `hcl:"when,optional"`
	Holder    string            `hcl:"holder,optional"`
	Example   string            `hcl:"example,optional"`
	Grade     string            `hcl:"confidence,optional"`
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
	reboots     = []Reboot{RebootNever, RebootMaybe}
	confidences = []Confidence{Confirmed, Likely, Unsure}

	// reserved are the arguments and blocks of a device or profile; a kind of that name could never be written.
	reserved = []string{
		"address", "identity", "login", "profiles", "extends", "tags", "site", "location", "exclusive", "lifecycle",
		"for_each", "tls", "name", "rule", "check", "allow_unproven",
	}
)

func (s settingShape) kind() (*Kind, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	wrong := func(summary, format string, args ...any) {
		diags = append(diags, fault(s.DefRange, summary, format, args...))
	}
	k := &Kind{
		Name: s.Name, Summary: s.Summary, Doc: strings.TrimSpace(s.Doc), Source: s.Source,
		Confidence: Confidence(s.Confidence), Keyed: s.Keyed, Keys: s.Keys, KeyPattern: s.KeyPattern, KeyDoc: s.KeyDoc, KeyExample: s.KeyExample, Account: s.Account,
		Phase: phases[s.Phase],
		Risk:  Risk(orElse(s.Risk, string(RiskNone))), Reboot: Reboot(orElse(s.Reboot, string(RebootNever))), Drops: s.Drops,
		Hooks: s.Hooks, Range: s.DefRange,
	}
	for i, shape := range s.Documents {
		if i == 0 {
			k.Document = Document(shape)
			continue
		}
		k.Elsewhere = append(k.Elsewhere, Document(shape))
	}
	if s.Item != nil {
		k.Item = &Item{Element: s.Item.Element, Key: s.Item.Key, Equals: s.Item.Equals}
		if s.Item.Names != nil {
			names := Names(*s.Item.Names)
			k.Item.Names = &names
		}
	}
	if s.Write != nil {
		write := Write(*s.Write)
		k.Write = &write
	}
	if s.Works != nil {
		var problems []string
		if k.Works, problems = s.Works.works(k); len(problems) > 0 {
			wrong("Works block not possible", "%s", strings.Join(problems, " "))
		}
	}
	if !namePattern.MatchString(k.Name) || slices.Contains(reserved, k.Name) {
		wrong("Name of a kind not possible", "%q must be lower case with underscores, and must not be a word that devices and profiles use already.", k.Name)
	}
	if k.Phase == 0 {
		wrong("Unknown phase", "%q is not one of clock, accounts, services, login, access, filter.", s.Phase)
	}
	if k.Risk.Rank() < 0 {
		wrong("Unknown risk", "%q is not one of none, service, login, lockout.", s.Risk)
	}
	if !slices.Contains(reboots, k.Reboot) {
		wrong("Unknown reboot behaviour", "%q is not one of never, maybe.", s.Reboot)
	}
	if !slices.Contains(confidences, k.Confidence) {
		wrong("Unknown confidence", "%q is not one of confirmed, likely, unsure.", s.Confidence)
	}
	if len(s.Documents) == 0 {
		wrong("Document missing", "A kind needs a document block, which says where it lives.")
	}
	perItem := k.Document.PerItem()
	for _, d := range s.Documents {
		if hole := strings.HasPrefix(d.Path, KeyHole); !strings.HasPrefix(d.Path, "/") && !hole || d.Root == "" && !hole {
			wrong("Document incomplete", "path must begin with a slash and root must name the root element.")
		}
		if Document(d).PerItem() != perItem {
			wrong("Documents do not fit together", "Either all paths of a kind contain %s, or none.", KeyHole)
		}
	}
	if perItem && (!k.Keyed || k.Item != nil) {
		wrong("Document of an item not possible", "A path with %s is for a keyed kind without an item block: each document is an item.", KeyHole)
	}
	if k.Keyed && !perItem && (k.Item == nil || k.Item.Key == "" || k.Item.Equals != "") {
		wrong("Item of a keyed kind incomplete", "A keyed kind needs an item block with key, and without equals: the label takes its place.")
	}
	if k.Item != nil && k.Item.Names != nil && (!k.Keyed || k.Creatable() || !strings.HasPrefix(k.Item.Names.Path, "/")) {
		wrong("Names of items not possible", "A names block is for a keyed kind whose items cannot be created, and its path begins with a slash.")
	}
	if _, err := regexp.Compile(k.KeyPattern); err != nil {
		wrong("Pattern not possible", "key_pattern is no regular expression: %s.", err)
	}
	if k.Write != nil {
		for _, problem := range k.Write.problems(k) {
			wrong("Write block not possible", "%s", problem)
		}
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

// problems are sentences about what does not fit together.
func (w *Write) problems(k *Kind) []string {
	var list []string
	for _, path := range []string{w.Path, w.Create, w.Delete} {
		if path != "" && !strings.HasPrefix(path, "/") {
			list = append(list, fmt.Sprintf("The path %q must begin with a slash.", path))
		}
	}
	if w.Path == "" {
		list = append(list, "path must say where a changed item is sent.")
	}
	if (w.Create == "") != (w.Delete == "") {
		list = append(list, "create and delete belong together: what camform makes it must be able to remove.")
	}
	if w.Create != "" && !k.Keyed {
		list = append(list, "Only items of a keyed kind can be created.")
	}
	if w.Create != "" && w.New == "" && k.Hooks == "" {
		list = append(list, "create needs new, the item that the attributes are set in.")
	}
	return list
}

// The bounds of the time that a setting may take until it works.
const (
	shortestWait = time.Second
	longestWait  = 5 * time.Minute
)

// works also returns sentences about what does not fit together.
func (s worksShape) works(k *Kind) (*Works, []string) {
	var list []string
	wait, err := time.ParseDuration(s.Wait)
	if err != nil || wait < shortestWait || wait > longestWait {
		list = append(list, fmt.Sprintf("wait must be a time from %q to %q.", "1s", "5m"))
	}
	if !strings.HasPrefix(s.Path, "/") {
		list = append(list, fmt.Sprintf("The path %q must begin with a slash.", s.Path))
	}
	switch holes := strings.Count(s.Path, KeyHole); {
	case k.Keyed && holes != 1:
		list = append(list, fmt.Sprintf("The path of a keyed kind needs %s once, for the label.", KeyHole))
	case !k.Keyed && holes != 0:
		list = append(list, fmt.Sprintf("%s is for keyed kinds only.", KeyHole))
	}
	if s.Element == "" || len(s.Values) == 0 || slices.Contains(s.Values, "") {
		list = append(list, "element must name what tells, and values the texts that it has when all is well.")
	}
	return &Works{Path: s.Path, Element: s.Element, Values: s.Values, Wait: wait}, list
}

func (s attributeShape) attribute() (*Attribute, hcl.Diagnostics) {
	typ, diags := typeexpr.TypeConstraint(s.Type)
	wrong := func(summary, format string, args ...any) {
		diags = append(diags, fault(s.DefRange, summary, format, args...))
	}
	a := &Attribute{
		Name: s.Name, Type: typ, Doc: s.Doc, Elements: s.Elements, After: s.After, Codec: s.Codec, Values: s.Values, Map: s.Map,
		Min: s.Min, Max: s.Max, Unit: s.Unit, Required: s.Required, Secret: s.Secret || s.WriteOnly, WriteOnly: s.WriteOnly,
		When: s.When, Holder: s.Holder, Example: s.Example, Confidence: Confidence(s.Grade), Range: s.DefRange,
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
	if a.Confidence != "" && !slices.Contains(confidences, a.Confidence) {
		wrong("Unknown confidence", "%q is not one of confirmed, likely, unsure.", a.Confidence)
	}
	if a.Holder != "" && !a.WriteOnly {
		wrong("Holder of an attribute that can be read", "holder tells that a device holds a value which it never shows; %q is not write_only.", a.Name)
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
