package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"camform/engine/state"
	"camform/engine/state/pgtest"
	"camform/providers/hikvision/simulator"
)

// world is what a script runs in: simulated devices in this process, and the programs that it started.
type world struct {
	fleet    *simulator.Fleet
	ahead    atomic.Int64 // how far the clock of the devices is ahead of ours
	stop     func()
	t        testing.TB
	watching []*exec.Cmd // programs in the background, for exited

	server *state.Server // that has the state; nil where it is in a file
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// commands are what scripts can do beside the commands of testscript.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"fleet":     plain((*world).cmdFleet),
	"device":    plain((*world).cmdDevice),
	"await":     plain((*world).cmdAwait),
	"exit":      plain((*world).cmdExit),
	"exited":    plain((*world).cmdExited),
	"example":   plain((*world).cmdExample),
	"frompage":  plain((*world).cmdFromPage),
	"scrub":     plain((*world).cmdScrub),
	"json":      plain((*world).cmdJSON),
	"jsonlines": plain((*world).cmdJSONLines),
	"replace":   plain((*world).cmdReplace),
	"sshkey":    plain((*world).cmdSSHKey),
	"pick":      plain((*world).cmdPick),
	"advised":   plain((*world).cmdAdvised),
	"paste":     plain((*world).cmdPaste),
	"later":     plain((*world).cmdLater),
	"sign":      plain((*world).cmdSign),
	"postgres":  plain((*world).cmdPostgres),
	"pipeline":  plain((*world).cmdPipeline),
	"service":   plain((*world).cmdService),
	"said":      plain((*world).cmdSaid),
}

// plain makes a command of a method. None of them can be negated.
func plain(method func(*world, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		method(worldOf(ts), ts, args)
	}
}

func (w *world) close() {
	if w.stop != nil {
		w.stop()
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// cmdFleet starts the devices of the script, writes inventory.csv and sets PORT, and URL1, URL2 and so on.
//
//	fleet [-tls] [-models LIST] [-count N] [-digest ALGORITHM] [-faults FILE] [-wiring FILE] [-factory ADDR] [-sadp] [-control]
//
// With -sadp the devices can be found at the address and port in SADP, with -control camform simulate ctl acts at those in CONTROL.
func (w *world) cmdFleet(ts *testscript.TestScript, args []string) {
	o := simulator.Options{Seed: 7}
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.TLS, "tls", false, "")
	models := flags.String("models", "camera-v57", "")
	flags.IntVar(&o.Count, "count", 0, "")
	flags.StringVar(&o.Algorithm, "digest", "", "")
	faults := flags.String("faults", "", "")
	wiring := flags.String("wiring", "", "")
	factory := flags.String("factory", "", "")
	found := flags.Bool("sadp", false, "")
	controlled := flags.Bool("control", false, "")
	ts.Check(flags.Parse(args))
	o.Models = strings.Split(*models, ",")
	if *faults != "" {
		o.Faults = faultsOf(ts, *faults)
	}
	if *wiring != "" {
		var err error
		o.Wiring, err = simulator.ParseWiring(strings.NewReader(ts.ReadFile(*wiring)), func(name string) (string, bool) {
			secret, known := canaries[name]
			return secret, known
		})
		ts.Check(err)
	}
	if *factory != "" {
		o.Factory = netip.MustParseAddr(*factory)
	}
	ts.Check(w.start(o))
	if *controlled {
		server := httptest.NewServer(w.fleet.Control())
		ts.Defer(server.Close)
		ts.Setenv("CONTROL", strings.TrimPrefix(server.URL, "http://"))
	}
	if *found {
		at, err := w.answerInquiries()
		ts.Check(err)
		ts.Setenv("SADP", at)
	}
	var inventory bytes.Buffer
	ts.Check(w.fleet.WriteInventory(&inventory))
	ts.Check(os.WriteFile(ts.MkAbs("inventory.csv"), inventory.Bytes(), 0o644))
	for i, d := range w.fleet.Devices() {
		ts.Setenv("URL"+strconv.Itoa(i+1), w.fleet.URL(d).String())
		ts.Setenv("PORT", w.fleet.URL(d).Port())
	}
}

// cmdExample copies an example of the repository.
//
//	example NAME
func (w *world) cmdExample(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: example NAME")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join("..", "..", "examples", args[0]))))
}

// start makes a fleet and lets it answer at a free port. The port keeps fleets apart, so all have the same addresses.
func (w *world) start(o simulator.Options) (err error) {
	o.Net, o.Password, o.Clock = netip.MustParsePrefix("127.20.0.0/24"), canaries["ADMIN_PASSWORD"], w.now
	if w.fleet, err = simulator.New(o); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := w.fleet.Listen(ctx)
	if err != nil {
		cancel()
		return err
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.fleet.Serve(ctx, listener) // a fleet that fails is noticed by the script
	}()
	w.stop = func() {
		cancel()
		<-served
	}
	return nil
}

// answerInquiries lets the devices be found at a free port.
func (w *world) answerInquiries() (at string, err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.fleet.ServeSADP(ctx, conn) // a fleet that fails is noticed by the script
	}()
	before := w.stop
	w.stop = func() {
		cancel()
		<-served
		before()
	}
	return conn.LocalAddr().String(), nil
}

func faultsOf(ts *testscript.TestScript, file string) simulator.Faults {
	faults, err := simulator.ParseFaults(strings.NewReader(ts.ReadFile(file)))
	ts.Check(err)
	return faults
}

// cmdPick puts what the first group of an expression finds in a file, stdout or stderr into a variable.
//
//	pick NAME FILE EXPRESSION
func (w *world) cmdPick(ts *testscript.TestScript, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: pick NAME FILE EXPRESSION")
	}
	found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) < 2 {
		ts.Fatalf("%s has nothing like %s", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}

// cmdDevice looks at a device, or does something to it that camform does not know of. Passwords are named by the
// environment variable that holds them. A name may be a pattern, such as camera-v57-000*.
//
//	device NAME set PATH OLD NEW        somebody changes the first OLD of a document at the web page
//	device NAME document PATH           print a document
//	device NAME user USER LEVEL VAR     somebody adds or changes an account
//	device NAME remove USER             somebody removes an account
//	device NAME disable USER            somebody disables an account
//	device NAME accepts USER VAR        the account has this password
//	device NAME fault FILE              misbehave
//	device NAME heal                    behave again
//	device NAME down                    be away until "up"
//	device NAME up
//	device NAME lock                    be locked, by the attempts of somebody else
//	device NAME logins|refusals|writes|pokes N    so many are in its own log
//	device NAME writes N PATH           so many of them to documents whose path contains this
//	device NAME unlocked                it never locked anybody out
func (w *world) cmdDevice(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: device NAME VERB ...")
	}
	verb, rest := args[1], args[2:]
	do, known := verbs[verb]
	if !known || len(rest) < do.least || len(rest) > do.most {
		ts.Fatalf("device: %s does not do this with %q", verb, rest)
	}
	for _, d := range w.devices(ts, args[0]) {
		do.do(w, ts, d, rest)
	}
}

// devices are those whose name matches a pattern, at least one.
func (w *world) devices(ts *testscript.TestScript, pattern string) []*simulator.Device {
	if !strings.ContainsAny(pattern, "*[") {
		return []*simulator.Device{w.device(ts, pattern)}
	}
	var all []*simulator.Device
	for _, d := range w.fleet.Devices() {
		if ok, err := path.Match(pattern, d.Name()); ok && err == nil {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		ts.Fatalf("there is no device like %s", pattern)
	}
	return all
}

func (w *world) device(ts *testscript.TestScript, name string) *simulator.Device {
	if w.fleet == nil {
		ts.Fatalf("there is no fleet yet")
	}
	d := w.fleet.Device(name)
	if d == nil {
		ts.Fatalf("there is no device %s", name)
	}
	return d
}

type verb struct {
	least, most int // arguments
	do          func(w *world, ts *testscript.TestScript, d *simulator.Device, args []string)
}

var verbs = map[string]verb{
	"set": {3, 3, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		have := d.Document(args[0])
		if !bytes.Contains(have, []byte(args[1])) {
			ts.Fatalf("%s of %s does not have %q", args[0], d.Name(), args[1])
		}
		ts.Check(d.SetDocument(args[0], bytes.Replace(have, []byte(args[1]), []byte(args[2]), 1)))
	}},
	"document": {1, 1, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		if _, err := ts.Stdout().Write(d.Document(args[0])); err != nil {
			ts.Fatalf("%v", err)
		}
	}},
	"delete": {1, 1, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		ts.Check(d.DeleteItem(args[0]))
	}},
	"user": {3, 3, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		d.SetUser(args[0], args[1], secretOf(ts, args[2]))
	}},
	"remove": {1, 1, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		ts.Check(d.RemoveUser(args[0]))
	}},
	"disable": {1, 1, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		ts.Check(d.DisableUser(args[0]))
	}},
	"accepts": {2, 2, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		if !d.Accepts(args[0], secretOf(ts, args[1])) {
			ts.Fatalf("%s does not accept %s with the password from %s", d.Name(), args[0], args[1])
		}
	}},
	"secret": {3, 3, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		d.SetSecret(args[0], args[1], secretOf(ts, args[2]))
	}},
	"holds": {3, 3, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		if d.Secret(args[0], args[1]) != secretOf(ts, args[2]) {
			ts.Fatalf("%s does not hold the secret from %s at %s of %s", d.Name(), args[2], args[1], args[0])
		}
	}},
	"fault": {1, 1, func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		for _, r := range faultsOf(ts, args[0]).Rules {
			ts.Check(d.Inject(r))
		}
	}},
	"heal": {0, 0, func(_ *world, _ *testscript.TestScript, d *simulator.Device, _ []string) { d.Heal() }},
	"down": {0, 0, func(_ *world, _ *testscript.TestScript, d *simulator.Device, _ []string) { d.Reboot() }},
	"up": {0, 0, func(w *world, _ *testscript.TestScript, _ *simulator.Device, _ []string) {
		w.ahead.Add(int64(longestReboot))
	}},
	"lock":     {0, 0, func(_ *world, _ *testscript.TestScript, d *simulator.Device, _ []string) { d.Lock(30 * time.Minute) }},
	"logins":   {1, 1, counted(simulator.Login)},
	"refusals": {1, 1, counted(simulator.IllegalLogin)},
	"writes":   {1, 2, counted(simulator.RemoteConfig)},
	"pokes":    {1, 1, counted(simulator.Poke)},
	"unlocked": {0, 0, func(_ *world, ts *testscript.TestScript, d *simulator.Device, _ []string) {
		if n := d.Count(simulator.Locked); n != 0 {
			ts.Fatalf("%s locked somebody out, %d times", d.Name(), n)
		}
	}},
}

// longestReboot is longer than any model is away.
const longestReboot = 5 * time.Minute

func secretOf(ts *testscript.TestScript, variable string) string {
	secret, ok := canaries[variable]
	if !ok {
		ts.Fatalf("%s is not the variable of a secret", variable)
	}
	return secret
}

// counted asserts how many entries of a kind the log of a device has, about a path if one is given.
func counted(kind simulator.EntryKind) func(*world, *testscript.TestScript, *simulator.Device, []string) {
	return func(_ *world, ts *testscript.TestScript, d *simulator.Device, args []string) {
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		about := ""
		if len(args) > 1 {
			about = args[1]
		}
		if have := entries(d, kind, about); len(have) != want {
			ts.Fatalf("%s has %d entries %s %s, want %d: %+v", d.Name(), len(have), kind, about, want, have)
		}
	}
}

func entries(d *simulator.Device, kind simulator.EntryKind, about string) []simulator.Entry {
	return slices.DeleteFunc(d.Log(), func(e simulator.Entry) bool {
		return e.Kind != kind || !strings.Contains(e.Path, about)
	})
}

// cmdAwait waits until a program in the background has come so far, and remembers it for exited.
//
//	await DEVICE writes|logins N    so many are in the log of the device
//	await intents N                 so many requests are in the journal without an end
//	await FILE text TEXT            the file has this text
//	await DIR files N               so many files are in the directory
func (w *world) cmdAwait(ts *testscript.TestScript, args []string) {
	w.watching = ts.BackgroundCmds()
	if len(args) < 2 {
		ts.Fatalf("usage: await DEVICE writes|logins N, await intents N, await FILE text TEXT, or await DIR files N")
	}
	j := &journal{store: func() (*state.Store, error) { return w.remembered(ts.MkAbs(".")) }}
	defer j.close()
	if !eventually(w.condition(ts, args, j)) {
		ts.Fatalf("waited in vain for %q", args)
	}
}

func (w *world) condition(ts *testscript.TestScript, args []string, j *journal) func() bool {
	last := args[len(args)-1]
	if len(args) == 3 && args[1] == "text" {
		return func() bool {
			text, _ := os.ReadFile(ts.MkAbs(args[0])) // not there yet
			return bytes.Contains(text, []byte(last))
		}
	}
	want, err := strconv.Atoi(last)
	ts.Check(err)
	if args[1] == "files" {
		return func() bool {
			files, _ := os.ReadDir(ts.MkAbs(args[0])) // not there yet
			return len(files) >= want
		}
	}
	if args[0] == "intents" {
		return func() bool { return j.open() >= want }
	}
	d, kind := w.device(ts, args[0]), simulator.RemoteConfig
	if args[1] == "logins" {
		kind = simulator.Login
	}
	return func() bool { return d.Count(kind) >= want }
}

// eventually asks until a condition of another process holds. It gives up after a time that nothing should take.
func eventually(holds func() bool) bool {
	ask, giveUp := time.NewTicker(2*time.Millisecond), time.NewTimer(30*time.Second)
	defer ask.Stop()
	defer giveUp.Stop()
	for !holds() {
		select {
		case <-ask.C:
		case <-giveUp.C:
			return false
		}
	}
	return true
}

// cmdExit runs a program and asserts its exit code.
//
//	exit CODE PROGRAM ARG...
func (w *world) cmdExit(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exit CODE PROGRAM ARG...")
	}
	have := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		have = strconv.Itoa(failed.ExitCode())
	}
	if have != args[0] {
		ts.Fatalf("exit code %s, want %s", have, args[0])
	}
}

// cmdAdvised runs the one command that a line of a file advises, as it is written there, and asserts its exit code. What follows
// is added to it, for a password that somebody would type.
//
//	advised CODE FILE TEXT [ARG...]    the line of FILE that has this TEXT
func (w *world) cmdAdvised(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: advised CODE FILE TEXT [ARG...]")
	}
	var commands [][]string
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if strings.Contains(line, args[2]) {
			commands = append(commands, advised.FindAllStringSubmatch(line, -1)...)
		}
	}
	if len(commands) != 1 {
		ts.Fatalf("the lines of %s with %q advise %q, want one command", args[1], args[2], commands)
	}
	words := []string{args[0], "camform"}
	for _, word := range shellWord.FindAllString(commands[0][1], -1) {
		words = append(words, strings.Trim(word, "'"))
	}
	w.cmdExit(ts, slices.Concat(words, args[3:]))
}

// cmdPaste gives a shell the commands that the standard output of the last command advises on lines of their own, one after the other, and asserts the exit code
// of the last; the others must succeed. Words such as FILE=site.plan stand for what the advice leaves to the reader.
//
//	paste CODE [WORD=TEXT...]
func (w *world) cmdPaste(ts *testscript.TestScript, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: paste CODE [WORD=TEXT...]")
	}
	var commands []string
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if command, ok := strings.CutPrefix(line, "    camform "); ok {
			commands = append(commands, "camform "+strings.TrimSpace(command))
		}
	}
	if len(commands) == 0 {
		ts.Fatalf("the last command advised nothing")
	}
	for i, command := range commands {
		for _, word := range args[1:] {
			left, text, _ := strings.Cut(word, "=")
			command = strings.ReplaceAll(command, left, text)
		}
		code := "0"
		if i == len(commands)-1 {
			code = args[0]
		}
		ts.Logf("pasted: %s", command)
		w.cmdExit(ts, []string{code, "sh", "-c", command})
	}
}

// Commands for accounts, and their words.
var (
	advised   = regexp.MustCompile(`camform ((?:login|rotate|apply)(?: '[^']*'| -[a-z-]+| [a-z]+:[^ ;,]+)*)`)
	shellWord = regexp.MustCompile(`'[^']*'|\S+`)
)

// cmdLater lets login attempts in the state be older than they are, as they will be when some time has passed.
//
//	later DURATION
func (w *world) cmdLater(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: later DURATION")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	older := fmt.Sprintf(`UPDATE attempts SET charged = charged - %[1]d, settled = CASE settled WHEN 0 THEN 0 ELSE settled - %[1]d END`, d.Microseconds())
	if w.server != nil {
		pgtest.Shared(w.t).Exec(w.t, w.server.Database, older)
	} else {
		db, err := sql.Open("sqlite", ts.MkAbs(filepath.Join(".camform", "state.db")))
		ts.Check(err)
		_, err = db.Exec(older)
		ts.Check(errors.Join(err, db.Close()))
	}
	w.ahead.Add(int64(d))
}

// cmdExited asserts the exit codes of the programs that were in the background at the last await, sorted. Wait for them
// first.
//
//	exited CODE...
func (w *world) cmdExited(ts *testscript.TestScript, args []string) {
	var have []string
	for _, c := range w.watching {
		have = append(have, strconv.Itoa(c.ProcessState.ExitCode()))
	}
	slices.Sort(have)
	if !slices.Equal(have, args) {
		ts.Fatalf("exit codes %q, want %q", have, args)
	}
}

// cmdScrub copies a file, replacing what differs from run to run.
//
//	scrub stdout|stderr|FILE COPY
func (w *world) cmdScrub(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: scrub FILE COPY")
	}
	text := ts.ReadFile(args[0])
	if port := ts.Getenv("PORT"); port != "" {
		text = strings.ReplaceAll(text, ":"+port, ":PORT")
		text = strings.ReplaceAll(text, "port "+port, "port PORT")
	}
	text = strings.ReplaceAll(text, ts.Getenv("WORK")+string(filepath.Separator), "")
	for _, s := range scrubs {
		text = s.pattern.ReplaceAllString(text, s.replacement)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

var scrubs = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`\d{8}T\d{6}Z-[0-9a-f]{8}`), "RUN"},
	{regexp.MustCompile(`\.before-\d{8}T\d{6}\.\d{3}Z`), ".before-TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| UTC)?`), "TIME"},
	{regexp.MustCompile(`(sha256:)?[0-9a-f]{64}|sha256:[0-9a-f]{16}…`), "HASH"},
	{regexp.MustCompile(`(took|after|for another) [0-9.hmsµ]+s`), "$1 DURATION"},
	{regexp.MustCompile(`([Cc]ase )[0-9a-f]{6}\b`), "${1}ID"},
	{regexp.MustCompile(`(opened TIME by )\S+`), "${1}SOMEBODY"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "BACKUP"},
	// How the end of a connection shows itself is a matter of luck.
	{regexp.MustCompile(`\((connection reset by peer|broken pipe|EOF|unexpected EOF)\)`), "(CAUSE)"},
	{regexp.MustCompile(`no connection to \S+ \(CAUSE\)|\S+ closed the connection at once \(CAUSE\)`), "GONE"},
	{regexp.MustCompile(`held by \S+ \(process \d+`), "held by SOMEBODY (process PID"},
}

// cmdJSON asserts that a file is one JSON document.
//
//	json stdout|FILE
func (w *world) cmdJSON(ts *testscript.TestScript, args []string) {
	for _, file := range args {
		if !json.Valid([]byte(ts.ReadFile(file))) {
			ts.Fatalf("%s is not one JSON document", file)
		}
	}
}

// cmdJSONLines asserts that each line of a file is a JSON document, and that there are lines.
//
//	jsonlines stdout|FILE
func (w *world) cmdJSONLines(ts *testscript.TestScript, args []string) {
	for _, file := range args {
		lines := strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\n"), "\n")
		for i, line := range lines {
			if !json.Valid([]byte(line)) {
				ts.Fatalf("%s:%d is not a JSON document: %q", file, i+1, line)
			}
		}
	}
}

// cmdReplace changes a file at the one place where it has some text.
//
//	replace FILE OLD NEW
func (w *world) cmdReplace(ts *testscript.TestScript, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	have := ts.ReadFile(args[0])
	if n := strings.Count(have, args[1]); n != 1 {
		ts.Fatalf("%s has %q %d times, want once", args[0], args[1], n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(have, args[1], args[2], 1)), 0o644))
}

// cmdSSHKey makes a key pair for somebody, NAME and NAME.pub, as ssh-keygen does: no private key is kept among the scripts.
// The same name always gives the same key, so that expectations may have its fingerprint. With SIGNERS the public key is
// appended to that file of signers, for the principal NAME if no other is given, behind the options of the line.
//
//	sshkey [-passphrase TEXT] [-options OPTIONS] NAME [SIGNERS [PRINCIPAL]]
func (w *world) cmdSSHKey(ts *testscript.TestScript, args []string) {
	flags := flag.NewFlagSet("sshkey", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	passphrase := flags.String("passphrase", "", "")
	options := flags.String("options", "", "")
	ts.Check(flags.Parse(args))
	if flags.NArg() < 1 || flags.NArg() > 3 {
		ts.Fatalf("usage: sshkey [-passphrase TEXT] [-options OPTIONS] NAME [SIGNERS [PRINCIPAL]]")
	}
	name, file, principal := flags.Arg(0), flags.Arg(1), cmp.Or(flags.Arg(2), flags.Arg(0))
	private, public := keyPair(ts, name, *passphrase)
	ts.Check(os.WriteFile(ts.MkAbs(name), private, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(name+".pub"), []byte(public+" "+name+"\n"), 0o644))
	if file == "" {
		return
	}
	if *options != "" {
		public = *options + " " + public
	}
	signers, err := os.OpenFile(ts.MkAbs(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = signers.WriteString(principal + " " + public + "\n")
	ts.Check(errors.Join(err, signers.Close()))
}

// keyPair is the key pair of a name: the private key as OpenSSH keeps it in a file, encrypted if there is a passphrase, and
// the public one as a line has it.
func keyPair(ts *testscript.TestScript, name, passphrase string) (private []byte, public string) {
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, name)
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, name, []byte(passphrase))
	}
	ts.Check(err)
	shared, err := ssh.NewPublicKey(key.Public())
	ts.Check(err)
	return pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(shared)))
}
