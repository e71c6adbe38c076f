package recover

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The steps, by their names, in the order in which they come.
const (
	Verify = "verify"

	Current  = "current"
	Previous = "previous"
	Typed    = "typed"

	Consumers  = "consumers"
	Recordings = "recordings"

	GUIDFile  = "guid_file"
	Questions = "questions"
	Email     = "email"
	App       = "app"
	Menu      = "menu"

	Code       = "code"
	Bundle     = "bundle"
	HandedOver = "handed_over"
	Answer     = "answer"
	Support    = "support"

	Button = "button"

	Wait     = "wait"
	Activate = "activate"
	New      = "new"

	Restore = "restore"
	Rotate  = "rotate"
	Online  = "online"
	Log     = "log"
	Network = "network"
	Update  = "firmware"

	Baseline = "baseline"
	Accounts = "accounts"
	Renewed  = "backup"
	Prepare  = "prepared"
	Review   = "review"
	Alarms   = "alarms"
	Record   = "record"
	Card     = "card"

	Close = "close"
)

// Handover is what an event is about with which a case goes to another state. It is no step.
const Handover = "handover"

// Option is a way to a new password, which a person goes in the vendor's tool or at the device.
type Option struct {
	Name  string
	What  string // for the person on site
	Costs string
	Keeps string
	Who   string

	Abilities []string // the device reports one of them; none where it does not say
	Wipes     Wipe
	Limit     int           // wrong tries until a lock
	Pause     time.Duration // how long a lock lasts; also how long a wrong try counts
}

// Wipe says whether an option takes the settings of a device with it.
type Wipe string

// The wipes.
const (
	WipesNothing Wipe = "no"
	MayWipe      Wipe = "may"
	WipesAll     Wipe = "yes"
)

const (
	reserve = 2 // tries before a lock that are never spent

	// unknownLimit is for options without a documented limit: as many as the strictest account has.
	unknownLimit = 5
	pause        = 30 * time.Minute
)

const (
	onlyPassword = "all settings and recordings; only the administrator's password changes"
	onSite       = "the person on site, with the owner's consent"
)

// options are the ways to a new password, from the least loss to the greatest.
var options = []Option{
	{
		Name: GUIDFile, Who: onSite, Abilities: []string{"guid_file"}, Limit: 7, Pause: pause,
		What: "Import the GUID file of this device in the vendor's tool or on its own screen, and set a new password, which you will type afterwards. " +
			"If it offers to set the password on the cameras too, decline",
		Costs: "the file: it is void afterwards. Seven wrong files lock this method for 30 minutes",
		Keeps: onlyPassword,
	},
	{
		Name: Questions, Who: "the owner, who knows the answers, in the network of the device", Abilities: []string{"questions"}, Limit: unknownLimit, Pause: pause,
		What:  "Choose \"Forgot password\" on the page of the device or in the vendor's tool, answer the security questions, and set a new password",
		Costs: "a wrong answer counts towards a lock",
		Keeps: onlyPassword,
	},
	{
		Name: Email, Who: "the owner, who reads the reserved mailbox", Abilities: []string{"email"}, Limit: unknownLimit, Pause: pause,
		What: "Have the device show its code for a reset by e-mail, send it to the address shown, and enter the code that arrives in the reserved " +
			"mailbox. Do not restart the device in the meantime",
		Costs: "one request; the code is good for 48 hours, and a restart voids it",
		Keeps: onlyPassword,
	},
	{
		Name: App, Who: "the owner, whose account the device is bound to", Wipes: MayWipe, Limit: unknownLimit, Pause: pause,
		What:  "Let the vendor's app verify you, as the screen of the device asks, and set a new password",
		Costs: "on some models all settings: plan for a wiped device",
		Keeps: "the recordings; the settings only on some models",
	},
	{
		Name: Menu, Who: onSite, Limit: unknownLimit, Pause: pause,
		What: "Look for an unlock pattern or a password hint on the device's screen, log in there, and set a new password. A camera activated by a " +
			"recorder may have the password of that recorder's cameras",
		Costs: "a wrong pattern counts towards a lock",
		Keeps: onlyPassword,
	},
	{
		Name: Support, Who: onSite, Abilities: []string{"support_file", "support_key"}, Limit: unknownLimit, Pause: pause,
		What: "Import the file from support in the vendor's tool, or enter its key there, and set a new password. The device must not have been restarted since " +
			"it generated the code. If it offers to set the password on the cameras too, decline",
		Costs: "the answer from support: it works once",
		Keeps: onlyPassword,
	},
	{
		Name: Button, Who: onSite, Wipes: WipesAll, Limit: unknownLimit, Pause: pause,
		What:  "Reset the device to factory settings at the device itself, as described in its manual",
		Costs: "all settings, accounts, certificates and the address of the device",
		Keeps: "recordings on its disks, if nobody formats them",
	},
}

// optionOf is the option of a name, nil if there is none.
func optionOf(name string) *Option {
	i := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &options[i]
}

// Resetting reports whether a step resets the password of a device.
func Resetting(step string) bool { return optionOf(step) != nil }

// offered says whether the device has an option: "yes", "no", or "unknown".
func (o Option) offered(c Case) string {
	saw := c.saw(time.Time{})
	said, ok := saw[Resets]
	for list, answer := range map[string]string{Ways: "yes", Lacks: "no"} {
		if saw[list] != "" && slices.Contains(strings.Split(saw[list], ","), o.Name) {
			return answer
		}
	}
	if !ok || len(o.Abilities) == 0 {
		return "unknown"
	}
	for word := range strings.SplitSeq(said, ",") {
		if slices.Contains(o.Abilities, word) {
			return "yes"
		}
	}
	return "no"
}

// Ledger is what an option has cost, in tries that count towards a lock.
type Ledger struct {
	Wrong int       // tries that count now
	Until time.Time // when the next one may be made; zero if it may be made now
}

// LedgerOf counts the tries of an option.
func LedgerOf(c Case, option string, now time.Time) Ledger {
	o := optionOf(option)
	if o == nil {
		return Ledger{}
	}
	var l Ledger
	var oldest time.Time
	begun := false
	count := func(e Event) {
		if now.Sub(e.At) < o.Pause {
			if l.Wrong++; oldest.IsZero() {
				oldest = e.At
			}
		}
	}
	var started Event
	for _, e := range c.Events {
		if e.Step != option {
			continue
		}
		if e.Kind == Begun && begun {
			count(started) // the one before never ended: it may have cost a try
		}
		if e.Kind == Failed && e.Data[Spent] != "no" {
			count(e)
			if left, err := number(e.Data[Left]); err == nil && left <= reserve && e.At.Add(o.Pause).After(now) {
				l.Until = later(l.Until, e.At.Add(o.Pause))
			}
		}
		if e.Kind == Done {
			l, oldest = Ledger{}, time.Time{}
		}
		if begun = e.Kind == Begun; begun {
			started = e
		}
	}
	if begun {
		count(started)
	}
	if l.Wrong >= o.Limit-reserve {
		l.Until = later(l.Until, oldest.Add(o.Pause))
	}
	return l
}

func number(text string) (n int, err error) {
	_, err = fmt.Sscanf(text, "%d", &n)
	return n, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
