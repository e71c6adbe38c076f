package approval_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"

	"camform/engine/approval"
	"camform/engine/plan"
	"camform/schema"
)

func TestEnoughPeopleApprove(t *testing.T) {
	s := subject(t, made("note"), nil)
	v := approval.Verify(s, []approval.File{by(t, s, "bob"), by(t, s, "carol")}, soon)
	if !v.Enough() || people(v) != "bob carol" || len(v.Problems()) != 0 || len(v.Waiting) != 0 {
		t.Fatalf("%+v\n%s", v, details(v))
	}
	if have := v.Signed[0]; !have.Expires.Equal(noon.Add(time.Minute+24*time.Hour)) || !strings.HasPrefix(have.Key, "SHA256:") {
		t.Errorf("signed %+v", have)
	}
}

func TestWhoIsMissingIsSaid(t *testing.T) {
	s := subject(t, made("note"), nil)
	v := approval.Verify(s, []approval.File{by(t, s, "bob")}, soon)
	want := "error approval-missing: 2 people must sign this plan, and only bob did. 1 more of these must run camform approve: carol, dave."
	if v.Enough() || details(v) != want {
		t.Errorf("got\n%s\nwant\n%s", details(v), want)
	}
	v = approval.Verify(s, nil, soon)
	if v.Enough() || !strings.Contains(details(v), "nobody did. 2 more of these must run camform approve: bob, carol, dave.") {
		t.Errorf("got\n%s", details(v))
	}
	p := made("note")
	p.Approvals.Signers = staff[:2]
	s = subject(t, p, nil)
	v = approval.Verify(s, []approval.File{by(t, s, "bob")}, soon)
	if v.Enough() || !strings.Contains(details(v), "Nobody else may sign: name more people") {
		t.Errorf("got\n%s", details(v))
	}
}

func TestAFileThatDoesNotCountIsAWarningIfEnoughOthersDo(t *testing.T) {
	s := subject(t, made("note"), nil)
	v := approval.Verify(s, []approval.File{{Name: "x", Text: []byte("junk")}, by(t, s, "bob"), by(t, s, "carol")}, soon)
	if !v.Enough() || v.Problems().HasErrors() || len(v.Problems()) != 1 {
		t.Errorf("got\n%s", details(v))
	}
}

// trap is an approval that must not count.
type trap struct {
	name string
	file func(t *testing.T, s approval.Subject) approval.File
	plan func(p *plan.Plan)
	says string
}

// altered is an approval of bob with another statement.
func altered(change func(st *approval.Statement)) func(*testing.T, approval.Subject) approval.File {
	return func(t *testing.T, s approval.Subject) approval.File {
		st := draft(t, s, "bob")
		change(&st)
		return signed(t, st, "b")
	}
}

// withKey is an approval of a person with a key.
func withKey(name, letter string) func(*testing.T, approval.Subject) approval.File {
	return func(t *testing.T, s approval.Subject) approval.File { return signed(t, draft(t, s, name), letter) }
}

// rewritten is an approval of bob whose text was changed.
func rewritten(change func(text string) string) func(*testing.T, approval.Subject) approval.File {
	return func(t *testing.T, s approval.Subject) approval.File {
		f := by(t, s, "bob")
		text := change(string(f.Text))
		if text == string(f.Text) {
			t.Fatal("the text was not changed")
		}
		f.Text = []byte(text)
		return f
	}
}

// respelled is an approval of bob who signed another spelling of the statement.
func respelled(before, after string) func(*testing.T, approval.Subject) approval.File {
	return func(t *testing.T, s approval.Subject) approval.File {
		f := by(t, s, "bob")
		line, _, _ := strings.Cut(string(f.Text), "\n")
		f.Text = inNamespace(t, replace(before, after)(line)+"\n", approval.Namespace)
		return f
	}
}

// inNamespace is an approval with any statement and namespace, with the key of bob.
func inNamespace(t *testing.T, line, namespace string) []byte {
	signature, err := sshsig.Sign(strings.NewReader(line), key("b"), sshsig.HashSHA512, namespace)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(line), sshsig.Armor(signature)...)
}

func signers(lines ...string) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Approvals.Signers = lines }
}

func replace(before, after string) func(string) string {
	return func(text string) string { return strings.Replace(text, before, after, 1) }
}

func otherNamespace(t *testing.T, s approval.Subject) approval.File {
	f := by(t, s, "bob")
	line, _, _ := strings.Cut(string(f.Text), "\n")
	f.Text = inNamespace(t, line+"\n", "git")
	return f
}

// replayed is an approval of another plan, by bob.
func replayed(t *testing.T, _ approval.Subject) approval.File {
	return by(t, subject(t, made("note", "stream"), nil), "bob")
}

var traps = []trap{
	{"another plan", replayed, nil, `it is for another plan; "bob" must look at this one and sign again`},
	{"of the plan before it was made again", replayed, func(p *plan.Plan) { p.Created = noon.Add(time.Second) }, "it is for another plan"},
	{"another decision", altered(func(st *approval.Statement) { st.Decision = "reject" }), nil, `its decision is "reject"`},
	{"other counts", altered(func(st *approval.Statement) { st.Devices = 7 }), nil, "it covers 7 devices and 1 changes"},
	{"before the plan", altered(func(st *approval.Statement) { st.Created = noon.Add(-time.Second) }), nil, "before the plan was made"},
	{"in the future", altered(func(st *approval.Statement) { st.Created, st.Expires = noon.Add(time.Hour), noon.Add(2*time.Hour) }), nil, "it was signed at 2026-03-01 13:00:00 UTC, and it is 2026-03-01 12:02:00 UTC now"},
	{"expired", altered(func(st *approval.Statement) { st.Expires = soon.Now }), nil, "it expired at 2026-03-01 12:02:00 UTC, and it is 2026-03-01 12:02:00 UTC now; sign again"},
	{"further ahead than clocks differ", altered(func(st *approval.Statement) { st.Created = soon.Now.Add(clocksDiffer + time.Second) }), nil, "it was signed at 2026-03-01 12:07:01 UTC, and it is 2026-03-01 12:02:00 UTC now"},
	{"for too long", altered(func(st *approval.Statement) { st.Expires = st.Created.Add(approval.LongestLife + time.Second) }), nil, "it is valid for longer than 168 h"},
	{"another namespace", otherNamespace, nil, "it was signed for a different purpose than camform-plan"},
	{"the author", withKey("anna", "a"), nil, `"anna" made the plan`},
	{"the author with a key that nobody knows", withKey("anna", "x"), nil, `"anna" made the plan`},
	{"the author in capitals", withKey("anna", "a"), func(p *plan.Plan) { p.Author = " ANNA" }, `"anna" made the plan`},
	{"the author with the key of another", withKey("bob", "a"), signers(line("bob", "", "a"), line("anna", "", "a"), line("carol", "", "c")), "shares a key with its author"},
	{"an unknown author", withKey("bob", "b"), func(p *plan.Plan) { p.Author = "" }, "the plan does not say who made it"},
	{"a stranger", withKey("eve", "e"), nil, `is not listed for "eve"`},
	{"the key of another", withKey("bob", "c"), nil, `is not listed for "bob"`},
	{"another spelling of the name", withKey("Bob", "b"), nil, `is not listed for "Bob"`},
	{"somebody who was removed", withKey("bob", "b"), signers(line("carol", "", "c"), line("dave", "", "d")), `is not listed for "bob"`},
	{"a key for other purposes", withKey("bob", "b"), signers(line("bob", `namespaces="git,file" `, "b"), line("carol", "", "c")), `is not listed for "bob"`},
	{"a key that has ended", withKey("bob", "b"), signers(line("bob", `valid-before="20260301120130Z" `, "b"), line("carol", "", "c")), "is not valid at this time"},
	{"a key that has not begun", withKey("bob", "b"), signers(line("bob", `valid-after="20260301120130Z" `, "b"), line("carol", "", "c")), "is not valid at this time"},
	{"no approval", rewritten(func(string) string { return "" }), nil, "it is not a camform approval"},
	{"something behind it", rewritten(func(text string) string { return text + " " }), nil, "it is not a camform approval"},
	{"something before it", rewritten(func(text string) string { return "\n" + text }), nil, "it is not a camform approval"},
	{"another text of the same statement", respelled(`,"principal"`, `, "principal"`), nil, "it is not a camform approval"},
	{"a second hash", respelled(`{"hash"`, `{"hash":"sha256:0","hash"`), nil, "it is not a camform approval"},
	{"one attribute more", respelled(`{"hash"`, `{"as":"carol","hash"`), nil, "it is not a camform approval"},
	{"other times of the same moment", respelled(`:00Z"`, `:00+00:00"`), nil, "it is not a camform approval"},
	{"another person", rewritten(replace(`"bob"`, `"dave"`)), nil, "it is not a camform approval"},
	{"another comment", rewritten(replace(`"comment":""`, `"comment":"x"`)), nil, "it is not a camform approval"},
	{"too long", rewritten(func(text string) string { return text + strings.Repeat("\n", approval.MaxFile) }), nil, "it is not a camform approval"},
}

func TestWhatIsNoApprovalDoesNotCount(t *testing.T) {
	for _, trap := range traps {
		t.Run(trap.name, func(t *testing.T) {
			p := made("note")
			if trap.plan != nil {
				trap.plan(p)
			}
			p.Approvals.Required = 1
			s := subject(t, p, nil)
			f := trap.file(t, s)
			v := approval.Verify(s, []approval.File{f}, soon)
			if v.Enough() || len(refused(v)) != 1 {
				t.Fatalf("accepted: %+v", v)
			}
			if have := refused(v)[0].Detail; !strings.Contains(have, trap.says) || !strings.Contains(have, f.Name) {
				t.Errorf("says\n%s\nwant\n%s", have, trap.says)
			}
		})
	}
}

// clocksDiffer is how far the clock of who signs may be ahead of that of who applies.
const clocksDiffer = 5 * time.Minute

func TestAClockThatIsALittleAheadMayApprove(t *testing.T) {
	p := made("note")
	p.Approvals.Required = 1
	s := subject(t, p, nil)
	ahead := altered(func(st *approval.Statement) { st.Created = soon.Now.Add(clocksDiffer) })
	if v := approval.Verify(s, []approval.File{ahead(t, s)}, soon); !v.Enough() {
		t.Errorf("an approval from five minutes ahead does not count: %s", details(v))
	}
}

func TestPeopleAreCounted(t *testing.T) {
	shared := []string{line("bob", "", "b"), line("bob", "", "x"), line("carol", "", "b"), line("Bob", "", "y")}
	for _, test := range []struct {
		name    string
		signers []string
		files   []func(*testing.T, approval.Subject) approval.File
		want    string
	}{
		{"the same file twice", staff, of(withKey("bob", "b"), withKey("bob", "b")), "bob"},
		{"one person with two keys", staff, of(withKey("dave", "d"), withKey("dave", "D")), "dave"},
		{"one person with two spellings", shared, of(withKey("bob", "b"), withKey("Bob", "y")), "bob"},
		{"one key for two people", shared, of(withKey("bob", "b"), withKey("carol", "b")), "bob"},
		{"the other key of one of them", shared, of(withKey("bob", "b"), withKey("carol", "b"), withKey("bob", "x")), "bob"},
		{"the same in another order", shared, of(withKey("bob", "x"), withKey("bob", "b"), withKey("carol", "b")), "bob carol"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := made("note")
			p.Approvals.Signers = test.signers
			s := subject(t, p, nil)
			var files []approval.File
			for _, f := range test.files {
				files = append(files, f(t, s))
			}
			if v := approval.Verify(s, files, soon); people(v) != test.want || len(refused(v)) != 0 {
				t.Errorf("counted %q, want %q\n%s", people(v), test.want, details(v))
			}
		})
	}
}

func of(files ...func(*testing.T, approval.Subject) approval.File) []func(*testing.T, approval.Subject) approval.File {
	return files
}

func TestAnApprovalHoldsForATime(t *testing.T) {
	for _, test := range []struct {
		kind string
		life time.Duration
		want time.Duration
	}{
		{"user", 0, approval.Life},
		{"filter", 0, approval.LockoutLife},
		{"filter", 10 * time.Hour, 10 * time.Hour},
		{"note", approval.LongestLife, approval.LongestLife},
	} {
		p := made(test.kind)
		p.Approvals.Required = 1
		s := subject(t, p, nil)
		st, err := approval.Draft(s, "bob", "", noon, test.life)
		if err != nil {
			t.Fatal(err)
		}
		f := signed(t, st, "b")
		for at, want := range map[time.Duration]bool{test.want - time.Second: true, test.want: false} {
			if v := approval.Verify(s, []approval.File{f}, approval.Clock{Now: noon.Add(at)}); v.Enough() != want {
				t.Errorf("%s after %v: %v\n%s", test.kind, at, v.Enough(), details(v))
			}
		}
	}
	s := subject(t, made("note"), nil)
	for _, life := range []time.Duration{-time.Hour, time.Millisecond, approval.LongestLife + 1} {
		if _, err := approval.Draft(s, "bob", "", noon, life); err == nil {
			t.Errorf("an approval for %v was drafted", life)
		}
	}
}

func TestAClockThatWasTurnedBackDoesNotHelp(t *testing.T) {
	p := made("note")
	p.Approvals.Required = 1
	s := subject(t, p, nil)
	clock := approval.Clock{Now: soon.Now, Seen: noon.Add(25 * time.Hour)}
	v := approval.Verify(s, []approval.File{by(t, s, "bob")}, clock)
	if v.Enough() || !strings.Contains(details(v), "The clock says 2026-03-01 12:02:00 UTC, but the state has already recorded 2026-03-02 13:00:00 UTC") {
		t.Errorf("got\n%s", details(v))
	}
}

// A comment in any bytes can be signed and read again.
func TestCommentsAreText(t *testing.T) {
	s := subject(t, made("note"), nil)
	for _, comment := range []string{"<b>&", "\x9b\xff", "\u2028\x00\x7f", strings.Repeat("\x1b", 1000)} {
		st, err := approval.Draft(s, "bob", comment, noon.Add(time.Minute), 0)
		if err != nil {
			t.Fatal(err)
		}
		if v := approval.Verify(s, []approval.File{signed(t, st, "b")}, soon); len(v.Signed) != 1 {
			t.Errorf("%q: %s", comment, details(v))
		}
	}
}

func TestAPersonIsNamedInFull(t *testing.T) {
	s := subject(t, made("note"), nil)
	for _, name := range []string{"", "a b", "bob,carol", "*", "bob?", "bob\u202e", "bob\x1b[1m", "!bob", `"bob"`} {
		if _, err := approval.Draft(s, name, "", noon, 0); err == nil {
			t.Errorf("%q may sign", name)
		}
	}
	if _, err := approval.Draft(s, "bob", strings.Repeat("x", 1001), noon, 0); err == nil {
		t.Error("a comment may be of any length")
	}
}

// What an approval says never reaches a terminal as it is.
func TestTextOfApprovalsIsQuoted(t *testing.T) {
	p := made("note")
	s := subject(t, p, nil)
	st := draft(t, s, "bob")
	st.Principal, st.Comment = "bob\x1b[2J\u202e", "0 changes\x1b[2J\r\u202eall good"
	st.Decision = "approve\u009b\n\nApply complete!"
	v := approval.Verify(s, []approval.File{signed(t, st, "b")}, soon)
	st.Decision = "approve"
	w := approval.Verify(s, []approval.File{signed(t, st, "b")}, soon)
	for _, text := range []string{details(v), details(w)} {
		if strings.ContainsAny(text, "\x1b\r\u202e\u009b") || strings.Contains(text, "\n\nApply") {
			t.Errorf("%q", text)
		}
	}
	if want := `its decision is "approve\u009b\n\nApply complete!"`; !strings.Contains(details(v), want) {
		t.Errorf("%s", details(v))
	}
	if want := `is not listed for "bob\x1b[2J\u202e"`; !strings.Contains(details(w), want) {
		t.Errorf("%s", details(w))
	}
}

// Another program agrees on what a signature is.
func TestOpenSSHVerifiesApprovals(t *testing.T) {
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("there is no ssh-keygen here")
	}
	s := subject(t, made("note"), nil)
	statement, armor, _ := bytes.Cut(by(t, s, "bob").Text, []byte("\n"))
	dir := t.TempDir()
	for name, text := range map[string]string{"signers": strings.Join(staff, ""), "line.sig": string(armor)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(text string) error {
		command := exec.Command(program, "-Y", "verify", "-f", "signers", "-I", "bob", "-n", approval.Namespace, "-s", "line.sig")
		command.Dir, command.Stdin = dir, strings.NewReader(text)
		return command.Run()
	}
	if err := verify(string(statement) + "\n"); err != nil {
		t.Errorf("ssh-keygen refuses the approval: %v", err)
	}
	if err := verify(string(statement)); err == nil {
		t.Error("ssh-keygen accepts another text")
	}
}

// OpenSSH signs, and we verify.
func TestApprovalsOfOpenSSHCount(t *testing.T) {
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("there is no ssh-keygen here")
	}
	dir := t.TempDir()
	if out, err := exec.Command(program, "-q", "-t", "ecdsa", "-N", "", "-f", filepath.Join(dir, "key")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	public, err := os.ReadFile(filepath.Join(dir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	p := made("note")
	p.Approvals.Required, p.Approvals.Signers = 1, []string{"bob " + string(public)}
	s := subject(t, p, nil)
	statement, _, _ := bytes.Cut(by(t, s, "bob").Text, []byte("\n"))
	statement = append(statement, '\n')
	command := exec.Command(program, "-Y", "sign", "-q", "-f", filepath.Join(dir, "key"), "-n", approval.Namespace)
	command.Stdin = bytes.NewReader(statement)
	armor, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	v := approval.Verify(s, []approval.File{{Name: "f", Text: append(statement, armor...)}}, soon)
	if !v.Enough() {
		t.Errorf("got\n%s\n%s", details(v), armor)
	}
}

func TestNobodySignsWhereNobodyHasTo(t *testing.T) {
	for name, p := range map[string]*plan.Plan{
		"no approvals": {Created: noon},
		"no such class": func() *plan.Plan {
			p := made("note")
			p.Approvals.For = []string{approval.ClassLogin}
			return p
		}(),
		"nothing to do": made(),
	} {
		v := approval.Verify(subject(t, p, nil), []approval.File{{Name: "x", Text: []byte("junk")}}, soon)
		if !v.Enough() || v.Required != 0 || len(v.Problems()) != 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestDevicesThatAreOnlyForgottenAreNotCounted(t *testing.T) {
	p := made("note", "user")
	forgotten := step("yard", "note")
	forgotten.Action = plan.Forget
	p.Devices = append(p.Devices, plan.Device{Address: schema.Device{Name: "yard"}, Steps: []plan.Step{forgotten}}, plan.Device{Address: schema.Device{Name: "idle"}})
	if approval.Devices(p) != 1 || approval.Changes(p) != 3 {
		t.Errorf("%d devices and %d changes, want 1 and 3", approval.Devices(p), approval.Changes(p))
	}
}
