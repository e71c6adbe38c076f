package engine

import (
	"context"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diff"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/schema"
)

// credentials is what is known of managed passwords.
type credentials struct {
	live     map[string]diff.Managed          // by name
	versions map[string][]state.SecretVersion // by name, newest first
	restored bool                             // the state is older than what was noted beside it
	attempts *state.Attempts
}

func readCredentials(ctx context.Context, store *state.Fleet) (credentials, error) {
	c := credentials{attempts: store.Attempts, live: map[string]diff.Managed{}, versions: map[string][]state.SecretVersion{}}
	all, err := store.AllSecrets(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range all {
		c.versions[s.Name] = append(c.versions[s.Name], s)
		if s.Status == state.SecretLive {
			c.live[s.Name] = diff.Managed{Version: s.Version, Since: s.Created, Made: s.Run != "", Activated: s.Note == plan.Activates, Uncertain: s.Uncertain}
		}
	}
	c.restored, err = store.Behind(ctx)
	return c, err
}

// standing is the record of the account with which camform logs in to a device.
func (c credentials) standing(ctx context.Context, device *config.Device, known state.Device) standing {
	access := diff.AccessOf(device)
	return standing{
		device: device.Address, access: access, seen: known.LastSeen, versions: c.versions[access.Managed], restored: c.restored,
		allow: allowing(ctx, c.attempts, access),
	}
}

// wayByFile is the way to a new password by a file that the device gave out while the old one was known.
const wayByFile = "guid_file"

// recordedFile says how the vault stands to the file of a device with which its password can be reset.
type recordedFile int

const (
	fileMissing  recordedFile = iota
	fileOutdated              // given out before the password was made
	fileCurrent
)

// recoveryFile says it of a device, of whose login the vault has the passwords under a name; empty if it has none.
func (c credentials) recoveryFile(device schema.Device, managed string) recordedFile {
	file, ok := rotate.Live(c.versions[credential.RecoveryFile(device)])
	password, known := rotate.Live(c.versions[managed])
	switch {
	case !ok:
		return fileMissing
	case known && file.Created.Before(password.Created):
		return fileOutdated
	}
	return fileCurrent
}
