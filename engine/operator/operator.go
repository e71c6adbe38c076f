// Package operator reads the operator's rules: what no configuration, plan file or job may decide for itself, since it is what
// judges them. They stand in files outside of any repository. All that are found count, and for each question the strictest
// answer, so that a file more can make the rules stricter and never looser.
//
//	state         = "/var/lib/camform/state.db"     # where the state has to be; or "postgres://db.example.com:5432/camform"
//	networks      = ["192.0.2.0/24"]                # where devices may be
//	setting_files = false                           # whether configurations may bring setting files of their own
//	exec_env      = ["VAULT_ADDR"]                  # what commands see of the environment, beside PATH, HOME, USER and LANG
//
//	secrets "env" {                                 # once for each sort of origin; the others are refused then
//	  names    = ["CAMERA_*"]                       # all where it is left out; * stands for any text
//	  networks = ["192.0.2.0/25"]                   # where their values may be sent
//	  pins     = ["sha256:…"]                       # and to devices with which TLS keys
//	}
//
//	approvals {                                     # who has to sign plans, at the least
//	  required = 2
//	  for      = ["all"]
//	  signers  = "/etc/camform/allowed_signers"
//	}
//
//	snapshots {                                     # from whose snapshots of devices plans are made
//	  signers = "/etc/camform/snapshot_signers"
//	  max_age = "24h"                               # any where it is left out, and so is:
//	  lineage = "…"                                 # the state that they are of
//	}
//
//	support "Example Distribution" {                # who may be sent a request to reset a device
//	  kind     = "distributor"                      # an accredited one; or "support", which is the vendor's own
//	  channels = { portal = "https://support.example.com", pgp = "rma@example.com 0123456789ABCDEF" }
//	}
//
//	firmware "DS-2CD2143G2-I" {                     # which firmware devices of a model may have
//	  images = { "V5.7.15 build 230313" = "sha256:…" }
//	}
package operator

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Variable names the environment variable with the path of a further file of rules.
const Variable = "CAMFORM_OPERATOR_FILE"

// Code is the code of problems with the rules, and of what they do not allow.
const Code = "operator-rules"

// ErrForbidden is the error of an origin that the rules do not allow.
var ErrForbidden = errors.New("not allowed by the operator")

// Place is a file in which rules are looked for.
type Place struct {
	Path  string
	Named bool // whether somebody named it, so that it must be there
}

// Places are where the rules of this machine are looked for, by its environment.
func Places(env func(string) (string, bool)) []Place {
	places := []Place{{Path: machine()}}
	if dir, err := os.UserConfigDir(); err == nil {
		places = append(places, Place{Path: filepath.Join(dir, "camform", fileName)})
	}
	if path, ok := env(Variable); ok && path != "" {
		places = append(places, Place{path, true})
	}
	return places
}

const fileName = "operator.hcl"

// machine is the file of the machine as a whole, which its administrator writes. No variable of the environment says where it is: a
// job could set that.
func machine() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(`C:\ProgramData`, "camform", fileName)
	}
	return filepath.Join("/etc", "camform", fileName)
}

// Rules are the rules in force. The zero value has none and allows everything.
type Rules struct{ files []file }

// file is what one file says. A list that is nil does not limit.
type file struct {
	name         string
	state        string
	networks     []netip.Prefix
	settingFiles bool
	execEnv      []string
	secrets      map[string]secrets // by the scheme of the origin; nil where the file does not limit secrets
	approvals    *plan.Approvals
	snapshots    *snapshots
	support      []Contact // ordered by name
	firmware     []Build
}

// secrets are which origins of a scheme may be named, and where their values may be sent, to devices with which TLS keys.
type secrets struct {
	names    []string
	networks []netip.Prefix
	pins     []string
}

// Files are the names of the files that are in force.
func (r Rules) Files() []string {
	var names []string
	for _, f := range r.files {
		names = append(names, f.name)
	}
	return names
}

// None reports whether there are no rules.
func (r Rules) None() bool { return len(r.files) == 0 }

// State is where the state has to be; empty where no rule says so.
func (r Rules) State() string {
	for _, f := range r.files {
		if f.state != "" {
			return f.state
		}
	}
	return ""
}

// CheckState judges where a configuration has its state. At is the place that says so, nil where it is the default, which
// gives way to the rules.
func (r Rules) CheckState(path string, at *hcl.Range) diag.Problems {
	want := r.State()
	by := func() string { return r.by(func(f file) bool { return f.state != "" }) }
	switch {
	case want == "" || filepath.Clean(path) == filepath.Clean(want):
		return nil
	case onServer(want):
		return forbidden(at, "The state must be at %s, according to %s. Name it with a block state \"postgres\".", want, by())
	case at == nil:
		return nil
	}
	return forbidden(at, "The state must be at %s, according to %s. Remove the state block.", want, by())
}

// onServer reports whether a place of the state is a database of PostgreSQL.
func onServer(state string) bool { return strings.HasPrefix(state, "postgres://") }

// CheckSettingFiles judges the folders of setting files that a configuration brings along.
func (r Rules) CheckSettingFiles(folders []string, at *hcl.Range) diag.Problems {
	own := func(f file) bool { return !f.settingFiles }
	if len(folders) == 0 || !slices.ContainsFunc(r.files, own) {
		return nil
	}
	return forbidden(at, "%[2]s does not allow a configuration to bring its own setting files (%[1]s). Remove schemas, or ask the operator to set setting_files = true.",
		strings.Join(folders, ", "), r.by(own))
}

// CheckOrigin judges an origin of a secret. Files are looked at where they really are, from dir. The error wraps ErrForbidden.
func (r Rules) CheckOrigin(origin, dir string) error {
	scheme, rest := schemeOf(origin)
	for _, f := range r.files {
		if why := f.refuses(scheme, real(scheme, rest, dir)); why != "" {
			return fmt.Errorf("%w: %s", ErrForbidden, why)
		}
	}
	return nil
}

// refuses says why a file does not allow secrets of a scheme with a name; empty if it does.
func (f file) refuses(scheme, name string) string {
	if f.secrets == nil {
		return ""
	}
	allowed, listed := f.secrets[scheme]
	switch {
	case !listed:
		return fmt.Sprintf("%s allows no secrets of %q; the operator can allow them there with: secrets %q {}", f.name, scheme, scheme)
	case !slices.ContainsFunc(allowed.names, func(pattern string) bool { return match(pattern, name) }):
		return fmt.Sprintf("%s allows %q only for %s, and this is %s", f.name, scheme, strings.Join(allowed.names, ", "), name)
	}
	return ""
}

// schemeVar is the scheme of sensitive variables, which are no origins for the function secret.
const schemeVar = "var"

func schemeOf(origin string) (scheme, rest string) {
	if name, ok := strings.CutPrefix(origin, schemeVar+"."); ok {
		return schemeVar, name
	}
	return schema.OriginScheme(origin)
}

// real is what an origin names: of a file where it really is, so that no link and no ".." hides that. A file that is not there
// is where it would be.
func real(scheme, rest, dir string) string {
	path, key := rest, ""
	switch scheme {
	case "file":
	case "sops":
		path, key, _ = strings.Cut(rest, "#")
		key = "#" + key
	default:
		return rest
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	return path + key
}

// match reports whether a text fits a pattern, in which * stands for any text.
func match(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// Within are where a device may be that is sent the values of some origins; nowhere if one of them is not allowed.
func (r Rules) Within(dir string, origins ...string) providers.Bounds {
	var all providers.Bounds
	for _, f := range r.files {
		if f.networks != nil {
			all = append(all, providers.Bound{Networks: f.networks, Why: fmt.Sprintf("%s lets devices be in %s only", f.name, listed(f.networks))})
		}
	}
	for _, origin := range origins {
		all = append(all, r.limits(dir, origin)...)
	}
	return all
}

// limits are where the value of an origin may be sent: of a computed one, where all that it is computed from may be sent.
func (r Rules) limits(dir, origin string) providers.Bounds {
	parts, err := config.PartsOf(origin)
	var all providers.Bounds
	for _, f := range r.files {
		if err != nil && f.secrets != nil {
			all = append(all, providers.Bound{Why: fmt.Sprintf("%s does not allow secrets of unknown origin, such as %s", f.name, origin)})
		}
	}
	for _, part := range parts {
		all = append(all, r.limitsOf(dir, part)...)
	}
	return all
}

func (r Rules) limitsOf(dir, origin string) providers.Bounds {
	var all providers.Bounds
	scheme, rest := schemeOf(origin)
	name := real(scheme, rest, dir)
	for _, f := range r.files {
		if why := f.refuses(scheme, name); why != "" {
			all = append(all, providers.Bound{Why: why})
		}
		if s := f.secrets[scheme]; s.networks != nil {
			all = append(all, providers.Bound{
				Networks: s.networks, Why: fmt.Sprintf("%s lets the secret from %s be sent to %s only", f.name, origin, listed(s.networks)),
			})
		}
		if s := f.secrets[scheme]; s.pins != nil {
			all = append(all, providers.Bound{Keys: s.pins, Why: fmt.Sprintf("%s lets the secret from %s be sent only to devices with pinned TLS keys", f.name, origin)})
		}
	}
	return all
}

// shown is what commands always see of the environment.
var shown = []string{"PATH", "HOME", "USER", "LANG"}

// Environment are the names of what commands may see of the environment; whole is true where no file limits that.
func (r Rules) Environment() (names []string, whole bool) {
	if r.None() {
		return nil, true
	}
	names = r.files[0].execEnv
	for _, f := range r.files[1:] {
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(f.execEnv, name) })
	}
	return append(slices.Clone(shown), names...), false
}

// Approvals are those that the files ask of every plan.
func (r Rules) Approvals() []*plan.Approvals {
	var all []*plan.Approvals
	for _, f := range r.files {
		if f.approvals != nil {
			all = append(all, f.approvals)
		}
	}
	return all
}

// by names the first file that something holds of.
func (r Rules) by(holds func(file) bool) string {
	return r.files[slices.IndexFunc(r.files, holds)].name
}

func listed(networks []netip.Prefix) string {
	var names []string
	for _, n := range networks {
		names = append(names, n.String())
	}
	return strings.Join(names, ", ")
}

func forbidden(at *hcl.Range, format string, args ...any) diag.Problems {
	return diag.Problems{{Severity: diag.Error, Code: Code, Summary: "Not allowed by the operator", Detail: fmt.Sprintf(format, args...), Subject: at}}
}
