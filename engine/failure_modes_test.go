package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// failureModes are the ways in which a program that changes cameras can fail, by their number in our design, each with the
// tests that prove what happens then, or with the reason why there is none.
var failureModes = map[int]struct{ what, tests, none string }{
	1:  {what: "killed before the intent is durable", tests: "TestI5I8EveryHistoryEndsWell TestI2ARunMayDieAtAnyMoment"},
	2:  {what: "killed while the intent is written", tests: "TestI2WritesAreOnTheDiskWhenTheyReturn TestI5I8EveryHistoryEndsWell"},
	3:  {what: "killed between intent and request", tests: "TestI5I8EveryHistoryEndsWell TestSecrets"},
	4:  {what: "killed after the request, before the answer", tests: "TestI5I8EveryHistoryEndsWell TestI4KilledRunsConverge"},
	5:  {what: "killed between answer and proof", tests: "TestI5I8EveryHistoryEndsWell"},
	6:  {what: "killed between proof and record", tests: "TestI5I8EveryHistoryEndsWell TestRecoverRecordsWhatWasCarriedOut"},
	7:  {what: "killed before the followers have it", tests: "TestI5I8EveryHistoryEndsWell TestWhoFollowsIsToldInTheSameRun"},
	8:  {what: "killed again while recovering", tests: "TestI5I8EveryHistoryOfTwoCrashesEndsWell TestI2ARunMayDieAgainWhileItRecovers"},
	9:  {what: "the answer to an accepted request is lost", tests: "TestI5I8EveryHistoryEndsWell TestTwoHundredDevicesRotate"},
	10: {what: "the device says yes and keeps the old password", tests: "TestALieAboutAPasswordIsFoundByLogin TestI5I8EveryHistoryEndsWell"},
	11: {what: "the device says no and takes the new password", tests: "TestI5I8EveryHistoryEndsWell"},
	12: {what: "the new password is in force later", tests: "TestI5I8EveryHistoryEndsWell"},
	13: {what: "a restart brings the old password back", tests: "TestI5I8EveryHistoryEndsWell"},
	14: {what: "the password is cut", tests: "TestGeneratedPasswordsObeyEverything"},
	15: {what: "accepted with a remark about the password", tests: "TestDoClassifiesAnswers"},
	16: {what: "an administrator's change puts the account to sleep", tests: "TestAnAccountThatSleepsSetsItsOwnPassword TestAnAccountThatSleepsMayDoNothingElse"},
	17: {what: "somebody else changed the password", tests: "TestAPasswordChangedElsewhereEndsTheSession TestARefusedLoginIsNotTriedAgain"},
	18: {what: "another client spends attempts from our address", tests: "TestI5I8EveryHistoryEndsWell TestI5ACountThatFellByOthersIsNotTriedAgainst"},
	19: {what: "the device is locked", tests: "TestALockIsKeptByAllProcesses TestALockInTheMiddleEndsTheSession TestI5I8EveryHistoryEndsWell"},
	20: {what: "the unit of lock times is not known", tests: "TestUnitsOfLockTimes"},
	21: {what: "a password has expired on the device", none: "what devices tell about it is not read; max_age decides when a password is due"},
	22: {what: "the answer to a write is lost", tests: "TestI11EveryFaultAtEveryWrite TestI11WhatBecameOfAWriteIsFoundByReading"},
	23: {what: "the device carries out a part", tests: "TestI10ABadDayCostsTheDevicesConcernedAndTheNextRunFinishes"},
	24: {what: "an error comes as a success", tests: "TestDoClassifiesAnswers TestRecordedRepliesHaveAFamily"},
	25: {what: "a write is ignored or changed", tests: "TestALieIsNotRecorded TestWhatADeviceRewritesIsRemembered"},
	26: {what: "a restart is needed", tests: "TestAPendingRestartIsRemembered"},
	27: {what: "the device restarts in the middle", tests: "TestAStartingDeviceIsGivenItsGrace TestI5I8EveryHistoryEndsWell"},
	28: {what: "the device restarts again and again", tests: "TestADeviceThatStaysAwayIsUnreachable"},
	29: {what: "a rewritten document is refused", tests: "TestEveryModelConforms TestI3OtherEntriesStayByteForByte"},
	30: {what: "a secret that is left out is cleared", tests: "TestNoDocumentIsWrittenWithoutItsSecret"},
	31: {what: "another device at the address", tests: "TestADeviceThatIsSwappedInTheMiddleIsNotWrittenTo TestI11AnotherDeviceGetsNothingBack TestI5I8EveryHistoryEndsWell"},
	32: {what: "the device was replaced", tests: "TestAnotherDeviceIsRefused TestDevices"},
	33: {what: "the same device with another certificate or realm", tests: "TestI11TheFirstKeyIsTheOnlyOne TestI11NoCredentialToAnotherRealm"},
	34: {what: "the device moved since the plan", tests: "TestI6ADeviceThatMovedSinceThePlanIsLeftAlone TestI6AStaleSettingStopsItsDevice"},
	35: {what: "secrets or setting files moved since the plan", tests: "TestI6AnotherSecretThanPlannedIsNotSent TestAPlanThatWasOvertakenChangesNoPassword"},
	36: {what: "a plan is applied twice", tests: "TestI4ApplyingAPlanTwiceWritesOnce TestAPlanIsAppliedFirstOnce"},
	37: {what: "the firmware changed since the plan", tests: "TestI6AnotherFirmwareIsStale"},
	38: {what: "two runs on one machine", tests: "TestTwoEnginesWriteOnce TestLeasesExcludeOtherProcesses"},
	39: {what: "a run that slept longer than its lease", tests: "TestALeaseThatWasLostEndsTheDevice TestJournal TestI5I8EveryHistoryEndsWell"},
	40: {what: "two runs with two states", tests: "TestI6ADeviceThatMovedSinceThePlanIsLeftAlone"},
	41: {what: "the disk is full", tests: "TestAFullDiskCanBeTriedAgain TestI5I8EveryHistoryEndsWell"},
	42: {what: "the disk fails", tests: "TestAfterAFailureOfTheDiskNothingIsWritten"},
	43: {what: "state or vault are damaged", tests: "TestACutFileNeverStartsEmpty TestWhatWasChangedIsAnErrorAndNeverAnotherText TestDamageInTheDatabaseIsLocated TestADamagedStateIsReplacedAndKept TestADamagedBackupIsRefused"},
	44: {what: "the state is lost", tests: "TestAdoptedSettingsAreRemembered TestAStateIsRestoredOnAnotherMachine"},
	45: {what: "the vault cannot be opened", tests: "TestALockedVaultSaysWhoOpensIt TestWithoutAVaultThereIsNone"},
	46: {what: "the vault is older than the devices", tests: "TestMergeAddsVersionsAndChangesTheirStatus TestImportsMerge TestAMergeTakesWhatIsNewerAndLosesNothing TestARestoredPasswordIsUncertainUntilADeviceAcceptsIt"},
	47: {what: "the machine kills or stops the program", tests: "TestI4KilledRunsConverge TestAStopFinishesTheStepInFlight"},
	48: {what: "the clock is wrong", tests: "TestAClockThatWasTurnedBackDoesNotHelp TestI5I8EveryHistoryEndsWell TestTheLatestTimeIsThatOfAnyRecord"},
	49: {what: "the clock of a device is wrong", none: "nothing that is decided depends on it"},
	50: {what: "a newer program after a crash", tests: "TestARowOfAnOlderKindIsUnderstood TestValuesOfTheJournalComeBack"},
	51: {what: "the machine is gone with its files", tests: "TestAStateIsRestoredOnAnotherMachine"},
	52: {what: "a panic", tests: "TestI10APanicCostsItsDeviceOnly TestI10APanicWhilePlanningCostsItsDeviceOnly"},
	53: {what: "a filter without us", tests: "TestI9AStepThatClosesAWayInIsRefused TestI9NoPlanThatShutsOutPasses TestI9ACutListShutsNobodyOut"},
	54: {what: "the device sees another address than we have", tests: "TestI9AChangeThatClosesTheWayInIsPutBack TestI9AnAddressThatTheDeviceTells"},
	55: {what: "HTTPS that does not work, and HTTP off", tests: "TestI9WhatWouldLockOutIsRefusedAndItsTwinIsApplied TestOnlyReachabilityIsTried"},
	56: {what: "a port that is taken or closed", tests: "TestI9AStepThatClosesAWayInIsRefused"},
	57: {what: "the address of the device moves", tests: "TestI9AStepThatClosesAWayInIsRefused"},
	58: {what: "SHA-256 only, and a client that knows MD5", tests: "TestI9WhatWouldLockOutIsRefusedAndItsTwinIsApplied"},
	59: {what: "the last administrator is deleted", tests: "TestI9AStepThatClosesAWayInIsRefused"},
	60: {what: "our own rights are reduced", tests: "TestI9AStepThatClosesAWayInIsRefused"},
	61: {what: "a strict lock while somebody has an old password", tests: "TestI9AStepThatClosesAWayInIsRefused"},
	62: {what: "a change is lost at a restart", tests: "TestI5I8EveryHistoryEndsWell TestDriftIsWhatSomebodyElseChanged"},
	63: {what: "slow and silent devices", tests: "TestAnswersAreBounded TestTheCallerCanInterrupt"},
	64: {what: "no challenge", tests: "TestAFullTableOfSessionsIsWaitedFor"},
	65: {what: "stale and bound nonces", tests: "TestARefusedNonceIsHealedOnce TestNoncesThatHoldForOnePathAreNoticed"},
	66: {what: "a page instead of a document", tests: "TestReadClassifiesAnswers"},
	67: {what: "mixed spellings of documents", tests: "TestEveryRecordedDeviceConforms"},
	68: {what: "limits that lie or are missing", tests: "TestLimitsThatCannotBeReadLimitNothing"},
	69: {what: "dead and slow devices in a fleet", tests: "TestTwoHundredDevicesRotate TestI10ABadDayCostsTheDevicesConcernedAndTheNextRunFinishes"},
	70: {what: "a site goes down", none: "there is no breaker for sites; each device costs its own time"},
	71: {what: "many clients after an outage", tests: "TestWalkVisitsEachItemOnceWithinTheLimits"},
	72: {what: "many writes of state at once", tests: "TestDevices"},
	73: {what: "a bad change for a whole fleet", tests: "TestExceededLimits"},
	74: {what: "a scheduled drift run beside an apply", tests: "TestI7PlanningCannotWrite TestTwoEnginesWriteOnce"},
	75: {what: "the audit log cannot be written", tests: "TestNothingIsDoneWithoutARecord"},
}

// TestFailureModesAreCovered proves that the table is complete and that the tests that it names exist.
func TestFailureModesAreCovered(t *testing.T) {
	known := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(text, -1) {
			known[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 75; n++ {
		mode, ok := failureModes[n]
		name := fmt.Sprintf("F%d, %s", n, mode.what)
		switch {
		case !ok:
			t.Errorf("F%d is not in the table", n)
		case (mode.tests == "") == (mode.none == ""):
			t.Errorf("%s: name tests, or the reason why there are none", name)
		}
		for _, test := range strings.Fields(mode.tests) {
			if !known[test] {
				t.Errorf("%s: there is no test %s", name, test)
			}
		}
	}
}
