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
	{Name: "nonceBoundToURL", What: "takes a nonce only for the path whose request it answered"},
	{Name: "staleFalse", What: "answers an expired nonce with stale=FALSE, like a wrong password"},
	{Name: "bareUser", What: "refuses a User element with attributes"},
	{Name: "mustChange", What: "puts an account to sleep whose password somebody else has set"},
	{Name: "hidesAttempts", What: "tells neither that a source is locked nor how many attempts are left"},
	{Name: "filtersNewOnly", What: "lets open connections live when an address filter is switched on"},
	{Name: "keepsFailures", What: "does not forget failed logins when one works"},
	{Name: "masksSecrets", What: "shows asterisks in the place of secrets, and takes them for a new one"},
	{Name: "showsSecrets", What: "shows secrets in clear"},
	{Name: "gbkName", What: "has a name in GBK under a declaration of UTF-8"},
	{Name: "latin1Name", What: "has a name in Latin-1 under a declaration of UTF-8"},
	{Name: "unescaped", What: "shows and takes each & in a text as it is"},
	{Name: "crlf", What: "ends lines with CR LF, and refuses other ends"},
	{Name: "debris", What: "puts a byte order mark, blanks and NULs around documents, and refuses them in writes"},
	{Name: "crowdedLists", What: "lists an event once for each of 18 channels, an unknown protocol, and RTSP twice"},
	{Name: "exactBodies", What: "refuses a document that comes back with more than the text of elements changed"},
	{Name: "refusesSlots", What: "takes the list of alarm hosts and none of its slots"},
	{Name: "deletesSlots", What: "deletes alarm hosts and time servers that it was delivered with, and makes them again under the lowest free number"},
	{Name: "resetsHosts", What: "accepts an alarm host by HTTPS, and keeps an empty slot"},
	{Name: "hidesEvent", What: "serves an event by itself that its list lacks, and tells of it in the capabilities of its channel"},
	{Name: "oldCiphers", What: "speaks TLS with DHE ciphers only"},
	{Name: "closesConnections", What: "ends every connection with its first answer"},
	{Name: "windowsZoneRules", What: "goes by the name that Windows has for its zone, whatever else it is told"},
	{Name: "ianaZoneRules", What: "adds the name that the IANA has for its zone, and goes by that, whatever else it is told"},
	{Name: "clockAhead", What: "has a clock that is so many seconds ahead, or behind, until it is set or asks a server"},
	{Name: "winterOffset", What: "writes its time with the offset of the winter all year round"},
	{Name: "lowerWords", What: "writes protocols and events in lower case, and SDK for DEV_MANAGE"},
	{Name: "inactive", What: "is new: it has no password, and refuses all but to be activated"},
	{Name: "factoryAddress", What: "has the address of every new device until it is given another"},
	{Name: "md5Only", What: "as a recorder: cannot answer a camera that asks for SHA-256"},
	{Name: "plainOnly", What: "as a recorder: speaks no TLS with cameras"},
	{Name: "oldTLS", What: "as a recorder: speaks TLS up to 1.2 with cameras"},
	{Name: "hidesSerials", What: "as a recorder: tells neither model nor serial number nor firmware of its cameras"},

	{Rule: true, Name: string(Latency), What: "waits for the delay, then answers"},
	{Rule: true, Name: string(DropRequest), What: "cuts the connection before the request has an effect"},
	{Rule: true, Name: string(DropReply), What: "carries the request out, then cuts the connection"},
	{Rule: true, Name: string(Reset), What: "ends the connection with a TCP reset, without effect"},
	{Rule: true, Name: string(Status), What: "refuses with the HTTP status and the sub code, without effect"},
	{Rule: true, Name: string(IgnoreWrite), What: "answers a write with OK, and changes nothing"},
	{Rule: true, Name: string(ErrorButApplied), What: "carries a write out, and answers with an error"},
	{Rule: true, Name: string(Remark), What: "carries a write out, and answers OK with a sub code that says something else"},
	{Rule: true, Name: string(Partial), What: "carries out only the first change of a write, and answers OK"},
	{Rule: true, Name: string(RebootDevice), What: "restarts before the request has an effect"},
	{Rule: true, Name: string(LockDevice), What: "locks every source, as after too many failed logins"},
	{Rule: true, Name: string(SessionFull), What: "answers 401 without a challenge"},
	{Rule: true, Name: string(WrongIdentity), What: "lets another device of the same model answer"},
	{Rule: true, Name: string(SlowBody), What: "sends a few bytes of the answer after each delay"},
	{Rule: true, Name: string(HugeBody), What: "adds white space to the answer"},
	{Rule: true, Name: string(GzipBomb), What: "answers with compressed white space"},
	{Rule: true, Name: string(LatePassword), What: "puts a new password in force after the delay"},
	{Rule: true, Name: string(LateEffect), What: "carries a write out, and shows what documents had before it for the delay"},
	{Rule: true, Name: string(LosePassword), What: "forgets a new password at the next restart"},
	{Rule: true, Name: string(CutPassword), What: "keeps the first bytes of a new password"},
	{Rule: true, Name: string(CutList), What: "keeps the first entries of a list that is written as a whole, and answers OK"},
	{Rule: true, Name: string(Echo), What: "refuses in words that repeat the password"},
	{Rule: true, Name: string(AskAgain), What: "answers 401 with a challenge although the login is right, and counts failures"},
	{Rule: true, Name: string(LoginPage), What: "answers 302 to the login page of the web interface"},
	{Rule: true, Name: string(Page), What: "answers with the HTTP status and an HTML page"},
	{Rule: true, Name: string(RestartWeb), What: "carries a write out, cuts its answer off, and lets the web server be away for the delay"},
	{Rule: true, Name: string(ForeignLogin), What: "lets another client behind the same address fail to log in"},
}
