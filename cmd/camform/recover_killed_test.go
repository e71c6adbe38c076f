package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"camform/engine/papers"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// momentsVariable tells a program under test to ask before each commit to its state whether it may go on.
const momentsVariable = "CAMFORM_TEST_MOMENTS"

// askBeforeCommits lets the test that started this program decide before each commit whether it lives: see executioner.
func askBeforeCommits() {
	if os.Getenv(momentsVariable) == "" {
		return
	}
	ask, answer := os.NewFile(3, "ask"), os.NewFile(4, "answer")
	var one sync.Mutex
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		conn.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
			one.Lock()
			defer one.Unlock()
			_, _ = ask.Write([]byte{0})
			_, _ = answer.Read(make([]byte, 1))
			return 0
		})
		return nil
	})
}

// executioner kills a program at a moment: before a commit to its state, before a device looks at a request, or before the answer to
// it leaves. What the program does between two moments is done when the later one comes.
type executioner struct {
	mu     sync.Mutex
	passed int
	at     int // the number of the moment, from 1; 0 lets the program live
	kill   func()
	dead   chan struct{}
	hit    bool
}

func (x *executioner) watch(at int, kill func()) (dead chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.passed, x.at, x.kill, x.dead, x.hit = 0, at, kill, make(chan struct{}), false
	return x.dead
}

func (x *executioner) pass() {
	x.mu.Lock()
	x.passed++
	hit, kill, dead := x.passed == x.at, x.kill, x.dead
	x.hit = x.hit || hit
	x.mu.Unlock()
	if hit {
		kill()
		<-dead
	}
}

func (x *executioner) result() (passed int, hit bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.passed, x.hit
}

// witnessedConn is a socket of the discovery protocol at which a program can be killed, as at requests.
type witnessedConn struct {
	net.PacketConn
	witness func()
	codes   func()
}

func (c witnessedConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	if n, from, err = c.PacketConn.ReadFrom(p); err == nil {
		c.witness()
		if bytes.Contains(p[:n], []byte("getcode")) {
			c.codes()
		}
	}
	return n, from, err
}

func (c witnessedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	c.witness()
	return c.PacketConn.WriteTo(p, to)
}

// way is a case as one person after the other plays it, who knows only what the case names next.
type way struct {
	name          string
	models        []string
	configuration string // with the addresses of the devices as %[1]s, %[2]s and so on
	prepare       []string
	device        string // as the configuration names it; the first of the models
	channels      bool   // the other models are cameras of it

	attempt  func(*walking) simulator.Attempt // what the person on site does
	skip     map[string]string                // steps that are left out, and why
	handover string                           // the step before which another state accepts the case
}

// The device that nobody can log in to has OTHER_PASSWORD after a reset that leaves one.
const setBySomebody = "OTHER_PASSWORD"

const walkedDevice = `
credential_policy "standard" {
  min_length = 14
  classes    = 4
  unique     = true
}

device "gate" {
  address = "%[1]s"

  login {
    username        = "admin"
    password        = secret("env:ADMIN_PASSWORD")
    password_policy = credential_policy.standard
  }

  ownership {
    owner          = "Example Ltd"
    custodian      = "Kim"
    purchased_from = "Shop"
    invoice        = "2026-0117"
    label_photo    = "label.jpg"
  }

  upnp {
    enabled = false
  }
%[2]s}
`

var noPassword = map[string]string{"current": "tried by hand", "previous": "tried by hand", "typed": "nobody has one"}

// ways are the four that a case can go, with those in which camform holds least for certain: the person does the rest.
var ways = []way{
	{
		name: "GUID file", models: []string{"recorder-v2"}, device: "device.gate", configuration: walkedDevice,
		prepare: []string{"camform recover prepare device.gate"},
		skip:    map[string]string{"typed": "nobody has one", "recordings": "the disks are not touched"},
		attempt: func(w *walking) simulator.Attempt {
			return simulator.Attempt{Method: simulator.ByGUID, File: w.read("guid.bin")}
		},
		handover: "wait",
	},
	{
		name: "security questions", models: []string{"camera-v58"}, device: "device.gate", configuration: walkedDevice,
		skip: with(noPassword, "recordings", "it has no card", "guid_file", "none was kept"),
		attempt: func(*walking) simulator.Attempt {
			return simulator.Attempt{Method: simulator.ByQuestions, Answers: map[string]string{"1": canaries["VIEWER_PASSWORD"], "4": canaries["OTHER_PASSWORD"], "9": canaries["ADMIN_PASSWORD"]}}
		},
		handover: "questions",
	},
	{
		name: "support", models: []string{"camera-v56"}, device: "device.gate", configuration: walkedDevice,
		skip: with(noPassword, "recordings", "it has no card", "app", "it is bound to no account", "menu", "it has no screen", "prepared", "it gives no file"),
		attempt: func(w *walking) simulator.Attempt {
			return simulator.Attempt{Method: simulator.BySupport, File: w.read("answer.txt")}
		},
		handover: "bundle",
	},
	{
		name: "wipe", models: []string{"recorder-v2", "camera-v57", "camera-v57", "camera-v57", "camera-v57"}, device: "device.gate", channels: true,
		configuration: walkedDevice,
		skip: with(noPassword, "recordings", "the disks are not touched", "guid_file", "none was kept", "email", "none is reserved",
			"app", "it is bound to no account", "menu", "nobody knows the pattern", "code", "support is closed"),
		attempt:  func(*walking) simulator.Attempt { return simulator.Attempt{Method: simulator.Wipe} },
		handover: "button",
	},
}

func with(base map[string]string, pairs ...string) map[string]string {
	all := maps.Clone(base)
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// walking is a case while it is played.
type walking struct {
	*site
	way
	*executioner
	at int // the moment at which each command dies first; 0 if none does

	sadp     string
	home     string         // of the state in which the case is open
	killed   map[string]int // how often, by command and step
	most     int            // moments of the command that has most
	codes    int
	reset    bool
	handed   bool
	files    int
	excused  map[string]int // what commands spent that were killed and had to be repeated
	before   map[string]string
	commands []string
}

func newWalking(t *testing.T, w way, at int) *walking {
	k := &walking{way: w, executioner: &executioner{}, at: at, killed: map[string]int{}, excused: map[string]int{}}
	o := simulator.Options{Models: w.models, TLS: true, Seed: 7, Witness: k.pass}
	if w.channels {
		o.Wiring.Accounts = []simulator.Account{{Devices: "camera-*", Name: "nvr", Password: canaries["VIEWER_PASSWORD"]}}
		for i := range w.models[1:] {
			o.Wiring.Channels = append(o.Wiring.Channels, simulator.Channel{
				Recorder: w.models[0] + "-0001", Camera: fmt.Sprintf("%s-%04d", w.models[1], i+2), Username: "nvr", Password: canaries["VIEWER_PASSWORD"],
			})
		}
	}
	k.site = newSite(t, o, "")
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.sadp, k.home = conn.LocalAddr().String(), k.dir
	go func() {
		_ = k.fleet.ServeSADP(t.Context(), witnessedConn{conn, k.pass, func() { k.codes++ }})
	}()
	var more strings.Builder
	for i, d := range k.fleet.Devices()[1:] {
		fmt.Fprintf(&more, "\n  channel \"%d\" {\n    name       = \"camera\"\n    connection = \"manual\"\n    server     = %q\n    port       = 80\n"+
			"    username   = \"nvr\"\n    password   = secret(\"env:VIEWER_PASSWORD\")\n  }\n", i+1, d.Address())
	}
	if w.name == "security questions" {
		more.WriteString("\n  security_questions {\n    questions = [\"1\", \"4\", \"9\"]\n    answer_1  = secret(\"env:VIEWER_PASSWORD\")\n" +
			"    answer_2  = secret(\"env:OTHER_PASSWORD\")\n    answer_3  = secret(\"env:ADMIN_PASSWORD\")\n  }\n")
	}
	k.write("main.cam.hcl", fmt.Appendf(nil, w.configuration, k.fleet.URL(k.subject()), more.String()))
	k.write("label.jpg", []byte("photo"))
	return k
}

func (k *walking) subject() *simulator.Device { return k.fleet.Devices()[0] }

func (k *walking) read(name string) []byte {
	k.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.home, name))
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

// paste runs a command as somebody pastes it into a shell, and kills it at a moment; at 0 it lives.
func (k *walking) paste(command string, at int) (out string, code int, killed bool) {
	k.t.Helper()
	c := exec.Command("sh", "-c", "exec "+command)
	c.Dir, c.Env = k.home, append(k.program().Env, momentsVariable+"=yes", "XDG_CONFIG_HOME="+filepath.Join(k.home, "config"))
	var printed bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(canaries[setBySomebody]+"\n"), &printed, &printed
	asked, ask, err := os.Pipe()
	if err != nil {
		k.t.Fatal(err)
	}
	answer, answers, err := os.Pipe()
	if err != nil {
		k.t.Fatal(err)
	}
	c.ExtraFiles = []*os.File{ask, answer}
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	_, _ = ask.Close(), answer.Close()
	dead := k.watch(at, func() { _ = c.Process.Kill() })
	go func() {
		defer answers.Close()
		defer asked.Close()
		for {
			if _, err := asked.Read(make([]byte, 1)); err != nil {
				return
			}
			k.pass()
			_, _ = answers.Write([]byte{0})
		}
	}()
	_ = c.Wait()
	close(dead)
	passed, hit := k.result()
	if at == passed+1 && c.ProcessState.Success() {
		hit = true // right behind its last moment: all that is missing is what it prints
	}
	k.most = max(k.most, passed)
	for _, leak := range leaksIn("the output", printed.Bytes()) {
		k.t.Errorf("I1: %s: %s", command, leak)
	}
	k.commands = append(k.commands, fmt.Sprintf("%s [%d of %d moments, killed: %v]", command, at, passed, hit))
	return printed.String(), c.ProcessState.ExitCode(), hit
}

// must runs a command that is no part of the case, and lives.
func (k *walking) must(command string) string {
	k.t.Helper()
	out, code, _ := k.paste(command, 0)
	if code != 0 {
		k.fail("%s: exit code %d\n%s", command, code, out)
	}
	return out
}

func (k *walking) fail(format string, args ...any) {
	k.t.Helper()
	k.t.Fatalf(format+"\n\nwhat was typed:\n  %s", append(args, strings.Join(k.commands, "\n  "))...)
}

// nextThing is what a case names next.
type nextThing struct {
	step     string
	commands []string
}

var nextStep = regexp.MustCompile(`(?m)^Next: (\S+) \(`)

func nextIn(text string) (n nextThing) {
	found := nextStep.FindStringSubmatch(text)
	if found == nil {
		return n
	}
	n.step = found[1]
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "    camform "); ok {
			n.commands = append(n.commands, "camform "+strings.TrimSpace(command))
		}
	}
	return n
}

// next asks what comes next; its step is empty if no case is open.
func (k *walking) next() nextThing {
	k.t.Helper()
	out, code, _ := k.paste("camform recover next", 0)
	if code == 1 && strings.Contains(out, "no case is open") {
		return nextThing{}
	}
	n := nextIn(out)
	if code != 0 || n.step == "" {
		k.fail("camform recover next: exit code %d\n%s", code, out)
	}
	return n
}

var wordsOfPeople = strings.NewReplacer(
	"'NAME VERSION'", "'Search tool 3.1'", "'NAME, DATE'", "'Kim, today'", "'NAME'", "'Kim'", "'WHO, WHEN'", "'Guard, 16:00'", "'HOW LONG'", "'one hour'",
	"'REASON'", "'it was interrupted'", "'WHY'", "'it was looked at'", "'FROM - UNTIL'", "'all'", "'WHERE'", "'disk 3'", "HASH", "00", "'TICKET'", "'T-17'", "=CHANNEL", "=portal", "-channel CHANNEL",
	"-channel portal", "ADDRESS", "kim@example.com", "'PORT'", "'7'", "'DATE, OR WHY NONE IS NEEDED'", "'2099-05-31'", "due=DATE", "due=2099-05-31", "update=DATE", "update=2099-05-31", "'VLAN'", "'12'",
)

// typed is a command as somebody types it who was given it with gaps.
func (k *walking) typed(n nextThing, command string) string {
	command = wordsOfPeople.Replace(strings.ReplaceAll(command, "-interface IF", "-target "+k.sadp))
	file := "label.jpg"
	switch {
	case strings.Contains(command, "recover bundle FILE"):
		k.files++
		file = fmt.Sprintf("request-%d.zip", k.files)
	case strings.Contains(command, "-as answer"):
		k.answer()
		file = "answer.txt"
	case strings.HasPrefix(command, "camform rotate "), strings.HasPrefix(command, "camform apply -target "):
		command += " -auto-approve"
	}
	return strings.ReplaceAll(command, "FILE", file)
}

// answer is support, which got the request last and answers it.
func (k *walking) answer() {
	k.t.Helper()
	path := filepath.Join(k.home, fmt.Sprintf("request-%d.zip", k.files))
	archive, err := zip.OpenReader(path)
	if err != nil {
		k.fail("%v", err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		if !strings.HasPrefix(f.Name, "device_export-") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			k.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			k.t.Fatal(err)
		}
		var packet struct{ Code string }
		if err := xml.Unmarshal(bytes.TrimRight(text, "\x00"), &packet); err != nil {
			k.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(k.home, "answer.txt"), simulator.SupportAnswer([]byte(packet.Code)), 0o600); err != nil {
			k.t.Fatal(err)
		}
		return
	}
	k.fail("the request holds nothing that the device gave out")
}

// reply is what people do about a step: leave it out, go to the device, or do as it says.
func (k *walking) reply(n nextThing) []string {
	k.t.Helper()
	first := strings.Join(n.commands[:1], "")
	if reason, ok := k.skip[n.step]; ok {
		return []string{fmt.Sprintf("camform recover skip %s -reason '%s'", n.step, reason)}
	}
	if strings.HasPrefix(first, "camform recover done ") && strings.Contains(strings.Join(n.commands, " "), "recover failed ") {
		k.resetIt()
		return []string{k.typed(n, first)}
	}
	if n.step == "guid_file" {
		if _, err := os.Stat(filepath.Join(k.home, "guid.bin")); err != nil {
			n.commands = slices.Insert(n.commands, 0, "camform recover file device.gate -out guid.bin")
		}
	}
	all := make([]string, len(n.commands))
	for i, command := range n.commands {
		all[i] = k.typed(n, command)
	}
	return all
}

// resetIt is the person on site, who does it once.
func (k *walking) resetIt() {
	k.t.Helper()
	if k.reset {
		return
	}
	a := k.attempt(k)
	a.Password = canaries[setBySomebody]
	if err := k.subject().Reset(a); err != nil {
		k.fail("the device is not reset: %v", err)
	}
	k.reset = true
	k.ahead.Add(int64(longestReboot))
}

// spent is what the device was asked for that is not given twice.
func (k *walking) spent() map[string]int {
	d := k.subject()
	return map[string]int{
		"refused logins": d.Refusals(), "codes": k.codes, "exported files": len(entries(d, simulator.RemoteConfig, "GUIDFileData")),
		"activations": len(entries(d, simulator.RemoteConfig, "activate")), "resets": d.Count(simulator.PasswordReset),
	}
}

// stride is how many moments later a command dies that is typed again. More than that have only those that need no person in between.
const stride = 25

// moment is when a command dies: at the moment of the row when it is typed first, and a stride later each time that it has to be typed
// again. So all rows together kill each command at each of its moments.
func (k *walking) moment(verb string) int {
	if k.at == 0 {
		return 0
	}
	return k.at + stride*k.killed[verb]
}

// step does what a case names next, and returns what that names; empty if a command was killed or says nothing.
func (k *walking) step(n nextThing) nextThing {
	k.t.Helper()
	var last nextThing
	for _, command := range k.reply(n) {
		before := k.spent()
		verb := strings.Join(strings.Fields(command)[:3], " ") + " in " + n.step
		out, code, killed := k.paste(command, k.moment(verb))
		if killed {
			k.killed[verb]++
			after := k.next()
			if after.step == n.step {
				for what, much := range k.spent() {
					k.excused[what] += much - before[what]
				}
			}
			return after
		}
		refusable := strings.HasPrefix(command, "camform recover try") && n.step != "new" || strings.HasPrefix(command, "camform recover prove")
		if code != 0 && (code != 1 || !refusable) {
			k.fail("%s, for the step %s: exit code %d\n%s", command, n.step, code, out)
		}
		if last = nextIn(out); last.step != "" && last.step != n.step {
			return last // the first of the commands did it
		}
	}
	return last
}

// handOver gives the case to another state. Its file is lost once.
func (k *walking) handOver() {
	k.t.Helper()
	other := filepath.Join(k.dir, "other")
	if err := os.MkdirAll(other, 0o700); err != nil {
		k.t.Fatal(err)
	}
	for _, name := range []string{"main.cam.hcl", "inventory.csv", "label.jpg"} {
		if err := os.WriteFile(filepath.Join(other, name), k.read(name), 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
	here := k.home
	k.home = other
	k.must("camform vault init")
	key := strings.TrimSpace(k.must("camform vault recipients"))
	key = regexp.MustCompile(`age1\S+`).FindString(key)
	k.home = here
	id := regexp.MustCompile(`(?m)^Case ([0-9a-f]{6})`).FindStringSubmatch(k.must("camform recover status"))[1]
	for i, at := range []int{k.at, 0, 0} {
		out, code, killed := k.paste(fmt.Sprintf("camform recover handover %s -recipient %s -case %s", filepath.Join(other, "case.age"), key, id), at)
		if !killed && code != 0 {
			k.fail("handover: exit code %d\n%s", code, out)
		}
		if i < 2 {
			_ = os.Remove(filepath.Join(other, "case.age")) // it may be lost
		}
	}
	if n := k.next(); n.step != "" {
		k.fail("the case is open here after it was handed over: %+v", n)
	}
	k.home, k.handed = other, true
	if out, code, killed := k.paste("camform recover accept case.age", k.at); killed {
		k.must("camform recover accept case.age")
	} else if code != 0 {
		k.fail("accept: exit code %d\n%s", code, out)
	}
}

// play plays the case to its end.
func (k *walking) play() {
	k.t.Helper()
	k.must("camform vault init")
	k.must("camform apply -auto-approve")
	for _, command := range k.prepare {
		k.must(command)
	}
	k.must("camform plan -detailed-exitcode")
	k.before = k.documents()
	k.subject().SetUser("admin", "Administrator", canaries["CANARY_FILE"])
	k.must("camform recover open device.gate -reason 'The custodian left'")
	n := k.next()
	for range 120 {
		if n.step == k.handover && !k.handed {
			k.handOver()
			n = nextThing{}
		}
		if n.step == "" {
			if n = k.next(); n.step == "" {
				return
			}
		}
		n = k.step(n)
	}
	k.fail("the case leads nowhere: its next step is %s", n.step)
}

func (k *walking) documents() map[string]string {
	all := map[string]string{}
	for _, path := range k.subject().Documents() {
		all[path] = string(k.subject().Document(path))
	}
	return all
}

// outcome is what is left of a case at its end.
type outcome struct {
	spent   map[string]int
	changed []string // documents of the device
	fields  []string // of the record, that are filled in
	writes  int      // on the other devices
}

func (k *walking) end() (o outcome) {
	k.t.Helper()
	k.must("camform plan -detailed-exitcode")
	status := k.must("camform recover status")
	id := regexp.MustCompile(`(?m)^([0-9a-f]{6}) .*closed`).FindStringSubmatch(status)
	if id == nil {
		k.fail("the case is not closed:\n%s", status)
	}
	var record papers.Paper
	text := k.must("camform recover record -json -out record-" + id[1] + ".json " + id[1])
	if err := json.Unmarshal(k.read("record-"+id[1]+".json"), &record); err != nil {
		k.fail("%v\n%s", err, text)
	}
	for _, s := range record.Sections {
		for _, e := range s.Entries {
			if e.Text != papers.Unknown {
				o.fields = append(o.fields, s.ID+"."+e.Name)
			}
		}
		if len(s.Rows) > 0 {
			o.fields = append(o.fields, s.ID)
		}
	}
	now := k.documents()
	for path, text := range k.before {
		if now[path] != text {
			o.changed = append(o.changed, path)
		}
	}
	slices.Sort(o.changed)
	for _, d := range k.fleet.Devices()[1:] {
		o.writes += d.Count(simulator.RemoteConfig)
	}
	o.spent = k.spent()
	return o
}

// After a command was killed in the middle of a step of a case, one goes on with the next step that the case names: nothing that is given once is asked
// for twice, no setting is lost that could be kept, and the record is whole.
func TestI2ACaseIsGoneOnWithWhereverACommandIsKilled(t *testing.T) {
	thorough.OnlyUsual(t)
	if runtime.GOOS == "windows" {
		t.Skip("the programs get their orders by files that they inherit")
	}
	for _, w := range thorough.Spread(ways, thorough.Pick(1, 2, thorough.All)) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			whole := newWalking(t, w, 0)
			whole.play()
			want := whole.end()
			t.Logf("%d commands, up to %d moments; %+v", len(whole.commands), whole.most, want)
			for _, at := range firsts() {
				t.Run(fmt.Sprintf("at moment %d", at), func(t *testing.T) {
					k := newWalking(t, w, at)
					k.play()
					have := k.end()
					for what, much := range have.spent {
						if much > want.spent[what]+k.excused[what] {
							k.t.Errorf("%s: %d, want at most %d, and %d for commands that were killed", what, much, want.spent[what], k.excused[what])
						}
					}
					if have.spent["resets"] != want.spent["resets"] || have.writes != want.writes {
						t.Errorf("%d resets and %d writes on other devices, want %d and %d", have.spent["resets"], have.writes, want.spent["resets"], want.writes)
					}
					for _, path := range have.changed {
						if !slices.Contains(want.changed, path) {
							t.Errorf("%s of the device is not what it was", path)
						}
					}
					if !slices.Equal(have.fields, want.fields) {
						t.Errorf("the record has %q, want %q", have.fields, want.fields)
					}
					if len(k.killed) == 0 {
						t.Error("nothing was killed")
					}
					if t.Failed() {
						t.Logf("what was typed:\n  %s", strings.Join(k.commands, "\n  "))
					}
				})
			}
		})
	}
}

// everyMoment takes hours, so it is asked for by hand.
var everyMoment = flag.Bool("moments", false, "kill the commands of a case at each of their moments")

// firsts are the moments at which commands die first.
func firsts() []int {
	if !*everyMoment {
		return []int{14} // in the middle of what most commands do
	}
	all := make([]int, stride)
	for i := range all {
		all[i] = i + 1
	}
	return all
}
