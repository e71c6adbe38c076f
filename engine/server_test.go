package engine_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"camform/engine/state"
	"camform/engine/state/pgtest"
	"camform/engine/state/statetest"
	"camform/engine/thorough"
)

// onAServer is what the names of tests begin with whose state is on a server.
const onAServer = "TestOnAServer/"

// TestOnAServer plays what runs of the engine promise about the state with one in PostgreSQL, too.
func TestOnAServer(t *testing.T) {
	thorough.OnlyUsual(t)
	pgtest.Shared(t)
	tests := map[string]func(*testing.T){
		"nothing to do":          TestI4AfterApplyThereIsNothingToDo,
		"a plan twice":           TestI4ApplyingAPlanTwiceWritesOnce,
		"adopted settings":       TestAdoptedSettingsAreRemembered,
		"forgotten settings":     TestForgottenSettingsStayOnTheDevice,
		"drift":                  TestDriftIsWhatSomebodyElseChanged,
		"plan only":              TestI6ApplyNeedsThePlanOnly,
		"another secret":         TestI6AnotherSecretThanPlannedIsNotSent,
		"a moved device":         TestI4AMovedDeviceHasItsMemory,
		"held devices":           TestADeviceThatIsHeldDoesNotMove,
		"an account that sleeps": TestAnAccountThatSleepsSetsItsOwnPassword,
	}
	maps.Copy(tests, thorough.Pick(nil, nil, map[string]func(*testing.T){
		"told after a death":   TestI13ARecorderIsToldAfterARunThatDied,
		"told after a failure": TestI13ARecorderIsToldAfterARunThatFailed,
	}))
	for name, test := range tests {
		t.Run(name, test)
	}
}

// serverOf is where the state of a test is; nil where it is in a file.
func serverOf(t testing.TB) *state.Server {
	t.Helper()
	if !strings.HasPrefix(t.Name(), onAServer) {
		return nil
	}
	at := statetest.Server(t)
	return &at
}

func openOn(server *state.Server, path string, options state.Options) (*state.Store, error) {
	if server == nil {
		return state.Open(context.Background(), path, options)
	}
	return state.OpenServer(context.Background(), *server, options)
}

// ending are the tests, after which nothing runs any more.
type ending struct{ *testing.M }

func (e ending) Run() int {
	defer pgtest.End()
	return e.M.Run()
}
