package hikvision

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/schema"
)

// The kind that reaches any element of any document: what it must leave alone, and what it can tell of an element that
// nobody described.

// acting are the parts of paths at which a device does something, or that belong to logins, certificates and firmware. What
// is written there is no setting.
var acting = []string{
	"activate", "activateStatus", "alertStream", "capabilities", "certificate", "challenge", "configurationData",
	"deviceCertificate", "download", "factoryDefault", "factoryReset", "format", "formatStatus", "GUIDFileData", "logSearch",
	"onlineUpgrade", "onlineUser", "picture", "PTZCtrl", "reboot", "RemoteControl", "search", "serverCertificate",
	"sessionHeartbeat", "sessionLogin", "sessionLogout", "shutdown", "status", "syncIPCPasswd", "test", "token", "trigger",
	"updateFirmware", "upgradeStatus", "userCheck",
}

// refuseDocument says why a document is not one that may be written element by element: it makes the device do something,
// or it belongs to another kind, which knows what is special about it.
func refuseDocument(p *Provider, kind *schema.Kind, key string) []string {
	path := documentPath(kind.Document.For(key).Path)
	for segment := range strings.SplitSeq(path, "/") {
		if slices.ContainsFunc(acting, func(word string) bool { return strings.EqualFold(word, segment) }) {
			return sentence("%s is not a document with settings: %s is something that a device does or tells.", path, segment)
		}
	}
	for _, other := range p.kinds.All() {
		if other == kind || other.Document.Path == kind.Document.Path {
			continue
		}
		for _, at := range append([]schema.Document{other.Document}, other.Elsewhere...) {
			if covers(documentPath(at.Path), path) {
				return sentence(
					"%s belongs to the setting %s, which knows what is special about it. An element that it lacks needs a setting file of its own.",
					path, other.Name)
			}
		}
	}
	return nil
}

// documentPath is a path without its query.
func documentPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// covers reports whether a path is that of a document, with any item in the place of a hole, or of a part of it. Web servers
// of devices differ in whether the case of a path counts.
func covers(document, path string) bool {
	want, have := strings.Split(document, "/"), strings.Split(path, "/")
	if len(have) < len(want) {
		return false
	}
	for i, segment := range want {
		if segment != schema.KeyHole && !strings.EqualFold(segment, have[i]) {
			return false
		}
	}
	return true
}

// secretName matches the names of elements that hold secrets. What they hold is never read, for it would be shown.
var secretName = regexp.MustCompile(`(?i)passw|passphrase|pwd|secret|key$|community|verificationCode|token|answer|salt|pin$`)

// unreadable says, as a sentence, why the text of an element is neither read nor written; empty for others.
func unreadable(f field) string {
	elements := f.doc.All(f.path(0))
	switch {
	case secretName.MatchString(f.path(0).String()):
		return fmt.Sprintf("%s looks like a secret, and document would show it. A setting file of its own can declare it as one.", f.path(0))
	case len(elements) > 1:
		return fmt.Sprintf("There are %d elements %s. Choose one of them, as in %s[2] or with [id=2] behind the entry.", len(elements), f.path(0), f.path(0))
	case len(elements) == 1 && len(elements[0].Children()) > 0:
		return fmt.Sprintf("%s holds other elements. Name the one among them that is meant.", f.path(0))
	}
	return ""
}

func decodeElement(f field) (cty.Value, error) {
	if unreadable(f) != "" {
		return f.null(), nil
	}
	return decodeText(f)
}

func encodeElement(f field, want cty.Value) error {
	if reason := unreadable(f); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	text := strings.TrimSpace(want.AsString())
	if have, _ := f.text(0); isFlag(text) {
		text = inCaseOf(have, strings.ToLower(text))
	}
	return f.put(0, text)
}

var (
	flagPattern   = regexp.MustCompile(`^(?i:true|false)$`)
	numberPattern = regexp.MustCompile(`^-?[0-9]{1,6}$`)
)

func isFlag(text string) bool { return flagPattern.MatchString(text) }

// checkElement asks the device for its limits, and wants a value of the form that the element has: what was true is not set
// to a word by a slip.
func checkElement(f field, want cty.Value) []string {
	if reason := unreadable(f); reason != "" {
		return []string{reason}
	}
	text := strings.TrimSpace(want.AsString())
	switch have, _ := f.text(0); {
	case isFlag(have) && !isFlag(text):
		return sentence("%s is %s on this device, so it can be true or false, not %s.", f.path(0), have, show(text))
	case numberPattern.MatchString(have) && !numberPattern.MatchString(text):
		return sentence("%s is %s on this device, so it can be a number of up to six digits, not %s.", f.path(0), have, show(text))
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if have, _ := f.text(0); err == nil && numberPattern.MatchString(have) {
		return checkNumber(f, cty.NumberIntVal(number))
	}
	return checkText(f, cty.StringVal(text))
}

// sameElement compares true and false without regard to case, and other texts as they are.
func sameElement(want, have cty.Value) bool {
	a, b := strings.TrimSpace(want.AsString()), strings.TrimSpace(have.AsString())
	return a == b || isFlag(a) && strings.EqualFold(a, b)
}
