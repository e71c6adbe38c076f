package vault

import (
	"slices"

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

// inUse is the secret of the version in use; ok is false if there is none.
func inUse(versions []version) (secret schema.Secret, ok bool) {
	i := slices.IndexFunc(versions, func(v version) bool { return v.Status == state.SecretLive })
	if i < 0 {
		return schema.Secret{}, false
	}
	return versions[i].secret, true
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
