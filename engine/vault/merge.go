package vault

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// merging collects what an import changes. It runs within a transaction.
type merging struct {
	open  *opened
	known map[string][]state.SecretVersion // newest first
	rows  []state.SecretVersion            // to be written
	newer []string                         // names that have something newer here
	done  Imported
}

// version is a version of a secret that was opened. Its text counts, for the numbers of two vaults mean different things.
type version struct {
	state.SecretVersion
	secret schema.Secret
}

func byName(all []state.SecretVersion) map[string][]state.SecretVersion {
	found := map[string][]state.SecretVersion{}
	for _, s := range all {
		found[s.Name] = append(found[s.Name], s)
	}
	return found
}

// add merges the versions of a name, oldest first.
func (m *merging) add(name string, file []exportedSecret) error {
	ours, err := m.ours(name)
	if err != nil {
		return err
	}
	theirs := versionsOf(file)
	if len(ours) == 0 {
		m.done.Added = append(m.done.Added, name)
		return m.restore(theirs)
	}
	missing := slices.DeleteFunc(slices.Clone(theirs), func(v version) bool { return has(ours, v.secret) })
	live, replaces := replacement(ours, theirs)
	if replaces && goesBack(ours, theirs) {
		m.newer = append(m.newer, name)
	}
	if len(missing) == 0 && !replaces {
		m.done.Same = append(m.done.Same, name)
		return nil
	}
	m.done.Changed = append(m.done.Changed, name)
	if replaces {
		m.retire(ours, live)
	}
	return m.follow(ours[0].Version, missing)
}

// ours opens what the vault has of a name, newest first.
func (m *merging) ours(name string) ([]version, error) {
	var found []version
	for _, s := range m.known[name] {
		text, err := m.open.unseal(secretLabel(name), s.Sealed)
		if err != nil {
			return nil, err
		}
		found = append(found, version{s, schema.NewSecret(string(text))})
	}
	return found, nil
}

func versionsOf(file []exportedSecret) []version {
	var found []version
	for _, s := range file {
		found = append(found, version{state.SecretVersion{
			Name: s.Name, Version: s.Version, Status: s.Status, Created: s.Created, Sent: s.Sent, Proven: s.Proven,
			Tried: s.Tried, Run: s.Run, Note: s.Note,
		}, s.Secret.Secret})
	}
	return found
}

func has(versions []version, secret schema.Secret) bool {
	return slices.ContainsFunc(versions, func(v version) bool { return v.secret == secret })
}

// live is the version in use; ok is false if there is none.
func live(versions []version) (v version, ok bool) {
	i := slices.IndexFunc(versions, func(v version) bool { return v.Status == state.SecretLive })
	if i < 0 {
		return version{}, false
	}
	return versions[i], true
}

// inUse is the secret of the version in use; ok is false if there is none.
func inUse(versions []version) (secret schema.Secret, ok bool) {
	v, ok := live(versions)
	return v.secret, ok
}

// replacement is the secret that is to be in use instead of what is in use here; ok is false if that stays.
func replacement(ours, theirs []version) (secret schema.Secret, ok bool) {
	here, some := inUse(ours)
	there, ok := inUse(theirs)
	return there, ok && (!some || here != there)
}

// goesBack reports whether what is in use here is newer than what is in use there, or unrelated to it.
func goesBack(ours, theirs []version) bool {
	here, some := inUse(ours)
	there, _ := inUse(theirs)
	return some && (!has(theirs, here) || has(ours, there))
}

// retire makes history of the version in use, and puts another one that is here into its place.
func (m *merging) retire(ours []version, live schema.Secret) {
	found := false
	for _, v := range ours {
		switch {
		case v.secret == live && !found:
			found, v.Status = true, state.SecretLive
		case v.Status == state.SecretLive:
			v.Status = state.SecretHistory
		default:
			continue
		}
		m.rows = append(m.rows, v.SecretVersion)
	}
}

// restore adds versions with their numbers.
func (m *merging) restore(versions []version) error {
	for _, v := range versions {
		sealed, err := sealTo(m.open.row, secretLabel(v.Name), []byte(v.secret.Reveal()))
		if err != nil {
			return err
		}
		v.Sealed = sealed
		m.rows = append(m.rows, v.SecretVersion)
	}
	return nil
}

// follow adds versions behind the last one.
func (m *merging) follow(last int, versions []version) error {
	for i := range versions {
		versions[i].Version = last + 1 + i
	}
	return m.restore(versions)
}

// Merged says what a merge of a backup did, as sorted names.
type Merged struct {
	Newer []string // that have a password of the backup in use now
	Older []string // the vault has a newer version of these in use
	Same  []string // both have the same version of these in use
}

// Merge takes from the vault of a backup, made at a time, what is newer than what is in use here: where the backup knows what is
// in use here as a former version, or where neither knows that of the other and the one of the backup was made later. What was in
// use becomes history, and nothing is lost. What comes from the backup is uncertain since that time, until a device accepts it.
func (v *Vault) Merge(ctx context.Context, backup *Vault, made time.Time) (Merged, error) {
	open, err := v.open(ctx)
	if err != nil {
		return Merged{}, err
	}
	theirs, err := backup.openAll(ctx)
	if err != nil {
		return Merged{}, fmt.Errorf("the vault of the backup: %w", err)
	}
	var done Merged
	err = v.secrets.MergeSecrets(ctx, func(known []state.SecretVersion) ([]state.SecretVersion, error) {
		m := merging{open: open, known: byName(known)}
		done = Merged{}
		for _, name := range slices.Sorted(maps.Keys(theirs)) {
			ours, err := m.ours(name)
			if err != nil {
				return nil, err
			}
			if err := m.takeNewer(&done, name, ours, uncertain(theirs[name], made)); err != nil {
				return nil, err
			}
		}
		return m.rows, nil
	})
	return done, err
}

// openAll opens all versions of all names, oldest first.
func (v *Vault) openAll(ctx context.Context) (map[string][]version, error) {
	all, err := v.secrets.AllSecrets(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string][]version{}
	for _, s := range all {
		secret, err := v.Open(s)
		if err != nil {
			return nil, err
		}
		found[s.Name] = append([]version{{s, secret}}, found[s.Name]...)
	}
	return found, nil
}

// uncertain are versions of a backup that was made at a time, where the one in use may have been replaced since.
func uncertain(versions []version, made time.Time) []version {
	for i := range versions {
		if versions[i].Status == state.SecretLive && versions[i].Uncertain.IsZero() {
			versions[i].Uncertain = made
		}
	}
	return versions
}

// takeNewer takes the versions of a name from a backup, oldest first, if they are newer.
func (m *merging) takeNewer(done *Merged, name string, ours, theirs []version) error {
	if len(ours) == 0 {
		done.Newer = append(done.Newer, name)
		return m.restore(theirs)
	}
	live, replaces := replacement(ours, theirs)
	switch {
	case !replaces:
		done.Same = append(done.Same, name)
		m.refresh(ours, theirs)
		return nil
	case goesBack(ours, theirs) && !madeLater(ours, theirs):
		done.Older = append(done.Older, name)
		return nil
	}
	done.Newer = append(done.Newer, name)
	m.retire(ours, live)
	return m.follow(ours[0].Version, slices.DeleteFunc(slices.Clone(theirs), func(v version) bool { return has(ours, v.secret) }))
}

// madeLater reports whether neither knows what is in use with the other, and what is in use there was made later.
func madeLater(ours, theirs []version) bool {
	here, some := live(ours)
	there, known := live(theirs)
	return some && known && !has(theirs, here.secret) && !has(ours, there.secret) && there.Created.After(here.Created)
}

// refresh notes that what is in use here was in use when the backup was made, where a restore had made that uncertain for longer.
func (m *merging) refresh(ours, theirs []version) {
	here, some := live(ours)
	there, known := live(theirs)
	if some && known && !here.Uncertain.IsZero() && there.Uncertain.After(here.Uncertain) {
		here.Uncertain = there.Uncertain
		m.rows = append(m.rows, here.SecretVersion)
	}
}
