package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/engine/diag"
)

// DefaultStatePath is where the state of a configuration is by default, from its directory.
const DefaultStatePath = ".camform/state.db"

// settings reads the camform block. Its arguments are constants, since they decide how the rest is read.
func (l *loader) settings(version string) {
	var first *hcl.Block
	for _, file := range l.source.files {
		content, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "camform"}}})
		for _, block := range content.Blocks {
			if first != nil {
				l.add(duplicateBlock.at(block.DefRange, "There is already a camform block at %s; a configuration can have only one.", line(first.DefRange)))
				continue
			}
			first = block
			l.camform(block, version)
		}
	}
}

func (l *loader) camform(block *hcl.Block, version string) {
	content, problems := camformShape.read(block.Body)
	l.add(problems...)
	s := scope{loader: l}
	l.config.Settings.Range = block.DefRange
	l.requireVersion(s, content.attributes["required_version"], version)
	l.config.Settings.MaxUnreachable = s.limit(content.attributes["max_unreachable"])
	for _, section := range content.sections { // first, since the state is private for whatever names a file
		if section.block.Type == "state" {
			l.state(s, section)
			break
		}
	}
	l.schemas(s, content.attributes["schemas"])
	l.config.Settings.Compat = compatOf(s, content.attributes["compat"])
	first := map[string]hcl.Range{}
	for _, section := range content.sections {
		name := section.block.Type
		if at, ok := first[name]; ok {
			l.add(duplicateBlock.at(section.block.DefRange, "There is already a block %s at %s.", name, line(at)))
			continue
		}
		first[name] = section.block.DefRange
		switch name {
		case "limits":
			l.config.Settings.Limits = s.limits(section)
		case "approvals":
			l.config.Settings.Approvals = approvalsScope{s}.approvals(section)
		}
	}
}

// compatOf reads whose sentences are printed.
func compatOf(s scope, attr *hcl.Attribute) string {
	text, ok := s.text(attr)
	if ok && text != "terraform" {
		s.add(invalidCompat.at(attr.Expr.Range(), "compat accepts \"terraform\", for the sentences that programs for Terraform look for. Leave it out for camform's own."))
		return ""
	}
	return text
}

// schemas reads the folders of further setting files.
func (l *loader) schemas(s scope, attr *hcl.Attribute) {
	if attr == nil {
		return
	}
	v := s.argument(attr, cty.List(cty.String))
	if v.IsNull() || !v.IsWhollyKnown() {
		return
	}
	for _, folder := range v.AsValueSlice() {
		path := folder.AsString()
		if !filepath.IsAbs(path) {
			path = filepath.Join(l.source.dir, path)
		}
		names, _ := filepath.Glob(filepath.Join(path, "*.hcl"))
		var barred diag.Problems
		for _, name := range append(names, path) {
			barred = append(barred, l.files.barred(name, attr.Expr.Range())...)
		}
		l.add(barred...)
		if len(barred) > 0 {
			continue
		}
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			l.add(unreadableFile.at(attr.Expr.Range(), "There is no folder %s. The paths in schemas are relative to the directory of the configuration.", path))
			continue
		}
		l.config.Settings.Schemas = append(l.config.Settings.Schemas, path)
	}
}

// requireVersion checks required_version. A development build of 0.2 counts as 0.2.
func (l *loader) requireVersion(s scope, attr *hcl.Attribute, camform string) {
	text, ok := s.text(attr)
	if !ok {
		return
	}
	constraints, err := version.NewConstraint(text)
	if err != nil {
		l.add(invalidVersion.at(attr.Expr.Range(), "required_version accepts constraints such as \">= 0.1\" or \"~> 0.2.0\", separated by commas."))
		return
	}
	have, err := version.NewVersion(camform)
	if err != nil || constraints.Check(have.Core()) {
		return
	}
	l.add(unsupportedVersion.at(attr.Expr.Range(), "This is camform %s, and the configuration requires %s. Use a matching version, or change required_version.", camform, text))
}

func (l *loader) state(s scope, section *section) {
	kind := section.block.Labels[0]
	if kind != "sqlite" && kind != "postgres" {
		l.add(invalidState.at(section.block.LabelRanges[0], "This version has no store %q; a state is kept in \"sqlite\" or \"postgres\".", kind))
		return
	}
	for name, attr := range section.attributes {
		if (name == "path") != (kind == "sqlite") {
			l.add(invalidState.at(attr.NameRange, "%s has no meaning for a state in %q.", name, kind))
			return
		}
	}
	if kind == "postgres" {
		readPostgres(l, s, section)
		return
	}
	path, ok := s.text(section.attributes["path"])
	if ok {
		at := section.attributes["path"].Expr.Range()
		l.config.Settings.StateRange = &at
	}
	switch {
	case !ok:
	case path == "":
		l.add(invalidState.at(section.attributes["path"].Expr.Range(), "path must name a file, such as %q.", DefaultStatePath))
	case filepath.IsAbs(path):
		l.config.Settings.StatePath = path
	default:
		l.config.Settings.StatePath = filepath.Join(l.source.dir, path)
	}
}

// limit reads a number of devices, or a share of them such as "5%".
func (s scope) limit(attr *hcl.Attribute) Limit {
	if attr == nil {
		return Limit{}
	}
	v := s.argument(attr, cty.DynamicPseudoType)
	if v.IsNull() || !v.IsKnown() {
		return Limit{}
	}
	limit, err := parseLimit(v)
	if err != nil {
		s.add(invalidLimit.at(attr.Expr.Range(), "%s accepts a whole number of devices, or a share of them from \"0%%\" to \"100%%\".", attr.Name))
	}
	return limit
}

func parseLimit(v cty.Value) (Limit, error) {
	v, err := convert.Convert(v, cty.String)
	if err != nil {
		return Limit{}, err
	}
	if share, ok := strings.CutSuffix(v.AsString(), "%"); ok {
		percent, err := strconv.ParseFloat(share, 64)
		if err == nil && !(percent >= 0 && percent <= 100) { // not a number is neither
			err = fmt.Errorf("%v is not a share", percent)
		}
		if err != nil {
			return Limit{}, err
		}
		return Limit{Percent: percent}, nil
	}
	count, err := strconv.ParseUint(v.AsString(), 10, 31)
	return Limit{Count: int(count)}, err
}
