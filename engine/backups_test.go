package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine/backup"
	"camform/engine/learn"
	"camform/engine/thorough"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/simulator"
)

// folder is where a site keeps the backups of its devices.
func (s *site) folder() backup.Folder {
	key := s.store.Key
	return backup.Folder{Dir: s.TempDir(), Seal: key.Seal, Unseal: key.Unseal, Name: key.Name}
}

// backedUp backs all devices of the configuration up, and reads the files again.
func (s *site) backedUp() []*backup.Backup {
	s.Helper()
	made, problems := s.engine().Backup(context.Background(), s.cfg, nil)
	if len(problems) > 0 || len(made) != len(s.cfg.Devices) {
		s.Fatalf("%d backups of %d devices: %v", len(made), len(s.cfg.Devices), problems)
	}
	folder := s.folder()
	all := make([]*backup.Backup, len(made))
	for i, b := range made {
		entry, err := folder.Save(b)
		if err != nil {
			s.Fatal(err)
		}
		if all[i], err = folder.Open(entry.Name); err != nil {
			s.Fatal(err)
		}
	}
	return all
}

// amountsTo proves that the configuration which the backups of a fleet amount to plans to no change.
func amountsTo(t *testing.T, fleet *simulator.Fleet) {
	t.Helper()
	s := newSite(t, fleet, fleet.DialContext)
	s.write(s.survey(s.candidates()), learn.Import)
	kept := s.backedUp()
	read, err := s.engine().FromBackups(context.Background(), kept, s.provider.Kinds().All())
	if err != nil || len(read.LeftOut) > 0 || len(read.Devices) != len(kept) {
		t.Fatalf("%d of %d backups were read, and left out are %v: %v", len(read.Devices), len(kept), read.LeftOut, err)
	}
	s.write(read, learn.Import)
	s.asItIs(len(kept))
}

func TestWhatBackupsOfEveryModelAmountToPlansToNoChange(t *testing.T) {
	for _, secure := range thorough.Spread([]bool{false, true}, thorough.Pick(1, 1, thorough.All)) {
		t.Run(fmt.Sprintf("TLS=%t", secure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { amountsTo(t, newFleet(t, simulator.Options{TLS: secure})) })
		})
	}
}

func TestWhatBackupsOfEveryRecordedDeviceAmountToPlansToNoChange(t *testing.T) {
	thorough.OnlyUsual(t)
	dir := recordings(t)
	synctest.Test(t, func(t *testing.T) { amountsTo(t, newFleet(t, simulator.Options{Recordings: dir})) })
}

// A backup has what a device says, byte for byte, and says what it could not read. What a fault hides is not taken for missing.
func TestI12ABackupKnowsWhatItLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		s.write(s.survey(s.candidates()), learn.Import)
		const broken, denied = "/ISAPI/System/Network/UPnP", "/ISAPI/ContentMgmt/Storage"
		for path, rule := range map[string]simulator.Rule{
			broken: {Status: http.StatusInternalServerError, Code: "deviceError"},
			denied: {Status: http.StatusForbidden, Code: "notSupport"},
		} {
			rule.Action, rule.Method, rule.Path = simulator.Status, http.MethodGet, path
			if err := fleet.Devices()[0].Inject(rule); err != nil {
				t.Fatal(err)
			}
		}
		b := s.backedUp()[0]
		if _, found := b.Find(broken); found || b.Unread[broken] == "" {
			t.Errorf("of what is broken it says %q", b.Unread[broken])
		}
		if d, found := b.Find(denied); !found || d.Missing == "" {
			t.Errorf("what is denied is not missing: %+v", d)
		}
		d, found := b.Find("/ISAPI/Security/users")
		if want := fleet.Devices()[0].Document("/ISAPI/Security/users"); !found || string(d.Body) != string(want) {
			t.Errorf("it has\n%s\nwant\n%s", d.Body, want)
		}
	})
}

// What camform fetches by itself only reads: every known document was recorded on a device, and at none of them a device acts.
func TestKnownDocumentsAreOnlyRead(t *testing.T) {
	fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
	known := newSite(t, fleet, fleet.DialContext).provider.Known()
	if len(known) == 0 {
		t.Fatal("none is known")
	}
	for _, path := range known {
		if why := reach.NoSetting(strings.TrimSuffix(path, "/capabilities")); why != "" {
			t.Error(why)
		}
	}
	recorded := map[string]bool{}
	for _, d := range newFleet(t, simulator.Options{Recordings: recordings(t)}).Devices() {
		for _, path := range d.Documents() {
			recorded[path] = true
		}
	}
	for _, path := range known {
		if !recorded[path] {
			t.Errorf("no recorded device has %s", path)
		}
	}
}
