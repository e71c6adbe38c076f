package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// playedElsewhere are pages whose commands a script plays, since what they show happens on more than one machine or takes devices in a
// state that a reader cannot bring about.
var playedElsewhere = map[string]string{
	"examples/recovery/README.md": "TestTheRunbookIsPlayed, with recover_runbook.txtar",
}

// TestThePagesArePlayed types what each page shows, in its order, in a copy of the examples, and compares what is printed. With
// -update it writes what was printed into the page, and keeps what is left out where the lines around it are still there.
func TestThePagesArePlayed(t *testing.T) {
	if runtime.GOOS == "windows" || testing.Short() {
		t.Skip("a page is typed into bash")
	}
	dir := t.TempDir()
	var files []string
	for _, p := range pages(t) {
		if playedElsewhere[p.path] != "" {
			continue
		}
		var lines []string
		for _, b := range p.blocks {
			switch {
			case b.language == script:
				lines = append(lines, strings.Split(readerNet.Replace(strings.Join(b.lines, "\n")), "\n")...)
			case b.file != "":
				lines = append(lines, fmt.Sprintf("written %s %d", p.path, b.line))
			case b.language == "console":
				for _, command := range b.typed() {
					lines = append(lines, fmt.Sprintf("typed %s %d", p.path, command.line))
				}
			}
		}
		if len(lines) == 0 {
			continue
		}
		if slices.Contains(lines, "quoted "+p.path) {
			lines = append(lines, "quoted -all "+p.path)
		}
		file := filepath.Join(dir, strings.ReplaceAll(strings.TrimSuffix(p.path, ".md"), "/", "_")+".txtar")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	own := map[string]func(*testscript.TestScript, bool, []string){
		"typed": plainReader((*reader).cmdTyped), "written": plainReader((*reader).cmdWritten), "byhand": plainReader((*reader).cmdByHand),
		"quoted": plainReader((*reader).cmdQuoted), "simulated": plainReader((*reader).cmdSimulated),
	}
	for name, command := range commands {
		own[name] = command
	}
	testscript.RunT(watched{t}, testscript.Params{Files: files, Setup: sitDown, Cmds: own, Condition: condition, RequireExplicitExec: true})
}

// reader is somebody who types what a page shows. Simulated devices of a page are at 127.10.0.0/16; here each reader has a network of
// his own of the same length, so that columns and marks under a line stay where they are.
type reader struct {
	net       string // such as "127.42."
	simulator *exec.Cmd
	gone      chan struct{} // closed once the simulator ended
	edits     map[int]edit  // by the line of the command
	path      string
	quoted    map[string]bool // messages of the page that were printed
}

// edit is what is shown under a command from now on.
type edit struct {
	from, to int
	lines    []string
}

type readerKey struct{}

const shownNet = "127.10."

// readerNet lets lines of a script name the network of the reader.
var readerNet = strings.NewReplacer(shownNet, "${READER_NET}")

func plainReader(method func(*reader, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		method(ts.Value(readerKey{}).(*reader), ts, args)
	}
}

// sitDown gives a reader a home, a clone with the examples, and a network.
func sitDown(env *testscript.Env) error {
	if err := setUp(env); err != nil {
		return err
	}
	r := &reader{edits: map[int]edit{}, quoted: map[string]bool{}}
	env.Values[readerKey{}] = r
	taken, err := r.takeNet()
	if err != nil {
		return err
	}
	t := env.T().(testing.TB)
	env.Defer(func() {
		r.interrupt()
		_ = taken.Close() // nobody was meant to connect
		if !t.Failed() {
			if err := r.write(); err != nil {
				t.Error(err)
			}
		}
	})
	for name := range canaries {
		env.Setenv(name, "")
	}
	for name, value := range map[string]string{"HOME": env.WorkDir, "XDG_CONFIG_HOME": "", "SSH_AUTH_SOCK": "", "USER": "anna", "READER_NET": r.net, "TZ": "UTC", "CAMFORM_AUTHOR": "anna@example.com"} {
		env.Setenv(name, value)
	}
	env.Cd = filepath.Join(env.WorkDir, "camform")
	examples := filepath.Join(env.Cd, "examples")
	if err := os.CopyFS(examples, os.DirFS(filepath.Join(root, "examples"))); err != nil {
		return err
	}
	return filepath.WalkDir(examples, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(r.mine(string(text))), 0o644)
	})
}

// takeNet keeps a network for the reader, by listening where no device does.
func (r *reader) takeNet() (net.Listener, error) {
	for i := 11; i < 100; i++ {
		r.net = fmt.Sprintf("127.%d.", i)
		if at, err := net.Listen("tcp", r.net+"255.254:8443"); err == nil && r.net != shownNet {
			return at, nil
		}
	}
	return nil, fmt.Errorf("all networks are taken")
}

func (r *reader) mine(text string) string  { return strings.ReplaceAll(text, shownNet, r.net) }
func (r *reader) shown(text string) string { return strings.ReplaceAll(text, r.net, shownNet) }

// cmdFromPage writes the file that a page has its reader write.
//
//	frompage PAGE FILE
func (w *world) cmdFromPage(ts *testscript.TestScript, args []string) {
	p, err := readPage(args[0])
	ts.Check(err)
	for _, b := range p.blocks {
		if b.file == args[1] {
			ts.Check(os.WriteFile(ts.MkAbs(b.file), []byte(strings.Join(b.lines, "\n")+"\n"), 0o600))
			return
		}
	}
	ts.Fatalf("%s has its reader write no %s", args[0], args[1])
}

// cmdWritten writes the block of a page into the file that it names.
//
//	written PAGE LINE
func (r *reader) cmdWritten(ts *testscript.TestScript, args []string) {
	p, err := readPage(args[0])
	ts.Check(err)
	for _, b := range p.blocks {
		if fmt.Sprint(b.line) == args[1] {
			ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(b.file)), 0o755))
			ts.Check(os.WriteFile(ts.MkAbs(b.file), []byte(r.mine(strings.Join(b.lines, "\n")+"\n")), 0o600))
		}
	}
}

// cmdByHand changes a simulated device as somebody does at its web page, who has another camform and another state.
//
//	byhand VARIABLE URL SETTING...    VARIABLE holds the password; SETTING is a line of a block, such as 'upnp { enabled = true }'
func (r *reader) cmdByHand(ts *testscript.TestScript, args []string) {
	dir := filepath.Join(ts.Getenv("WORK"), "byhand")
	ts.Check(os.RemoveAll(dir))
	ts.Check(os.MkdirAll(dir, 0o700))
	text := fmt.Sprintf("device \"it\" {\n  address = %q\n  login {\n    username = \"admin\"\n    password = secret(\"env:%s\")\n  }\n%s\n}\n",
		args[1], args[0], strings.ReplaceAll(strings.Join(args[2:], "\n"), `\n`, "\n"))
	ts.Check(os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(r.mine(text)), 0o600))
	ts.Check(ts.Exec("camform", "-chdir", dir, "apply", "-auto-approve"))
}

// messageRow is a row of a table of a page: a message as it is printed, its cause, and what to do.
var messageRow = regexp.MustCompile("^\\| `([^`]+)` \\| [^|]+ \\| [^|]+ \\|$")

// cmdQuoted looks for a message that a page quotes in what was printed last; "..." in it stands for what differs. With -all each of
// them was found by now.
//
//	quoted [-all] PAGE
func (r *reader) cmdQuoted(ts *testscript.TestScript, args []string) {
	p, err := readPage(args[len(args)-1])
	ts.Check(err)
	printed := strings.Join(strings.Fields(strings.ReplaceAll(ts.ReadFile("stdout")+ts.ReadFile("stderr"), "│", " ")), " ")
	_, rows, _ := strings.Cut(strings.Join(p.lines, "\n"), "| message | cause | what to do |\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	found := false
	for line := range strings.SplitSeq(rows, "\n") {
		row := messageRow.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		parts := strings.Split(row[1], leftOut)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		if regexp.MustCompile(strings.Join(parts, ".*")).MatchString(printed) {
			r.quoted[row[1]], found = true, true
		}
		if args[0] == "-all" && !r.quoted[row[1]] {
			ts.Fatalf("%s quotes a message that was never printed: %s", p.path, row[1])
		}
	}
	if args[0] != "-all" && !found {
		ts.Fatalf("%s quotes nothing of this:\n%s", p.path, printed)
	}
}

// cmdSimulated starts simulated devices as cmdTyped does.
//
//	simulated COMMAND...
func (r *reader) cmdSimulated(ts *testscript.TestScript, args []string) {
	r.simulate(ts, r.mine(strings.Join(args, " ")))
}

var (
	simulates = regexp.MustCompile(`^camform simulate( -|$)`)
	// passing is what a terminal shows while a run goes on, and does not keep.
	passing = regexp.MustCompile(`^(refresh|apply|recheck|activate): \d|^\S+: (Modifying|Creating|Destroying|Rotating|Activating)\.\.\.$|^\S+: (Modifications|Creation|Destruction|Rotation|Activation) complete after `)
)

// cmdTyped types a command of a page.
//
//	typed PAGE LINE
func (r *reader) cmdTyped(ts *testscript.TestScript, args []string) {
	p, err := readPage(args[0])
	ts.Check(err)
	r.path = p.path
	for _, b := range p.blocks {
		for _, command := range b.typed() {
			if b.language == "console" && fmt.Sprint(command.line) == args[1] {
				ts.Logf("%s:%d: %s", p.path, command.line+1, command.command)
				r.compare(ts, command, r.run(ts, command))
			}
		}
	}
}

// run runs a command in bash, keeps what it changes of the environment and the directory, and returns what it printed.
func (r *reader) run(ts *testscript.TestScript, command typed) string {
	line := r.mine(command.command)
	if simulates.MatchString(line) {
		return r.simulate(ts, line)
	}
	after := filepath.Join(ts.Getenv("WORK"), ".after")
	err := ts.Exec("bash", "-c", "exec 2>&1\n"+line+"\ncode=$?\npwd >"+after+".pwd\nenv -0 >"+after+".env\nexit $code")
	code := 0
	if failed, ok := err.(*exec.ExitError); ok {
		code, err = failed.ExitCode(), nil
	}
	ts.Check(err)
	if fmt.Sprint(code) != command.code {
		ts.Fatalf("%s: exit code %d, and the page says %s", command.command, code, command.code)
	}
	environment, err := os.ReadFile(after + ".env")
	ts.Check(err)
	for variable := range strings.SplitSeq(string(environment), "\x00") {
		if name, value, ok := strings.Cut(variable, "="); ok && name != "_" && name != "PWD" && name != "OLDPWD" && name != "SHLVL" && ts.Getenv(name) != value {
			ts.Setenv(name, value)
		}
	}
	pwd, err := os.ReadFile(after + ".pwd")
	ts.Check(err)
	ts.Check(ts.Chdir(strings.TrimSpace(string(pwd))))
	return ts.ReadFile("stdout")
}

// simulate starts simulated devices, instead of those that the reader had before.
func (r *reader) simulate(ts *testscript.TestScript, line string) string {
	r.interrupt()
	ready := filepath.Join(ts.Getenv("WORK"), ".ready")
	_ = os.Remove(ready) // of devices from before
	if !strings.Contains(line, " -net ") {
		line += " -net " + r.net + "0.0/16"
	}
	said, err := os.Create(filepath.Join(ts.Getenv("WORK"), ".simulator"))
	ts.Check(err)
	defer said.Close()
	r.simulator = exec.Command("bash", "-c", "exec "+line+" -ready "+ready)
	r.simulator.Dir, r.simulator.Stdout, r.simulator.Stderr = ts.MkAbs("."), said, said
	for _, name := range []string{"PATH", "HOME", "CAMERA_PASSWORD", "NVR_PASSWORD", "ADMIN_PASSWORD"} {
		r.simulator.Env = append(r.simulator.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(r.simulator.Start())
	r.gone = make(chan struct{})
	go func(simulator *exec.Cmd, gone chan<- struct{}) {
		_ = simulator.Wait() // how it ends does not matter
		close(gone)
	}(r.simulator, r.gone)
	// A busy machine may take long, so there is no limit but that of the whole test.
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for answers := false; !answers; {
		select {
		case <-look.C:
			_, err := os.Stat(ready)
			answers = err == nil
		case <-r.gone:
			text, err := os.ReadFile(said.Name())
			ts.Fatalf("%s: no devices: %s %v", line, text, err)
		}
	}
	text, err := os.ReadFile(said.Name())
	ts.Check(err)
	return string(text)
}

func (r *reader) interrupt() {
	if r.simulator != nil {
		_ = r.simulator.Process.Signal(syscall.SIGINT)
		<-r.gone
		r.simulator = nil
	}
}

// compare holds what a page shows of a command against what was printed.
func (r *reader) compare(ts *testscript.TestScript, command typed, printed string) {
	if len(command.shown) == 0 {
		return
	}
	var have []string
	for line := range strings.SplitSeq(strings.TrimSuffix(r.home(ts, r.shown(printed)), "\n"), "\n") {
		if !passing.MatchString(line) {
			have = append(have, line)
		}
	}
	if matches(plainLines(command.shown), plainLines(have)) {
		return
	}
	if !*update {
		ts.Fatalf("the page shows\n%s\n\nand camform printed\n%s", strings.Join(command.shown, "\n"), strings.Join(have, "\n"))
	}
	r.edits[command.line] = edit{from: command.line + 1, to: command.end, lines: lined(command.shown, have)}
}

// home shows the folders, the account and the machine of the reader as those of somebody else.
func (r *reader) home(ts *testscript.TestScript, text string) string {
	for _, who := range whoRuns.FindAllString(text, -1) {
		if host, err := os.Hostname(); err == nil && strings.HasSuffix(who, "@"+host) {
			text = strings.ReplaceAll(text, who, "anna@office")
		}
	}
	return strings.ReplaceAll(text, ts.Getenv("WORK"), "/home/anna")
}

var whoRuns = regexp.MustCompile(`[^\s"]+@[^\s",]+`)

const leftOut = "..."

var ageKey = regexp.MustCompile(`age1[0-9a-z]{58}|SHA256:[0-9A-Za-z+/]{43}|\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d+(\.\d+)? (milliseconds?|seconds?|ms|s)\b`)

// plainLines are lines without what differs from run to run.
func plainLines(lines []string) []string {
	plain := make([]string, len(lines))
	for i, line := range lines {
		for _, s := range scrubs {
			line = s.pattern.ReplaceAllString(line, s.replacement)
		}
		plain[i] = strings.Join(strings.Fields(ageKey.ReplaceAllString(line, "SOME")), " ")
	}
	return plain
}

// matches reports whether lines are those that are shown; "..." stands for any number of them.
func matches(shown, have []string) bool {
	if len(shown) == 0 {
		return len(have) == 0
	}
	if shown[0] != leftOut {
		return len(have) > 0 && shown[0] == have[0] && matches(shown[1:], have[1:])
	}
	for i := range len(have) + 1 {
		if matches(shown[1:], have[i:]) {
			return true
		}
	}
	return false
}

// lined takes for each line that is shown the one of those that were printed that is most like it, in their order, and "..." for what
// is between them. Where nothing is left out, all are taken.
func lined(shown, have []string) []string {
	if !slices.Contains(shown, leftOut) {
		return have
	}
	want := slices.DeleteFunc(slices.Clone(shown), func(line string) bool { return line == leftOut })
	best := make([][]float64, len(want)+1)
	for i := range best {
		best[i] = make([]float64, len(have)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(have) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1], best[i+1][j+1]+alike(want[i], have[j]))
		}
	}
	var lines []string
	last := -1
	for i, j := 0, 0; i < len(want) && j < len(have); {
		switch {
		case best[i][j] == best[i+1][j+1]+alike(want[i], have[j]) && alike(want[i], have[j]) > 0:
			if j > last+1 {
				lines = append(lines, leftOut)
			}
			lines, last = append(lines, have[j]), j
			i, j = i+1, j+1
		case best[i][j] == best[i+1][j]:
			i++
		default:
			j++
		}
	}
	if last < len(have)-1 {
		lines = append(lines, leftOut)
	}
	return lines
}

// alike is how much two lines have in common, from 0 to 1.
func alike(a, b string) float64 {
	if a == b {
		return 1
	}
	one, other, same := strings.Fields(a), strings.Fields(b), 0
	for _, word := range one {
		if slices.Contains(other, word) {
			same++
		}
	}
	if like := float64(2*same) / float64(len(one)+len(other)+1); like > 0.4 {
		return like
	}
	return 0
}

// write writes what is shown from now on into the page.
func (r *reader) write() error {
	if len(r.edits) == 0 {
		return nil
	}
	path := filepath.Join(root, r.path)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	var order []int
	for line := range r.edits {
		order = append(order, line)
	}
	slices.Sort(order)
	for _, line := range slices.Backward(order) {
		e := r.edits[line]
		lines = slices.Replace(lines, e.from, e.to, e.lines...)
	}
	return os.WriteFile(path, bytes.TrimRight([]byte(strings.Join(lines, "\n")), "\x00"), 0o644)
}

func TestWhatIsShownMayLeaveLinesOut(t *testing.T) {
	for _, c := range []struct {
		shown, have string
		want        bool
	}{
		{"a|b", "a|b", true},
		{"a", "a|b", false},
		{"a|...", "a|b", true},
		{"...|b", "a|b", true},
		{"a|...|b", "a|b", true},
		{"a|...|c", "a|b", false},
		{"...", "", true},
		{"b", "a", false},
	} {
		if got := matches(strings.Split(c.shown, "|"), strings.Split(c.have, "|")); got != c.want {
			t.Errorf("%s shown for %s: %v", c.shown, c.have, got)
		}
	}
	got := strings.Join(lined(strings.Split("one thing here|...|the last thing", "|"), strings.Split("one other thing here|two|three|the very last thing|end", "|")), "|")
	if want := "one other thing here|...|the very last thing|..."; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
