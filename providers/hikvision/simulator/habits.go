package simulator

import "slices"

// Habit is something that devices do and others do not, and that a fault file switches on by its name: a quirk or the action of a
// rule.
type Habit struct {
	Name string
	Rule bool   // it is the action of a rule, and meets the requests that the rule selects; otherwise it is a quirk of a device
	What string // what the device does, without a subject
}

// Habits are all habits, quirks first, each in the order of its documentation.
func Habits() []Habit { return slices.Clone(habits) }

var habits = []Habit{
	{Name: "nonceBoundToURL", What: "accepts a nonce only for the path that it issued it for"},
	{Name: "staleFalse", What: "answers an expired nonce with stale=FALSE, like a wrong password"},
	{Name: "bareUser", What: "rejects a User element with attributes"},
	{Name: "mustChange", What: "suspends an account whose password somebody else has set, until it sets its own"},
	{Name: "hidesAttempts", What: "reports neither that a source is locked nor how many attempts are left"},
	{Name: "filtersNewOnly", What: "keeps open connections alive when an address filter is switched on"},
	{Name: "keepsFailures", What: "keeps counting failed logins after one succeeds"},
	{Name: "masksSecrets", What: "shows asterisks instead of secrets, and takes them as a new secret when they are written back"},
	{Name: "showsSecrets", What: "shows secrets in clear text"},
	{Name: "gbkName", What: "has a name in GBK in a document that claims to be UTF-8"},
	{Name: "latin1Name", What: "has a name in Latin-1 in a document that claims to be UTF-8"},
	{Name: "unescaped", What: "shows and accepts each & in a text unescaped"},
	{Name: "crlf", What: "ends lines with CR LF, and rejects other line ends"},
	{Name: "debris", What: "puts a byte order mark, blanks and NULs around documents, and rejects them in writes"},
	{Name: "crowdedLists", What: "lists an event once for each of 18 channels, an unknown protocol, and RTSP twice"},
	{Name: "exactBodies", What: "rejects a document that comes back with more changed than the text of elements"},
	{Name: "refusesSlots", What: "accepts the list of alarm hosts as a whole, but no single slot"},
	{Name: "deletesSlots", What: "deletes alarm hosts and time servers that it was delivered with, and recreates them under the lowest free number"},
	{Name: "resetsHosts", What: "accepts an alarm host over HTTPS, but keeps an empty slot"},
	{Name: "hidesEvent", What: "serves an event in a document of its own that its list lacks, and announces it in the capabilities of its channel"},
	{Name: "oldCiphers", What: "speaks TLS with DHE ciphers only"},
	{Name: "closesConnections", What: "closes every connection after its first answer"},
	{Name: "windowsZoneRules", What: "follows the Windows name of its time zone, whatever else is written"},
	{Name: "ianaZoneRules", What: "adds the IANA name of its time zone and follows it, whatever else is written"},
	{Name: "clockAhead", What: "has a clock that runs so many seconds ahead (or behind) until it is set or asks a server"},
	{Name: "winterOffset", What: "writes its time with the winter offset all year round"},
	{Name: "lowerWords", What: "writes protocols and events in lower case, and SDK for DEV_MANAGE"},
	{Name: "inactive", What: "is new: it has no password, and rejects everything but activation"},
	{Name: "factoryAddress", What: "has the factory address of every new device until it gets another"},
	{Name: "md5Only", What: "as a recorder: cannot log in to a camera that requires SHA-256"},
	{Name: "plainOnly", What: "as a recorder: speaks no TLS with cameras"},
	{Name: "oldTLS", What: "as a recorder: speaks TLS up to 1.2 with cameras"},
	{Name: "hidesSerials", What: "as a recorder: reports neither model nor serial number nor firmware of its cameras"},

	{Rule: true, Name: string(Latency), What: "waits for the delay, then answers"},
	{Rule: true, Name: string(DropRequest), What: "cuts the connection before the request has an effect"},
	{Rule: true, Name: string(DropReply), What: "carries the request out, then cuts the connection"},
	{Rule: true, Name: string(Reset), What: "ends the connection with a TCP reset, without effect"},
	{Rule: true, Name: string(Status), What: "rejects the request with the HTTP status and the sub code, without effect"},
	{Rule: true, Name: string(IgnoreWrite), What: "answers a write with OK, but changes nothing"},
	{Rule: true, Name: string(ErrorButApplied), What: "carries a write out, but answers with an error"},
	{Rule: true, Name: string(Remark), What: "carries a write out, and answers OK with a sub code that says otherwise"},
	{Rule: true, Name: string(Partial), What: "carries out only the first change of a write, but answers OK"},
	{Rule: true, Name: string(RebootDevice), What: "restarts before the request has an effect"},
	{Rule: true, Name: string(LockDevice), What: "locks every source, as after too many failed logins"},
	{Rule: true, Name: string(SessionFull), What: "answers 401 without a challenge"},
	{Rule: true, Name: string(WrongIdentity), What: "lets another device of the same model answer"},
	{Rule: true, Name: string(SlowBody), What: "sends a few bytes of the answer after each delay"},
	{Rule: true, Name: string(HugeBody), What: "adds white space to the answer"},
	{Rule: true, Name: string(GzipBomb), What: "answers with compressed white space"},
	{Rule: true, Name: string(LatePassword), What: "makes a new password effective after the delay"},
	{Rule: true, Name: string(LateEffect), What: "carries a write out, but shows the earlier documents for the delay"},
	{Rule: true, Name: string(LosePassword), What: "forgets a new password at the next restart"},
	{Rule: true, Name: string(CutPassword), What: "keeps only the first bytes of a new password"},
	{Rule: true, Name: string(CutList), What: "keeps only the first entries of a list that is written as a whole, but answers OK"},
	{Rule: true, Name: string(Echo), What: "rejects a password in words that repeat it"},
	{Rule: true, Name: string(AskAgain), What: "answers 401 with a challenge although the login is right, and counts it as a failure"},
	{Rule: true, Name: string(LoginPage), What: "answers 302 to the login page of the web interface"},
	{Rule: true, Name: string(Page), What: "answers with the HTTP status and an HTML page"},
	{Rule: true, Name: string(RestartWeb), What: "carries a write out, cuts its answer off, and takes the web server down for the delay"},
	{Rule: true, Name: string(ForeignLogin), What: "lets another client behind the same address fail to log in"},
}
