package plan

import "camform/providers"

// Activation is how a plan gives a device its first password. What the device is like cannot be read before: its steps are what
// is declared, each as if there were nothing, and apply carries out what of them is left to do once the device was read.
type Activation struct {
	providers.Activation

	Password Generate `json:"password"`

	// Unproven are the kinds and attributes that may be written although too little is known of them, with the reasons.
	Unproven map[string]string `json:"unproven,omitempty"`
}

// Activates is the reason of a password that a device gets when it has none, and the note with which the vault keeps it.
const Activates = "it activated the device"

// First reports whether it is the password that the device is activated with, which no step sends.
func (g Generate) First() bool { return g.Reason == Activates }

// Unread reports whether the settings of a device are unknown: it could not be read, or waits for its first password.
func (d Device) Unread() bool { return d.Problem != "" || d.Activation != nil }

// Activated are the devices that a plan gives their first password.
func (p *Plan) Activated() []Device {
	var all []Device
	for _, d := range p.Devices {
		if d.Activation != nil {
			all = append(all, d)
		}
	}
	return all
}
