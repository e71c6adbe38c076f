package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/diag"
	"camform/engine/learn"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/shell"
	"camform/providers"
	"camform/schema"
)

// surveyFlags are the options of the commands that write the configuration of devices that there are.
type surveyFlags struct {
	runFlags
	username string
	origin   string // where the password comes from
	basic    bool
	legacy   bool
	kinds    []string
	secrets  string // path of a file for the secrets that devices show
	deep     bool   // whether devices are asked for settings that their lists lack
}

func (f *surveyFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.username, "username", "admin", "log in with this `NAME`")
	flags.StringVar(&f.origin, passwordOption, "env:CAMERA_PASSWORD", "read the password from this `ORIGIN`, such as env:NAME, file:PATH or vault:NAME")
	flags.BoolVar(&f.basic, "basic", false, "allow HTTP Basic over TLS where a device has no digest")
	flags.BoolVar(&f.legacy, "legacy", false, "allow TLS 1.0 and 1.1")
	flags.StringSliceVar(&f.kinds, "kinds", nil, "write only these `KINDS` of settings, separated by commas")
	flags.StringVar(&f.secrets, "secrets", "", "write the secrets that devices show, such as communities, to this `FILE`, which only you can read")
	flags.BoolVar(&f.deep, "deep", false, "also look for settings that a device has although its list lacks them, such as events, by asking for each that it reports")
	f.addReading(flags)
}

// candidate is a device at an address that somebody typed, with the login that the flags say.
func (f *surveyFlags) candidate(address string) (engine.Candidate, error) {
	u, err := typedAddress(address)
	if wrong := schema.CheckOrigin(f.origin); wrong != nil {
		err = fmt.Errorf("-"+passwordOption+": %w", wrong)
	}
	return engine.Candidate{URL: u, Username: f.username, Origin: f.origin, Basic: f.basic, Legacy: f.legacy}, err
}

// chosen are the kinds that the flag -kinds names, all by default.
func (f *surveyFlags) chosen(kinds *schema.Kinds) ([]*schema.Kind, error) {
	if len(f.kinds) == 0 {
		return kinds.All(), nil
	}
	var chosen []*schema.Kind
	for _, name := range f.kinds {
		kind := kinds.Lookup(name)
		if kind == nil {
			hint := "; camform settings lists them"
			if near := schema.Nearest(name, kinds.Names()); near != "" {
				hint = "; did you mean " + near + "?"
			}
			return nil, fmt.Errorf("-kinds: there is no kind of setting named %q%s", name, hint)
		}
		if !slices.Contains(chosen, kind) {
			chosen = append(chosen, kind)
		}
	}
	return chosen, nil
}

// typedAddress reads a host, a host with a port, or a URL. Without a scheme it means HTTPS: a password goes over plain
// HTTP only where somebody wrote so.
func typedAddress(text string) (*url.URL, error) {
	full := text
	if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
		full = "[" + text + "]"
	}
	if !strings.Contains(full, "://") {
		full = "https://" + full
	}
	u, err := url.Parse(full)
	switch {
	case strings.Contains(full, "@"):
		return nil, errors.New("an address must not contain a user name; use -username and -password-from for the login")
	case err != nil || u.Hostname() == "":
		return nil, fmt.Errorf("%s is not an address; write it like 192.0.2.7, camera.example.com:8443 or http://192.0.2.7", diag.Quote(text))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s begins with %s; addresses of devices begin with http or https", diag.Quote(text), u.Scheme)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s has more after the host; write only %s://%s", diag.Quote(text), u.Scheme, u.Host)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("%s has the port %s; ports are 1 to 65535", diag.Quote(text), port)
		}
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// distinct refuses candidates that have one address.
func distinct(candidates []engine.Candidate) error {
	seen := map[string]bool{}
	for i := range candidates {
		host := candidates[i].Endpoint().Host
		if seen[host] {
			return fmt.Errorf("the address %s is given twice", host)
		}
		seen[host] = true
	}
	return nil
}

// surveyor reads devices for the commands that write configurations.
type surveyor struct {
	*workspace
	flags *surveyFlags
	kinds []*schema.Kind // that are written
	deep  []*schema.Kind // those of them for which devices are asked for what their lists lack
}

// openSurvey opens the state at a path for a survey of devices whose configuration will be in dir.
func (b *beginning) openSurvey(cmd *cobra.Command, flags *surveyFlags, path, dir string) (*surveyor, error) {
	if err := vacant("-secrets", flags.secrets, flags.secrets); err != nil {
		return nil, err
	}
	kinds, err := flags.chosen(b.provider.Kinds())
	if err != nil {
		return nil, err
	}
	deep, err := flags.deepKinds(kinds, b.provider.Kinds())
	if err != nil {
		return nil, err
	}
	m, err := b.remember(cmd.Context(), cmd.Name(), path, nil)
	if err != nil {
		return nil, err
	}
	m.origins = b.origins(dir, m.vault)
	w, err := b.workspace(cmd.Context(), &flags.runFlags, m, nil)
	if err != nil {
		return nil, err
	}
	return &surveyor{workspace: w, flags: flags, kinds: kinds, deep: deep}, nil
}

// vacant refuses a path, given by an option, at which there is something already. An empty path is none.
func vacant(option, name, path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %s already exists, and nothing is overwritten; choose another name", option, name)
	}
	return nil
}

// survey reads candidates with progress on the way, and tells which of them could not be read.
func (s *surveyor) survey(parent context.Context, candidates []engine.Candidate) (*engine.Imported, error) {
	if missing := s.unset(variablesOf(candidates)); len(missing) > 0 {
		return nil, fmt.Errorf("the passwords come from the environment, where %s is not set or empty; before running camform, run: export %s",
			strings.Join(missing, ", "), strings.Join(assigned(missing), " "))
	}
	var survey *engine.Imported
	var failed error
	err := s.read(parent, "nothing was written", func(ctx context.Context, e *engine.Engine) {
		survey, failed = e.Import(ctx, candidates, s.kinds, s.deep)
	})
	if err := cmp.Or(err, failed); err != nil {
		return nil, err
	}
	var problems diag.Problems
	for _, u := range survey.LeftOut {
		problems = append(problems, diag.Problem{
			Severity: diag.Warning, Code: "device-left-out", Summary: "Device left out",
			Detail: u.Reason + ".", Address: schema.Setting{Device: u.Candidate.Device},
		})
	}
	return survey, s.report(problems, nil)
}

// variablesOf are the variables of the environment that the passwords of candidates come from, each once.
func variablesOf(candidates []engine.Candidate) []string {
	var names []string
	for _, c := range candidates {
		if name, ok := strings.CutPrefix(c.Origin, "env:"); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// unset are those of the variables of the environment that hold nothing.
func (a *app) unset(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		value, _ := a.env(name)
		return value != ""
	})
}

// assigned are variables as a shell sets them, each with a value to be filled in.
func assigned(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, name+"=VALUE")
	}
	return all
}

// learning are the options for a configuration beside which devices with the names taken are declared.
func (s *surveyor) learning(taken []string) learn.Options {
	provider := s.engine.Provider
	check := func(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
		// What a device has already it need not take, and a configuration cannot say it all the same.
		return append(provider.Check(kind, docs, key, want), provider.CheckAlone(kind, want)...)
	}
	return learn.Options{Kinds: schema.NewKinds(s.kinds...), Check: check, Taken: taken}
}

// keepSecrets writes secrets where the flags say so.
func (s *surveyor) keepSecrets(r *learn.Result) error {
	if s.flags.secrets == "" {
		return nil
	}
	if err := createSecrets(s.flags.secrets, r.Secrets); err != nil {
		return fmt.Errorf("-secrets: %w", err)
	}
	return nil
}

// createSecrets writes secrets, by origin, into a file that does not exist yet and that nobody else can read.
func createSecrets(path string, secrets map[string]schema.Secret) error {
	return atomicfile.Create(path, assignments(secrets), 0o600)
}

// assignments writes secrets, by origin, as a shell reads variables of the environment.
func assignments(secrets map[string]schema.Secret) []byte {
	var text bytes.Buffer
	for _, origin := range slices.Sorted(maps.Keys(secrets)) {
		fmt.Fprintf(&text, "%s=%s\n", strings.TrimPrefix(origin, "env:"), shell.Quoted(secrets[origin].Reveal()))
	}
	return text.Bytes()
}

// tell says what was found beyond the lists of devices, what was left out of a file, and what the configuration reads from the
// environment. What could not be read may be there or not, so it is named; all else that is left out is known, and stands in the file.
func (s *surveyor) tell(survey *engine.Imported, r *learn.Result, file string) error {
	if err := s.tellSearches(survey, r.Addresses); err != nil {
		return err
	}
	var unread []render.Trouble
	for _, l := range r.Unread() {
		unread = append(unread, render.Trouble{Device: l.Device, Text: l.Setting.Local() + " could not be read and is left out: " + l.Unread})
	}
	if err := s.stderr().Troubles(unread); err != nil {
		return err
	}
	if !s.automated() {
		s.tellNext(r, file)
	}
	return nil
}

// tellNext tells people what else is not in a file, and what they have to set before the next command.
func (s *surveyor) tellNext(r *learn.Result, file string) {
	if n := len(r.Left) - len(r.Unread()); n > 0 {
		fmt.Fprintf(s.err, "Left out: %s; comments in %s say which and why.\n", render.Plural(n, "setting"), file)
	}
	if len(r.Variables) > 0 {
		fmt.Fprintf(s.err, "The configuration reads these environment variables: %s\n", strings.Join(r.Variables, ", "))
	}
	missing := s.unset(r.Variables)
	if len(missing) == 0 {
		return
	}
	fmt.Fprintf(s.err, "Not set yet: %s. Before the next command, run:\n", strings.Join(missing, ", "))
	if s.flags.secrets != "" {
		kept := len(missing)
		missing = slices.DeleteFunc(missing, func(name string) bool { return !r.Secrets["env:"+name].IsZero() })
		if len(missing) < kept {
			fmt.Fprintf(s.err, "    set -a; . %s; set +a\n", shell.Quoted(s.flags.secrets))
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(s.err, "    export %s\n", strings.Join(assigned(missing), " "))
	}
}

// tolerated ends the run with an error if more devices could not be read than the flag -max-unreachable allows. One that could be
// read only in part is included: the rest of it is unknown.
func (s *surveyor) tolerated(survey *engine.Imported, r *learn.Result) error {
	tolerance := s.tolerance(plan.Tolerance{})
	partly := map[schema.Device]bool{}
	for _, l := range r.Unread() {
		partly[l.Device] = true
	}
	for i, searches := range survey.Searches {
		for _, found := range searches {
			if !found.Whole() {
				partly[r.Addresses[i]] = true
			}
		}
	}
	unread, all := len(survey.LeftOut), len(survey.LeftOut)+len(survey.Devices)
	switch {
	case tolerance.Allows(unread+len(partly), all):
		return nil
	case len(partly) == 0:
		return fmt.Errorf("%d of %s could not be read", unread, render.Plural(all, "device"))
	case unread == 0:
		return fmt.Errorf("%d of %s could only be read in part", len(partly), render.Plural(all, "device"))
	}
	return fmt.Errorf("%d of %s could not be read, and %d only in part", unread, render.Plural(all, "device"), len(partly))
}
