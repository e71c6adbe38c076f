package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"camform/engine/apply"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

// A camera that accepts a name and stores another one gets its old name back, by a step of the journal of its own; nothing of that is
// recorded, and the report says it.
func TestI2WhatADeviceStoresOtherwiseIsPutBack(t *testing.T) {
	w := calm(scenario{named: true})
	w.camera.Inject(memory.Fault{Effect: memory.Garble, Nth: 1, Match: func(x memory.Exchange) bool { return x.Writes() }})
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: w.plan()}, w.options("run"))
	step := r.Devices[0].Steps[0]
	if step.Result != report.Rejected || !strings.Contains(step.Detail, `now reports name = "garbled"`) || !strings.HasSuffix(step.Detail, "; the old values are back") {
		t.Errorf("%s: %s", step.Result, step.Detail)
	}
	if name := w.read(namePath, "", "name"); name != oldName {
		t.Errorf("the camera is called %q", name)
	}
	intents := w.disk.intents
	if len(intents) != 2 || intents[0].Outcome != state.NotApplied || !intents[1].PutsBack() || intents[1].Outcome != state.Done {
		t.Errorf("the journal has %+v", intents)
	}
	if row, ok := w.disk.settings[schema.Setting{Device: cameraAddress, Kind: "system"}]; ok {
		t.Errorf("%+v is recorded", row)
	}
}

// Where the old values get lost as well, that is reported, and nothing more is sent.
func TestI2OldValuesArePutBackOnce(t *testing.T) {
	w := calm(scenario{named: true})
	w.camera.Inject(memory.Fault{Effect: memory.Garble, Match: func(x memory.Exchange) bool { return x.Writes() }})
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: w.plan()}, w.options("run"))
	step := r.Devices[0].Steps[0]
	if step.Result != report.Rejected || !strings.Contains(step.Detail, "; the old values could not be put back: ") || w.camera.Count(memory.Written) != 2 {
		t.Errorf("%s: %s, after %d requests", step.Result, step.Detail, w.camera.Count(memory.Written))
	}
}

// Where something else in the document has changed as well, somebody may have done that, and it stays.
func TestI2WhatOthersChangedMeanwhileStays(t *testing.T) {
	w := calm(scenario{named: true})
	w.camera.Inject(memory.Fault{Effect: memory.Garble, Nth: 1, Match: func(x memory.Exchange) bool { return x.Writes() }})
	o := w.options("run")
	o.Sleep = func(context.Context, time.Duration) error { // while what the device stores is looked at again
		w.camera.SetDocument(namePath, strings.Replace(w.camera.Document(namePath), `"name"`, `"place":"attic","name"`, 1))
		return nil
	}
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: w.plan()}, o)
	if step := r.Devices[0].Steps[0]; step.Result != report.Rejected || !strings.Contains(step.Detail, "perhaps on purpose") || w.putBack() > 0 {
		t.Errorf("%s: %s", step.Result, step.Detail)
	}
	if text := w.camera.Document(namePath); !strings.Contains(text, "attic") {
		t.Errorf("it is gone: %s", text)
	}
}

// What a device stores otherwise for a moment only is no loss.
func TestWhatPassesIsNotPutBack(t *testing.T) {
	w := calm(scenario{named: true})
	wanted := w.plan()[0].Steps[0].After.GetAttr("name").AsString()
	w.camera.Inject(memory.Fault{Effect: memory.Garble, Nth: 1, Match: func(x memory.Exchange) bool { return x.Writes() }})
	o := w.options("run")
	o.Sleep = func(context.Context, time.Duration) error {
		w.camera.Set("system", "", "name", wanted)
		return nil
	}
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: w.plan()}, o)
	if step := r.Devices[0].Steps[0]; step.Result != report.Done || w.putBack() > 0 || w.read(namePath, "", "name") != wanted {
		t.Errorf("%s: %s", step.Result, step.Detail)
	}
}

// A device that ignores what it accepts has lost nothing, and is left alone.
func TestWhatADeviceIgnoresIsNotPutBack(t *testing.T) {
	w := calm(scenario{named: true})
	w.camera.Inject(memory.Fault{Effect: memory.Lie, Match: func(x memory.Exchange) bool { return x.Writes() }})
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: w.plan()}, w.options("run"))
	if step := r.Devices[0].Steps[0]; step.Result != report.Rejected || strings.Contains(step.Detail, "old values") || w.putBack() > 0 {
		t.Errorf("%s: %s", step.Result, step.Detail)
	}
}

// Wherever the process dies and whatever answer is lost, old values are put back no more often than they were lost, and in the end the
// camera has its name.
func TestI2I11EveryHistoryPutsBackOnce(t *testing.T) {
	n := enumerate(t, scenario{name: "a name that the device stores otherwise", named: true}, bounds{crashes: 1, faults: 1, first: 1})
	if n < 100 {
		t.Errorf("%d histories are too few", n)
	}
}

// What decides who gets in is a person's to put back, and so is what is about accounts, keys and addresses.
func TestAccountsKeysAndAddressesAreNotPutBack(t *testing.T) {
	w := calm(scenario{})
	kinds := w.fleet.Provider().Kinds()
	for _, name := range []string{"user", "filter", "https", "login_lock", "channel", "time"} {
		kind := kinds.Lookup(name)
		s := plan.Step{Address: schema.Setting{Device: cameraAddress, Kind: name, Key: "1"}, Action: plan.Update}
		if apply.Unrestorable(kind, s) == "" {
			t.Errorf("%s would be put back", name)
		}
	}
	s := plan.Step{Address: schema.Setting{Device: cameraAddress, Kind: "system"}, Action: plan.Update}
	if why := apply.Unrestorable(kinds.Lookup("system"), s); why != "" {
		t.Errorf("the name of a device would not be put back: %s", why)
	}
	s.Action = plan.Create
	if apply.Unrestorable(kinds.Lookup("system"), s) == "" {
		t.Error("what was made would be put back")
	}
	s.Action, s.Secrets = plan.Update, map[string]plan.SecretSource{"code": {}}
	if apply.Unrestorable(kinds.Lookup("system"), s) == "" {
		t.Error("what was written with a secret would be put back")
	}
}
