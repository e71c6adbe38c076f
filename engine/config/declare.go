package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"camform/engine/diag"
)

// declaration is something that a file declares and that can be evaluated.
type declaration interface {
	place() hcl.Range            // where it is declared, for messages
	references() []hcl.Traversal // what its expressions refer to
	evaluate(l *loader, s scope) // leaves the result in l
}

// topLevel are the blocks of a file.
var topLevel = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "camform"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "credential_policy", LabelNames: []string{"name"}},
	{Type: "profile", LabelNames: []string{"name"}},
	{Type: "device", LabelNames: []string{"name"}},
	{Type: "import"},
	{Type: "removed"},
	{Type: "moved"},
}}

// absent are blocks that people know from elsewhere, with what to use instead.
var absent = map[string]string{
	"exception": "This version has no exceptions: use lifecycle { ignore_changes = [...] } in the device.",
	"terraform": "The block for versions and state is named camform.",
	"provider":  "There is nothing to configure outside the devices: address and login belong in the device block.",
	"resource":  "Devices are declared with device blocks, and their settings belong in these.",
	"data":      "Inventories are read with functions such as csvdecode(file(\"inventory.csv\")).",
	"module":    "Settings that several devices share belong in a profile.",
	"local":     "Local values belong in a block named locals.",
	"rule":      "Rules belong in a profile or a device, around the settings that they want.",
	"check":     "Checks belong in a profile or a device.",
	"variables": "Each variable has its own block: variable \"name\" {}.",
}

// declare collects the declarations of all files.
func (l *loader) declare() {
	shapes := languageOf(l.options.Kinds)
	for _, file := range l.source.files {
		content, diags := file.Body.Content(topLevel)
		l.add(unknownBlocks(diags)...)
		for _, block := range content.Blocks {
			switch block.Type {
			case "camform":
			case "locals":
				l.declareLocals(block)
			case "import":
				l.declareUnnamed(block, shapes[block.Type], func(b body) declaration { return &importBlock{b} })
			case "removed":
				l.declareUnnamed(block, shapes[block.Type], func(b body) declaration { return &removedBlock{b} })
			case "moved":
				l.declareUnnamed(block, shapes[block.Type], func(b body) declaration { return &movedBlock{b} })
			default:
				l.declareBlock(block, shapes[block.Type])
			}
		}
	}
}

func (l *loader) declareLocals(block *hcl.Block) {
	attributes, diags := block.Body.JustAttributes()
	l.add(fromHCL(diags)...)
	for _, name := range sortedKeys(attributes) {
		l.register(node{"local", name}, &local{node{"local", name}, attributes[name]}, attributes[name].NameRange)
	}
}

func (l *loader) declareBlock(block *hcl.Block, s *shape) {
	name := block.Labels[0]
	if !hclsyntax.ValidIdentifier(name) {
		l.add(invalidName.at(block.LabelRanges[0], "%s is not a valid name for a %s. Names begin with a letter, followed by letters, digits, underscores and dashes.",
			diag.Quote(name), block.Type))
		return
	}
	content, problems := s.read(block.Body)
	l.add(problems...)
	body := body{block: block, shape: s, outline: content}
	switch block.Type {
	case "variable":
		v := l.variable(body)
		l.register(node{"var", name}, v, block.DefRange)
		if len(v.validations) > 0 {
			n := node{"validation", name}
			l.declarations[n] = (*validation)(v)
			l.nodes = append(l.nodes, n)
		}
	case "output":
		l.register(node{"output", name}, &output{body}, block.DefRange)
	case "credential_policy":
		l.register(node{"credential_policy", name}, &policyBlock{body}, block.DefRange)
	case "profile":
		l.register(node{"profile", name}, &profile{body}, block.DefRange)
	case "device":
		l.register(node{"device", name}, &deviceBlock{body}, block.DefRange)
	}
}

// unknownBlocks translates the diagnostics about the top of a file, with better advice about blocks that do not exist.
func unknownBlocks(diags hcl.Diagnostics) diag.Problems {
	var names []string
	for _, b := range topLevel.Blocks {
		names = append(names, b.Type)
	}
	problems := fromHCL(diags)
	for i, p := range problems {
		name, ok := unexpected(p)
		if !ok {
			continue
		}
		advice := suggest(name, names)
		if text, ok := absent[name]; ok {
			advice = " " + text
		}
		problems[i] = unknownBlock.at(*p.Subject, "%q is not allowed at the top level of a file.%s", name, advice)
	}
	return problems
}

// register adds a declaration unless its name is taken.
func (l *loader) register(n node, d declaration, at hcl.Range) {
	if first, ok := l.declarations[n]; ok {
		l.add(duplicateName.at(at, "%s is already declared at %s. Rename one of them.", n, line(first.place())))
		return
	}
	l.declarations[n] = d
	l.nodes = append(l.nodes, n)
}

// body is a block that has been taken apart.
type body struct {
	block *hcl.Block
	shape *shape
	*outline
}

func (b body) place() hcl.Range            { return b.block.DefRange }
func (b body) references() []hcl.Traversal { return b.shape.references(b.block.Body) }
func (b body) name() string                { return b.block.Labels[0] }

// local is one argument of a locals block.
type local struct {
	node node
	attr *hcl.Attribute
}

func (d *local) place() hcl.Range            { return d.attr.NameRange }
func (d *local) references() []hcl.Traversal { return d.attr.Expr.Variables() }

func (d *local) evaluate(l *loader, s scope) { l.values[d.node] = s.value(d.attr.Expr) }

// output is an output block.
type output struct{ body }

func (d *output) evaluate(l *loader, s scope) {
	attr := d.attributes["value"]
	if attr == nil {
		l.add(missingArgument.at(d.block.DefRange, "An output needs the argument value."))
		return
	}
	out := Output{Name: d.name(), Value: s.value(attr.Expr)}
	out.Description, _ = s.text(d.attributes["description"])
	out.Sensitive = s.flag(d.attributes["sensitive"])
	if hasSecret(out.Value) && !out.Sensitive {
		l.add(secretExposed.at(attr.Expr.Range(), "The value of the output %q contains a secret. Add sensitive = true, which hides it, or remove the secret.", d.name()))
		return
	}
	l.config.Outputs = append(l.config.Outputs, out)
}
