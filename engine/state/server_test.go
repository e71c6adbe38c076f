package state

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"camform/engine/state/pgtest"
	"camform/schema"
)

// onAServer is what the names of tests begin with whose new stores are on a server.
const onAServer = "TestOnAServer/"

// TestOnAServer plays the tests of the whole store that are not about files with a database on a server.
func TestOnAServer(t *testing.T) {
	pgtest.Shared(t)
	for name, test := range map[string]func(*testing.T){
		"extracts":                 TestAnExtractIsTheStateAsFarAsAPlanNeedsIt,
		"approvals":                TestApprovalsAreKeptUntilOthersTakeTheirPlace,
		"latest time":              TestTheLatestTimeIsThatOfAnyRecord,
		"the dead":                 TestLeasesOfTheDeadAreTakenOver,
		"endpoints":                TestEndpointsDifferByTheirLettersOnlyInCase,
		"locks":                    TestALockIsKeptByAllProcesses,
		"cancelled attempt":        TestACancelledAttemptIsNotCharged,
		"successes":                TestSuccessesDoNotPileUp,
		"given back":               TestI5AnAttemptThatIsGivenBackDoesNotCount,
		"risk":                     TestI5TheRiskIsRemembered,
		"dead process":             TestI5AnAttemptOfADeadProcessCounts,
		"budget":                   TestI5AllProcessesShareTheBudget,
		"old values":               TestWhatWasGivenBackIsRemembered,
		"runs":                     TestRunsAreListedNewestFirst,
		"plans":                    TestAPlanIsAppliedFirstOnce,
		"one run at a time":        TestALeaseIsHeldByOneRunAtATime,
		"force":                    TestForceNeedsTheIDOfTheLease,
		"who took it":              TestALostLeaseSaysWhoTookIt,
		"renewal":                  TestRenewalTellsWhatWasLost,
		"other processes":          TestLeasesExcludeOtherProcesses,
		"a process that died":      TestAProcessThatDiedLeavesItsLeaseForAMinute,
		"a move before it is made": TestAMoveIsShownBeforeItIsMade,
		"what goes along":          TestAMoveCarriesAllThatNamesADevice,
		"the old name":             TestTheOldNameIsFree,
		"nobody under an old name": TestNobodyWritesUnderAnOldName,
		"no name in use":           TestADeviceMovesToNoNameInUse,
		"a killed move":            TestAMoveThatIsKilledIsNotMade,
		"moved passwords":          TestAMovedPasswordIsTheOneThatWasSealed,
		"nodes":                    TestNodesBelongToADeviceAndItsFirmware,
		"versions":                 TestVersionsOfASecretAreKept,
		"no such version":          TestAVersionThatDoesNotExistIsNotInUse,
		"one vault":                TestThereIsOneVault,
		"rekey":                    TestRekeySealsEverythingAnewOrNothing,
		"merge":                    TestMergeAddsVersionsAndChangesTheirStatus,
		"failed writes":            TestAFailedWriteDoesNotHarmOthers,
		"capabilities":             TestCapabilitiesAreKeptByModelAndFirmware,
		"old rows":                 TestOldRowsGoAndOpenIntentsStay,
		"pruning":                  TestPruningIsBounded,
		"statements prepared once": TestAStatementIsPreparedOnce,
		"sealed texts":             TestSealedTextsAreUnreadableAndWhole,
		"log of others":            TestAFileThatIsBehindIsNoBreak,
		"log without its file":     TestWithoutTheFileTheLogGoesOn,
		"a cut log":                TestACutLogIsShownByTheFileBesideIt,
		"damage in the log":        TestDamageInTheDatabaseIsLocated,
		"an extract":               TestAnExtractIsTheStateAsFarAsAPlanNeedsIt,
	} {
		t.Run(name, test)
	}
}

// servers are the databases of tests that are on a server, by what stands for the path of a file: that of what is noted about them.
var servers sync.Map

var serverKey = schema.NewSecret(strings.Repeat("0f", 32))

// serverVariable describes a server to another process.
const serverVariable = "CAMFORM_STATE_SERVER"

// newServer makes an empty database on a server.
func newServer(t testing.TB) (path string) {
	t.Helper()
	return onServer(t, pgtest.Shared(t))
}

func onServer(t testing.TB, server *pgtest.Server) (path string) {
	t.Helper()
	return know(Server{Host: server.Dir, Port: server.Port, Folder: t.TempDir(), Database: onServerDatabase(t, server)})
}

// onServerDatabase makes an empty state, and returns the name of its database.
func onServerDatabase(t testing.TB, server *pgtest.Server) string {
	t.Helper()
	at := Server{Host: server.Dir, Port: server.Port, Folder: t.TempDir()}
	return server.Database(t, func(database string) error {
		template := at
		template.Database = database
		s, err := OpenServer(context.Background(), complete(template), Options{})
		if err != nil {
			return err
		}
		return s.Close()
	})
}

func databaseOf(path string) string {
	at, _ := servers.Load(path)
	return at.(Server).Database
}

func complete(at Server) Server {
	at.User, at.Password, at.Key, at.KeyAt = pgtest.Owner, schema.NewSecret(pgtest.Password), serverKey, "env:STATE_KEY"
	return at
}

func know(at Server) (path string) {
	key, _ := decodeKey(serverKey.Reveal())
	path = filepath.Join(at.Folder, "postgres-"+fingerprint(key, "lineage")[:8])
	servers.Store(path, at)
	return path
}

// knownServer reads what describeServer wrote.
func knownServer(text string) (path string) {
	var at Server
	_ = json.Unmarshal([]byte(text), &at)
	return know(at)
}

// describeServer describes the server of a path to another process; empty for a file.
func describeServer(path string) string {
	at, ok := servers.Load(path)
	if !ok {
		return ""
	}
	text, _ := json.Marshal(at)
	return string(text)
}

func openAt(ctx context.Context, path string, options Options) (*Store, error) {
	if at, ok := servers.Load(path); ok {
		return OpenServer(ctx, complete(at.(Server)), options)
	}
	return Open(ctx, path, options)
}
