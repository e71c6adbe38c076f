package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"camform/engine/diag"
	"camform/engine/ours"
	"camform/engine/plan"
	"camform/engine/signers"
	"camform/schema"
)

// sizeLimit bounds a file of rules, so that a wrong path does not read a disk.
const sizeLimit = 1 << 20

// Read reads the rules in the places where there are any. The texts are for showing problems in them. With problems there are
// no rules, and nothing must be done: what cannot be read does not allow anything.
func Read(places []Place) (Rules, map[string][]byte, diag.Problems) {
	var (
		r        Rules
		problems diag.Problems
		texts    = map[string][]byte{}
	)
	for _, place := range places {
		if !filepath.IsAbs(place.Path) {
			problems = append(problems, unreadable(place, errors.New("it is relative, so it depends on the directory in which camform runs, which the configuration may control; use an absolute path")))
			continue
		}
		text, err := readOurs(place.Path)
		if errors.Is(err, fs.ErrNotExist) && !place.Named {
			continue
		}
		if err != nil {
			problems = append(problems, unreadable(place, err))
			continue
		}
		texts[place.Path] = text
		f, diags := parse(place.Path, text)
		problems = append(problems, diag.FromHCL(diags)...)
		r.files = append(r.files, f)
	}
	problems = append(problems, r.contradictions()...)
	if problems.HasErrors() {
		return Rules{}, texts, problems
	}
	return r, texts, nil
}

func unreadable(place Place, err error) diag.Problem {
	detail := fmt.Sprintf("%s: %s.", place.Path, reason(err))
	if place.Named {
		detail += fmt.Sprintf(" The environment variable %s names it.", Variable)
	}
	return diag.Problem{Severity: diag.Error, Code: Code, Summary: "Operator's rules not readable", Detail: detail}
}

// reason is an error of a file without the path, which the message has already.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// readOurs reads a file that nobody else can change.
func readOurs(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case info.Size() > sizeLimit:
		return nil, fmt.Errorf("it is larger than %d bytes", sizeLimit)
	}
	if err := ours.Owned(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// contradictions are rules that nothing can fulfil together.
func (r Rules) contradictions() diag.Problems {
	for _, f := range r.files {
		if first := r.State(); f.state != "" && f.state != first {
			return diag.Problems{{
				Severity: diag.Error, Code: Code, Summary: "Operator's rules contradict each other",
				Detail: fmt.Sprintf("%s has the state at %s, and %s at %s. Agree on one.", r.by(func(f file) bool { return f.state != "" }), first, f.name, f.state),
			}}
		}
	}
	return nil
}

type (
	fileShape struct {
		State        *hcl.Attribute  `hcl:"state,optional" takes:"text" doc:"Where the state has to be: a path, or postgres://db.example.com:5432/camform."`
		Networks     *hcl.Attribute  `hcl:"networks,optional" takes:"list of texts" doc:"Where devices may be."`
		SettingFiles *bool           `hcl:"setting_files,optional" takes:"true or false" doc:"Whether configurations may bring setting files of their own. True by default."`
		ExecEnv      []string        `hcl:"exec_env,optional" takes:"list of texts" doc:"What commands that print secrets see of the environment, beside PATH, HOME, USER and LANG."`
		Secrets      []secretsShape  `hcl:"secrets,block"`
		Approvals    *approvalsShape `hcl:"approvals,block"`
		Snapshots    *snapshotsShape `hcl:"snapshots,block"`
		Support      []supportShape  `hcl:"support,block"`
		Firmware     []firmwareShape `hcl:"firmware,block"`
	}
	secretsShape struct {
		Scheme   string         `hcl:"scheme,label"`
		Names    []string       `hcl:"names,optional" takes:"list of texts" doc:"Which of these secrets may be named; * stands for any text. All by default."`
		Networks *hcl.Attribute `hcl:"networks,optional" takes:"list of texts" doc:"Where their values may be sent."`
		Pins     *hcl.Attribute `hcl:"pins,optional" takes:"list of texts" doc:"With which TLS keys devices may be sent their values, as camform state show prints them."`
		At       hcl.Range      `hcl:",def_range"`
	}
	approvalsShape struct {
		Required int            `hcl:"required" takes:"number" doc:"How many people must sign a plan, at the least."`
		For      *hcl.Attribute `hcl:"for" takes:"list of texts" doc:"Which plans need it: those with changes of credentials, lockout or login, or all."`
		Signers  *hcl.Attribute `hcl:"signers" takes:"text" doc:"The whole path of a file that says who may sign with which key, in the format of allowed_signers of OpenSSH."`
		At       hcl.Range      `hcl:",def_range"`
	}
	supportShape struct {
		Name     string            `hcl:"name,label"`
		Kind     ContactKind       `hcl:"kind" takes:"text" doc:"support for the support of the vendor, distributor for one that the vendor has accredited."`
		Channels map[string]string `hcl:"channels" takes:"map" doc:"How to reach them: portal (https), smime, pgp or in_person, each with its address."`
		At       hcl.Range         `hcl:",def_range"`
	}
)

// classes are the classes of changes that can need signatures.
var classes = []string{"all", "credentials", "lockout", "login"}

func parse(name string, text []byte) (file, hcl.Diagnostics) {
	f := file{name: name}
	source, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return f, diags
	}
	var shape fileShape
	if diags = gohcl.DecodeBody(source.Body, nil, &shape); diags.HasErrors() {
		return f, diags
	}
	f.settingFiles = shape.SettingFiles == nil || *shape.SettingFiles
	f.execEnv = shape.ExecEnv
	p := parser{}
	f.state = p.state(shape.State)
	f.networks = p.networks(shape.Networks)
	for _, s := range shape.Secrets {
		if schemes := append(schema.OriginSchemes(), schemeVar); !slices.Contains(schemes, s.Scheme) {
			p.wrong(s.At, "There are no secrets of %q; the kinds are %s.", s.Scheme, strings.Join(schemes, ", "))
		}
		if f.secrets == nil {
			f.secrets = map[string]secrets{}
		}
		if _, twice := f.secrets[s.Scheme]; twice {
			p.wrong(s.At, "There already is a block for the secrets of %q.", s.Scheme)
		}
		if s.Names == nil {
			s.Names = []string{"*"}
		}
		f.secrets[s.Scheme] = secrets{s.Names, p.networks(s.Networks), p.pins(s.Pins)}
	}
	if shape.Approvals != nil {
		f.approvals = p.approvals(shape.Approvals)
	}
	f.snapshots = p.snapshots(shape.Snapshots)
	f.support, f.firmware = p.support(shape.Support), p.firmware(shape.Firmware)
	return f, p.diags
}

// parser gathers what is wrong with a file.
type parser struct{ diags hcl.Diagnostics }

func (p *parser) wrong(at hcl.Range, format string, args ...any) {
	p.diags = append(p.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Invalid operator's rules", Detail: fmt.Sprintf(format, args...), Subject: &at,
	})
}

// decode reads the value of an attribute into one of Go.
func (p *parser) decode(attr *hcl.Attribute, to any) bool {
	diags := gohcl.DecodeExpression(attr.Expr, nil, to)
	p.diags = append(p.diags, diags...)
	return !diags.HasErrors()
}

// state reads where the state has to be: a path, or a database of PostgreSQL.
func (p *parser) state(attr *hcl.Attribute) string {
	var place string
	if attr == nil || !p.decode(attr, &place) {
		return ""
	}
	if !onServer(place) {
		return p.path(attr)
	}
	u, err := url.Parse(place)
	if err != nil || u.User != nil || u.Host != "" && u.Port() == "" || len(u.Path) < 2 {
		p.wrong(attr.Expr.Range(), "%q is not a database address. Write one like postgres://db.example.com:5432/camform, without a user.", place)
		return ""
	}
	return place
}

// path reads a path, which must not depend on where camform is run; empty for none.
func (p *parser) path(attr *hcl.Attribute) string {
	var path string
	if attr == nil || !p.decode(attr, &path) {
		return ""
	}
	if !filepath.IsAbs(path) {
		p.wrong(attr.Expr.Range(), "%q depends on the directory in which camform runs. Use an absolute path.", path)
	}
	return filepath.Clean(path)
}

// key is how a TLS key is written.
var key = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// pins reads TLS keys; nil for none.
func (p *parser) pins(attr *hcl.Attribute) []string {
	var texts []string
	if attr == nil || !p.decode(attr, &texts) {
		return nil
	}
	for _, text := range texts {
		if !key.MatchString(text) {
			p.wrong(attr.Expr.Range(), "%q is not a TLS key. Write it as sha256: and 64 lower-case hexadecimal digits; camform state show ADDRESS shows the key of a device.", text)
		}
	}
	return slices.Clip(append([]string{}, texts...))
}

// networks reads networks and addresses; nil for none.
func (p *parser) networks(attr *hcl.Attribute) []netip.Prefix {
	var texts []string
	if attr == nil || !p.decode(attr, &texts) {
		return nil
	}
	all := []netip.Prefix{}
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if address, failed := netip.ParseAddr(text); failed == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			p.wrong(attr.Expr.Range(), "%q is neither a network, such as 192.0.2.0/24, nor an address.", text)
			continue
		}
		all = append(all, network.Masked())
	}
	return all
}

func (p *parser) approvals(shape *approvalsShape) *plan.Approvals {
	a := &plan.Approvals{Required: shape.Required}
	if shape.For == nil || shape.Signers == nil {
		p.wrong(shape.At, "Approvals need both arguments: for, with classes of changes, and signers, with the path of a file.")
		return a
	}
	p.decode(shape.For, &a.For)
	for _, class := range a.For {
		if !slices.Contains(classes, class) {
			p.wrong(shape.For.Expr.Range(), "There is no class of changes %q; there are %s.", class, strings.Join(classes, ", "))
		}
	}
	path := p.path(shape.Signers)
	text, err := readOurs(path)
	if err != nil {
		p.wrong(shape.Signers.Expr.Range(), "%s: %s.", path, reason(err))
		return a
	}
	lines, people, errs := signers.ParseLines(string(text), signers.Plans)
	for _, err := range errs {
		p.wrong(shape.Signers.Expr.Range(), "%s:%s.", path, err)
	}
	if shape.Required < 1 || shape.Required > people {
		p.wrong(shape.At, "%d people are required, and %s names %d.", shape.Required, path, people)
	}
	a.Signers = lines
	return a
}
