package engine_test

import (
	"context"
	"strings"
	"testing"

	"camform/providers/memory"
	"camform/schema"
)

// I12: where the accounts of a device that answers cannot be read, nobody can say that one is missing, or that there are no
// others.
func TestI12AccountsThatCannotBeReadAreUnknown(t *testing.T) {
	for title, spoil := range map[string]func(*memory.Device){
		"a document that makes no sense": func(d *memory.Device) {
			d.Inject(memory.Fault{Effect: memory.Reject, Match: func(x memory.Exchange) bool { return strings.Contains(x.Path, "user") }})
		},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareUser("gate", "operator", "Operator", "Operator-1")
			w.apply(w.plan())
			spoil(w.fleet.Device("gate"))
			accounts, unread, problems := w.engine().Review(context.Background(), w.cfg, nil)
			if len(problems) > 0 || len(unread) != 1 || unread[schema.Device{Name: "gate"}] == "" {
				t.Fatalf("unread %v, problems %v", unread, problems)
			}
			for _, a := range accounts {
				if a.Device.Name == "gate" && a.Found != nil {
					t.Errorf("%s is found %t", a.Account, *a.Found)
				}
				if a.Device.Name == "yard" && a.Found == nil {
					t.Errorf("%s of the other device is unknown, too", a.Account)
				}
			}
		})
	}
	w := newWorld(t)
	w.add("gate", memory.Options{Without: []string{"user"}})
	if _, unread, _ := w.engine().Review(context.Background(), w.cfg, nil); len(unread) != 1 {
		t.Errorf("a device that shows no accounts is not told: %v", unread)
	}
}
