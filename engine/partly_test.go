package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine/report"
	"camform/providers/hikvision/simulator"
)

// A device that refuses a request and carries a part of it out all the same is not called one on which nothing was changed.
func TestARefusalThatChangedAPartTellsWhich(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
		camera := fleet.Devices()[0]
		camera.SetUser(changedAccount, "Viewer", "Before-2468")
		for _, r := range []simulator.Rule{{Action: simulator.ErrorButApplied}, {Action: simulator.CutPassword, Bytes: 8}} {
			r.Method, r.Path = "PUT", usersDocument+"/*"
			if err := camera.Inject(r); err != nil {
				t.Fatal(err)
			}
		}
		s := newSite(t, fleet, fleet.DialContext)
		s.configure(s.deviceBlock("camera", camera, "  user \"porter\" {\n    level = \"Operator\"\n    password = "+accountOrigin+"\n  }\n"))
		first, _ := s.plan()
		done := s.apply(first).Devices[0].Steps[0]
		if done.Result != report.Rejected || !strings.HasSuffix(done.Detail, `; even so, it now reports level = "Operator" (before "Viewer")`) {
			t.Errorf("%s: %s", done.Result, done.Detail)
		}
	})
}
