package hikvision

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"camform/schema"
)

// What the paths of a setting file reach on a device, and what writing there can cost.

// dangerous are the paths below which a wrong value can cost the way to a device, as segments in lower case.
var dangerous = [][]string{{"isapi", "system", "network"}, {"isapi", "security"}}

// floorOf returns the least risk of an item of a kind that camform does not know from within: the greatest one among the
// paths that it is written to.
func floorOf(kind *schema.Kind, key string) schema.Risk {
	risk := schema.RiskNone
	for _, path := range writtenTo(kind, key) {
		risk = risk.Or(floor(path))
	}
	return risk
}

// floor returns the least risk of writing to a path. What is not ISAPI can cost anything.
func floor(path string) schema.Risk {
	at := segments(path)
	if !startsWith(at, []string{"isapi"}) {
		return schema.RiskLockout
	}
	for _, prefix := range dangerous {
		if startsWith(at, prefix) {
			return schema.RiskLockout
		}
	}
	return schema.RiskService
}

// writtenTo returns the paths of the requests that change an item. The number that a device gives to an item stays a hole,
// and so does the key if it is KeyHole.
func writtenTo(kind *schema.Kind, key string) []string {
	var paths []string
	for _, at := range append([]schema.Document{kind.Document}, kind.Elsewhere...) {
		paths = append(paths, at.For(key).Path)
	}
	if kind.Write != nil {
		for _, path := range []string{kind.Write.Path, kind.Write.Create, kind.Write.Delete} {
			if path != "" {
				paths = append(paths, strings.ReplaceAll(path, schema.KeyHole, key))
			}
		}
	}
	return paths
}

var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// segments returns the segments of a path as a web server that is as lenient as possible reads them: without regard to
// case, query, parameters, escapes, doubled slashes and detours through dots.
func segments(text string) []string {
	text, _, _ = strings.Cut(text, "?")
	text, _, _ = strings.Cut(text, "#")
	for escaped.MatchString(text) {
		text = escaped.ReplaceAllStringFunc(text, func(code string) string {
			n, _ := strconv.ParseUint(code[1:], 16, 8) // the expression takes hexadecimal digits only
			return string([]byte{byte(n)})
		})
	}
	text = strings.ReplaceAll(text, `\`, "/")
	var plain []string
	for segment := range strings.SplitSeq(text, "/") {
		segment, _, _ = strings.Cut(segment, ";")
		plain = append(plain, strings.TrimSpace(strings.ToLower(segment)))
	}
	text = path.Clean("/" + strings.Join(plain, "/"))
	return strings.FieldsFunc(text, func(r rune) bool { return r == '/' })
}

// startsWith reports whether a path may lie at a prefix or below it: a segment with a hole can be any.
func startsWith(at, prefix []string) bool {
	if len(at) < len(prefix) {
		return false
	}
	for i, segment := range prefix {
		if at[i] != segment && !strings.Contains(at[i], "{") && !strings.Contains(segment, "{") {
			return false
		}
	}
	return true
}
