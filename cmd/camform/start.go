package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/graph"
	"camform/engine/operator"
	"camform/engine/render"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/vault"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// beginning is the program once the text of the configuration has been read: enough to know where the state is and which
// kinds of settings there are. The commands go on from here, each step once:
//
//	begin       source, settings, provider   every command that knows kinds of settings
//	remember    store, vault, secrets        opened if there is a state, made only where the command says so
//	evaluate    what the configuration means
//	workspace   the engine, complete
type beginning struct {
	*app
	source   *config.Source
	rules    operator.Rules
	settings config.Settings // what decides how to go on: what the source says, joined with the rules
	provider *hikvision.Provider
}

// bootGrace is how long a write waits for a device that has just started: it answers reads then, and refuses to be changed.
const bootGrace = 15 * time.Second

// begin reads the operator's rules and the text of the configuration, and makes the provider, with the setting files that the
// configuration names. Errors in rules and setting files, and what the rules do not allow, are printed. What is wrong with the
// configuration itself is left for sound and settled.
func (a *app) begin() (*beginning, error) {
	rules, err := a.rules()
	if err != nil {
		return nil, err
	}
	source := config.Parse(".", version(), append(a.private(), config.StateFiles(rules.State())...)...)
	if err := a.report(slices.Concat(
		rules.CheckState(source.Settings.StatePath, source.Settings.StateRange),
		rules.CheckSettingFiles(source.Settings.Schemas, &source.Settings.Range),
	), source.Texts()); err != nil {
		return nil, err
	}
	source.Settings.StatePath = cmp.Or(rules.State(), source.Settings.StatePath)
	if err := a.speak(render.Wording(source.Settings.Compat)); err != nil {
		return nil, err
	}
	b := &beginning{app: a, source: source, rules: rules, settings: source.Settings}
	var folders []schema.Folder
	texts := map[string][]byte{}
	for _, path := range b.settings.Schemas {
		folder := schema.Folder{Name: path, Files: os.DirFS(path)}
		if root, err := os.OpenRoot(path); err == nil { // which follows no link out of the folder
			folder.Files = root.FS()
		}
		folders = append(folders, folder)
		names, err := fs.Glob(folder.Files, "*.hcl")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if text, err := fs.ReadFile(folder.Files, name); err == nil {
				texts[filepath.Join(folder.Name, name)] = text
			}
		}
	}
	provider, diags := hikvision.NewWith(isapi.Options{Grace: bootGrace}, folders...)
	b.provider = provider
	return b, a.report(diag.FromHCL(diags), texts)
}

// rules are those of the operator. What is wrong with them is printed.
func (a *app) rules() (operator.Rules, error) {
	rules, texts, problems := operator.Read(operator.Places(a.env))
	return rules, a.report(problems, texts)
}

// settled reports what is wrong with the camform block, for commands that need nothing else of the configuration.
func (b *beginning) settled() error {
	if b.source.Mistakes.HasErrors() {
		return b.report(b.source.Mistakes, b.source.Texts())
	}
	return nil
}

// sound reports what is wrong with the text of the configuration, so that nothing is opened for one that cannot be used.
func (b *beginning) sound() error {
	if problems := b.source.Problems(); problems.HasErrors() {
		return b.report(problems, b.source.Texts())
	}
	return nil
}

// evaluate finds out what the configuration means. What is wrong with it is printed.
func (b *beginning) evaluate(flags *runFlags, secrets config.SecretReader) (*config.Config, error) {
	cfg, problems := b.judged(flags, secrets)
	return cfg, b.report(append(problems, flags.vacant(cfg, problems)...), cfg.Sources)
}

// judged is what the configuration means, with what is wrong with it and what the rules do not allow.
func (b *beginning) judged(flags *runFlags, secrets config.SecretReader) (*config.Config, diag.Problems) {
	cfg, problems := b.source.Evaluate(config.Options{Kinds: b.provider.Kinds(), Vars: flags.vars, Env: b.env, Given: valuePrefixes(b.app), Secrets: secrets})
	return cfg, append(problems, b.rules.CheckDevices(cfg, ".")...)
}

// vacant is the problem of a sound configuration without devices, unless that is allowed.
func (f *runFlags) vacant(cfg *config.Config, problems diag.Problems) diag.Problems {
	if f.noDevices || problems.HasErrors() {
		return nil
	}
	return cfg.WithoutDevices()
}

// memory is what a state holds, by what commands use of it, and the secrets that it gives access to. Without a state only
// origins is set.
type memory struct {
	store     *state.Fleet
	runs      *state.Runs
	approvals *state.Approvals
	auditLog  *state.AuditLog
	backups   *state.Backups
	path      string // of the database
	server    bool   // whether it is on a server
	closer    io.Closer

	vault   *vault.Vault // asks once for what opens it
	origins *vault.Origins
}

// onServer reports whether what stands for the path of a state is the server that has the state of the configuration.
func (b *beginning) onServer(path string) bool {
	return b.settings.Postgres != nil && path == b.settings.StatePath
}

// store opens the state at a path, or on the server that the configuration names.
func (b *beginning) store(ctx context.Context, path string, options state.Options) (*state.Store, error) {
	if !b.onServer(path) {
		return state.Open(ctx, path, options)
	}
	server, err := b.server(ctx)
	if err != nil {
		return nil, err
	}
	return state.OpenServer(ctx, server, options)
}

// userVariable names the environment variable with the role that asks the server of the state, where the configuration names none.
const userVariable = "CAMFORM_STATE_USER"

// server is where the state of the configuration is, with the secrets that open it. They may lie beside it, where nothing else of the
// configuration may read.
func (b *beginning) server(ctx context.Context) (state.Server, error) {
	p := b.settings.Postgres
	user, _ := b.env(userVariable)
	s := state.Server{
		Host: p.Host, Port: p.Port, Database: p.Database, User: cmp.Or(p.User, user), KeyAt: p.Key,
		Folder: filepath.Dir(config.DefaultStatePath),
	}
	if s.User == "" {
		return s, fmt.Errorf("the state at %s needs a user: name the role in the state block, or in %s", b.settings.StatePath, userVariable)
	}
	origins := b.origins(".", nil)
	origins.Check = func(origin string) error { return b.rules.CheckOrigin(origin, ".") }
	var err error
	if s.Key, err = origins.Read(ctx, p.Key); err != nil {
		return s, fmt.Errorf("key of the state: %w", err)
	}
	if p.Password != "" {
		if s.Password, err = origins.Read(ctx, p.Password); err != nil {
			return s, fmt.Errorf("password for the state: %w", err)
		}
	}
	if p.CAFile != "" {
		if s.Authorities, err = os.ReadFile(p.CAFile); err != nil {
			return s, fmt.Errorf("ca_file of the state: %w", err)
		}
	}
	return s, nil
}

// recall opens the state at a path if there is one. A configuration that is wrong leaves nothing behind, so commands make
// the state only after the configuration has been evaluated.
func (b *beginning) recall(ctx context.Context, operation, path string, moves schema.Moves) (memory, error) {
	if _, err := os.Stat(path); !b.onServer(path) && errors.Is(err, fs.ErrNotExist) {
		return memory{origins: b.origins(".", nil)}, nil
	}
	return b.remember(ctx, operation, path, moves)
}

// remember opens the state at a path and makes it if there is none. It shows devices under the names that moves give them.
func (b *beginning) remember(ctx context.Context, operation, path string, moves schema.Moves) (memory, error) {
	options := stateOptions(operation)
	options.Moves = moves
	store, err := b.store(ctx, path, options)
	if err != nil {
		return memory{}, err
	}
	v := vault.New(store.Secrets, store.Key, b.unlock(nil))
	return memory{store.Fleet, store.Runs, store.Approvals, store.AuditLog, store.Backups, path, b.onServer(path), store, v, b.origins(".", v)}, nil
}

// stateOptions say who uses a state, and for what.
func stateOptions(operation string) state.Options {
	return state.Options{Owner: state.Owner{Who: who(), PID: os.Getpid(), Operation: operation, Version: version()}}
}

// origins reads secrets, relative paths of files from dir. V is nil if there is no vault.
func (b *beginning) origins(dir string, v *vault.Vault) *vault.Origins {
	names, whole := b.rules.Environment()
	return &vault.Origins{
		Env: b.env, Dir: dir, Vault: v,
		Check: func(origin string) error {
			if err := b.source.CheckOrigin(origin); err != nil {
				return err
			}
			return b.rules.CheckOrigin(origin, dir)
		},
		Shows: func(variable string) bool { return whole || slices.Contains(names, variable) },
	}
}

// reading chooses how a command reads the secrets of a configuration while it evaluates it.
type reading func(ctx context.Context, m memory) config.SecretReader

// withoutSecrets leaves every secret unknown.
func withoutSecrets(context.Context, memory) config.SecretReader { return config.SecretsUnknown }

// open evaluates the configuration and opens its state.
func (a *app) open(cmd *cobra.Command, flags *runFlags, secrets reading) (*workspace, error) {
	b, err := a.begin()
	if err != nil {
		return nil, err
	}
	if err := b.sound(); err != nil {
		return nil, err
	}
	known, err := b.known(flags)
	if err != nil {
		return nil, err
	}
	m, err := b.recall(cmd.Context(), cmd.Name(), b.settings.StatePath, b.source.Moves())
	if err != nil {
		return nil, err
	}
	cfg, targets, err := b.wanted(flags, secrets(cmd.Context(), m))
	if err != nil {
		m.close()
		return nil, err
	}
	if m.store == nil {
		if m, err = b.remember(cmd.Context(), cmd.Name(), b.settings.StatePath, nil); err != nil {
			return nil, err
		}
	}
	w, err := b.workspace(cmd.Context(), flags, m, cfg)
	if err != nil {
		return nil, err
	}
	w.targets, w.engine.Known = targets, known
	return w, nil
}

// wanted evaluates the configuration and finds what the targets name in it.
func (b *beginning) wanted(flags *runFlags, secrets config.SecretReader) (*config.Config, []schema.Setting, error) {
	cfg, err := b.evaluate(flags, secrets)
	if err != nil {
		return nil, nil, err
	}
	targets, err := parseTargets(flags.targets, cfg)
	return cfg, targets, err
}

// openForState opens the state without evaluating the configuration. Only the camform block is needed for that, so whatever
// else is wrong with the configuration does not matter.
func (a *app) openForState(cmd *cobra.Command) (*workspace, error) {
	b, err := a.begin()
	if err != nil {
		return nil, err
	}
	return b.openState(cmd.Context(), "state "+cmd.Name(), &runFlags{}, nil)
}

// openState opens the state without evaluating the configuration, with the moves of a plan.
func (b *beginning) openState(ctx context.Context, operation string, flags *runFlags, moves schema.Moves) (*workspace, error) {
	if err := b.settled(); err != nil {
		return nil, err
	}
	m, err := b.remember(ctx, operation, b.settings.StatePath, moves)
	if err != nil {
		return nil, err
	}
	return b.workspace(ctx, flags, m, nil)
}

// workspace puts the engine on top of what is open. Without a configuration the engine works with plans and with the state. What is open
// is closed where the command line holds a secret that would be kept.
func (b *beginning) workspace(ctx context.Context, flags *runFlags, m memory, cfg *config.Config) (*workspace, error) {
	w := b.viewer(flags)
	w.config, w.memory, w.run = cfg, m, newRun()
	w.engine = &engine.Engine{
		Provider: b.searching(flags.search), Store: m.store, Secret: w.secret, Within: b.within, Now: time.Now, Version: version(), Author: b.author(cfg),
		Passwords: engine.Passwords{Vault: m.vault, Secrets: m.store.Secrets}, Sealer: m.sealer(ctx),
		Parallelism: graph.Parallelism{Total: flags.parallelism, PerGroup: flags.perSite},
		Nodes:       flags.nodes(m.store.Nodes),
		Event:       func(report.Event) {},
		Trace:       w.trace(),
	}
	if err := discreet(ctx, w); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// within says where a device may be that is sent the secrets of some origins.
func (b *beginning) within(origins ...string) providers.Bounds {
	return b.rules.Within(".", origins...)
}

// author names who makes plans, which is nobody where there is no configuration to make one of.
func (b *beginning) author(cfg *config.Config) string {
	if cfg == nil {
		return ""
	}
	return author(b.env)
}

// viewer is a workspace that shows plans and has no state.
func (b *beginning) viewer(flags *runFlags) *workspace {
	flags.compat = cmp.Or(flags.compat, string(b.called))
	return &workspace{app: b.app, flags: flags, rules: b.rules, engine: &engine.Engine{Provider: b.provider, Now: time.Now}}
}

// sealer hides what is kept of devices: with the vault, or with the key of the state where there is no vault.
func (m memory) sealer(ctx context.Context) apply.Sealer {
	if _, err := m.store.Vault(ctx); err != nil {
		return m.store.Key
	}
	return m.vault
}

func (m memory) close() {
	if m.store != nil {
		_ = m.closer.Close() // every write was durable before; closing only tidies up
	}
}
