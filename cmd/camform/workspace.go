package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/config"
	"camform/engine/operator"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// runFlags are the options of the commands that work with a configuration and its devices.
type runFlags struct {
	vars        []config.Var // -var and -var-file, in the order of the command line
	noDevices   bool         // whether a configuration may have no devices
	targets     []string
	search      searchFlag
	parallelism int
	retryNodes  bool
	perSite     int
	tolerate    toleranceFlag
	format      view.Format
	into        string // the file of -json-into
	full        bool
	compat      string
	comment     commentFlags
	page        string // path of a page that is written, too; empty for none
	data        string // path of a file of security advisories; empty for those that come with camform
}

func (f *runFlags) addConfig(flags *pflag.FlagSet) {
	f.addVars(flags)
	flags.BoolVar(&f.noDevices, "allow-no-devices", false, "go on if the configuration yields no device; otherwise that is an error")
}

func (f *runFlags) addVars(flags *pflag.FlagSet) {
	flags.Var(varFlag{&f.vars, variable}, "var", "set a variable: `NAME=VALUE`; may be repeated")
	flags.Var(varFlag{&f.vars, variableFile}, "var-file", "set variables from this `FILE`; may be repeated")
}

func (f *runFlags) addDevices(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.targets, "target", nil, "look only at this device or setting (`ADDR`ess); may be repeated")
	f.addReading(flags)
	flags.Var(&f.tolerate, "max-unreachable", "succeed even if up to `N` devices, or N%, could not be read; overrides the configuration")
}

// addReading are the options of all commands that read devices.
func (f *runFlags) addReading(flags *pflag.FlagSet) {
	f.parallelism, f.perSite = 64, 16
	flags.Var(atLeastOne{&f.parallelism}, "parallelism", "talk to at most `N` devices at the same time")
	flags.Var(atLeastOne{&f.perSite}, "site-parallelism", "talk to at most `N` devices of one site at the same time")
	flags.BoolVar(&f.retryNodes, "retry-nodes", false, "read documents again for which a device answered 401 before although the login was good")
}

// nodes are the documents that the run does not ask for.
func (f *runFlags) nodes(store providers.NodeStore) *providers.Nodes {
	if f.retryNodes {
		return providers.RetryNodes(store)
	}
	return providers.NewNodes(store)
}

func (f *runFlags) addOutput(flags *pflag.FlagSet) {
	formatOption(flags, &f.format, view.JSON, "json", "print one JSON object per line instead of text")
	flags.BoolVar(&f.full, "full", false, "show every device, even where many have the same change")
	flags.StringVar(&f.compat, "compat", "", "print the fixed sentences of `terraform`, for programs that look for them")
}

// addIgnored accepts what scripts written for Terraform pass along.
func addIgnored(flags *pflag.FlagSet) {
	flags.Bool("input", true, "accepted and ignored: camform only asks for the confirmation of apply")
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

// toleranceFlag is how many devices may be out of reach, where somebody says so.
type toleranceFlag struct {
	plan.Tolerance
	given bool
}

func (t *toleranceFlag) String() string { return "" }
func (t *toleranceFlag) Type() string   { return "string" }
func (t *toleranceFlag) Set(text string) error {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(share, 64)
		if err == nil && percent >= 0 && percent <= 100 {
			*t = toleranceFlag{plan.Tolerance{Percent: percent}, true}
			return nil
		}
	} else if count, err := strconv.Atoi(text); err == nil && count >= 0 {
		*t = toleranceFlag{plan.Tolerance{Count: count}, true}
		return nil
	}
	return errors.New("write a number of devices such as 3, or a share such as 5%")
}

// workspace is an engine with what it works on. Its parts do not change once it is made.
type workspace struct {
	*app
	memory
	flags   *runFlags
	rules   operator.Rules
	config  *config.Config // nil for a command that works with plans or with the state
	engine  *engine.Engine
	run     string
	targets []schema.Setting
}

// told is the engine, whose events go somewhere.
func (w *workspace) told(event func(report.Event)) *engine.Engine {
	told := *w.engine
	told.Event = event
	return &told
}

// read lets the engine read devices, with progress on the way. An interrupt ends that with an error which says what is left
// as it was.
func (w *workspace) read(parent context.Context, unharmed string, do func(context.Context, *engine.Engine)) error {
	ctx, stop, release := w.interruptible(parent)
	defer release()
	progress := w.progress()
	do(stop, w.told(alsoTold(w.app, progress.Event)))
	progress.Close()
	if stop.Err() != nil {
		return errors.Join(errors.New("interrupted; "+unharmed), ctx.Err())
	}
	return nil
}

// tolerance is how many devices may be out of reach.
func (w *workspace) tolerance(declared plan.Tolerance) plan.Tolerance {
	if w.flags.tolerate.given {
		return w.flags.tolerate.Tolerance
	}
	return declared
}

// parseTargets reads addresses and proves that the configuration has each of them.
func parseTargets(texts []string, cfg *config.Config) ([]schema.Setting, error) {
	var targets []schema.Setting
	for _, text := range texts {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		if !named(target, cfg) {
			return nil, fmt.Errorf("the configuration has no %s%s", text, suggestDevice(target, cfg))
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
