package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// habit is something odd that a device of a combination does.
type habit struct {
	name   string
	quirk  bool
	kind   string           // the setting that it is about; empty for any
	rules  []simulator.Rule // of a fault; those without a path meet the document of a setting
	hides  bool             // nothing else of the device is seen beside it
	spends bool             // it makes the device count failed logins that are none, or lock itself
}

// playedElsewhere are habits that have nothing to do with plans for one device, and what plays them.
var playedElsewhere = map[string]string{
	"clockAhead":   "how far is a number: clocks_test.go",
	"md5Only":      "it is about the cameras of a recorder: pictures_test.go",
	"plainOnly":    "it is about the cameras of a recorder: pictures_test.go",
	"oldTLS":       "it is about the cameras of a recorder: pictures_test.go",
	"hidesSerials": "it is about the cameras of a recorder: pictures_test.go",
}

// aboutKind names the setting that a quirk is about.
var aboutKind = map[string]string{
	"gbkName": "system", "latin1Name": "system", "refusesSlots": "alarm_host", "resetsHosts": "alarm_host", "deletesSlots": "alarm_host", "windowsZoneRules": "time", "winterOffset": "time", "ianaZoneRules": "time", "unescaped": "system",
	"mustChange": "user", "bareUser": "user", "masksSecrets": "user", "showsSecrets": "user", "filtersNewOnly": "ip_filter",
}

// blinding are quirks beside which nothing else is seen.
var blinding = []string{"inactive", "factoryAddress"}

// faults are actions as a combination has them. A hang, a redirect and similar ones are about reading one document, the others about
// what is written.
var faults = []habit{
	{name: "latency", rules: []simulator.Rule{{Path: "*", Every: 5, Delay: 3 * time.Second}}},
	{name: "latency", rules: []simulator.Rule{{Method: http.MethodGet, Delay: time.Hour}}},
	{name: "drop-request", rules: []simulator.Rule{{Method: http.MethodGet}}},
	{name: "drop-request", rules: []simulator.Rule{{Method: http.MethodPut, Nth: 1}}},
	{name: "drop-reply", rules: []simulator.Rule{{Method: http.MethodPut, Nth: 1}}},
	{name: "drop-reply", kind: "alarm_host", rules: []simulator.Rule{{Method: http.MethodPost, Nth: 1}}},
	{name: "reset", rules: []simulator.Rule{{Path: "*", Every: 7}}},
	{name: "status", rules: []simulator.Rule{{Method: http.MethodGet, Status: 500, Code: "deviceError"}}},
	{name: "status", rules: []simulator.Rule{{Path: "*", Status: 503, Every: 6}}},
	{name: "status", rules: []simulator.Rule{{Method: http.MethodPut, Status: 403, Code: "notSupport"}}},
	{name: "ignore-write", rules: []simulator.Rule{{Method: http.MethodPut}}},
	{name: "error-but-applied", rules: []simulator.Rule{{Method: http.MethodPut}}},
	{name: "remark", rules: []simulator.Rule{{Path: "*", Method: http.MethodPut}}},
	{name: "partial", rules: []simulator.Rule{{Path: "*", Method: http.MethodPut}}},
	{name: "reboot", rules: []simulator.Rule{{Method: http.MethodPut, Nth: 1}}},
	{name: "lock", spends: true, rules: []simulator.Rule{{Method: http.MethodPut, Nth: 1}}},
	{name: "session-full", rules: []simulator.Rule{{Path: "*", Every: 9}}},
	{name: "wrong-identity", rules: []simulator.Rule{{Path: "*", Method: http.MethodPut, Nth: 1}}},
	{name: "slow-body", rules: []simulator.Rule{{Method: http.MethodGet, Bytes: 200, Delay: time.Second}}},
	{name: "huge-body", rules: []simulator.Rule{{Method: http.MethodGet, Bytes: 9 << 20}}},
	{name: "gzip-bomb", rules: []simulator.Rule{{Method: http.MethodGet, Bytes: 9 << 20}}},
	{name: "late-password", kind: "user", rules: []simulator.Rule{{Path: usersDocument + "*", Delay: 5 * time.Minute}}},
	{name: "lose-password", kind: "user", rules: []simulator.Rule{{Path: usersDocument + "*"}}},
	{name: "cut-password", kind: "user", rules: []simulator.Rule{{Path: usersDocument + "*", Bytes: 8}}},
	{name: "late-effect", rules: []simulator.Rule{{Method: http.MethodPut, Delay: 2 * time.Second}}},
	{name: "late-effect", kind: "alarm_host", rules: []simulator.Rule{{Method: http.MethodPost, Delay: 2 * time.Second}}},
	{name: "cut-list", kind: "ip_filter", rules: []simulator.Rule{{Method: http.MethodPut, Entries: 1}}},
	{name: "echo", rules: []simulator.Rule{{Method: http.MethodPut}}},
	{name: "ask-again", rules: []simulator.Rule{{}}},
	{name: "ask-again", spends: true, rules: []simulator.Rule{{Method: http.MethodGet, Failures: 1}}},
	{name: "login-page", rules: []simulator.Rule{{}}},
	{name: "page", rules: []simulator.Rule{{Method: http.MethodGet, Status: 404}}},
	{name: "restart-web", rules: []simulator.Rule{{Method: http.MethodPut, Nth: 1, Delay: 20 * time.Second}}},
	{name: "foreign-login", spends: true, rules: []simulator.Rule{{Path: "*", Nth: 3, Failures: 4}}},
}

// habitsOf are all habits that a combination may have.
func habitsOf(t testing.TB) []habit {
	t.Helper()
	var all []habit
	for _, h := range simulator.Habits() {
		played := slices.Clone(faults)
		played = slices.DeleteFunc(played, func(f habit) bool { return !h.Rule || f.name != h.Name })
		if !h.Rule && playedElsewhere[h.Name] == "" {
			played = []habit{{name: h.Name, quirk: true, kind: aboutKind[h.Name], hides: slices.Contains(blinding, h.Name)}}
		}
		if len(played) == 0 && playedElsewhere[h.Name] == "" {
			t.Errorf("no combination plays the habit %s: add it", h.Name)
		}
		all = append(all, played...)
	}
	return all
}

// seenTogether reports whether two habits of a device that has all of a row are both seen.
func seenTogether(all []habit) func(row []int, a, b int) bool {
	return func(row []int, a, b int) bool {
		for _, x := range row {
			if all[x].hides && x != a && x != b {
				return false
			}
		}
		return !(all[a].hides && all[b].hides)
	}
}

// combination is a device with its habits.
type combination struct {
	model  string
	habits []habit
	turn   int // decides which settings are wanted, and which of their documents the faults meet
	wanted int // how many settings are wanted at least; those that the habits are about come first
}

func (c combination) String() string {
	var names []string
	for _, h := range c.habits {
		name := h.name
		for _, r := range h.rules {
			name = fmt.Sprintf("%s%+v", name, struct {
				Method, Path     string
				Nth, Every       int
				Status, Failures int
				Code             string
				Delay            time.Duration
			}{r.Method, r.Path, r.Nth, r.Every, r.Status, r.Failures, r.Code, r.Delay})
		}
		names = append(names, name)
	}
	return fmt.Sprintf("%s, turn %d: %s", c.model, c.turn, strings.Join(names, " + "))
}

// moves is what the device changes by itself: its clock, the names that others have for its zone, the switch of a server whose
// address changes, the rights that follow the accounts, and who sleeps.
func (c combination) moves(v *visit) map[string]allowance {
	all := map[string]allowance{
		timeDocument: {comes: []string{"Time[1]/localTime[1]", "Time[1]/windowsZone[1]", "Time[1]/IANA[1]"}},
		ntpDocument:  {contents: []string{"NTPServerList[1]/NTPServer[1]/enabled[1]"}},
	}
	for place := range textsOf(v.before[permissionsDocument]) {
		if !strings.Contains(place, "/") {
			all[permissionsDocument] = allowance{contents: []string{place}}
		}
	}
	for place := range textsOf(v.before[usersDocument]) {
		if strings.HasSuffix(place, "/userActivationStatus[1]") {
			all[usersDocument] = all[usersDocument].and(allowance{contents: []string{place}})
		}
	}
	return all
}

const permissionsDocument = "/ISAPI/Security/UserPermission"

// has reports whether one of the habits is of that name.
func (c combination) has(names ...string) bool {
	return slices.ContainsFunc(c.habits, func(h habit) bool { return slices.Contains(names, h.name) })
}

// small are the settings that combinations want: few small documents.
var small = []string{"system", "upnp", "ntp", "time", "ip_filter", "user", "alarm_host"}

// wishesOf are the settings that a combination wants: those that its habits are about, and others.
func (c combination) wishesOf(d *simulator.Device, secure bool) []*wish {
	w := &wisher{device: d, secure: secure}
	by := map[string]func() []*wish{
		"system": func() []*wish { return []*wish{w.system()} }, "upnp": func() []*wish { return []*wish{w.toggle("upnp")} },
		"ntp": func() []*wish { return []*wish{w.ntp()} }, "time": func() []*wish { return []*wish{w.time()} },
		"ip_filter": func() []*wish { return []*wish{w.filter()} }, "user": w.users,
		"alarm_host": func() []*wish {
			if c.has("deletesSlots") {
				return []*wish{w.deletedHost()}
			}
			return []*wish{w.alarmHost()}
		},
	}
	var kinds []string
	for _, h := range c.habits {
		if h.kind != "" && !slices.Contains(kinds, h.kind) {
			kinds = append(kinds, h.kind)
		}
	}
	for i := 0; len(kinds) < c.wanted; i++ {
		if kind := small[(c.turn+i)%len(small)]; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	var all []*wish
	for _, kind := range kinds {
		for _, one := range by[kind]() {
			if !one.lacking {
				all = append(all, one)
			}
		}
	}
	return all
}

func (w *wisher) alarmHost() *wish {
	host := child(w.root(alarmDocument), "HttpHostNotification")
	if host == nil {
		return &wish{kind: "alarm_host", key: "1", lacking: true}
	}
	one := &wish{kind: "alarm_host", key: textOf(child(host, "id"))}
	one.want("url", `"/events"`, child(host, "url"), "/events")
	one.want("protocol", `"HTTPS"`, child(host, "protocolType"), "HTTPS")
	one.want("server", `"192.0.2.40"`, child(host, "ipAddress"), "192.0.2.40")
	one.want("port", "8443", child(host, "portNo"), "8443")
	return one
}

// deletedHost wants the last slot as it should be, after somebody deleted it.
func (w *wisher) deletedHost() *wish {
	list := w.root(alarmDocument)
	if list == nil || len(list.SelectElements("HttpHostNotification")) == 0 {
		return &wish{kind: "alarm_host", key: "1", lacking: true}
	}
	slots := list.SelectElements("HttpHostNotification")
	last := slots[len(slots)-1]
	one := &wish{kind: "alarm_host", key: textOf(child(last, "id"))}
	one.want("url", `"/events"`, child(last, "url"), "/events")
	one.want("protocol", `"HTTPS"`, child(last, "protocolType"), "HTTPS")
	one.want("server", `"192.0.2.40"`, child(last, "ipAddress"), "192.0.2.40")
	one.want("port", "8443", child(last, "portNo"), "8443")
	one.may = allowance{comes: []string{placeOf(last)}}
	if len(slots) == 1 {
		one.may = allowance{contents: []string{placeOf(list)}}
	}
	if err := w.device.DeleteItem(alarmDocument + "/" + one.key); err != nil {
		panic(err)
	}
	return one
}

// burden gives a device the habits of a combination. Faults meet the document of one of the wishes.
func (c combination) burden(t testing.TB, d *simulator.Device, wishes []*wish) {
	t.Helper()
	var quirks simulator.Quirks
	value := reflect.ValueOf(&quirks).Elem()
	for i, h := range c.habits {
		if h.quirk {
			for n := range value.NumField() {
				if value.Type().Field(n).Tag.Get("json") == h.name {
					value.Field(n).SetBool(true)
				}
			}
			continue
		}
		for _, r := range h.rules {
			r.Action = simulator.Action(h.name)
			if r.Path == "" && len(wishes) > 0 {
				at := wishes[(c.turn+i)%len(wishes)].kind
				if h.kind != "" {
					at = h.kind
				}
				r.Path = documentOfKind[at] + "*"
			}
			if err := d.Inject(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if quirks.StaleFalse {
		quirks.NonceLifetime = 20 * time.Second
	}
	d.SetQuirks(quirks)
}

// play is a fleet of combinations on its way.
type play struct {
	*tour
	all   []combination
	reads []string // kinds that an import reads
	first *plan.Plan
	done  *report.Report
}

func (p *play) number(v *visit) int { return slices.Index(p.visits, v) }

// playAll imports, plans, applies and plans again, and says what is wrong with each combination, by its number.
func playAll(t *testing.T, all []combination, secure bool, reads []string) map[int][]string {
	wrong := map[int][]string{}
	synctest.Test(t, func(t *testing.T) {
		// Where both ends of a TLS connection close it at once, each waits up to five seconds for the other to read that.
		t.Cleanup(func() { time.Sleep(6 * time.Second) })
		var models []string
		for _, c := range all {
			models = append(models, c.model)
		}
		fleet := newFleet(t, simulator.Options{Models: models, Count: len(models), TLS: secure})
		p := &play{tour: &tour{site: newSite(t, fleet, fleet.DialContext)}, all: all, reads: reads}
		var text strings.Builder
		for i, c := range all {
			d := fleet.Devices()[i]
			v := &visit{device: d, wishes: c.wishesOf(d, secure)}
			c.burden(t, d, v.wishes)
			v.before = documentsOf(d)
			v.moves = c.moves(v)
			p.visits = append(p.visits, v)
			name := fmt.Sprintf("d%04d", i)
			settings := fmt.Sprintf("  site = %q\n", name)
			if c.has("deletesSlots") {
				settings += slotsAllowed
			}
			for _, one := range v.wishes {
				settings += one.hcl()
			}
			text.WriteString(p.deviceBlock(name, d, settings))
		}
		p.configure(text.String())
		p.imports()
		p.changes()
		for _, f := range p.findings {
			n := slices.IndexFunc(p.visits, func(v *visit) bool { return strings.HasPrefix(f.where, v.device.Name()) })
			wrong[n] = append(wrong[n], f.where+": "+f.what)
		}
	})
	return wrong
}

// imports reads every device without a configuration: what could not be read is reported, and all else is there.
func (p *play) imports() {
	var candidates []engine.Candidate
	for i, v := range p.visits {
		candidates = append(candidates, engine.Candidate{
			Device: schema.Device{Name: fmt.Sprintf("i%04d", i)}, URL: p.fleet.URL(v.device), Username: "admin",
			Origin: "env:FLEET_PASSWORD", Site: fmt.Sprintf("i%04d", i),
		})
	}
	var kinds []*schema.Kind
	for _, k := range p.provider.Kinds().All() {
		if slices.Contains(p.reads, k.Name) {
			kinds = append(kinds, k)
		}
	}
	imported, err := p.engine().Import(context.Background(), candidates, kinds, nil)
	if err != nil {
		p.findings = append(p.findings, finding{"import", err.Error()})
		return
	}
	left := map[string]string{}
	for _, l := range imported.LeftOut {
		left[l.Candidate.Device.Name] = l.Reason
	}
	read := 0
	for i, v := range p.visits {
		reason, out := left[candidates[i].Device.Name]
		switch {
		case out && reason == "":
			p.find(v, "", "import leaves it out, and does not say why")
		case out:
			p.tellsNothing(v, reason)
		default:
			found := imported.Devices[read]
			read++
			for _, one := range v.wishes {
				why, unread := found.Unreadable[schema.Setting{Kind: one.kind}]
				if there := found.Items[one.kind] != nil; slices.Contains(p.reads, one.kind) && (there == unread || unread && why == "") {
					p.find(v, "/"+one.local(), "import: there %t, unreadable %t: %s", there, unread, why)
				}
			}
			p.tellsNothing(v, fmt.Sprint(found.Unreadable))
		}
	}
}

// changes plans, applies and plans again.
func (p *play) changes() {
	first, problems := p.plan()
	for _, what := range problems {
		p.findings = append(p.findings, finding{"the plan", what})
	}
	done := p.apply(first)
	p.first, p.done = first, done
	again, problems := p.plan()
	for _, what := range problems {
		p.findings = append(p.findings, finding{"the second plan", what})
	}
	for i, v := range p.visits {
		p.judge(i, v, first.Devices[i], done.Devices[i], again.Devices[i])
	}
}

// is reports whether the wish is for a setting.
func (w *wish) is(s schema.Setting) bool { return w.kind == s.Kind && w.key == s.Key }

// ends says how a setting ended: the result of its step, with what is reported.
func ends(one *wish, first plan.Device, done report.Device) (report.Result, string) {
	for _, s := range done.Steps {
		if one.is(s.Address) {
			return s.Result, s.Detail
		}
	}
	for _, s := range first.Skipped {
		if one.is(s.Address) {
			return report.NotRun, s.Detail
		}
	}
	if first.Problem != "" {
		return report.NotRun, first.Problem
	}
	return "", ""
}

// untouched are results that promise that nothing was written for a setting.
var untouched = []report.Result{report.Stale, report.Failed, report.Unreachable, report.Refused, report.Mistaken, report.Held, report.NotRun}

func (p *play) judge(i int, v *visit, first plan.Device, done report.Device, again plan.Device) {
	c := p.all[i]
	p.tellsNothing(v, fmt.Sprintf("%+v %+v %+v", first, done, again))
	for _, one := range v.wishes {
		result, detail := ends(one, first, done)
		where := "/" + one.local()
		switch {
		case result == "":
			p.find(v, where, "nobody says how it ended")
		case !result.Good() && detail == "" && done.Detail == "":
			p.find(v, where, "it ended with %s, and nobody says why", result)
		case result.Good() && result != report.Rewritten:
			p.there(v, one, result)
		case slices.Contains(untouched, result) && !strings.Contains(detail, "the first of its two requests had already succeeded"):
			p.asBefore(v, one, result)
		}
		for _, s := range again.Steps {
			if one.is(s.Address) && result.Good() && !c.has("lose-password") {
				p.find(v, where, "it was %s, and is planned again: %s", result, toldStep(s))
			}
		}
	}
	p.restIsUntouched(v)
	p.loginsAreSpared(c, v)
}

func toldStep(s plan.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.Action)
	for _, w := range s.Why {
		fmt.Fprintf(&b, " %s:%s", w.Attribute, w.Cause)
	}
	return b.String()
}

// there: what is said to be done is on the device.
func (p *play) there(v *visit, one *wish, result report.Result) {
	after := v.device.Document(documentOfKind[one.kind])
	texts := textsOf(after)
	for place, want := range one.texts {
		if have := texts[place]; have != want {
			p.find(v, "/"+one.local(), "it is %s, and %s is %q, want %q", result, place, have, want)
		}
	}
	if one.judge != nil {
		for _, wrong := range one.judge(after) {
			p.find(v, "/"+one.local(), "it is %s, and %s", result, wrong)
		}
	}
	forgot := p.all[p.number(v)].has("lose-password") && v.device.Count(simulator.Rebooted) > 0 // after it was proven
	if one.kind == "user" && !forgot && !v.device.Accepts(one.key, accountPassword) {
		p.find(v, "/"+one.local(), "it is %s, and its password is another one", result)
	}
}

// asBefore: what is said not to be changed is as it was.
func (p *play) asBefore(v *visit, one *wish, result report.Result) {
	path := documentOfKind[one.kind]
	before, after := textsOf(v.before[path]), textsOf(v.device.Document(path))
	for place := range one.texts {
		if before[place] != after[place] {
			_, detail := ends(one, p.first.Devices[p.number(v)], p.done.Devices[p.number(v)])
			p.find(v, "/"+one.local(), "it ended with %s (%s), and %s became %q", result, detail, place, after[place])
		}
	}
}

// loginsAreSpared: the administrator's password is what it was, and no attempt was spent that matters.
func (p *play) loginsAreSpared(c combination, v *visit) {
	if !c.has("inactive") && !v.device.Accepts("admin", fleetPassword) {
		p.find(v, "", "the password of the administrator is lost")
	}
	if slices.ContainsFunc(c.habits, func(h habit) bool { return h.spends }) {
		return
	}
	if n := v.device.Count(simulator.Locked); n > 0 {
		p.find(v, "", "it locked itself %d times", n)
	}
	if n := v.device.RefusalsOf(sourceAddress); n > 2 {
		p.find(v, "", "it refused %d logins", n)
	}
}

// tellsNothing: no secret is in what is said about a device.
func (p *play) tellsNothing(v *visit, said string) {
	for _, secret := range []string{fleetPassword, accountPassword} {
		if strings.Contains(strings.ToLower(said), strings.ToLower(secret)) {
			p.find(v, "", "a secret is shown: %s", said)
		}
	}
}

// playOut plays combinations, and fails for each that does not end well, with the smallest set of its habits that fails. An import
// reads so many kinds of settings, in turn.
func playOut(t *testing.T, all []combination, secure bool, reads int) {
	t.Helper()
	const together = 256
	for n, from := 0, 0; from < len(all); n, from = n+1, from+together {
		some := all[from:min(from+together, len(all))]
		kinds := slices.Concat(small, small)[n%len(small):][:reads]
		wrong := playAll(t, some, secure, kinds)
		for _, n := range slices.Sorted(maps.Keys(wrong)) {
			if n < 0 {
				t.Errorf("combinations from %d: %q", from, wrong[n])
				continue
			}
			c, what := shrink(t, some[n], wrong[n], secure, kinds)
			t.Errorf("TLS %t, %s\n  %s", secure, c, strings.Join(what, "\n  "))
		}
	}
}

// shrink leaves habits out as long as the combination fails without them.
func shrink(t *testing.T, c combination, wrong []string, secure bool, reads []string) (combination, []string) {
	for i := 0; i < len(c.habits); i++ {
		fewer := c
		fewer.habits = slices.Delete(slices.Clone(c.habits), i, i+1)
		if still := playAll(t, []combination{fewer}, secure, reads)[0]; len(still) > 0 {
			c, wrong, i = fewer, still, -1
		}
	}
	return c, wrong
}

// pairs are combinations in which every two habits that can be seen together meet.
func pairs(t testing.TB) []combination {
	all := habitsOf(t)
	models := simulator.Models()
	var list []combination
	for n, row := range covering(len(all), 4, seenTogether(all)) {
		c := combination{model: models[n%len(models)], turn: n, wanted: 3}
		for _, x := range row {
			c.habits = append(c.habits, all[x])
		}
		list = append(list, c)
	}
	return list
}

// TestEveryTwoHabitsOfADeviceMeet: what was said to be done is there, nothing else is changed, nothing is left to do after it, no attempt
// to log in is spent that matters, and no secret is shown.
func TestEveryTwoHabitsOfADeviceMeet(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // hundreds of devices live for moments
	all := pairs(t)
	t.Logf("%d combinations", len(all))
	playOut(t, thorough.Spread(all, thorough.Pick(32, 160, thorough.All)), false, len(small))
}

// TestDevicesWithAnyHabitsAreTreatedAlike plays random combinations, the same every time, in clear and over TLS.
func TestDevicesWithAnyHabitsAreTreatedAlike(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // thousands of devices live for moments
	habits, models := habitsOf(t), simulator.Models()
	random := rand.New(rand.NewPCG(13, 5000))
	draw := func(n, wanted int) []combination {
		all := make([]combination, n)
		for i := range all {
			all[i] = combination{model: models[random.IntN(len(models))], turn: random.IntN(1000), wanted: wanted}
			for _, x := range random.Perm(len(habits))[:1+random.IntN(5)] {
				all[i].habits = append(all[i].habits, habits[x])
			}
		}
		return all
	}
	playOut(t, draw(thorough.Pick(8, 32, 200), 2), true, 3)
	playOut(t, draw(thorough.Pick(0, 64, 5000), 1), false, 1)
}
