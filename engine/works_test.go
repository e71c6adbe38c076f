package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine/report"
	"camform/providers/hikvision/simulator"
)

// A channel may read back as it was written and still show nothing, because the camera refuses the password in it.
func TestAChannelIsSeenOnlineAfterAChange(t *testing.T) {
	for origin, want := range map[string]report.Result{"env:FLEET_PASSWORD": report.Done, "env:FLEET_ACCOUNT": report.NotWorking} {
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Count: 2, Models: []string{"recorder-v2", "camera-v57"}})
			recorder, camera := fleet.Devices()[0], fleet.Devices()[1]
			s := newSite(t, fleet, fleet.DialContext)
			s.configure(s.deviceBlock("recorder", recorder, fmt.Sprintf(`
  channel "1" {
    connection = "manual"
    server     = %q
    username   = "admin"
    password   = secret(%q)
  }
`, camera.Address(), origin)))
			p, problems := s.plan()
			if len(problems) > 0 || len(p.Devices[0].Steps) != 1 {
				t.Fatalf("%q %s", problems, toldPlan(p))
			}
			d := s.apply(p).Devices[0]
			if d.Result != want || d.Steps[0].Result != want {
				t.Errorf("with %s it ended with %s: %v", origin, d.Result, d.Steps)
			}
			if want == report.NotWorking && !strings.Contains(d.Steps[0].Detail, "online = false") {
				t.Errorf("it says %q", d.Steps[0].Detail)
			}
			if again, _ := s.plan(); !again.Empty() {
				t.Errorf("there is still something to do, though it reads back as written: %s", toldPlan(again))
			}
		})
	}
}
