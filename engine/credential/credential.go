// Package credential knows what managed passwords must be like: policies, the rules of devices, a generator that obeys
// both, and when a password is due to be changed. It is pure: randomness and time are handed in.
//
// Rules:
//
//   - A generated password obeys the policy and the device together, or there is an error that names both.
//   - What a person chose is judged by the same rules as what was generated.
//   - Nothing here prints a password, and no error contains one.
package credential

import (
	"net/url"
	"strings"
	"time"

	"camform/schema"
)

// Policy says what passwords of accounts must be like, how long they live and who else uses them. The zero value asks for
// nothing but what devices demand.
type Policy struct {
	Name      string        `json:"name"`                 // as in credential_policy "NAME"
	MinLength int           `json:"min_length,omitempty"` // 0 for the least that devices take
	MaxLength int           `json:"max_length,omitempty"` // 0 for the most that the device takes
	Classes   int           `json:"classes,omitempty"`    // how many of digits, lower case, upper case and others; 0 to 4
	Forbid    []string      `json:"forbid,omitempty"`     // texts that must not be part of a password, in any case
	MaxAge    time.Duration `json:"max_age,omitempty"`    // age at which a password is due; 0 for never
	Unique    bool          `json:"unique,omitempty"`     // no two accounts of the vault share a password
	History   int           `json:"history,omitempty"`    // how many earlier passwords of the account must not come back
	Window    string        `json:"window,omitempty"`     // when due passwords may be changed, such as "sat,sun 02:00-05:00"; empty for any time
	Consumers []string      `json:"consumers,omitempty"`  // who else uses the passwords and has to get new ones, for people

	// ProveOldRefused asks for a proof that the old password is refused after a change. It costs one login attempt, which
	// is spent only where the device tells that enough are left.
	ProveOldRefused bool `json:"prove_old_refused,omitempty"`
}

// Name is the name of the vault under which the password of an account of a device is kept: "gate/north/admin" for the
// account admin of device.gate["north"]. No two accounts have the same name.
func Name(device schema.Device, account string) string {
	name := url.PathEscape(device.Name)
	if device.Each {
		name += "/" + url.PathEscape(device.Key)
	}
	return name + "/" + url.PathEscape(account)
}

// AccountOf is the account for which Name makes that name; ok is false for the name of another secret of the vault.
func AccountOf(name string) (device schema.Device, account string, ok bool) {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil {
			return schema.Device{}, "", false
		}
		parts[i] = text
	}
	switch len(parts) {
	case 2:
		device, account = schema.Device{Name: parts[0]}, parts[1]
	case 3:
		device, account = schema.Device{Name: parts[0], Key: parts[1], Each: true}, parts[2]
	}
	parsed, err := schema.ParseDevice(device.String())
	return device, account, err == nil && parsed == device && Name(device, account) == name
}

// recoveryFile stands in place of an account. No account has that name: a configuration with a colon in one is refused.
const recoveryFile = "recovery:file"

// RecoveryFile is the name of the vault under which the file is kept with which the password of a device can be set again. It goes
// along with the device, as passwords do.
func RecoveryFile(device schema.Device) string { return Name(device, recoveryFile) }

// IsRecoveryFile reports whether RecoveryFile makes a name.
func IsRecoveryFile(name string) bool {
	_, account, ok := AccountOf(name)
	return ok && account == recoveryFile
}

// Origin is the origin of the secret of that name in the vault.
func Origin(name string) string { return schema.OriginVault + ":" + name }
