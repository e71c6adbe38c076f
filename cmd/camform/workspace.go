package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/graph"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/vault"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// runFlags are the options of the commands that work with a configuration and its devices.
type runFlags struct {
	vars        []config.Var // -var and -var-file, in the order of the command line
	targets     []string
	parallelism int
	perSite     int
	tolerate    string
	format      view.Format
	full        bool
	compat      string
}

func (f *runFlags) addConfig(flags *pflag.FlagSet) {
	flags.Var(varFlag{&f.vars, variable}, "var", "set a variable: `NAME=VALUE`; may be repeated")
	flags.Var(varFlag{&f.vars, variableFile}, "var-file", "set variables from this `FILE`; may be repeated")
}

func (f *runFlags) addDevices(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.targets, "target", nil, "look only at this device or setting (`ADDR`ess); may be repeated")
	flags.IntVar(&f.parallelism, "parallelism", 64, "talk to at most `N` devices at the same time")
	flags.IntVar(&f.perSite, "site-parallelism", 16, "talk to at most `N` devices of one site at the same time")
	flags.StringVar(&f.tolerate, "max-unreachable", "", "count the run as good if at most `N` devices, or N%, could not be read; overrides the configuration")
}

func (f *runFlags) addOutput(flags *pflag.FlagSet) {
	formatOption(flags, &f.format, view.JSON, "json", "print one JSON object per line instead of text")
	flags.BoolVar(&f.full, "full", false, "show every device, also where many have the same change")
	flags.StringVar(&f.compat, "compat", "", "print the fixed sentences of `terraform`, for programs that look for them")
}

// addIgnored accepts what scripts written for Terraform pass along.
func addIgnored(flags *pflag.FlagSet) {
	flags.Bool("input", true, "accepted and ignored: camform asks for nothing but the confirmation of apply")
	flags.Bool("compact-warnings", false, "accepted and ignored")
	for _, name := range []string{"input", "compact-warnings"} {
		flags.Lookup(name).Hidden = true
	}
}

// varFlag collects -var and -var-file in the order in which they stand.
type varFlag struct {
	to    *[]config.Var
	parse func(text string) (config.Var, error)
}

func (v varFlag) String() string { return "" }
func (v varFlag) Type() string   { return "string" }
func (v varFlag) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.to = append(*v.to, parsed)
	}
	return err
}

func variable(text string) (config.Var, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return config.Var{}, errors.New("write it as NAME=VALUE")
	}
	return config.Var{Name: name, Text: value}, nil
}

func variableFile(path string) (config.Var, error) { return config.Var{File: path}, nil }

// workspace is a configuration with its state and the engine on top.
type workspace struct {
	*app
	flags   *runFlags
	config  *config.Config
	store   *state.Store
	secrets *secrets
	kept    *vault.Vault // asks for what opens it once; see vault
	engine  *engine.Engine
	run     string
	targets []schema.Setting
}

// bootGrace is how long a write waits for a device that has just started: it answers reads then, and refuses to be changed.
const bootGrace = 15 * time.Second

// provider makes the provider of the program, with the setting files that the configuration names. What is wrong with those
// is printed; what is wrong with the camform block is left for whoever loads the configuration.
func (a *app) provider() (*hikvision.Provider, error) {
	settings, _ := config.LoadSettings(a.dir, config.Options{
		Kinds: schema.NewKinds(), Env: a.env, Version: version(), Secrets: config.Unread,
	})
	var folders []schema.Folder
	sources := map[string][]byte{}
	for _, path := range settings.Schemas {
		folder := schema.Folder{Name: shortened(a.dir, path), Files: os.DirFS(path)}
		folders = append(folders, folder)
		names, err := fs.Glob(folder.Files, "*.hcl")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if text, err := fs.ReadFile(folder.Files, name); err == nil {
				sources[filepath.Join(folder.Name, name)] = text
			}
		}
	}
	provider, diags := hikvision.NewWith(isapi.Options{Grace: bootGrace}, folders...)
	return provider, a.report(diag.FromHCL(diags), sources)
}

// configure loads the configuration. What is wrong with it is printed.
func (a *app) configure(flags *runFlags, kinds *schema.Kinds, secrets config.SecretReader) (*config.Config, error) {
	cfg, problems := config.Load(a.dir, config.Options{
		Kinds: kinds, Vars: flags.vars, Env: a.env, Version: version(), Secrets: secrets,
	})
	var sources map[string][]byte
	if cfg != nil {
		sources = cfg.Sources
	}
	return cfg, a.report(problems, sources)
}

// open loads the configuration and opens its state.
func (a *app) open(cmd *cobra.Command, flags *runFlags) (*workspace, error) {
	provider, err := a.provider()
	if err != nil {
		return nil, err
	}
	w := &workspace{app: a, flags: flags, run: newRun()}
	path, err := a.stateLocation(flags)
	if err != nil {
		return nil, err
	}
	// A configuration that is wrong leaves nothing behind, so the state is opened after it, unless it needs the vault.
	w.secrets = a.newSecrets(a.dir, func() (*vault.Vault, error) {
		if err := w.openState(cmd.Context(), cmd.Name(), provider, path); err != nil {
			return nil, err
		}
		return w.vault(), nil
	})
	if err := w.load(cmd.Context(), provider.Kinds()); err != nil {
		w.close()
		return nil, err
	}
	if w.store == nil {
		err = w.openState(cmd.Context(), cmd.Name(), provider, path)
	}
	return w, err
}

// load loads the configuration and finds what the targets name in it.
func (w *workspace) load(ctx context.Context, kinds *schema.Kinds) (err error) {
	if w.config, err = w.configure(w.flags, kinds, w.secrets.reader(ctx)); err != nil {
		return err
	}
	w.targets, err = parseTargets(w.flags.targets, w.config)
	return err
}

func (w *workspace) openState(ctx context.Context, operation string, provider providers.Provider, path string) error {
	store, err := state.Open(ctx, path, state.Options{Owner: state.Owner{
		Who: who(), PID: os.Getpid(), Operation: operation, Version: version(),
	}})
	if err != nil {
		return err
	}
	w.store = store
	if w.secrets == nil {
		w.secrets = w.newSecrets(w.dir, func() (*vault.Vault, error) { return w.vault(), nil })
	}
	w.engine = &engine.Engine{
		Provider: provider, Store: store, Secret: w.secret, Now: time.Now, Version: version(),
		Passwords: engine.Passwords{Vault: w.vault(), Store: store}, Sealer: w.sealer(ctx),
		Limits: graph.Limits{Total: w.flags.parallelism, PerGroup: w.flags.perSite},
		Event:  func(report.Event) {},
		Trace:  w.trace(),
	}
	return nil
}

// sealer hides what is kept of devices: with the vault, or with the key of the state where there is no vault.
func (w *workspace) sealer(ctx context.Context) apply.Sealer {
	if _, err := w.store.Vault(ctx); err != nil {
		return w.store
	}
	return w.vault()
}

func (w *workspace) close() {
	if w.store != nil {
		_ = w.store.Close() // every write was durable before; closing only tidies up
	}
}

// tolerance is how many devices may be out of reach.
func (w *workspace) tolerance(declared plan.Tolerance) (plan.Tolerance, error) {
	text := w.flags.tolerate
	if text == "" {
		return declared, nil
	}
	if share, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(share, 64)
		if err == nil && percent >= 0 && percent <= 100 {
			return plan.Tolerance{Percent: percent}, nil
		}
	} else if count, err := strconv.Atoi(text); err == nil && count >= 0 {
		return plan.Tolerance{Count: count}, nil
	}
	return plan.Tolerance{}, fmt.Errorf("-max-unreachable: %q is neither a number of devices such as 3 nor a share such as 5%%", text)
}

// parseTargets reads addresses and proves that the configuration has each of them.
func parseTargets(texts []string, cfg *config.Config) ([]schema.Setting, error) {
	var targets []schema.Setting
	for _, text := range texts {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return nil, fmt.Errorf("-target: %w", err)
		}
		if !named(target, cfg) {
			return nil, fmt.Errorf("-target: the configuration has no %s%s", text, suggestDevice(target, cfg))
		}
		targets = append(targets, target)
	}
	return targets, nil
}

func named(target schema.Setting, cfg *config.Config) bool {
	for _, d := range cfg.Devices {
		whole := schema.Setting{Device: target.Device}
		if target.Kind == "" && whole.Covers(schema.Setting{Device: d.Address}) {
			return true
		}
		for _, s := range d.Settings {
			if target.Kind != "" && target.Covers(s.Address) {
				return true
			}
		}
	}
	return false
}

func suggestDevice(target schema.Setting, cfg *config.Config) string {
	var names []string
	for _, d := range cfg.Devices {
		names = append(names, d.Address.String(), schema.Device{Name: d.Address.Name}.String())
		for _, s := range d.Settings {
			names = append(names, s.Address.String())
		}
	}
	text := target.Device.String()
	if target.Kind != "" {
		text = target.String()
	}
	if near := schema.Nearest(text, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; camform state list and the configuration show the addresses"
}

func statePath(dir, declared string) string {
	if declared == "" {
		declared = filepath.Join(".camform", "state.db")
	}
	if filepath.IsAbs(declared) {
		return declared
	}
	return filepath.Join(dir, declared)
}

// newRun makes the id of a run: the time for people, and chance so that two never share one.
func newRun() string {
	var chance [4]byte
	_, _ = rand.Read(chance[:]) // never fails: see crypto/rand
	return time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(chance[:])
}

// who names the person at the keyboard, for others who find a device locked.
func who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}
