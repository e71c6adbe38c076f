package papers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/config"
	"camform/engine/inventory"
	"camform/engine/papers"
	"camform/engine/recover"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// story is a case that went all the way: support answered, the reset wiped the device, and everything is back.
func story() (recover.Case, recover.Facts) {
	c := recover.Case{
		ID: "7f3a2b", Device: schema.Device{Name: "recorder"}, Identity: providers.Identity{Serial: "DS-SERIAL-1", MAC: "44:47:cc:00:00:01", Model: "DS-7616"},
		URL: "https://192.0.2.5", Opened: noon, By: "kim@desk", Reason: "nobody knows the password since Ann left", Generation: 2, Custody: recover.Closed,
	}
	at := noon
	and := func(step string, kind recover.Kind, remark string, files []recover.File, data ...string) {
		at = at.Add(time.Minute)
		e := recover.Event{At: at, Who: "kim@desk", Step: step, Kind: kind, Remark: remark, Files: files, Data: map[string]string{}}
		for i := 0; i < len(data); i += 2 {
			e.Data[data[i]] = data[i+1]
		}
		c = c.With(e)
	}
	and(recover.Verify, recover.Done, "", nil, recover.Answered, "yes", recover.Serial, "DS-SERIAL-1", recover.BootTime, "2026-04-01 08:00:00", "on_site", "Bo the guard",
		"second", "Lee of security", "warranty", "expired, they said", "accept_missing", "the invoice burned", recover.Missing, "invoice")
	and(recover.Current, recover.Failed, "refused", nil)
	and(recover.Typed, recover.Skipped, "nobody remembers one", nil)
	and(recover.Consumers, recover.Done, "", nil, "notified", "the control room", "downtime", "two hours")
	and(recover.Recordings, recover.Done, "", nil, "range", "April 2026", "medium", "disk 7", "sha256", "aa11")
	and(recover.Code, recover.Done, "", []recover.File{{Name: "Device.xml", SHA256: "bb22", Size: 700, As: "device_export"}}, recover.Answered, "yes", recover.BootTime, "2026-04-01 08:00:00", "from", "Bo", "channel", "in_person")
	and(recover.HandedOver, recover.Done, "", nil, "to", "Example Distribution", "channel", "portal", "ref", "TICKET-9")
	and(recover.Answer, recover.Done, "", []recover.File{{Name: "answer.xml", SHA256: "cc33", Size: 900, As: "answer"}}, "from", "Example Distribution", "channel", "portal", "ref", "TICKET-9")
	and(recover.Support, recover.Done, "", nil, "tool", "SADP 3.1.0.9", "tool_sha256", "dd44")
	and(recover.Wait, recover.Done, "", nil, recover.Answered, "yes", recover.Activated, "no", recover.Seconds, "95")
	and(recover.Review, recover.Done, "", nil, "due", "2026-11-01")
	and(recover.Record, recover.Done, "", nil)
	and(recover.Card, recover.Done, "", nil, "read_by", "Bo, 1 May 2026")
	and(recover.Close, recover.Done, "", nil)
	f := recover.Facts{Now: at, Configured: 12, Record: inventory.Record{
		Site: "north", Location: "rack 2", Identity: providers.Identity{Serial: "DS-SERIAL-1", Model: "DS-7616", Firmware: "V4.61"},
		Ownership: config.Ownership{Owner: "Example Ltd", Custodian: "Kim Doe", PurchasedFrom: "Shop & Son", LabelPhoto: "label.jpg", Warranty: "W-1", WarrantyUntil: "2025-01-01"},
	}, Backup: recover.Kept{Name: "0123456789ab", Taken: noon, Documents: 40}, Contacts: []recover.Contact{{Name: "Example Distribution", Channels: []string{"portal"}}}}
	return c, f
}

func text(t *testing.T, p papers.Paper, section string) string {
	t.Helper()
	i := slices.IndexFunc(p.Sections, func(s papers.Section) bool { return s.ID == section })
	if i < 0 {
		t.Fatalf("there is no section %s", section)
	}
	var b strings.Builder
	for _, e := range p.Sections[i].Entries {
		b.WriteString(e.Name + ": " + e.Text + "\n")
	}
	for _, row := range p.Sections[i].Rows {
		b.WriteString(strings.Join(row, " | ") + "\n")
	}
	return b.String() + strings.Join(p.Sections[i].Sentences, "\n")
}

// Somebody who asks later finds in the record who did what, on whose approval, and with what outcome.
func TestTheRecordHasEveryField(t *testing.T) {
	c, f := story()
	p := papers.Change(c, f)
	for section, wants := range map[string][]string{
		"case":      {"by: kim@desk", "reason: nobody knows the password since Ann left", "opened: 2026-05-01 12:00:00 UTC", "custody: closed, generation 2", "closed: 2026-05-01 12:14:00 UTC, by kim@desk"},
		"device":    {"serial: DS-SERIAL-1", "firmware: V4.61", "place: north, rack 2", "mac: not on record"},
		"approval":  {"verified_by: kim@desk, 2026-05-01 12:01:00 UTC", "second: Lee of security", "on_site: Bo the guard"},
		"ownership": {"owner: Example Ltd", "purchased_from: Shop & Son", "invoice: not on record", "evidence: serial DS-SERIAL-1", "missing: invoice: the invoice burned", "route: nothing"},
		"method":    {"current | failed", "support | done | 2026-05-01 12:09:00 UTC | kim@desk | SADP 3.1.0.9 | dd44", "typed | skipped"},
		"files": {
			"Device.xml | device_export | Bo |  | in_person", "the request | bundle |  | Example Distribution | portal | TICKET-9 | 2026-05-01 12:07:00 UTC",
			"answer.xml | answer | Example Distribution |  | portal | TICKET-9 | 2026-05-01 12:08:00 UTC | kim@desk | cc33 | 900",
		},
		"remarks": {"warranty: W-1 until 2025-01-01", "contract: not on record", "asked: expired, they said", "typed | 2026-05-01 12:03:00 UTC | kim@desk | nobody remembers one"},
		"outage":  {"downtime: two hours", "notified: the control room", "outage: from 2026-05-01 12:09:00 UTC to 2026-05-01 12:10:00 UTC, without an answer for 95 seconds", "recordings: exported: April 2026, on disk 7, SHA-256 aa11"},
		"lost":    {"declared settings | wiped | the configuration (12 settings)", "password of the administrator | changed | a new one, in the vault"},
		"changed": {"review: reported by kim@desk, 2026-05-01 12:11:00 UTC; due=2026-11-01", "card: reported by kim@desk, 2026-05-01 12:13:00 UTC; read_by=Bo, 1 May 2026", "baseline: not on record"},
		"events":  {"support | done | tool=SADP 3.1.0.9, tool_sha256=dd44", "file Device.xml (device_export)"},
	} {
		have := text(t, p, section)
		for _, want := range wants {
			if !strings.Contains(have, want) {
				t.Errorf("%s lacks %q:\n%s", section, want, have)
			}
		}
	}
}

// What nobody saw is not called kept, and what nobody did is not called lost.
func TestI12TheRecordCallsNothingKeptThatNobodySaw(t *testing.T) {
	c, f := story()
	whole := c.Events
	for name, tc := range map[string]struct {
		events []recover.Event
		want   string
	}{
		"wiped":          {whole, "declared settings | wiped"},
		"not seen again": {whole[:9], "declared settings | not on record: nobody saw whether the reset wiped the device"},
		"no reset":       {whole[:8], "nothing was lost"},
		"not wiped": {append(slices.Clone(whole[:9]), recover.Event{
			At: noon.Add(time.Hour), Step: recover.Wait, Kind: recover.Done, Data: map[string]string{recover.Activated: "yes"},
		}), "declared settings | kept | \n"},
		"seen before only": {append(slices.Clone(whole[:9]), recover.Event{
			At: noon, Step: recover.Wait, Kind: recover.Done, Data: map[string]string{recover.Activated: "yes"},
		}), "not on record: nobody saw"},
	} {
		c.Events = tc.events
		if have := text(t, papers.Change(c, f), "lost"); !strings.Contains(have, tc.want) {
			t.Errorf("%s: %s", name, have)
		}
	}
	c.Events = nil
	p := papers.Change(c, f)
	for section, want := range map[string]string{"approval": "verified_by: not on record", "method": "No way was tried.", "files": "No file was exchanged.", "outage": "recordings: not on record"} {
		if have := text(t, p, section); !strings.Contains(have, want) {
			t.Errorf("of nothing, %s says %s", section, have)
		}
	}
}

// The record is the same text whenever it is written: that it was written is no part of it.
func TestTheRecordIsTheSameEachTime(t *testing.T) {
	c, f := story()
	if have := text(t, papers.Change(c, f), "events"); strings.Contains(have, "| record |") || strings.Count(have, "\n") != len(c.Events)-1 {
		t.Errorf("%s", have)
	}
}

func TestI1EveryTextOfAPaperIsBlanked(t *testing.T) {
	const secret = "Correct-Horse-7"
	c, f := story()
	c.Reason = "it was " + secret
	for i := range c.Events {
		c.Events[i].Remark, c.Events[i].Who = secret, secret
		c.Events[i].Data["tool"] = secret
		if len(c.Events[i].Files) > 0 {
			c.Events[i].Files = []recover.File{{Name: secret, As: "answer"}}
		}
	}
	f.Record.Owner, f.Contacts[0].Name = secret, secret
	blank := func(text string) string { return strings.ReplaceAll(text, secret, "***") }
	for _, p := range []papers.Paper{papers.Change(c, f), papers.Card(c, f), papers.Request(c, f, papers.Requester{Name: secret}, []recover.File{{Name: secret}})} {
		whole := ""
		for _, s := range p.Sections {
			whole += text(t, p, s.ID)
		}
		if !strings.Contains(whole, secret) {
			t.Errorf("%s repeats nothing of the case", p.Kind)
		}
		p = p.Blanked(blank)
		whole = p.Title + p.Case + strings.Join(p.Lead, "") + p.Signed
		for _, s := range p.Sections {
			whole += text(t, p, s.ID)
		}
		if strings.Contains(whole, secret) {
			t.Errorf("%s has it: %s", p.Kind, whole)
		}
	}
}

// The card says while a request is open that nothing may spoil it, and never when one is over.
func TestTheCardWarnsOfAnOpenRequest(t *testing.T) {
	c, f := story()
	c.Custody, c.Events = recover.Here, c.Events[:8]
	if have := text(t, papers.Card(c, f), "do"); !strings.Contains(have, "open until 2026-05-03 12:06:00 UTC") {
		t.Error(have)
	}
	f.Now = noon.AddDate(0, 0, 3)
	if have := text(t, papers.Card(c, f), "do"); strings.Contains(have, "open until") {
		t.Error(have)
	}
	if have := text(t, papers.Card(c, f), "people"); !strings.Contains(have, "support: Example Distribution (portal)") {
		t.Error(have)
	}
}

func TestTheRequestHasWhatSupportAsksFor(t *testing.T) {
	c, f := story()
	c.Custody, c.Events = recover.Here, c.Events[:6]
	p := papers.Request(c, f, papers.Requester{Name: "Kim Doe", Email: "kim@example.com", Country: "DE", Role: "owner"}, []recover.File{{Name: "Device.xml", SHA256: "bb22"}})
	for section, wants := range map[string][]string{
		"requester": {"name: Kim Doe", "email: kim@example.com", "phone: not on record", "country: DE"},
		"device":    {"serial: DS-SERIAL-1", "model: DS-7616", "firmware: V4.61", "started: 2026-04-01 08:00:00 by the clock of the device", "code: 2026-05-01 12:06:00 UTC, good until 2026-05-03 12:06:00 UTC"},
		"ownership": {"purchased_from: Shop & Son", "invoice: not on record"},
		"reason":    {"nobody knows the password"},
		"files":     {"Device.xml | bb22"},
	} {
		for _, want := range wants {
			if have := text(t, p, section); !strings.Contains(have, want) {
				t.Errorf("%s lacks %q:\n%s", section, want, have)
			}
		}
	}
}

// The date that was said last counts, whichever case said it.
func TestTheLastReviewDateCounts(t *testing.T) {
	first, _ := story()
	second := first
	second.ID = "8"
	second.Events = []recover.Event{
		{At: noon.AddDate(0, 1, 0), Step: recover.Review, Kind: recover.Done, Data: map[string]string{"due": "2027-06-01"}},
		{At: noon.AddDate(0, 2, 0), Step: recover.Review, Kind: recover.Skipped, Data: map[string]string{"due": "2028-01-01"}},
		{At: noon.AddDate(0, 3, 0), Step: recover.Review, Kind: recover.Done, Data: map[string]string{"due": "soon"}},
	}
	for _, cases := range [][]recover.Case{{first, second}, {second, first}} {
		if due, by := papers.Due(cases); due.Format(time.DateOnly) != "2027-06-01" || by != "8" {
			t.Errorf("%s by %s", due, by)
		}
	}
	if due, _ := papers.Due(nil); !due.IsZero() {
		t.Errorf("of no case: %s", due)
	}
}

// What happened in a case is kept for its time from the last event on, and of a case that is open for as long as it is.
func TestCasesExpireAfterTheirLastEvent(t *testing.T) {
	ended, _ := story()
	last := papers.Last(ended)
	if last != noon.Add(14*time.Minute) {
		t.Errorf("the last event was at %s", last)
	}
	of := func(custody recover.Custody) recover.Case {
		c := ended
		c.Custody, c.ID = custody, string(custody)
		return c
	}
	all := []recover.Case{of(recover.Here), of(recover.Closed), of(recover.Away), of(recover.Purged)}
	for after, want := range map[time.Duration]int{time.Hour: 0, time.Hour + 1: 2} {
		if have := papers.Expired(all, last.Add(after), time.Hour); len(have) != want {
			t.Errorf("after %s: %v", after, have)
		}
	}
	empty := recover.Case{Opened: noon, Custody: recover.Closed}
	if len(papers.Expired([]recover.Case{empty}, noon.Add(2*time.Hour), time.Hour)) != 1 || len(all) != 4 {
		t.Error("a case without events has no end")
	}
}

// The record says of each step whether camform proved it, somebody told it, or nobody knows it.
func TestI12TheRecordSaysWhatIsProvenAndWhatWasTold(t *testing.T) {
	c, f := story()
	shown, away := recover.Finding{About: "channel 1", Verdict: recover.Good, Why: "online"}, recover.Finding{About: "vms", Verdict: recover.Unknown, Why: "unseen"}
	told := recover.Event{At: noon.Add(2 * time.Hour), Who: "bo", Step: recover.Online, Kind: recover.Done, Data: map[string]string{"confirmed_by": "Ann"}}
	left := recover.Event{At: noon.Add(2 * time.Hour), Who: "bo", Step: recover.Online, Kind: recover.Skipped, Remark: "no VMS"}
	for want, events := range map[string][]recover.Event{
		"online: proven, 2026-05-01 13:00:00 UTC, for kim; camform saw channel 1: online (good)":                                         {look(shown)},
		"online: not on record; camform saw channel 1: online (good); vms: unseen (unknown)":                                             {look(shown, away)},
		"online: reported by bo, 2026-05-01 14:00:00 UTC; confirmed_by=Ann; camform saw channel 1: online (good); vms: unseen (unknown)": {look(shown, away), told},
		"online: skipped, 2026-05-01 14:00:00 UTC, by bo: no VMS; camform saw channel 1: online (good); vms: unseen (unknown)":           {look(shown, away), left},
		"online: not on record\n": nil,
	} {
		c := c
		c.Events = slices.Concat(c.Events, events)
		if have := text(t, papers.Change(c, f), "changed"); !strings.Contains(have, want) {
			t.Errorf("it lacks %q:\n%s", want, have)
		}
	}
}

// look is a look of camform an hour after noon.
func look(findings ...recover.Finding) recover.Event {
	e := recover.Proof(recover.Online, findings)
	e.At, e.Who = noon.Add(time.Hour), "kim"
	return e
}
