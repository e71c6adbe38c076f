package recover

import (
	"strings"
	"testing"
	"time"

	"camform/providers"
)

// found is a look at a step, with findings such as "good channel.1; bad channel.2".
func found(step, findings string) Event {
	var all []Finding
	for text := range strings.SplitSeq(findings, ";") {
		if verdict, about, ok := strings.Cut(strings.TrimSpace(text), " "); ok {
			all = append(all, Finding{about, Verdict(verdict), "seen"})
		}
	}
	return Proof(step, all)
}

// What is not known is never called good: only what camform saw as a whole is proven, and the operator reports the rest.
func TestI12AStepIsProvenOnlyByAllThatIsSeen(t *testing.T) {
	recovered := story(verified, "current done;restore done")
	for _, tt := range []struct {
		step, findings string
		kind           Kind
		may            string // why a person may not tell it then; empty if one may
	}{
		{Online, "good channel.1; good channel.2", Done, ""},
		{Online, "", Found, ""},
		{Online, "good channel.1; unknown vms", Found, ""},
		{Online, "good channel.1; unknown vms; bad channel.2", Found, "camform saw channel.2: seen"},
	} {
		e := found(tt.step, tt.findings)
		c := played(t, recovered...).With(e)
		s, _ := Find(c, facts(), tt.step)
		if e.Kind != tt.kind || len(e.Findings) == 0 || (s.State == Over) != (tt.kind == Done) {
			t.Errorf("%q: the look is %s, and the step is %s", tt.findings, e.Kind, s.State)
		}
		if why := Premature(c, tt.step); (why == "") != (tt.may == "") || !strings.Contains(why, tt.may) {
			t.Errorf("%q: %q", tt.findings, why)
		}
		if tt.kind != Done && s.Note == "" {
			t.Errorf("%q: nothing says what is left", tt.findings)
		}
	}
}

// What camform can see may not be reported before it looked, and a look of before somebody got in says nothing.
func TestNobodyTellsWhatCamformCanSee(t *testing.T) {
	look := found(Online, "unknown vms")
	recovered := played(t, story(verified, "current done;restore done")...)
	for name, tt := range map[string]struct {
		c    Case
		want bool
	}{
		"no look":                     {recovered, false},
		"a look":                      {recovered.With(look), true},
		"a look before":               {opened(t).With(look).and("verify done").and("current done"), false},
		"a look before the reset":     {recovered.With(look).and("guid_file done"), false},
		"a later look is what counts": {recovered.With(found(Online, "bad channel.1")).With(look), true},
	} {
		if why := Premature(tt.c, Online); (why == "") != tt.want {
			t.Errorf("%s: %q", name, why)
		}
	}
	if why := Premature(recovered, Card); why != "" {
		t.Errorf("a step that camform cannot see: %q", why)
	}
}

// A backup of before the reset is no fresh one.
func TestABackupIsFreshAfterSomebodyGotIn(t *testing.T) {
	c, f := played(t, story(ready, "guid_file begun", "guid_file done", in)...), facts()
	reset := c.Events[len(c.Events)-3]
	for name, tt := range map[string]struct {
		backup Kept
		want   Verdict
	}{
		"none":   {Kept{}, Bad},
		"before": {Kept{"0123456789ab", reset.At.Add(-time.Minute), 7}, Bad},
		"after":  {Kept{"0123456789ab", reset.At.Add(time.Minute), 7}, Good},
	} {
		f.Backup = tt.backup
		if got := FreshBackup(c, f); len(got) != 1 || got[0].Verdict != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The device's own log proves a reset of this case, and nothing else does.
func TestI12TheLogOfTheDeviceProvesTheResetOfTheCase(t *testing.T) {
	entry := func(at time.Duration, resets bool) providers.LogEntry {
		return providers.LogEntry{At: noon.Add(at), Told: "at " + at.String(), What: "entry", User: "admin", Source: "192.0.2.9", Resets: resets}
	}
	reset, login := played(t, story(ready, "guid_file done", in)...), played(t, verified, "current done")
	timeless := entry(0, true)
	timeless.At = time.Time{}
	for _, tt := range []struct {
		name string
		c    Case
		log  providers.Log
		err  error
		want string
	}{
		{"a reset, and its record", reset, providers.Log{Entries: []providers.LogEntry{entry(time.Minute, false), entry(2*time.Minute, true)}, Complete: true}, nil, "good log"},
		{"a reset, by a clock that is a little slow", reset, providers.Log{Entries: []providers.LogEntry{entry(-time.Minute, true)}, Complete: true}, nil, "good log"},
		{"a reset without a record", reset, providers.Log{Entries: []providers.LogEntry{entry(time.Minute, false)}, Complete: true}, nil, "unknown log"},
		{"a reset, and an earlier record", reset, providers.Log{Entries: []providers.LogEntry{entry(-time.Hour, true)}, Complete: true}, nil, "unknown log;unknown earlier resets"},
		{"a reset, and a record without a time", reset, providers.Log{Entries: []providers.LogEntry{timeless}, Complete: true}, nil, "unknown log;unknown earlier resets"},
		{"a part of a log", reset, providers.Log{Entries: []providers.LogEntry{entry(time.Minute, true)}}, nil, "good log;unknown rest of the log"},
		{"nobody reset it", login, providers.Log{Entries: []providers.LogEntry{entry(time.Minute, false)}, Complete: true}, nil, "good log"},
		{"nobody says to have reset it", login, providers.Log{Entries: []providers.LogEntry{entry(time.Minute, true)}, Complete: true}, nil, "bad log"},
		{"no log", reset, providers.Log{}, providers.ErrUnsupported, "unknown log"},
		{"no answer", login, providers.Log{}, providers.ErrUnreachable, "unknown log"},
	} {
		var got []string
		for _, f := range DeviceLog(tt.c, tt.log, tt.err) {
			got = append(got, string(f.Verdict)+" "+f.About)
		}
		if text := strings.Join(got, ";"); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
	if span := LogSpan(reset, noon.Add(time.Hour)); !span.From.Before(noon) || !span.Until.After(noon.Add(time.Hour)) || span.Until.Sub(span.From) > 50*time.Hour {
		t.Errorf("the time of the case is searched from %s until %s", span.From, span.Until)
	}
}

// verdicts are findings as "verdict about", in their order.
func verdicts(all []Finding) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = string(f.Verdict) + " " + f.About
	}
	return strings.Join(texts, ";")
}

func TestI12ANetworkIsHeldAgainstWhatIsOnRecord(t *testing.T) {
	for _, tt := range []struct {
		p    Parameter
		want Verdict
		says string
	}{
		{Parameter{"gateway", "192.0.2.1", "the configuration", "192.0.2.1", true}, Good, "it is 192.0.2.1, as in the configuration"},
		{Parameter{"gateway", "192.0.2.1", "the backup", "192.0.2.9", false}, Bad, "it is 192.0.2.9 but should be 192.0.2.1 according to the backup"},
		{Parameter{"gateway", "", "", "192.0.2.9", false}, Unknown, "no record says"},
		{Parameter{"gateway", "192.0.2.1", "the backup", "", false}, Unknown, "the device does not say"},
		{Parameter{"gateway", "", "", "", false}, Unknown, "neither"},
	} {
		if got := Parameters([]Parameter{tt.p}); len(got) != 1 || got[0].Verdict != tt.want || !strings.Contains(got[0].Why, tt.says) {
			t.Errorf("%+v: %v", tt.p, got)
		}
	}
	if e := found(Network, "good gateway"); e.Kind != Found {
		t.Error("the port of the switch is proven, although only a person can see it")
	}
	if err := CheckFields(Network, map[string]string{"port": "7", "confirmed_by": "Kim"}); err == nil {
		t.Error("nobody says which VLAN the port is in")
	}
}

// After a reset the device is in the network in which it said to be before.
func TestI12ADeviceThatWasResetIsInItsNetwork(t *testing.T) {
	before := strings.Replace(ready, verified, verified+" subnet=192.0.2.0/24", 1)
	for text, want := range map[string]string{
		before + ";guid_file done;wait done answered=yes activated=yes subnet=192.0.2.0/24":   "good subnet",
		before + ";guid_file done;wait done answered=yes activated=yes subnet=192.168.1.0/24": "bad subnet",
		before + ";guid_file done;wait done answered=yes activated=yes":                       "unknown subnet",
		before + ";guid_file done": "unknown subnet",
		ready + ";guid_file done;wait done answered=yes activated=yes subnet=192.0.2.0/24": "",
		verified + " subnet=192.0.2.0/24;current done":                                     "",
	} {
		if got := verdicts(Parameters(played(t, story(text)...).Subnet())); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Firmware is good that the operator allows, with the hash of its image; an update of any other one has a date, or a reason.
func TestI12FirmwareIsGoodThatTheOperatorKnows(t *testing.T) {
	f := facts()
	f.Builds = []Build{{"V5.7.15 build 230313", "aa", "operator.hcl"}}
	for have, want := range map[string]string{
		"V5.7.15 build 230313": "good firmware", "v5.7.15 Build 230313": "good firmware", "V5.7.15 build 230314": "unknown firmware", "V5.7.15": "unknown firmware", "": "unknown firmware",
	} {
		if got := verdicts(f.Firmware(have)); got != want {
			t.Errorf("%q: %s, want %s", have, got, want)
		}
	}
	f.Affected = []string{"CVE-1"}
	if got := verdicts(f.Firmware("V5.7.15 build 230313")); got != "good firmware;unknown advisories" {
		t.Errorf("affected by an advisory: %s", got)
	}
	if e := Proof(Update, facts().Firmware("V5.7.15 build 230313")); e.Kind == Done {
		t.Error("without a list of the operator it is good")
	}
	for said, ok := range map[string]bool{"update=2027-05-31": true, "not_needed=replaced": true, "": false, "update=soon": false, "update=2027-05-31 not_needed=x": false} {
		fields := map[string]string{}
		for _, word := range strings.Fields(said) {
			name, value, _ := strings.Cut(word, "=")
			fields[name] = value
		}
		if err := CheckFields(Update, fields); (err == nil) != ok {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// What camform could not prove is reported together with how it is known.
func TestWhatIsToldInTheStepsAfterAResetIsExplained(t *testing.T) {
	for _, step := range provable {
		if step == Renewed {
			continue // camform knows all backups
		}
		if err := CheckFields(step, nil); err == nil {
			t.Errorf("%s is reported without a word", step)
		}
	}
}
