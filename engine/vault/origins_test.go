package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"camform/engine/state"
	"camform/schema"
)

func lookup(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// tree writes files below a new directory.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700))
	}
	return dir
}

func TestSecretsAreReadFromTheirOrigin(t *testing.T) {
	v, _ := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "gate/admin", schema.NewSecret(canary+"-vault"), ""))
	dir := tree(t, map[string]string{
		"a.txt":     "  " + canary + " \n",
		"crlf.txt":  canary + "\r\n",
		"two.txt":   canary + "\n\n",
		"plain.txt": canary,
		"empty.txt": "\n",
		"large.txt": strings.Repeat("x", textLimit+1),
	})
	o := &Origins{Env: lookup(map[string]string{"ADMIN": canary, "EMPTY": ""}), Dir: dir, Vault: v}
	tests := []struct {
		origin, want string
		err          error  // family
		text         string // part of the error
	}{
		{origin: "env:ADMIN", want: canary},
		{origin: "file:a.txt", want: "  " + canary + " "},
		{origin: "file:crlf.txt", want: canary},
		{origin: "file:two.txt", want: canary + "\n"},
		{origin: "file:plain.txt", want: canary},
		{origin: "file:" + filepath.Join(dir, "plain.txt"), want: canary},
		{origin: "vault:gate/admin", want: canary + "-vault"},
		{origin: "env:NONE", err: ErrAbsent, text: "the environment variable NONE is not set or empty; set it before running camform, for example with: export NONE=VALUE"},
		{origin: "env:EMPTY", err: ErrAbsent, text: "EMPTY"},
		{origin: "file:none.txt", err: ErrAbsent, text: "there is no file " + filepath.Join(dir, "none.txt")},
		{origin: "file:empty.txt", err: ErrAbsent, text: "empty.txt is empty"},
		{origin: "file:large.txt", text: "is too large for a secret; the limit is 65536 bytes"},
		{origin: "file:.", text: "directory"},
		{origin: "vault:none", err: ErrAbsent, text: "the vault has no none"},
		{origin: "env:", err: schema.ErrOrigin},
		{origin: "ADMIN", err: schema.ErrOrigin},
		{origin: "var.password", err: schema.ErrOrigin},
		{origin: "vualt:x", err: schema.ErrOrigin},
	}
	for _, test := range tests {
		t.Run(test.origin, func(t *testing.T) {
			have, err := o.Read(t.Context(), test.origin)
			if have.Reveal() != test.want {
				t.Errorf("the secret is %q, want %q", have, test.want)
			}
			if test.err != nil || test.text != "" {
				wantError(t, err, test.err, test.text)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOriginsNeedNothing(t *testing.T) {
	var o Origins
	_, err := o.Read(t.Context(), "env:HOME")
	wantError(t, err, ErrAbsent, "HOME")
	_, err = o.Read(t.Context(), "vault:a")
	wantError(t, err, state.ErrNoVault, "camform vault init")
	store, _ := newStore(t)
	_, err = (&Origins{Vault: New(store.Secrets, store.Key, Unlock{})}).Read(t.Context(), "vault:a")
	wantError(t, err, state.ErrNoVault, "camform vault init")
}

// A value must not differ within a run, and somebody whom a command asks for it is asked once.
func TestAnOriginIsReadOnce(t *testing.T) {
	dir := tree(t, map[string]string{"print": "#!/bin/sh\necho >> asked\necho $(wc -l < asked)\n", "fail": "#!/bin/sh\necho >> asked\nexit 1\n"})
	o := &Origins{Dir: dir}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if text, err := o.Read(context.Background(), "exec:./print"); text != schema.NewSecret("1") {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	all.Wait()
	for range 2 {
		_, err := o.Read(t.Context(), "exec:./fail")
		wantError(t, err, nil, "exit status 1")
	}
	if asked := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "asked"))); len(asked) != 2 {
		t.Errorf("somebody was asked %d times for two secrets", len(asked))
	}
}

// The password of an account changes within a run, and code that follows it needs the new one.
func TestWhatTheVaultHasIsReadEachTime(t *testing.T) {
	v, _ := newVault(t)
	o := &Origins{Vault: v}
	for _, text := range []string{"first", "second"} {
		_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(text), ""))
		if got := must[schema.Secret](t)(o.Read(t.Context(), "vault:a")); got != schema.NewSecret(text) {
			t.Errorf("%q, want %q", got, text)
		}
	}
}

// An interrupted lookup spoils nothing for others.
func TestAnInterruptedReadTellsNothing(t *testing.T) {
	dir := tree(t, map[string]string{"print": "#!/bin/sh\necho " + canary + "\n"})
	o := &Origins{Dir: dir}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := o.Read(over, "exec:./print")
	wantError(t, err, context.Canceled, "")
	if text := must[schema.Secret](t)(o.Read(t.Context(), "exec:./print")); text != schema.NewSecret(canary) {
		t.Errorf("%q", text)
	}
}

// I14: what is refused is not read, and commands see no more of the environment than they may.
func TestI14OriginsObeyWhoeverChecksThem(t *testing.T) {
	t.Setenv("SEEN", "seen")
	t.Setenv("HIDDEN", canary)
	dir := tree(t, map[string]string{"environ": "#!/bin/sh\nprintf '%s.' \"$SEEN\" \"$HIDDEN\" \"${PATH:+path}\"\n", "touch": "#!/bin/sh\necho x >ran\necho y\n"})
	refused := errors.New("refused")
	o := &Origins{
		Dir: dir, Shows: func(name string) bool { return name == "SEEN" || name == "PATH" },
		Check: func(origin string) error {
			if origin == "exec:./touch" {
				return refused
			}
			return nil
		},
	}
	if got := must[schema.Secret](t)(o.Read(t.Context(), "exec:./environ")); got != schema.NewSecret("seen..path.") {
		t.Errorf("%q", got)
	}
	_, err := o.Read(t.Context(), "exec:./touch")
	wantError(t, err, refused, "")
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("the command ran")
	}
}

func TestCommandsPrintSecrets(t *testing.T) {
	t.Setenv("CAMFORM_VAR_OTHER", canary)
	dir := tree(t, map[string]string{
		"args":    "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done\n",
		"silent":  "#!/bin/sh\n",
		"large":   "#!/bin/sh\nhead -c 70000 /dev/zero | tr '\\0' x\n",
		"fail":    "#!/bin/sh\necho " + canary + "\necho one >&2\necho 'got " + canary + "' >&2\nprintf 'th\\033[31mree\\n\\nfour\\nfive\\n' >&2\nexit 3\n",
		"where":   "#!/bin/sh\ncat args | head -c 5\n",
		"environ": "#!/bin/sh\nprintf '%s.' \"$CAMFORM_VAR_OTHER\" \"${PATH:+path}\"\n",
		"plain":   "not a program",
	})
	ok(t, os.Chmod(filepath.Join(dir, "plain"), 0o600))
	o := &Origins{Dir: dir}
	for command, want := range map[string]string{
		"./args a  b\tc":                  "<a><b><c>",
		"./args 'a b' \"it's\" '' x'y'":   "<a b><it's><><xy>",
		"./args $HOME * ; ls":             "<$HOME><*><;><ls>",
		"./where":                         "#!/bi",
		"./environ":                       ".path.",
		"printf a\\n\\n":                  "a\n",
		filepath.Join(dir, "args") + " x": "<x>",
	} {
		if got, err := o.Read(t.Context(), "exec:"+command); got != schema.NewSecret(want) || err != nil {
			t.Errorf("%s: %q, %v; want %q", command, got, err, want)
		}
	}
	for command, test := range map[string]struct {
		family error
		want   string
	}{
		"./silent":         {ErrAbsent, "what the command ./silent prints is empty"},
		"./large":          {nil, "too long for a secret"},
		"./fail":           {nil, "the command ./fail: exit status 3; it says: one; got (sensitive value); th [31mree; ..."},
		"./none":           {os.ErrNotExist, "none"},
		"./plain":          {os.ErrPermission, "plain"},
		"camform-none-xyz": {nil, "install it"},
		"./args 'a":        {schema.ErrOrigin, "not closed"},
		"  ":               {schema.ErrOrigin, "no command"},
		"'' a":             {schema.ErrOrigin, "no command"},
	} {
		text, err := o.Read(t.Context(), "exec:"+command)
		wantError(t, err, test.family, test.want)
		if !text.IsZero() {
			t.Errorf("%s: %q", command, text)
		}
	}
}

func TestACommandThatHangsIsStopped(t *testing.T) {
	dir := tree(t, map[string]string{"hang": "#!/bin/sh\ntouch begun\nexec sleep 1000\n"})
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
				cancel(over)
			}
		}
	}()
	_, err := (&Origins{Dir: dir}).Read(ctx, "exec:./hang")
	wantError(t, err, over, "")
}

func TestWhatACommandSaysIsCut(t *testing.T) {
	long := strings.Repeat("ü", 500)
	if got := complained([]byte(long+"\n"), nil); got != "; it says: "+strings.Repeat("ü", complaintLine)+"..." {
		t.Errorf("%d bytes are shown", len(got))
	}
	if got := complained([]byte("\n \n"), nil); got != "" {
		t.Errorf("nothing is shown as %q", got)
	}
}
