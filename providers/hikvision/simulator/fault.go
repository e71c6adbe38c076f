package simulator

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"camform/providers/device"
)

// Action is what a fault does.
type Action string

// The actions.
const (
	Latency         Action = "latency"           // wait for Delay, then answer
	DropRequest     Action = "drop-request"      // close the connection before the request has an effect
	DropReply       Action = "drop-reply"        // carry the request out, then close the connection
	Reset           Action = "reset"             // end the connection with a TCP reset, without effect
	Status          Action = "status"            // refuse with the HTTP Status and the sub Code, without effect
	IgnoreWrite     Action = "ignore-write"      // answer a write with OK and change nothing
	ErrorButApplied Action = "error-but-applied" // carry a write out and answer with an error: the sub Code, or a device error
	Remark          Action = "remark"            // carry a write out and answer OK, with a sub Code that says something else
	Partial         Action = "partial"           // carry out only the first of the changes of a write, and answer with OK
	RebootDevice    Action = "reboot"            // go down before the request has an effect
	LockDevice      Action = "lock"              // lock every source, as after too many failed logins
	SessionFull     Action = "session-full"      // answer 401 without a challenge
	WrongIdentity   Action = "wrong-identity"    // let another device of the same model answer
	SlowBody        Action = "slow-body"         // send Bytes of the answer after each Delay
	HugeBody        Action = "huge-body"         // add Bytes of white space to the answer
	GzipBomb        Action = "gzip-bomb"         // answer with Bytes of white space, compressed
	LatePassword    Action = "late-password"     // put a new password in force only after Delay, by the clock of the device
	LateEffect      Action = "late-effect"       // carry a write out, and show what documents had before it for Delay, by the clock of the device
	LosePassword    Action = "lose-password"     // forget a new password at the next reboot
	CutPassword     Action = "cut-password"      // keep only the first Bytes of a new password
	CutList         Action = "cut-list"          // keep only the first Entries entries of a list that is written as a whole, and answer with OK
	Echo            Action = "echo"              // refuse a request in words that repeat the password of its account in many forms
	AskAgain        Action = "ask-again"         // answer 401 with a challenge although the login is right, and count Failures failed logins
	LoginPage       Action = "login-page"        // answer 302 to the login page of the web interface
	Page            Action = "page"              // answer with the HTTP Status and an HTML page
	RestartWeb      Action = "restart-web"       // carry a write out, cut its answer off, and let the web server be away for Delay
	ForeignLogin    Action = "foreign-login"     // let another client behind the address of the request fail to log in Failures times before it
)

// defaultBytes says what Bytes is where a rule leaves it at 0.
var defaultBytes = map[Action]int{SlowBody: 1, HugeBody: 64 << 20, GzipBomb: 256 << 20}

// defaultCodes say what Code is where a rule leaves it empty.
var defaultCodes = map[Action]string{Status: string(deviceBusy), Remark: string(riskPassword)}

// needs says which actions make no sense without some of the fields of a rule.
var needs = []struct {
	field   string
	lacks   func(Rule) bool
	actions []Action
}{
	{"a delay", func(r Rule) bool { return r.Delay == 0 }, []Action{Latency, SlowBody, LatePassword, LateEffect, RestartWeb}},
	{"bytes", func(r Rule) bool { return r.Bytes == 0 }, []Action{CutPassword}},
	{"failures", func(r Rule) bool { return r.Failures == 0 }, []Action{ForeignLogin}},
	{"an HTTP status of 400 to 599", func(r Rule) bool { return r.Status < 400 || r.Status > 599 }, []Action{Status, Page}},
}

var actions = []Action{
	Latency, DropRequest, DropReply, Reset, Status, IgnoreWrite, ErrorButApplied, Partial, RebootDevice, LockDevice,
	SessionFull, WrongIdentity, SlowBody, HugeBody, GzipBomb, Remark, LatePassword, LosePassword, CutPassword, CutList, ForeignLogin, Echo,
	LateEffect, AskAgain, LoginPage, Page, RestartWeb,
}

// Rule is a fault that devices show. Empty selectors match everything; all selectors of a rule must match.
//
// Counting (Nth, Every, Times, Probability) is done by each device for each rule, over the requests that match the other
// selectors. A rule looks at requests that carry credentials, since the challenge before them is no place to lose a
// write; Anonymous turns it to those without. Wrong-identity matches both.
type Rule struct {
	Device string `json:"device"` // glob for the name of the device; * stands for any text
	Method string `json:"method"`
	Path   string `json:"path"` // glob; * stands for any text, slashes included

	Nth         int     `json:"nth"`         // only this request, counted from 1
	Every       int     `json:"every"`       // every so many requests
	Times       int     `json:"times"`       // only the first so many
	Probability float64 `json:"probability"` // by chance, the same for the same Seed
	Seed        uint64  `json:"seed"`
	Anonymous   bool    `json:"anonymous"`

	Action Action        `json:"action"`
	Delay  time.Duration `json:"-"`      // in files "delay", such as "1.5s"
	Status int           `json:"status"` // with restart-web it answers everything with that while it is away, and 0 cuts the connection
	Code   string        `json:"code"`   // subStatusCode; deviceBusy if empty for status, riskPassword for remark
	Bytes  int           `json:"bytes"`

	Failures int `json:"failures"`
	Entries  int `json:"entries"`
}

// Check reports what is wrong with a rule.
func (r Rule) Check() error {
	switch {
	case !slices.Contains(actions, r.Action):
		return fmt.Errorf("action %q is not known", r.Action)
	case r.Nth < 0 || r.Every < 0 || r.Times < 0 || r.Bytes < 0 || r.Delay < 0 || r.Failures < 0 || r.Entries < 0:
		return errors.New("a number is negative")
	case r.Probability < 0 || r.Probability > 1:
		return errors.New("probability is not between 0 and 1")
	case (r.Action == ErrorButApplied || r.Action == Remark) && r.Code != "" && errorCodes[subCode(r.Code)] == 0:
		return fmt.Errorf("code %q is not known", r.Code)
	}
	for _, need := range needs {
		if slices.Contains(need.actions, r.Action) && need.lacks(r) {
			return fmt.Errorf("action %s needs %s", r.Action, need.field)
		}
	}
	return nil
}

// Faults are the rules of a fleet, and the quirks of its devices.
type Faults struct {
	Rules  []Rule
	Quirks []Quirky
}

// Quirky says which devices have quirks. Of several that match a device the last counts.
type Quirky struct {
	Device string `json:"device"` // glob for the name of the device, as of a Rule
	Quirks
}

// Check reports what is wrong with the rules.
func (f Faults) Check() error {
	for i, r := range f.Rules {
		if err := r.Check(); err != nil {
			return fmt.Errorf("fault rule %d: %w", i+1, err)
		}
	}
	return nil
}

// ParseFaults reads a fault file. Unknown names in it are errors.
func ParseFaults(r io.Reader) (Faults, error) {
	var file struct {
		Rules []struct {
			Rule
			Delay string `json:"delay"`
		} `json:"rules"`
		Quirks []Quirky `json:"quirks"`
	}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return Faults{}, fmt.Errorf("fault file: %w", err)
	}
	f := Faults{Quirks: file.Quirks}
	for i, entry := range file.Rules {
		if entry.Delay != "" {
			delay, err := time.ParseDuration(entry.Delay)
			if err != nil {
				return Faults{}, fmt.Errorf("fault rule %d: delay: %w", i+1, err)
			}
			entry.Rule.Delay = delay
		}
		f.Rules = append(f.Rules, entry.Rule)
	}
	return f, f.Check()
}

// Inject adds a rule to this device only. The device selector of the rule is ignored.
func (d *Device) Inject(r Rule) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("%s: %w", d.unit.name, err)
	}
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	d.faults.Add(r)
	return nil
}

// Heal removes every fault rule from this device. Requests that wait because of one go on.
func (d *Device) Heal() {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	d.faults.Heal()
	close(d.healed)
	d.healed = make(chan struct{})
}

// fault is what the rules that match a request ask for together, by action.
type fault map[Action]Rule

func (f fault) has(a Action) bool {
	_, found := f[a]
	return found
}

// faultsFor collects what the rules want of a request, and counts it. The channel is closed once the rules are gone.
func (d *Device) faultsFor(q request) (fault, <-chan struct{}) {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	f := make(fault)
	d.faults.Meet(func(r *Rule) bool { return r.selects(q) }, func(r *Rule, place, n int) {
		if r.due(d.unit.name, place, n) {
			f.add(*r)
		}
	})
	return f, d.healed
}

// add adds a rule. Of several with the same action the last counts, but all of them take their time.
func (f fault) add(r Rule) {
	r.Bytes = cmp.Or(r.Bytes, defaultBytes[r.Action])
	r.Code = cmp.Or(r.Code, defaultCodes[r.Action])
	if r.Action == Latency {
		r.Delay += f[Latency].Delay
	}
	f[r.Action] = r
}

// mishap is what the fault does to a new password.
func (f fault) mishap() device.Mishap {
	return device.Mishap{Late: f[LatePassword].Delay, Lost: f.has(LosePassword), Cut: f[CutPassword].Bytes}
}

// selects reports whether a request is one that the rule counts.
func (r Rule) selects(q request) bool {
	if r.Action != WrongIdentity && r.Anonymous != (q.authorization == "" && q.session == "") {
		return false
	}
	return (r.Method == "" || strings.EqualFold(r.Method, q.method)) && glob(r.Path, q.path)
}

// due reports whether the rule acts on the n-th request that it counts.
func (r Rule) due(device string, index, n int) bool {
	switch {
	case r.Nth > 0 && n != r.Nth, r.Every > 0 && n%r.Every != 0, r.Times > 0 && n > r.Times:
		return false
	case r.Probability == 0:
		return true
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d|%s|%d|%d", r.Seed, device, index, n)
	return float64(mix(h.Sum64())>>11)/(1<<53) < r.Probability
}

// mix spreads the bits of a hash whose inputs differ in little.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// write sends an answer with the faults that concern its body.
func (f fault) write(ctx context.Context, healed <-chan struct{}, w http.ResponseWriter, answer reply) {
	switch {
	case f.has(GzipBomb):
		answer.header["Content-Encoding"] = []string{"gzip"}
		answer.body = bomb(f[GzipBomb].Bytes)
		answer.write(w)
	case f.has(HugeBody):
		answer.write(w)
		pad(w, f[HugeBody].Bytes)
	case f.has(SlowBody):
		f.drip(ctx, healed, w, answer)
	default:
		answer.write(w)
	}
}

// drip sends an answer a few bytes at a time.
func (f fault) drip(ctx context.Context, healed <-chan struct{}, w http.ResponseWriter, answer reply) {
	whole := answer.body
	answer.header["Content-Length"] = []string{fmt.Sprint(len(whole))}
	answer.body = nil
	answer.write(w)
	for chunk := range slices.Chunk(whole, f[SlowBody].Bytes) {
		if !wait(ctx, f[SlowBody].Delay, healed) {
			panic(http.ErrAbortHandler)
		}
		w.Write(chunk)
		http.NewResponseController(w).Flush()
	}
}

// pad writes white space until it is enough or nobody reads any more.
func pad(w io.Writer, size int) {
	blanks := bytes.Repeat([]byte(" "), 32<<10)
	for size > 0 {
		n, err := w.Write(blanks[:min(size, len(blanks))])
		if err != nil {
			return
		}
		size -= n
	}
}

var (
	bombs   = map[int][]byte{}
	bombsMu sync.Mutex
)

// bomb is white space, compressed. Making one takes a while, so it is kept.
func bomb(size int) []byte {
	bombsMu.Lock()
	defer bombsMu.Unlock()
	if bombs[size] == nil {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		pad(z, size)
		z.Close()
		bombs[size] = b.Bytes()
	}
	return bombs[size]
}

// glob matches text against a pattern in which * stands for any text. An empty pattern matches everything.
func glob(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, last)
}
