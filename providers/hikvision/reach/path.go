package reach

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// How devices read the paths of requests, and what they do at some.

var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// segments returns the segments of a path as a web server that is as lenient as possible reads them: without regard to
// case, query, parameters, escapes, doubled slashes, dots at the end of a name and detours through dots.
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
		segment = strings.TrimSpace(strings.ToLower(segment))
		if strings.Trim(segment, ".") != "" {
			segment = strings.TrimRight(segment, ".")
		}
		plain = append(plain, segment)
	}
	text = path.Clean("/" + strings.Join(plain, "/"))
	return strings.FieldsFunc(text, func(r rune) bool { return r == '/' })
}

// named are the segments of the paths that kinds name. There are few of them, and they are wanted for each document of each device.
var named sync.Map

// segmentsNamed are the segments of a path that a kind names. They must not be changed.
func segmentsNamed(text string) []string {
	if kept, ok := named.Load(text); ok {
		return kept.([]string)
	}
	kept, _ := named.LoadOrStore(text, segments(text))
	return kept.([]string)
}

// SamePath reports whether two paths are the same to a web server that is as lenient as possible.
func SamePath(a, b string) bool { return slices.Equal(segments(a), segments(b)) }

var plainSegment = regexp.MustCompile(`^[a-z0-9_.{}-]+$`)

// puzzling says, in a sentence, that a path has characters that devices may read differently: one may end
// the path at an escaped question mark or a zero, and another may not. It is empty for a path that has none.
func puzzling(path string) string {
	for _, segment := range segments(path) {
		if !plainSegment.MatchString(segment) || strings.Contains(path, "#") {
			return fmt.Sprintf("It is uncertain where devices read %q: use letters, digits, and the characters _ - . /", path)
		}
	}
	return ""
}

// liesWithin reports whether a path is a prefix or lies below it. A segment with a hole can be any.
func liesWithin(at, prefix []string) bool {
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

// acting are the segments of paths at which a device does something, or that belong to logins, certificates and firmware.
// What is written there is no setting.
var acting = []string{
	"activate", "activation", "alertStream", "arm", "bind", "certificate", "challenge", "clear", "close", "configurationData",
	"continuous", "control", "delete", "deviceCertificate", "diagnosedData", "diagnosis", "disarm", "download", "dumpData",
	"emailCertification", "encryptFormat", "encryptVerfy", "erase", "export", "factoryDefault", "factoryReset", "fileExport",
	"format", "goto", "GUIDFileData", "import", "login", "logout", "logSearch", "momentary", "onlineUpgrade", "onlineUser",
	"open", "picture", "PTZCtrl", "qrCode", "reboot", "recreate", "RemoteControl", "reset", "resetPassword", "restore",
	"search", "serverCertificate", "sessionHeartbeat", "sessionLogin", "sessionLogout", "shutdown", "start",
	"StartActivateV3", "stop", "syncIPCPasswd", "test", "token", "trigger", "unbind", "unlockUser", "updateFirmware",
	"upgrade",
}

// reporting are the segments of paths at which a device says what it does or can do, and that can only be read.
var reporting = []string{"activateStatus", "capabilities", "formatStatus", "status", "upgradeStatus", "userCheck"}

// actsAt returns the segment of a path, in the spelling of a list, at which a device acts; empty if there is none.
func actsAt(path string, lists ...[]string) string {
	words := slices.Concat(lists...)
	for _, segment := range segments(path) {
		if i := slices.IndexFunc(words, func(word string) bool { return strings.EqualFold(word, segment) }); i >= 0 {
			return words[i]
		}
	}
	return ""
}

// NoSetting says, in a sentence, that a device does or tells something at a path, so that nothing is to be written there; it is
// empty for other paths.
func NoSetting(path string) string {
	if word := actsAt(path, acting, reporting); word != "" {
		return noSetting(path, word)
	}
	return ""
}

// Acts says, in a sentence, that a device does something when a path is asked for, or that nobody knows which path it reads; it
// is empty for paths that can be fetched.
func Acts(path string) string {
	if word := actsAt(path, acting); word != "" {
		return noSetting(path, word)
	}
	path, _, _ = strings.Cut(path, "?")
	return puzzling(path)
}

func noSetting(path, segment string) string {
	return fmt.Sprintf("%s is not a document with settings: %s is something that a device does or reports.", withoutQuery(path), segment)
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}
