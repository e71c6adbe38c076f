package apply

import (
	"testing"

	"camform/engine/plan"
	"camform/providers"
)

// What a device said when the plan was made counts, also where it says something else when the plan is applied.
func TestI11ARequestLeavesAsThePlanSays(t *testing.T) {
	for _, enciphered := range []bool{false, true} {
		request := providers.Request{InClear: true, Instead: &providers.Request{InClear: true}}
		sent := asPlanned(request, []plan.Step{{}, {Enciphered: enciphered}})
		if sent.InClear == enciphered || sent.Instead.InClear == enciphered {
			t.Errorf("planned as enciphered %t, it may leave in clear: %t, and what is sent instead: %t", enciphered, sent.InClear, sent.Instead.InClear)
		}
		if sent.Instead != request.Instead {
			t.Error("what several requests share is two requests now, and would be sent twice")
		}
	}
}
