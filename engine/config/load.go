package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/credential"
	"camform/engine/diag"
	"camform/schema"
)

// Source is the text of a configuration: parsed, and not evaluated but for the camform block.
type Source struct {
	Settings Settings      // the camform block; the defaults where there is none, or where something is wrong with it
	Damage   diag.Problems // what is wrong with the directory and the files, so that they cannot be parsed
	Mistakes diag.Problems // what is wrong with the parsable part of the camform block

	dir     string
	private []string // files that no configuration reads, besides the state
	files   []*hcl.File
	texts   map[string][]byte // by the name for messages
	meter   *meter            // on which the expressions of the files count
}

// Parse reads the files of the configuration in dir, and of what they say only the camform block, which decides how to go
// on: where the state is, and which further kinds of settings there are. Version is that of camform, for required_version;
// anything that is no version passes. The private files are those that no configuration reads, such as the identities of the
// vault; the state belongs to them anyway. The source is never nil. It opens nothing but files and makes none.
func Parse(dir, version string, private ...string) *Source {
	l := newLoader(&Source{
		Settings: Settings{StatePath: filepath.Join(dir, DefaultStatePath)},
		dir:      dir, private: private, texts: map[string][]byte{}, meter: newMeter(),
	}, Options{})
	l.parse()
	l.source.Damage, l.list = l.list, nil
	l.bounded(func() { l.settings(version) })
	l.source.Settings, l.source.Mistakes = l.config.Settings, l.list
	return l.source
}

// Problems are all that is wrong with the source. A configuration in which there are errors is not evaluated: what a
// damaged file declares is not known, so every reference to it would look wrong, and a file for another version means
// something else.
func (s *Source) Problems() diag.Problems {
	if s.Damage.HasErrors() {
		return s.Damage
	}
	return slices.Concat(s.Damage, s.Mistakes)
}

// Texts are the texts of the files by their names in messages.
func (s *Source) Texts() map[string][]byte { return s.texts }

// Options are what a configuration is evaluated with besides its files. The zero value knows no kinds of settings, has an
// empty environment and reads no secrets.
type Options struct {
	Kinds   *schema.Kinds               // the blocks that devices and profiles may hold
	Vars    []Var                       // --var and --var-file in the order of the command line; later ones win
	Env     func(string) (string, bool) // the environment, such as os.LookupEnv
	Given   []string                    // what variables of the environment begin with that give values, the strongest first; see ValueIn
	Secrets SecretReader                // where secret() gets its values; nil for SecretsUnknown
}

// Var is one --var or --var-file.
type Var struct {
	Name string // of --var
	Text string // of --var, as it was typed
	File string // path of --var-file, relative to the working directory; Name and Text are empty then
}

// Evaluate finds out what a source means. It returns everything that is wrong, that of the source included, in the order in
// which it was found, and what it could understand; after an error that is incomplete and good for display only. A device
// whose address or login could not be understood is left out. The configuration is never nil.
//
// Attribute maps of settings are shared between devices and must not be changed. A source is evaluated once. What that takes
// is bounded; the problem that says so names the expression at which it ended.
func (s *Source) Evaluate(options Options) (*Config, diag.Problems) {
	l := newLoader(s, options)
	l.list = s.Problems()
	if l.failed() {
		return l.config, l.list
	}
	l.bounded(func() {
		l.declare()
		l.readValues()
		for _, n := range l.order() {
			l.evaluate(n)
		}
		l.finish()
		l.fulfilled()
		l.gone()
		l.moved()
		l.config.Origins = sortedKeys(l.secrets.answers)
		l.config.Written = writtenOf(l)
	})
	l.meter.closed = true
	if exposed := l.files.exposed(); len(exposed) > 0 {
		return l.config, exposed // alone, since the others may quote what stands in those files
	}
	return l.config, l.list
}

// loader is one run of Parse or Evaluate.
type loader struct {
	collector
	source    *Source
	meter     *meter
	options   Options
	config    *Config
	templates sync.Map // from the names of files to what is parsed of them
	secrets   *secretStore
	files     *files
	base      *hcl.EvalContext // functions and path

	asserting map[string]function.Function // of the templates in asserts; made when the first is read

	declarations map[node]declaration
	nodes        []node // in the order of declaration
	uses         map[node]*uses
	given        map[string]given      // values for variables from outside
	values       map[node]cty.Value    // of what has been evaluated; absent means it failed or waits
	referenced   map[node]bool         // what any declaration refers to
	layers       map[string]layer      // settings of each profile, with those that it extends
	exclusive    map[string][]string   // of each profile, with those that it extends
	unproven     map[string]Allowances // allow_unproven likewise
	clockJumps   map[string]string     // accept_clock_jump likewise; empty where none says it
	strict       map[string]bool       // strict likewise
	rules        map[string][]Rule     // of each profile, with those that it extends
	consumers    map[string][]Consumer
	policies     map[string]*credential.Policy
}

func newLoader(source *Source, options Options) *loader {
	if options.Env == nil {
		options.Env = func(string) (string, bool) { return "", false }
	}
	if options.Kinds == nil {
		options.Kinds = schema.NewKinds()
	}
	if options.Secrets == nil {
		options.Secrets = SecretsUnknown
	}
	l := &loader{
		source:  source,
		meter:   source.meter,
		options: options,
		config: &Config{
			Dir:      source.dir,
			Settings: source.Settings,
			Sources:  source.texts,
			Secrets:  map[string]schema.Secret{},
		},
		declarations: map[node]declaration{},
		uses:         map[node]*uses{},
		given:        map[string]given{},
		values:       map[node]cty.Value{},
		layers:       map[string]layer{},
		exclusive:    map[string][]string{},
		clockJumps:   map[string]string{},
		strict:       map[string]bool{},
		unproven:     map[string]Allowances{},
		rules:        map[string][]Rule{},
		consumers:    map[string][]Consumer{},
		policies:     map[string]*credential.Policy{},
		referenced:   map[node]bool{},
	}
	l.secrets = &secretStore{read: options.Secrets, known: l.config.Secrets, answers: map[string]secretAnswer{}, parts: map[string]cty.ValueMarks{}}
	l.files = &files{source: source, settings: &l.config.Settings, meter: l.meter, secrets: l.secrets, read: map[string]bool{}}
	l.base = &hcl.EvalContext{
		Variables: map[string]cty.Value{"path": pathValue},
		Functions: l.functions(),
	}
	return l
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
func (l *loader) parse() {
	for _, name := range l.names() {
		if strings.HasSuffix(name, nativeSuffix) || strings.HasSuffix(name, jsonSuffix) {
			l.parseFile(name)
		}
	}
	if len(l.source.texts) == 0 && !l.failed() {
		where := l.source.dir
		if where == "." {
			where = "This directory"
		}
		l.add(noConfiguration.of("%s contains no file whose name ends in %s or %s. camform init writes one to start with; -chdir names another directory.",
			where, nativeSuffix, jsonSuffix))
	}
}

// names lists the files of the directory, sorted. Hidden ones, such as the backups of editors, are left out.
func (l *loader) names() []string {
	entries, err := os.ReadDir(l.source.dir)
	if err != nil {
		l.add(noConfiguration.of("The directory %s cannot be opened: %s.", l.source.dir, cause(err)))
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

func (l *loader) parseFile(name string) {
	text, err := l.files.own(name, maxSource)
	if err != nil {
		l.add(unreadableFile.of("%s: %s.", l.display(name), cause(err)))
		return
	}
	l.source.texts[l.display(name)] = text
	file, diags := l.meter.file(text, l.display(name))
	l.add(unquoted(diag.FromHCL(diags), text)...)
	if file != nil {
		l.source.files = append(l.source.files, file)
	}
}

// loose matches an argument whose value looks like text without quotes.
var loose = regexp.MustCompile(`^\s*([\w-]+)\s*=\s*([\pL\pN_][^"\[\](){}$,=]*?)\s*(?:\s(?:#|//).*)?$`)

// looseCodes are the problems that the parser finds in such a value.
var looseCodes = []string{"missing-newline-after-argument", "invalid-number-literal", "invalid-expression", "invalid-character"}

// unquoted replaces syntax errors that come from text without quotes with what to write.
func unquoted(problems diag.Problems, text []byte) diag.Problems {
	lines := strings.Split(string(text), "\n")
	for i, p := range problems {
		if p.Subject == nil || !slices.Contains(looseCodes, p.Code) || p.Subject.Start.Line > len(lines) {
			continue
		}
		m := loose.FindStringSubmatch(lines[p.Subject.Start.Line-1])
		if m == nil {
			continue
		}
		value := strconv.Quote(m[2])
		if scheme, _ := schema.OriginScheme(m[2]); slices.Contains(schema.OriginSchemes(), scheme) {
			value = "secret(" + value + ")"
		}
		problems[i] = unquotedText.at(*p.Subject, "Text needs quotes. Write %s = %s.", m[1], value)
	}
	return problems
}

// display is how the path of a file of the configuration is shown, and its name in ranges and in Config.Sources.
func (l *loader) display(name string) string {
	return filepath.ToSlash(filepath.Join(l.source.dir, name))
}

// cause is an error of the file system without the name of the call and of the path, which the sentence around it gives.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
