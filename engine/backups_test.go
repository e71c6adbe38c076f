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
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/cipher"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/simulator"
	"camform/schema"
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

// An archive that only the device reads is kept with the key that opens it: what the device lost comes back from both.
func TestABackupHasTheArchiveThatTheDeviceReads(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, model := range []string{"camera-v57", "recorder-v2"} {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Models: []string{model}, TLS: secure})
				s := newSite(t, fleet, fleet.DialContext)
				s.write(s.survey(s.candidates()), learn.Import)
				d := fleet.Devices()[0]
				const ntp = "/ISAPI/System/time/ntpServers"
				before := string(d.Document(ntp))
				if err := d.SetDocument(ntp, []byte(strings.Replace(before, "<portNo>123", "<portNo>124", 1))); err != nil {
					t.Fatal(err)
				}
				b := s.backedUp()[0]
				if b.Archive.Body == nil || b.NoArchive != "" || b.Unread[backup.ArchiveName] != "" {
					t.Fatalf("%s: there is no archive: %q %q", model, b.NoArchive, b.Unread[backup.ArchiveName])
				}
				if err := d.SetDocument(ntp, []byte(before)); err != nil {
					t.Fatal(err)
				}
				s.giveBack(b.Archive)
				d.Plug()
				if got := string(d.Document(ntp)); !strings.Contains(got, "<portNo>124<") {
					t.Errorf("%s: %s", model, got)
				}
			})
		}
	}
}

// giveBack puts an archive into the only device of a site, as its owner would with the tool of its vendor.
func (s *site) giveBack(archive providers.Archive) {
	s.Helper()
	device := s.cfg.Devices[0]
	login := providers.Credential{Username: "admin", Password: schema.NewSecret(fleetPassword)}
	session := hikvision.New(isapi.Options{Dial: s.fleet.DialContext}).Open(providers.Target{Device: device.Address, URL: device.URL, Login: login, Ledger: freeLedger{}})
	defer session.Close()
	if _, err := session.Identify(context.Background()); err != nil {
		s.Fatal(err)
	}
	caps, err := session.Read(context.Background(), "/ISAPI/Security/capabilities?username=admin")
	if err != nil {
		s.Fatal(err)
	}
	terms, err := cipher.TermsOf(caps.Body)
	if err != nil {
		s.Fatal(err)
	}
	var iv cipher.IV
	path := fmt.Sprintf("/ISAPI/System/configurationData?secretkey=%s&security=1&iv=%x", terms.Key(login.Username, login.Password).Text(archive.Key.Reveal(), iv), iv[:])
	if _, err := session.Do(context.Background(), providers.Request{Method: http.MethodPut, Path: path, Body: archive.Body}); err != nil {
		s.Fatal(err)
	}
}

// Why a device gives no archive is kept. One that a fault hides is not taken for missing.
func TestI12ABackupKnowsWhyItHasNoArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v52", "camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		s.write(s.survey(s.candidates()), learn.Import)
		rule := simulator.Rule{Status: http.StatusInternalServerError, Code: "deviceError", Action: simulator.Status, Method: http.MethodGet, Path: "/ISAPI/System/configurationData"}
		if err := fleet.Devices()[1].Inject(rule); err != nil {
			t.Fatal(err)
		}
		for _, b := range s.backedUp() {
			switch {
			case b.Archive.Body != nil:
				t.Errorf("%s has an archive", b.Device)
			case b.Identity.Model == "DS-2CD2132-SIM" && !strings.Contains(b.NoArchive, "https"):
				t.Errorf("%s: its key would have left in clear: %q", b.Device, b.NoArchive)
			case b.Identity.Model != "DS-2CD2132-SIM" && !strings.Contains(b.Unread[backup.ArchiveName], "500"):
				t.Errorf("%s: a fault hides its archive, and it says %q", b.Device, b.Unread)
			}
		}
	})
}
