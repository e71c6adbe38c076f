package engine_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// layers are the packages of camform, each with those of camform that it may import, from the top to the bottom. Tests
// may import more.
var layers = []struct {
	name string
	may  string
}{
	{"cmd/camform", "*"},
	{"cmd/camform/manual", "engine/config engine/operator engine/render schema"},
	{"cmd/camform/view", "engine engine/advisory engine/audit engine/auditlog engine/config engine/diag engine/discovery engine/inventory engine/learn engine/operator engine/papers engine/plan engine/recover engine/render engine/report engine/shell engine/state engine/vault providers schema"},

	{"engine", "engine/advisory engine/apply engine/approval engine/audit engine/auditlog engine/backup engine/config engine/consumer engine/credential engine/diag engine/diff engine/discovery engine/graph engine/guard engine/inventory engine/learn engine/ledger engine/live engine/lockfile engine/papers engine/plan engine/recover engine/report engine/rotate engine/shell engine/snapshot engine/state engine/vault providers schema"},

	{"engine/apply", "engine/consumer engine/diag engine/diff engine/graph engine/guard engine/live engine/plan engine/report engine/rotate engine/state providers schema"},
	{"engine/learn", "engine/diag providers schema"},
	{"engine/render", "engine/advisory engine/audit engine/diag engine/plan engine/report engine/state providers schema schema/nesting"},
	{"engine/audit", "engine/config engine/diff engine/plan schema"},

	{"engine/papers", "engine/diag engine/recover"},
	{"engine/recover", "engine/inventory engine/operator engine/shell providers schema"},
	{"engine/inventory", "engine/config engine/discovery engine/state providers schema"},
	{"engine/advisory", "schema schema/nesting"},
	{"engine/discovery", "engine/config engine/consumer engine/state providers schema"},

	{"engine/operator", "engine/config engine/diag engine/ours engine/plan engine/signers providers schema"},
	{"engine/approval", "engine/diag engine/plan engine/signers providers schema"},

	{"engine/diff", "engine/config engine/credential engine/live engine/plan providers schema"},
	{"engine/guard", "engine/diag engine/plan providers schema"},

	{"engine/rotate", "engine/credential engine/ledger engine/plan engine/state providers schema"},
	{"engine/vault", "engine/credential engine/state schema"},

	{"engine/snapshot", "engine/credential engine/diag engine/plan engine/signers engine/state providers schema"},
	{"engine/backup", "engine/atomicfile providers schema"},
	{"engine/lockfile", "engine/live providers schema"},
	{"engine/live", "engine/graph engine/report engine/shell providers schema"},
	{"engine/config", "engine/credential engine/diag engine/graph engine/signers schema schema/nesting"},
	{"engine/state/statetest", "engine/auditlog engine/ledger engine/state engine/state/pgtest providers schema"},
	{"engine/state/pgtest", ""},
	{"engine/state", "engine/atomicfile engine/auditlog engine/credential engine/ledger engine/ours providers schema"},

	{"engine/report", "engine/plan providers schema"},

	{"engine/plan", "engine/consumer engine/credential providers schema"},
	{"engine/consumer", "providers schema"},
	{"engine/graph", ""},
	{"engine/diag", "schema"},
	{"engine/ledger", "providers"},
	{"engine/credential", "schema"},
	{"engine/auditlog", "schema"},
	{"engine/atomicfile", ""},
	{"engine/ours", "engine/shell"},
	{"engine/shell", ""},
	{"engine/signers", ""},

	{"providers/hikvision", "providers providers/hikvision/activation providers/hikvision/cipher providers/hikvision/codec providers/hikvision/document providers/hikvision/hook providers/hikvision/isapi providers/hikvision/reach providers/hikvision/sadp providers/hikvision/xmlpatch schema schema/hikvision"},
	{"providers/hikvision/reach", "providers providers/hikvision/document providers/hikvision/hook providers/hikvision/xmlpatch schema"},
	{"providers/hikvision/hook", "providers providers/hikvision/codec providers/hikvision/document providers/hikvision/xmlpatch schema"},
	{"providers/hikvision/codec", "providers providers/hikvision/document providers/hikvision/xmlpatch schema"},
	{"providers/hikvision/isapi", "providers providers/hikvision/activation providers/hikvision/cipher schema"},
	{"providers/hikvision/cipher", "providers/hikvision/document providers/hikvision/xmlpatch schema"},
	{"providers/hikvision/document", "providers providers/hikvision/xmlpatch schema"},
	{"providers/hikvision/simulator", "providers/device"},
	{"providers/hikvision/activation", ""},
	{"providers/hikvision/sadp", ""},
	{"providers/hikvision/sweep", ""},
	{"providers/hikvision/xmlpatch", ""},
	{"providers/memory", "providers providers/device schema"},
	{"providers/device/devicetest", "providers/device"},
	{"providers/device", ""},
	{"providers/providertest", "providers schema"},
	{"providers", "schema"},

	{"schema/hikvision", ""},
	{"schema", "schema/nesting"},
	{"schema/nesting", ""},

	{"engine/thorough", ""},
}

func TestLayers(t *testing.T) {
	listed := map[string]string{}
	for _, l := range layers {
		listed[l.name] = l.may
	}
	found := map[string]bool{}
	for _, p := range packages(t, "camform/...") {
		name := strings.TrimPrefix(p.ImportPath, "camform/")
		may, ok := listed[name]
		if len(p.GoFiles) == 0 {
			continue // nothing but tests
		}
		if !ok {
			t.Errorf("package %s is in no layer; give it one", name)
			continue
		}
		found[name] = true
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, "camform/")
			if ours && may != "*" && !slices.Contains(strings.Fields(may), below) {
				t.Errorf("%s must not import %s", name, below)
			}
		}
	}
	for i, l := range layers {
		if !found[l.name] {
			t.Errorf("there is no package %s", l.name)
		}
		for _, below := range strings.Fields(l.may) {
			if below != "*" && !slices.ContainsFunc(layers[i+1:], func(lower struct{ name, may string }) bool { return lower.name == below }) {
				t.Errorf("%s may import %s, which is not below it", l.name, below)
			}
		}
	}
}

// TestTheDocumentationHasTheLayers compares the table of doc.go with layers. What tests alone import is in no layer of it.
func TestTheDocumentationHasTheLayers(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var told, want []string
	for _, row := range regexp.MustCompile(`(?m)^//\t(engine/\w+(?:, \w+)*)`).FindAllStringSubmatch(string(text), -1) {
		for name := range strings.SplitSeq(strings.TrimPrefix(row[1], "engine/"), ", ") {
			told = append(told, "engine/"+name)
		}
	}
	for _, l := range layers {
		forTests := l.name == "engine/thorough" || l.name == "engine/state/statetest" || l.name == "engine/state/pgtest"
		if strings.HasPrefix(l.name, "engine/") && !forTests {
			want = append(want, l.name)
		}
	}
	if !slices.Equal(told, want) {
		t.Errorf("doc.go has the layers %v, and not %v", told, want)
	}
}

// storeys are the files of packages from the top to the bottom: each uses only what it or files below it define.
var storeys = map[string]string{
	"engine": `
		login.go handover.go recovery_files.go proofs.go certificates.go snapshots.go
		recovery.go
		engine.go
		rollback.go past.go reviews.go explain.go
		gone.go moved.go outputs.go
		review.go backups.go learn.go requests.go taken.go
		validate.go
		lock.go
		lacking.go tell.go cases.go
		activation.go clocks.go givenback.go
		planned.go written.go
		audit.go advisories.go consumers.go restored.go
		logins.go judge.go survey.go
		attempts.go
		secrets.go renamed.go
		memory.go credentials.go plain.go
		standing.go
		aim.go ways.go
		passwords.go doc.go`,
	"providers/hikvision": `
		outline.go compose.go discreet.go known.go search.go seek.go restore.go certifier.go
		clock.go
		provider.go
		again.go
		check.go
		alone.go
		write.go masks.go
		secrets.go`,
	"providers/hikvision/reach": `
		reach.go
		managed.go
		path.go`,
	"providers/hikvision/hook": `
		hook.go
		login_limit.go users.go authority.go certificate.go email.go questions.go
		signed.go
		clock.go order.go`,
	"providers/hikvision/codec": `
		shape.go
		codec.go
		certificate.go clock.go element.go host_slot.go interface.go lock_time.go mac_list.go masked.go period.go questions.go receivers.go
		record_schedule.go tls.go wireless_key.go
		slot.go
		notifications.go rights.go time_zone.go
		address_list.go
		host.go
		plain.go`,
	"providers/hikvision/document": `
		standalone.go
		field.go
		item.go
		limits.go names.go
		mask.go secret.go text.go`,
	"providers/hikvision/isapi": `
		activate.go archive.go authenticate.go impersonate.go journal.go
		write.go
		sensitive.go
		read.go
		session.go
		identity.go retry.go base.go redirect.go
		login.go
		spend.go peer.go request.go
		standing.go digest.go log.go
		challenge.go limit.go status.go
		failure.go redact.go
		answer.go doc.go`,
}

func TestNoFileUsesOneAboveIt(t *testing.T) {
	var paths []string
	for name := range storeys {
		paths = append(paths, "camform/"+name)
	}
	eachChecked(t, paths, ordered)
}

// checkedPackage is a package as the compiler understands it, without its tests.
type checkedPackage struct {
	goPackage
	*types.Package
	types.Info
	*token.FileSet
	files []*ast.File
}

// eachChecked runs a test with each of some packages.
func eachChecked(t *testing.T, paths []string, test func(*testing.T, *checkedPackage)) {
	t.Helper()
	exports := map[string]string{}
	for _, p := range packages(t, append([]string{"-export", "-deps"}, paths...)...) {
		exports[p.ImportPath] = p.Export
	}
	for _, p := range packages(t, paths...) {
		if len(p.GoFiles) == 0 {
			continue // nothing but tests
		}
		t.Run(strings.TrimPrefix(p.ImportPath, "camform/"), func(t *testing.T) { test(t, check(t, p, exports)) })
	}
}

// check reads a package. What it imports is taken as the compiler left it, in the files that exports names.
func check(t *testing.T, p goPackage, exports map[string]string) *checkedPackage {
	t.Helper()
	c := &checkedPackage{goPackage: p, FileSet: token.NewFileSet()}
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(c.FileSet, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		c.files = append(c.files, file)
	}
	c.Info = types.Info{Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	compiled := importer.ForCompiler(c.FileSet, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var err error
	if c.Package, err = (&types.Config{Importer: compiled}).Check(p.ImportPath, c.FileSet, c.files, &c.Info); err != nil {
		t.Fatal(err)
	}
	return c
}

// ordered demands that the files of a package are those of its storeys, and that none uses one above it.
func ordered(t *testing.T, p *checkedPackage) {
	order := strings.Fields(storeys[strings.TrimPrefix(p.ImportPath, "camform/")])
	if want := slices.Sorted(slices.Values(order)); !slices.Equal(p.GoFiles, want) {
		t.Fatalf("the files are %s, and those in order are %s", p.GoFiles, want)
	}
	floor := func(at token.Pos) (string, int) {
		name := filepath.Base(p.Position(at).Filename)
		return name, slices.Index(order, name)
	}
	down := 0
	for used, object := range p.Uses {
		if object.Pkg() != p.Package || !object.Pos().IsValid() {
			continue
		}
		from, here := floor(used.Pos())
		to, there := floor(object.Pos())
		if there < here {
			t.Errorf("%s uses %s of %s, which is above it", p.Position(used.Pos()), object.Name(), to)
		}
		if from != to {
			down++
		}
	}
	if down == 0 {
		t.Error("no file uses another one")
	}
}

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Export     string // file with what the compiler knows of it, where that was asked for
}

// packages lists packages; the arguments are those of go list.
func packages(t *testing.T, arguments ...string) []goPackage {
	t.Helper()
	fields := "-json=ImportPath,Dir,GoFiles,Imports"
	if slices.Contains(arguments, "-export") {
		fields += ",Export"
	}
	command := exec.Command("go", slices.Concat([]string{"list", "-e", fields}, arguments)...)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
