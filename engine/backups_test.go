package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"camform/engine/backup"
	"camform/engine/config"
	"camform/engine/graph"
	"camform/engine/learn"
	"camform/engine/report"
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

// backedUp backs all devices of the configuration up, and reads the files again, in the order of the devices.
func (s *site) backedUp() []*backup.Backup {
	s.Helper()
	folder, all := s.folder(), make([]*backup.Backup, len(s.cfg.Devices))
	problems, err := s.engine().Backup(context.Background(), s.cfg, nil, func(b *backup.Backup) error {
		entry, err := folder.Save(b)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(s.cfg.Devices, func(d *config.Device) bool { return d.Address == b.Device })
		all[at], err = folder.Open(entry.Name)
		return err
	})
	if err != nil || len(problems) > 0 || slices.Contains(all, nil) {
		s.Fatalf("backups of %d devices: %v %v: %v", len(s.cfg.Devices), all, problems, err)
	}
	return all
}

// inTurn are backups that were opened before.
func inTurn(all []*backup.Backup) iter.Seq2[*backup.Backup, error] {
	return func(yield func(*backup.Backup, error) bool) {
		for _, b := range all {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// amountsTo proves that the configuration which the backups of a fleet amount to plans to no change.
func amountsTo(t *testing.T, fleet *simulator.Fleet) {
	t.Helper()
	s := newSite(t, fleet, fleet.DialContext)
	s.write(s.survey(s.candidates()), learn.Import)
	kept := s.backedUp()
	read, err := s.engine().FromBackups(context.Background(), inTurn(kept), s.provider.Kinds().All())
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

// release counts what is still in memory of the backups that were handed on, without being what keeps it there.
type release struct{ bodies []weak.Pointer[byte] }

func (r *release) note(b *backup.Backup) {
	users, _ := b.Find("/ISAPI/Security/users")
	r.bodies = append(r.bodies, weak.Make(&users.Body[0]), weak.Make(&b.Archive.Body[0]))
}

func (r *release) held() int {
	runtime.GC()
	held := 0
	for _, body := range r.bodies {
		if body.Value() != nil {
			held++
		}
	}
	return held
}

// However many devices there are, no more of them are in memory than are asked at the same time.
func TestABackupOfAFleetHoldsTheDevicesInFlightOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, atOnce = 24, 3
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: size})
		s := newSite(t, fleet, fleet.DialContext)
		s.write(s.survey(s.candidates()), learn.Import)
		e := s.engine()
		e.Parallelism = graph.Parallelism{Total: atOnce}
		var r release
		problems, err := e.Backup(t.Context(), s.cfg, nil, func(b *backup.Backup) error {
			r.note(b)
			if held := r.held(); held > 2*atOnce {
				t.Errorf("after %d backups there are %d bodies in memory, of %d devices at once", len(r.bodies)/2, held, atOnce)
			}
			runtime.KeepAlive(b)
			return nil
		})
		if err != nil || len(problems) > 0 || len(r.bodies) != 2*size {
			t.Errorf("%d bodies of %d devices: %v %v", len(r.bodies), size, problems, err)
		}
	})
}

// A backup that cannot be kept ends the reading: nobody is asked for what has no place.
func TestABackupThatCannotBeKeptEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, atOnce, kept = 12, 2, 3
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: size})
		s := newSite(t, fleet, fleet.DialContext)
		s.write(s.survey(s.candidates()), learn.Import)
		e := s.engine()
		e.Parallelism = graph.Parallelism{Total: atOnce}
		begun, given := 0, 0
		var event sync.Mutex
		e.Event = func(at report.Event) {
			event.Lock()
			defer event.Unlock()
			if at.Kind == report.DeviceStarted {
				begun++
			}
		}
		full := errors.New("no space left on device")
		_, err := e.Backup(t.Context(), s.cfg, nil, func(*backup.Backup) error {
			if given++; given > kept {
				time.Sleep(time.Hour) // until as many as are allowed wait for their turn
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || !strings.Contains(err.Error(), "device.") || given != kept+1 || begun > kept+1+atOnce {
			t.Errorf("%d backups were handed on, %d devices asked: %v", given, begun, err)
		}
	})
}

// What was read whole when somebody interrupts is kept. Every other device is reported, and nothing of it is kept.
func TestI10AnInterruptedBackupKeepsWhatIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, atOnce = 12, 2
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: size})
		s := newSite(t, fleet, fleet.DialContext)
		s.write(s.survey(s.candidates()), learn.Import)
		whole := len(s.backedUp()[0].Documents)
		e := s.engine()
		e.Parallelism = graph.Parallelism{Total: atOnce}
		ctx, interrupt := context.WithCancel(t.Context())
		kept := 0
		problems, err := e.Backup(ctx, s.cfg, nil, func(b *backup.Backup) error {
			kept++
			if len(b.Documents) != whole || len(b.Unread) > 0 || b.Archive.Body == nil {
				t.Errorf("the backup of %s has %d documents of %d, lacks %v, has an archive: %t", b.Device, len(b.Documents), whole, b.Unread, b.Archive.Body != nil)
			}
			interrupt()
			return nil
		})
		if err != nil || kept == 0 || kept > atOnce || len(problems) != size-kept {
			t.Errorf("%d backups were kept, and %d problems told of %d devices: %v", kept, len(problems), size, err)
		}
	})
}

// BenchmarkBackup backs up devices with an archive each, and reports the most that was in memory of a fleet.
func BenchmarkBackup(b *testing.B) {
	for _, size := range []int{50, 500} {
		b.Run(fmt.Sprintf("%d devices", size), func(b *testing.B) {
			fleet := newFleet(b, simulator.Options{Models: []string{"camera-v57"}, Count: size})
			s := newSite(b, fleet, fleet.DialContext)
			s.write(s.survey(s.candidates()), learn.Import)
			e, key := s.engine(), s.store.Key
			folder := backup.Folder{Dir: quickDir(b), Seal: key.Seal, Unseal: key.Unseal, Name: key.Name}
			e.Parallelism = graph.Parallelism{Total: 8}
			backUp := func() (most uint64) {
				kept := 0
				if _, err := e.Backup(b.Context(), s.cfg, nil, func(one *backup.Backup) error {
					if kept++; kept%25 == 0 {
						most = max(most, inUse())
					}
					_, err := folder.Save(one)
					return err
				}); err != nil {
					b.Fatal(err)
				}
				return most
			}
			backUp() // the simulated devices grow, too, when they answer for the first time
			before, most := inUse(), uint64(0)
			for b.Loop() {
				most = max(most, backUp())
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(size), "µs/device")
			b.ReportMetric(max(0, float64(most)-float64(before)), "peak-live-B")
		})
	}
}

// inUse is how many bytes of the heap are in use.
func inUse() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
