package recover

import (
	"strings"
	"testing"
	"time"
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

// What is not known is never called good: only what camform saw as a whole is proven, and a person tells the rest.
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

// What camform can see is not told before it looked, and a look of before somebody got in says nothing.
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
