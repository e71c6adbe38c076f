package recover

import (
	"time"

	"camform/engine/inventory"
)

// Facts are what is known besides the events of a case. What is not known is zero, except where a field says otherwise.
type Facts struct {
	Now        time.Time
	Record     inventory.Record // what is declared and remembered of the device
	Configured int              // settings that the configuration declares for it

	Backup    Kept
	Exported  time.Time // when the device gave out the recovery file that the vault has; zero if it has none that is good
	Passwords Passwords
	Prepared  map[string]string // what is on record for an option, by its name: "exported on 2026-05-01"

	Affected []string // advisories that affect the firmware
	Unsure   []string // advisories for which that is unknown

	Consumers []Consumer
	Uses      []string // items with which the device uses others, as it told last, by their local names
	Contacts  []Contact
	Builds    []Build // of firmware that the operator allows for the model
}

// Kept is the newest backup of the device; its name is empty where there is none.
type Kept struct {
	Name      string
	Taken     time.Time
	Documents int
}

// Passwords are those that camform has for the device.
type Passwords struct {
	Current  string // origin of the one that camform logs in with; empty if there is none
	Previous string // origin of the one before; empty if the vault has none

	Left      int       // attempts that the device said last were left, if that is still valid; or providers.RemainingUnknown
	Proven    time.Time // when the device accepted the current one last
	Generated bool      // camform made the current one up, so that nobody has seen it

	// Rotating and Activating are the commands that find out which password the device has, where a rotation or an activation did not
	// end; empty if none is on its way.
	Rotating, Activating string

	// Withheld are the logins that would not be made now, by their steps. One that only the device can decide about is not in it.
	Withheld map[string]Withheld
}

// Withheld is why a login would not be made now.
type Withheld struct {
	Until time.Time // when it can be tried at the earliest
	Why   string    // in words, with that time
}

// Consumer is somebody who uses the device, and may lose it while it is reset.
type Consumer struct {
	Name string // "device.recorder.channel.2", or as a person calls it
	Why  string // how that is known: "it told so on 2026-05-01"
}

// Contact is a support contact that the operator's rules allow.
type Contact struct {
	Name     string
	Channels []string // of Channels
}
