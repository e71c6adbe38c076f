package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/credential"
	"camform/engine/diag"
	"camform/schema"
)

// Options are what a configuration is loaded with besides its files. The zero value knows no kinds of settings, has an
// empty environment and reads secrets of files only.
type Options struct {
	Kinds   *schema.Kinds               // the blocks that devices and profiles may hold
	Vars    []Var                       // --var and --var-file in the order of the command line; later ones win
	Env     func(string) (string, bool) // the environment, such as os.LookupEnv
	Version string                      // version of camform, for required_version; anything that is no version passes
	Secrets SecretReader                // where secret() gets its values; nil reads them from Env and from files
}

// Var is one --var or --var-file.
type Var struct {
	Name string // of --var
	Text string // of --var, as it was typed
	File string // path of --var-file, relative to the working directory; Name and Text are empty then
}

// Load reads the configuration in dir. It returns everything that is wrong, in the order in which it was found, and what
// it could understand; after an error that is incomplete and good for display only. A device whose address or login could
// not be understood is left out. The configuration is never nil.
//
// Attribute maps of settings are shared between devices and must not be changed.
func Load(dir string, options Options) (*Config, diag.Problems) {
	l, err := newLoader(dir, options)
	if err != nil {
		return l.config, diag.Problems{noConfiguration.of("The directory %s cannot be opened: %s.", dir, cause(err))}
	}
	defer l.root.Close()

	files := l.parse()
	if l.failed() { // what a damaged file declares is not known, so every reference to it would look wrong
		return l.config, l.list
	}
	l.settings(files)
	if l.failed() { // a file for another version means something else
		return l.config, l.list
	}
	l.declare(files)
	l.readValues()
	for _, n := range l.order() {
		l.evaluate(n)
	}
	l.finish()
	l.fulfilled()
	return l.config, l.list
}

// loader is one run of Load.
type loader struct {
	collector
	dir     string
	root    *os.Root
	options Options
	config  *Config
	secrets secretStore
	base    *hcl.EvalContext // functions and path

	asserting map[string]function.Function // what asserts have besides; made when the first is read

	declarations map[node]declaration
	nodes        []node // in the order of declaration
	uses         map[node]*uses
	given        map[string]given      // values for variables from outside
	values       map[node]cty.Value    // of what has been evaluated; absent means it failed or waits
	referenced   map[node]bool         // what any declaration refers to
	layers       map[string]layer      // settings of each profile, with those that it extends
	exclusive    map[string][]string   // of each profile, with those that it extends
	unproven     map[string]Allowances // allow_unproven likewise
	rules        map[string][]Rule     // of each profile, with those that it extends
	consumers    map[string][]Consumer
	policies     map[string]*credential.Policy
}

func newLoader(dir string, options Options) (*loader, error) {
	if options.Env == nil {
		options.Env = func(string) (string, bool) { return "", false }
	}
	if options.Kinds == nil {
		options.Kinds = schema.NewKinds()
	}
	if options.Secrets == nil {
		options.Secrets = Unread
	}
	l := &loader{
		dir:     dir,
		options: options,
		config: &Config{
			Dir:      dir,
			Settings: Settings{StatePath: filepath.Join(dir, defaultStatePath)},
			Sources:  map[string][]byte{},
			Secrets:  map[string]string{},
		},
		declarations: map[node]declaration{},
		uses:         map[node]*uses{},
		given:        map[string]given{},
		values:       map[node]cty.Value{},
		layers:       map[string]layer{},
		exclusive:    map[string][]string{},
		unproven:     map[string]Allowances{},
		rules:        map[string][]Rule{},
		consumers:    map[string][]Consumer{},
		policies:     map[string]*credential.Policy{},
		referenced:   map[node]bool{},
	}
	l.secrets = secretStore{read: options.Secrets, known: l.config.Secrets, answers: map[string]secretAnswer{}}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return l, err
	}
	l.root = root
	l.base = &hcl.EvalContext{
		Variables: map[string]cty.Value{"path": pathValue},
		Functions: l.functions(),
	}
	return l, nil
}

// pathValue is the object `path`. Files are always looked up in the directory of the configuration, so that all three
// name it, and a configuration means the same wherever it is loaded from.
var pathValue = cty.ObjectVal(map[string]cty.Value{
	"module": cty.StringVal("."), "root": cty.StringVal("."), "cwd": cty.StringVal("."),
})

const (
	nativeSuffix = ".cam.hcl"
	jsonSuffix   = ".cam.json"
)

// parse reads the files of the configuration in the order of their names.
func (l *loader) parse() []*hcl.File {
	var files []*hcl.File
	for _, name := range l.names() {
		if !strings.HasSuffix(name, nativeSuffix) && !strings.HasSuffix(name, jsonSuffix) {
			continue
		}
		if file := l.parseFile(name); file != nil {
			files = append(files, file)
		}
	}
	if len(files) == 0 && !l.failed() {
		where := l.dir
		if where == "." {
			where = "This directory"
		}
		l.add(noConfiguration.of("%s holds no file whose name ends in %s or %s. camform init writes one to begin with; -chdir names another directory.",
			where, nativeSuffix, jsonSuffix))
	}
	return files
}

// names lists the files of the directory, sorted. Hidden ones, such as the backups of editors, are left out.
func (l *loader) names() []string {
	entries, err := fs.ReadDir(l.root.FS(), ".")
	if err != nil {
		l.add(noConfiguration.of("The directory %s cannot be read: %s.", l.dir, cause(err)))
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

func (l *loader) parseFile(name string) *hcl.File {
	text, err := l.root.ReadFile(name)
	if err != nil {
		l.add(unreadableFile.of("%s: %s.", l.display(name), cause(err)))
		return nil
	}
	l.config.Sources[l.display(name)] = text
	file, diags := parseText(text, l.display(name))
	l.add(diag.FromHCL(diags)...)
	return file
}

// parseText parses the text of a file by the suffix of its name.
func parseText(text []byte, filename string) (*hcl.File, hcl.Diagnostics) {
	if strings.HasSuffix(filename, ".json") {
		return hcljson.Parse(text, filename)
	}
	return hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
}

// display is how the path of a file of the configuration is shown, and its name in ranges and in Config.Sources.
func (l *loader) display(name string) string { return filepath.ToSlash(filepath.Join(l.dir, name)) }

// cause is an error of the file system without the name of the call and of the path, which the sentence around it gives.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
