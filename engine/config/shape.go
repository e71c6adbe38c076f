package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"

	"camform/engine/diag"
	"camform/schema"
)

// shape says what a body may hold: its arguments, and the shape of each kind of block.
type shape struct {
	arguments []arg           // in the order in which people read of them
	content   *hcl.BodySchema // everything
	values    *hcl.BodySchema // without the arguments that name things instead of having a value
	generate  bool            // whether blocks may come from dynamic blocks
	own       []string        // roots of references that only the expressions of this body know, and that are no declarations
	blocks    map[string]*shape
	meant     map[string]string // what to write, in a sentence, instead of names that people try here
	others    string            // where the possible names are listed, in a sentence; empty where there are few
}

// argumentsOf makes the shape of a body with these arguments, all optional, and no blocks.
func argumentsOf(arguments ...arg) *shape {
	s := &shape{content: &hcl.BodySchema{}, values: &hcl.BodySchema{}, blocks: map[string]*shape{}}
	return s.and(arguments...)
}

// and adds arguments.
func (s *shape) and(arguments ...arg) *shape {
	for _, a := range arguments {
		header := hcl.AttributeSchema{Name: a.name}
		s.arguments = append(s.arguments, a)
		s.content.Attributes = append(s.content.Attributes, header)
		if a.takes.computed() {
			s.values.Attributes = append(s.values.Attributes, header)
		}
	}
	return s
}

// with adds a kind of block.
func (s *shape) with(name string, block *shape, labels ...string) *shape {
	header := hcl.BlockHeaderSchema{Type: name, LabelNames: labels}
	s.content.Blocks = append(s.content.Blocks, header)
	s.values.Blocks = append(s.values.Blocks, header)
	s.blocks[name] = block
	return s
}

// withKinds adds a block for every kind of setting, and lets dynamic blocks generate them.
func (s *shape) withKinds(kinds *schema.Kinds) *shape {
	s.generate = true
	for _, k := range kinds.All() {
		attributes := make([]arg, len(k.Attributes))
		for i, a := range k.Attributes {
			attributes[i] = arg{a.Name, aValue, a.Doc}
		}
		var labels []string
		if k.Keyed {
			labels = []string{"key"}
		}
		block := argumentsOf(attributes...)
		if k.IsAccount() {
			block.and(managedBy)
		}
		s.with(k.Name, block, labels...)
	}
	return s
}

// meantInDevice maps names that people try in a device to what they should write.
var meantInDevice = func() map[string]string {
	const (
		address  = `Write the network address as: address = "https://192.0.2.1".`
		login    = `The account goes into a login block: login { username = "admin", password = secret("env:VARIABLE") }, one argument per line.`
		identity = `It goes into an identity block: identity { serial = "..." }.`
		security = `It goes into a tls block: tls { verify = true }, or ca_file = "FILE" for a private issuer.`
	)
	meant := map[string]string{}
	for advice, names := range map[string]string{
		address:  "ip ip_address host hostname host_name url uri port",
		login:    "username user_name password passwd pass account credentials",
		identity: "serial serial_number mac mac_address",
		security: "verify ca_file insecure ssl",
	} {
		for name := range strings.FieldsSeq(names) {
			meant[name] = advice
		}
	}
	return meant
}()

// advising sets what to say about unknown names.
func (s *shape) advising(meant map[string]string, others string) *shape {
	s.meant, s.others = meant, others
	return s
}

// outline is a body taken apart. Nothing in it is evaluated yet, so that one outline serves all instances of a for_each.
type outline struct {
	attributes hcl.Attributes
	sections   []*section // in the order of the source
	generated  bool       // whether there are dynamic blocks in it, at any depth, or were before they were expanded
}

// section is a block within an outline, taken apart itself.
type section struct {
	block *hcl.Block
	*outline
}

const dynamic = "dynamic"

// read takes a body apart. Dynamic blocks are noted and not looked into.
func (s *shape) read(body hcl.Body) (*outline, diag.Problems) {
	content := s.content
	if s.generate {
		content = &hcl.BodySchema{
			Attributes: content.Attributes,
			Blocks:     append(slices.Clip(content.Blocks), hcl.BlockHeaderSchema{Type: dynamic, LabelNames: []string{"type"}}),
		}
	}
	found, diags := body.Content(content)
	return s.outline(found, diags, (*shape).read)
}

// expand takes a body apart after its dynamic blocks have been replaced by what they generate. Diagnostics for which drop
// holds are left out.
func (s *shape) expand(body hcl.Body, ctx *hcl.EvalContext, check dynblock.ExpandOption, drop func(*hcl.Diagnostic) bool) (*outline, diag.Problems) {
	var open opener
	open = func(s *shape, body hcl.Body) (*outline, diag.Problems) {
		found, diags := body.Content(s.content)
		o, problems := s.outline(found, slices.DeleteFunc(diags, drop), open)
		o.generated = true
		return o, problems
	}
	return open(s, dynblock.Expand(body, ctx, check))
}

// opener takes a body of a shape apart.
type opener func(*shape, hcl.Body) (*outline, diag.Problems)

// outline makes an outline of what was found in a body. The blocks in it are taken apart by open.
func (s *shape) outline(content *hcl.BodyContent, diags hcl.Diagnostics, open opener) (*outline, diag.Problems) {
	o := &outline{attributes: content.Attributes}
	problems := s.problems(diags)
	for _, block := range content.Blocks {
		if block.Type == dynamic {
			o.generated = true
			continue
		}
		inner, more := open(s.blocks[block.Type], block.Body)
		problems = append(problems, more...)
		o.generated = o.generated || inner.generated
		o.sections = append(o.sections, &section{block: block, outline: inner})
	}
	return o, problems
}

// references lists what the expressions of a body refer to, those in dynamic blocks too.
func (s *shape) references(body hcl.Body) []hcl.Traversal {
	return s.walk(dynblock.WalkVariables(body))
}

func (s *shape) walk(n dynblock.WalkVariablesNode) []hcl.Traversal {
	found, children := n.Visit(s.values)
	found = slices.DeleteFunc(found, func(t hcl.Traversal) bool { return slices.Contains(s.own, t.RootName()) })
	for _, child := range children {
		if inner := s.blocks[child.BlockTypeName]; inner != nil {
			found = append(found, inner.walk(child.Node)...)
		}
	}
	return found
}

// problems translates the diagnostics about a body of this shape. HCL suggests the first name that is near rather than the
// nearest, and none that stands in the body already.
func (s *shape) problems(diags hcl.Diagnostics) diag.Problems {
	problems := fromHCL(diags)
	for i, p := range problems {
		if name, ok := unexpected(p); ok {
			problems[i] = s.unknown(name, p)
		}
	}
	return problems
}

// unknown makes a problem of a name that a body does not take, or not in this way.
func (s *shape) unknown(name string, p diag.Problem) diag.Problem {
	at := *p.Subject
	var arguments, blocks []string
	for _, a := range s.content.Attributes {
		arguments = append(arguments, a.Name)
	}
	for _, b := range s.content.Blocks {
		blocks = append(blocks, b.Type)
	}
	switch {
	case slices.Contains(blocks, name):
		return unknownArgument.at(at, "%s is a block: write %s { ... }, without an equals sign.", name, name)
	case slices.Contains(arguments, name):
		return unknownBlock.at(at, "%s is an argument: write %s = ..., without braces around its value.", name, name)
	}
	f := unknownArgument
	if p.Code == "unsupported-block-type" {
		f = unknownBlock
	}
	if advice := s.meant[name]; advice != "" {
		return f.at(at, "%q is unknown here. %s", name, advice)
	}
	advice := suggest(name, append(arguments, blocks...))
	if advice == "" && s.others != "" {
		advice = " " + s.others
	}
	return f.at(at, "%q is unknown here.%s", name, advice)
}

// quoted finds the name that a message of HCL is about.
var quoted = regexp.MustCompile(`"([^"]+)"`)

// unexpected returns the name that HCL does not expect in a body, if the problem is about one.
func unexpected(p diag.Problem) (string, bool) {
	switch p.Code {
	case "unsupported-block-type", "unsupported-argument", "extraneous-json-object-property":
		if found := quoted.FindStringSubmatch(p.Detail); found != nil {
			return found[1], true
		}
	}
	return "", false
}
