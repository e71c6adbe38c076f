package config

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/signers"
)

// approvalClasses are the classes of changes that can need approvals.
var approvalClasses = []string{"all", "credentials", "lockout", "login"}

// approvalsScope reads an approvals block.
type approvalsScope struct{ scope }

// approvals reads the approvals block. Nothing in it has a default, so that nobody believes in a rule that is not there.
func (s approvalsScope) approvals(section *section) *Approvals {
	required, classes, file := section.attributes["required"], section.attributes["for"], section.attributes["signers"]
	if required == nil || classes == nil || file == nil {
		s.add(missingArgument.at(section.block.DefRange, "approvals needs the arguments required, for and signers: how many people must sign, which changes, and a file that says who they are."))
	}
	a := &Approvals{
		Required: s.whole(required, wholeNumber{1, 100, ""}),
		For:      s.classes(classes),
		Range:    section.block.DefRange,
	}
	if path, text, ok := s.signersFile(file); ok {
		a.Signers = s.signers(a.Required, path, text, required, file)
	}
	return a
}

func (s approvalsScope) classes(attr *hcl.Attribute) []string {
	words := s.words(attr)
	for _, word := range words {
		if !slices.Contains(approvalClasses, word) {
			s.add(invalidApprovals.at(attr.Expr.Range(), "There is no class of changes %q.%s", word, suggest(word, approvalClasses)))
		}
	}
	if attr != nil && len(words) == 0 && !s.failed() {
		s.add(invalidApprovals.at(attr.Expr.Range(), "No class of changes is named, so no plan would need a signature.%s", possible(approvalClasses)))
	}
	return words
}

// signersLimit bounds the size of a file of signers, so that a wrong path does not read a disk.
const signersLimit = 1 << 20

// signersFile reads the file of signers, which is looked up from the directory of the configuration.
func (s approvalsScope) signersFile(attr *hcl.Attribute) (path, text string, ok bool) {
	path, ok = s.text(attr)
	if !ok {
		return "", "", false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.source.dir, path)
	}
	if barred := s.files.barred(path, attr.Expr.Range()); len(barred) > 0 {
		s.add(barred...)
		return "", "", false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > signersLimit {
		s.add(unreadableFile.at(attr.Expr.Range(), "%s is not a readable file of signers. The path in signers is relative to the directory of the configuration.", path))
		return "", "", false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		s.add(unreadableFile.at(attr.Expr.Range(), "%s: %s.", path, cause(err)))
		return "", "", false
	}
	return path, string(data), true
}

// signers are the lines of a file of signers, which must name enough people.
func (s approvalsScope) signers(need int, path, text string, required, file *hcl.Attribute) []string {
	lines, people, errs := signers.ParseLines(text, signers.Plans)
	for _, err := range errs {
		s.add(invalidApprovals.at(file.Expr.Range(), "%s:%s.", path, err))
	}
	switch {
	case len(errs) > 0:
	case people == 0:
		s.add(invalidApprovals.at(file.Expr.Range(), "%s names nobody, so no plan could be applied.", path))
	case need > people:
		s.add(invalidApprovals.at(required.Expr.Range(), "%d people are required, and %s names %d. Name more of them, or require fewer.", need, path, people))
	}
	return lines
}
