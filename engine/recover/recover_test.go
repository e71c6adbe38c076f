package recover

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/config"
	"camform/engine/inventory"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const serial = "DS-2CD0000-I20260101AAWR000000001"

func opened(t testing.TB) Case {
	t.Helper()
	device, err := schema.ParseDevice(`device.gate["north"]`)
	if err != nil {
		t.Fatal(err)
	}
	return Case{
		ID: "7f3a2b", Device: device, Identity: providers.Identity{Serial: serial, MAC: "44:47:cc:00:00:01", Model: "DS-2CD0000-I"},
		Opened: noon, By: "kim", Generation: 1, Custody: Here,
	}
}

// facts are those of a device whose two passwords are in the vault, and about which everything is on record.
func facts() Facts {
	return Facts{
		Now: noon.Add(time.Hour), Configured: 12,
		Record: inventory.Record{Ownership: config.Ownership{
			Owner: "Example Ltd", Custodian: "Kim", PurchasedFrom: "Shop", Invoice: "1", LabelPhoto: "label.jpg",
		}},
		Passwords: Passwords{Current: "vault:gate@2", Previous: "vault:gate@1", Left: providers.RemainingUnknown},
	}
}

// withheld are facts of logins that would not be made for some time.
func withheld(d time.Duration, steps ...string) func(*Facts) {
	return func(f *Facts) {
		f.Passwords.Withheld = map[string]Withheld{}
		for _, step := range steps {
			f.Passwords.Withheld[step] = Withheld{f.Now.Add(d), "withheld"}
		}
	}
}

// event is an event a minute after the one before; a text such as "guid_file failed left=1" says what happened.
func (c Case) and(text string) Case {
	words := strings.Fields(text)
	e := Event{At: c.Opened.Add(time.Duration(len(c.Events)+1) * time.Minute), Who: "kim", Step: words[0], Kind: Kind(words[1]), Data: map[string]string{}}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		e.Data[name] = value
	}
	return c.With(e)
}

func played(t testing.TB, story ...string) Case {
	t.Helper()
	c := opened(t)
	for _, text := range story {
		c = c.and(text)
	}
	return c
}

const (
	verified = "verify done answered=yes boot_time=1 resets=guid_file,questions,support_file"
	noLogin  = "current failed;previous failed;typed skipped"
	ready    = verified + ";" + noLogin + ";consumers done;recordings skipped"
	asked    = ready + ";guid_file skipped;questions skipped;email skipped;app skipped;menu skipped;code begun;code done answered=yes boot_time=1"
	answered = asked + ";bundle done;handed_over done;answer done"
	in       = "wait done answered=yes activated=yes boot_time=2;new done"
)

func story(texts ...string) []string {
	return strings.Split(strings.Join(texts, ";"), ";")
}

func TestNextNamesTheOneThingToDo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		story []string
		facts func(*Facts)
		want  string // name and state of the next step, and whether it needs a reason
	}{
		{"a new case", nil, nil, "verify ready"},
		{"a failed proof", story("verify failed"), nil, "verify ready"},
		{"verified", story(verified), nil, "current ready"},
		{"no password", story(verified), func(f *Facts) { f.Passwords.Current, f.Passwords.Previous = "", "" }, "typed ready"},
		{"a login begun", story(verified, "current begun"), nil, "current begun again"},
		{"the first refused", story(verified, "current begun", "current failed"), nil, "previous ready"},
		{"three attempts left", story(verified), func(f *Facts) { f.Passwords.Left = 3 }, "current ready"},
		{"a lock that ends while a reset is under way", story(verified, "consumers done;recordings done;guid_file begun"), nil, "guid_file begun"},
		{"a lock that ends after a reset failed", story(verified, "consumers done;recordings done;guid_file begun;guid_file failed"), nil, "current ready"},
		{"a lock that ends while support works", strings.Split(strings.ReplaceAll(asked, noLogin+";", ""), ";"), nil, "bundle ready"},
		{"two attempts left", story(verified), func(f *Facts) { f.Passwords.Left = 2 }, "consumers ready"},
		{"locked", story(verified), withheld(time.Minute, Current, Previous, Typed), "consumers ready"},
		{"lock over", story(verified), withheld(0, Current, Previous, Typed), "current ready"},
		{"a password that was refused lately", story(verified), withheld(time.Minute, Current), "previous ready"},
		{"a run may not, a person may", story(verified), withheld(time.Minute, Current, Previous), "typed ready"},
		{"a login that was withheld", story(verified, "current begun;current failed spent=no until=2026-05-01T13:00:01Z"), nil, "previous ready"},
		{"a login that was withheld before", story(verified, "current begun;current failed spent=no until=2026-05-01T13:00:00Z"), nil, "current ready"},
		{"a login that works", story(verified, "current done"), nil, "restore ready"},
		{"an older login that works", story(verified, "current failed", "previous done"), nil, "rotate ready"},
		{"no login", story(verified, noLogin), nil, "consumers ready"},
		{"consumers told", story(verified, noLogin, "consumers done"), nil, "recordings ready"},
		{"the least loss first", story(ready), nil, "guid_file ready"},
		{"a reset begun", story(ready, "guid_file begun"), nil, "guid_file begun"},
		{"a login that did not come to it", story(verified, "current begun;current failed spent=no"), nil, "current ready"},
		{
			"an option whose hold is over while a later one is under way",
			story(ready, "guid_file begun;guid_file failed spent=no left=2;questions begun"), func(f *Facts) { f.Now = f.Now.Add(2 * time.Hour) }, "questions begun",
		},
		{"a reset that failed", story(ready, "guid_file begun", "guid_file failed"), nil, "questions ready"},
		{"what the device lacks", story(ready, "guid_file skipped", "questions skipped"), nil, "app ready"},
		{"a device that did not say", story("verify done", noLogin, "consumers done", "recordings done", "guid_file skipped", "questions skipped"), nil, "email ready"},
		{"a device that says over HTTP what it has", story("verify done answered=yes ways=questions lacks=guid_file,email", noLogin, "consumers done", "recordings done"), nil, "questions ready"},
		{"a device that says over HTTP what it lacks, and nothing of the rest", story("verify done answered=yes lacks=guid_file,questions,email", noLogin, "consumers done", "recordings done"), nil, "app ready"},
		{"a device that lacks the app", story("verify done answered=yes lacks=guid_file,questions,email,app", noLogin, "consumers done", "recordings done;menu skipped"), nil, "code ready"},
		{"nothing built in", story(ready, "guid_file skipped;questions skipped;app skipped;menu skipped"), nil, "code ready"},
		{"support cannot", story("verify done answered=yes resets=guid_file", noLogin, "consumers done;recordings done;guid_file skipped;app skipped;menu skipped"), nil, "button ready"},
		{"a code begun", story(ready, "guid_file skipped;questions skipped;app skipped;menu skipped;code begun"), nil, "code begun again"},
		{"a code", story(asked), nil, "bundle ready"},
		{"a bundle", story(asked, "bundle done"), nil, "handed_over ready"},
		{"handed over", story(asked, "bundle done;handed_over done"), nil, "answer ready"},
		{"an answer", story(answered), nil, "support ready"},
		{"no answer", story(asked, "bundle done;handed_over done;answer skipped"), nil, "button ready"},
		{"an answer too late", story(answered), func(f *Facts) { f.Now = f.Now.Add(48 * time.Hour) }, "code ready again"},
		{"a restart", story(answered, "seen told answered=yes boot_time=2"), nil, "code ready again"},
		{"no restart", story(answered, "seen told answered=yes boot_time=1"), nil, "support ready"},
		{
			"a request that expires while the device is reset", story(asked, "bundle done;handed_over done;answer skipped;button begun"),
			func(f *Facts) { f.Now = f.Now.Add(48 * time.Hour) }, "button begun",
		},
		{"an answer that was refused", story(answered, "support begun;support failed"), nil, "button ready"},
		{"asked again", story(answered, "seen told answered=yes boot_time=2", "code begun", "code done answered=yes boot_time=2"), nil, "bundle ready"},
		{"reset", story(ready, "guid_file done"), nil, "wait ready"},
		{"reset, and it does not answer", story(ready, "guid_file done", "wait failed answered=no"), nil, "wait ready"},
		{"it answers", story(ready, "guid_file done", "wait done answered=yes activated=yes"), nil, "new ready"},
		{"a password that is refused", story(ready, "guid_file done", "wait done activated=yes", "new begun;new failed"), nil, "new ready again"},
		{"a password that may have been tried", story(ready, "guid_file done", "wait done activated=yes", "new begun"), nil, "new ready again"},
		{"reset after all not", story(ready, "guid_file done", "wait done activated=yes", "new failed", "guid_file failed"), nil, "questions ready"},
		{"proven", story(ready, "guid_file done", in), nil, "rotate ready"},
		{"proven by a login", story(ready, "guid_file done", "wait done activated=yes"), func(f *Facts) { f.Passwords.Proven = f.Now }, "rotate ready"},
		{"rotated", story(ready, "guid_file done", in), func(f *Facts) { f.Passwords.Generated, f.Passwords.Proven = true, f.Now }, "restore ready"},
		{"wiped", story(ready, "guid_file done", "wait done answered=yes activated=no"), nil, "activate ready"},
		{"activated", story(ready, "guid_file done", "wait done answered=yes activated=no"), func(f *Facts) {
			f.Passwords.Generated, f.Passwords.Proven = true, f.Now
		}, "restore ready"},
		{"hardened", story(verified, "current done;restore done;online done;log done;network done;firmware done;baseline done;accounts done;backup done",
			"prepared skipped;review done;alarms skipped;record done;card done"), nil, "close ready"},
	} {
		f := facts()
		if tt.facts != nil {
			tt.facts(&f)
		}
		next := Next(played(t, tt.story...), f)
		got := next.Name + " " + string(next.State)
		if next.Again {
			got += " again"
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// What next names can be done in the state in which it is named.
func TestNextNamesCommandsThatLeadOn(t *testing.T) {
	recovered := story(verified, "current done;restore done")
	hardened := append(slices.Clone(recovered), story("online done;log done;network done;firmware done;baseline done;accounts done")...)
	wiped := story(ready, "guid_file done", "wait done answered=yes activated=no")
	seen := func(f *Facts) { f.Record.LastSeen = noon }
	rotating := func(f *Facts) {
		f.Passwords.Rotating, f.Passwords.Generated, f.Passwords.Proven = "camform rotate -due", true, f.Now
	}
	for _, tt := range []struct {
		name  string
		story []string
		facts func(*Facts)
		want  string // the first of the commands begins so
	}{
		{"who uses the device has it again", recovered, nil, "camform recover prove "},
		{"the device's own log", append(slices.Clone(recovered), story("online done")...), nil, "camform recover prove "},
		{"a new backup", hardened, nil, "camform backup "},
		{"a backup of before", hardened, func(f *Facts) { f.Backup = Kept{Name: "a", Taken: noon} }, "camform backup "},
		{"a backup that was taken", hardened, func(f *Facts) { f.Backup = Kept{Name: "a", Taken: f.Now} }, "camform recover prove "},
		{"a device that may be prepared already", append(slices.Clone(hardened), "backup done"), nil, "camform recover prove "},
		{"a new recovery file", append(slices.Clone(hardened), "backup done", "prepared found"), nil, "camform recover prepare 'device"},
		{"a recovery file that was given out", append(slices.Clone(hardened), "backup done"), func(f *Facts) { f.Exported = f.Now }, "camform recover prove "},
		{
			"the code for support",
			story(verified, "current failed;previous failed;typed skipped;consumers done;recordings done;guid_file failed;questions skipped;email skipped;app skipped;menu skipped"),
			nil, "camform recover request -interface IF ",
		},
		{"verified as it was asked before", story("verify failed asked=-target_192.0.2.7"), nil, "camform recover verify on_site='NAME' second='NAME' -target_192.0.2.7 "},
		{"awaited as it was asked before", story("verify done asked=-target_192.0.2.7", noLogin, "consumers done;recordings done;guid_file done"), nil, "camform recover wait -target_192.0.2.7 "},
		{"awaited in another state", story("verify done asked=-target_192.0.2.7", noLogin, "consumers done;recordings done;handover done;guid_file done"), nil, "camform recover wait -case "},
		{
			"the code for support as it was asked before",
			story("verify done asked=-target_192.0.2.7", noLogin, "consumers done;recordings done;guid_file failed;questions skipped;email skipped;app skipped;menu skipped"),
			nil, "camform recover request -target_192.0.2.7 ",
		},
		{"a case of a device without a password", story(verified + " activated=no"), nil, "camform recover close -reason "},
		{"a wiped device that was seen before", wiped, seen, "camform state forget "},
		{"one that is forgotten", wiped, nil, "camform plan -target "},
		{"an activation that did not end", wiped, func(f *Facts) { seen(f); f.Passwords.Activating = "camform apply" }, "camform apply"},
		{"a rotation that did not end before", story(verified), rotating, "camform rotate -due"},
		{"a rotation that did not end", story(ready, "guid_file done", in), rotating, "camform rotate -due"},
		{"a rotation that did not end, by our own password", story(verified, "current done"), rotating, "camform rotate -due"},
	} {
		f := facts()
		if tt.facts != nil {
			tt.facts(&f)
		}
		next := Next(played(t, tt.story...), f)
		if len(next.Commands) == 0 || !strings.HasPrefix(next.Commands[0], tt.want) {
			t.Errorf("%s: the step %s names %q, and not %q", tt.name, next.Name, next.Commands, tt.want)
		}
		for _, command := range next.Commands {
			if strings.HasPrefix(command, "camform recover prepare ") && strings.Contains(command, " -case ") {
				t.Errorf("%s: %s takes no case", tt.name, command)
			}
		}
	}
	blank := facts()
	seen(&blank)
	if next := Next(played(t, story(verified+" activated=no")...), blank); len(next.Commands) < 2 || !strings.HasPrefix(next.Commands[1], "camform state forget ") {
		t.Errorf("a device without a password: %q", next.Commands)
	}
	if next := Next(played(t, story(verified+" activated=yes")...), facts()); len(next.Commands) != 1 || !strings.HasPrefix(next.Commands[0], "camform recover try current ") {
		t.Errorf("a device with a password: %q", next.Commands)
	}
}

// A case in any order of events has one next step, and says of it who, what and why.
func TestEveryHistoryHasOneNextStep(t *testing.T) {
	names := make([]string, 0, 40)
	for _, s := range Steps(opened(t), facts()) {
		names = append(names, s.Name)
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(names) {
		t.Fatal("a step is there twice")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		c := opened(t)
		for range random.IntN(40) {
			if random.IntN(3) > 0 { // most of the time as it should be
				next := Next(c, facts())
				c = c.and(fmt.Sprintf("%s %s activated=%s", next.Name, []string{"begun", "done", "failed", "skipped"}[random.IntN(4)], []string{"yes", "no"}[random.IntN(2)]))
				continue
			}
			c = c.and(names[random.IntN(len(names))] + " " + []string{"begun", "done", "failed", "skipped", "told"}[random.IntN(5)])
		}
		open := 0
		for _, s := range Steps(c, facts()) {
			if s.State == Ready || s.State == Underway {
				open++
			}
			if s.What == "" || s.Why == "" || s.Who == "" || s.State == "" {
				t.Fatalf("%s lacks something: %+v", s.Name, s)
			}
		}
		if open != 1 {
			t.Fatalf("%d next steps after %+v", open, c.Events)
		}
	}
}

func TestACaseThatIsNotHereHasNothingToDo(t *testing.T) {
	for _, custody := range []Custody{Away, Closed} {
		c := opened(t)
		c.Custody = custody
		if next := Next(c, facts()); next.State != Absent || !strings.Contains(next.Note, string(custody)) {
			t.Errorf("%s: %+v", custody, next)
		}
	}
}

// Seven wrong GUID files lock that way for half an hour: the sixth is not tried.
func TestTheLastTwoTriesOfAnOptionAreKept(t *testing.T) {
	for _, tt := range []struct {
		story []string
		later time.Duration
		want  string
	}{
		{slices.Repeat(story("guid_file begun", "guid_file failed"), 4), 0, "failed"},
		{slices.Repeat(story("guid_file begun", "guid_file failed"), 5), 0, "held"},
		{slices.Repeat(story("guid_file begun", "guid_file failed spent=no"), 9), 0, "ready"},
		{slices.Repeat(story("guid_file begun"), 5), 0, "begun"},
		{slices.Repeat(story("guid_file begun", "guid_file failed"), 5), 30 * time.Minute, "failed"},
		{append(slices.Repeat(story("guid_file begun"), 6), "guid_file failed spent=no"), 0, "held"},
		{story("guid_file failed left=2"), 0, "held"},
		{story("guid_file failed left=3"), 0, "failed"},
		{story("guid_file failed left=2"), 30 * time.Minute, "failed"},
		{slices.Repeat(story("questions begun", "questions failed"), 3), 0, "ready"},
	} {
		c := played(t, append(story(ready), tt.story...)...)
		f := facts()
		f.Now = c.Events[len(c.Events)-1].At.Add(tt.later)
		if s, _ := Find(c, f, GUIDFile); string(s.State) != tt.want {
			t.Errorf("%v: the file is %s (%s), want %s", tt.story[0], s.State, s.Note, tt.want)
		}
	}
	c := played(t, append(story(ready), slices.Repeat(story("questions begun", "questions failed"), 3)...)...)
	if s, _ := Find(c, facts(), Questions); s.State != Refused { // an hour later
		t.Errorf("the questions are %s", s.State)
	}
	f := facts()
	f.Now = c.Events[len(c.Events)-1].At
	if s, _ := Find(c, f, Questions); s.State != Held {
		t.Errorf("the questions are %s after three wrong answers", s.State)
	}
}

func TestARequestHoldsTheDeviceUntilItIsOver(t *testing.T) {
	for _, tt := range []struct {
		name  string
		story []string
		later time.Duration
		want  bool
	}{
		{"none", story(ready), 0, false},
		{"perhaps", story(ready, "code begun"), 0, true},
		{"refused", story(ready, "code begun", "code failed"), 0, false},
		{"open", story(asked), 0, true},
		{"open for a day", story(asked), 47 * time.Hour, true},
		{"expired", story(asked), 49 * time.Hour, false},
		{"void", story(asked, "seen told answered=yes boot_time=2"), 0, false},
		{"being used", story(answered, "support begun"), 0, true},
		{"used", story(answered, "support begun", "support done"), 0, false},
		{"needless", story(asked, "typed begun", "typed done"), 0, false},
	} {
		c := played(t, tt.story...)
		if got := Spoils(c, noon.Add(time.Hour+tt.later)); (got != "") != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
		c.Custody = Closed
		if got := Spoils(c, noon.Add(time.Hour)); got != "" {
			t.Errorf("%s, and closed: %q", tt.name, got)
		}
	}
	if p, _ := PendingIn(played(t, story(asked)...), noon.Add(25*time.Hour)); !p.Warn || p.Expired {
		t.Errorf("after a day: %+v", p)
	}
}

func TestADeviceIsTheOneOfTheCaseOrUnverified(t *testing.T) {
	found := Evidence{Answered: "yes", Serial: serial, MAC: "44-47-CC-00-00-01", Model: "DS-2CD0000-I"}
	said := map[string]string{"on_site": "Kim", "second": "Lee"}
	if got := Unverified(opened(t), facts(), found, said); got != nil {
		t.Fatalf("all is well, and yet: %v", got)
	}
	for _, tt := range []struct {
		name   string
		change func(c *Case, f *Facts, e Evidence, said map[string]string)
		want   string
	}{
		{"nobody on site", func(_ *Case, _ *Facts, _ Evidence, said map[string]string) { delete(said, "on_site") }, "needs on_site"},
		{"one person", func(_ *Case, _ *Facts, _ Evidence, said map[string]string) { delete(said, "second") }, "either second"},
		{"another serial number", func(_ *Case, _ *Facts, e Evidence, _ map[string]string) { e[Serial] = "X" }, "a different device: its serial number"},
		{"another MAC", func(_ *Case, _ *Facts, e Evidence, _ map[string]string) { e[MAC] = "44:47:cc:00:00:02" }, "a different device: its MAC"},
		{"another model", func(_ *Case, _ *Facts, e Evidence, _ map[string]string) { e[Model] = "X" }, "a different device: its model"},
		{"another label", func(_ *Case, _ *Facts, _ Evidence, said map[string]string) { said["label"] = "X" }, "on the label is X"},
		{"no answer", func(_ *Case, _ *Facts, e Evidence, _ map[string]string) { clear(e) }, "does not answer"},
		{"no serial number on record", func(c *Case, _ *Facts, _ Evidence, _ map[string]string) { c.Identity.Serial = "" }, "no serial number for it"},
		{"a public address", func(_ *Case, _ *Facts, e Evidence, _ map[string]string) { e[Routes] = "203.0.113.7 is public" }, "203.0.113.7 is public"},
		{"no invoice", func(_ *Case, f *Facts, _ Evidence, _ map[string]string) { f.Record.Invoice = "" }, "lacks invoice"},
		{"a warranty", func(_ *Case, f *Facts, _ Evidence, _ map[string]string) { f.Record.WarrantyUntil = "2026-05-01" }, "warranty until 2026-05-01"},
		{"a contract", func(_ *Case, f *Facts, _ Evidence, _ map[string]string) { f.Record.ContractUntil = "2027-05-01" }, "contract until"},
	} {
		c, f, e, s := opened(t), facts(), Evidence{}, map[string]string{}
		for name, value := range found {
			e[name] = value
		}
		for name, value := range said {
			s[name] = value
		}
		tt.change(&c, &f, e, s)
		if got := Unverified(c, f, e, s); len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	f := facts()
	f.Record.Invoice, f.Record.WarrantyUntil = "", "2026-04-30"
	said["accept_missing"], said["accept_route"] = "lost", "VPN"
	found[Routes] = "a route"
	if got := Unverified(opened(t), f, found, said); got != nil {
		t.Errorf("accepted by name, and over: %v", got)
	}
	if got := Unverified(opened(t), facts(), Evidence{}, map[string]string{"on_site": "Kim", "alone": "night", "label": serial}); got != nil {
		t.Errorf("a label instead of an answer: %v", got)
	}
}

func TestAChannelThatIsPublicIsRefused(t *testing.T) {
	for _, tt := range []struct {
		step, said, want string
	}{
		{HandedOver, "to=Support channel=portal", ""},
		{HandedOver, "to=Support channel=chat", "not allowed"},
		{HandedOver, "channel=portal", "needs to"},
		{GUIDFile, "tool=X", ""},
		{GUIDFile, "", "needs tool"},
		{GUIDFile, "tool=X speed=9", "has no speed"},
		{Alarms, "", ""},
	} {
		said := map[string]string{}
		for _, word := range strings.Fields(tt.said) {
			name, value, _ := strings.Cut(word, "=")
			said[name] = value
		}
		if err := CheckFields(tt.step, said); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v", tt.step, tt.said, err)
		}
	}
}

func TestWhatIsLostIsToldBefore(t *testing.T) {
	lost := func(f Facts) (names []string) {
		for _, r := range Returns(f) {
			if r.Back == "" {
				names = append(names, r.What)
			}
		}
		return names
	}
	f := facts()
	f.Configured = 0
	if got := lost(f); len(got) != 6 {
		t.Errorf("without anything: %v", got)
	}
	f.Backup = Kept{Name: "0123456789ab", Taken: noon}
	f.Consumers = []Consumer{{Name: "device.recorder.channel.1"}}
	if got := lost(f); len(got) != 2 {
		t.Errorf("with a backup: %v", got)
	}
	f.Configured = 3
	if got := lost(f); len(got) != 1 {
		t.Errorf("with both: %v", got)
	}
}

func TestACaseIsReadAsItWasWritten(t *testing.T) {
	c := played(t, story(answered)...)
	c.Events[1].Files = []File{{"Device.xml", "00", 7, "device_export"}}
	text, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := Encode(again); string(second) != string(text) || again.Device != c.Device {
		t.Errorf("got %s", second)
	}
	for _, bad := range []string{
		"", "{}", `{"camform_case":2}`, strings.Replace(string(text), `device.gate`, `?`, 1),
		strings.Replace(string(text), `"id":"`, `"id":"$(reboot)`, 1), strings.Replace(string(text), `"generation":1`, `"generation":0`, 1),
	} {
		if _, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%.40s was read", bad)
		}
	}
}

// A date that nobody can read never comes.
func TestWhatIsSaidToBeDoneIsHeldAgainstWhatIsKnown(t *testing.T) {
	for date, ok := range map[string]bool{"2027-05-31": true, "soon": false, "31.5.2027": false, "": false} {
		if err := CheckFields(Review, map[string]string{"due": date}); (err == nil) != ok {
			t.Errorf("due=%s: %v", date, err)
		}
	}
}
