package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"camform/engine/backup"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// wantsOfBackup are all kinds, as for a lock, and the other documents that are known.
func wantsOfBackup(known []string) wants {
	return func(kinds *schema.Kinds, device *config.Device) live.Wants {
		all := wantsOfLock(kinds, device)
		all.Extra, all.Archive = known, true
		return all
	}
}

// backups are what the devices of a survey said. The problems tell which of them could not be read.
func backups(found *survey, now time.Time) ([]*backup.Backup, diag.Problems) {
	var all []*backup.Backup
	var problems diag.Problems
	for i, s := range found.snapshots {
		if s.Err != nil {
			problems = append(problems, notRead(s))
			continue
		}
		all = append(all, backupOf(found.devices[i], s, found.requests[i].Keys, now))
	}
	return all, problems
}

func backupOf(d *config.Device, s *live.Snapshot, keys map[string][]string, now time.Time) *backup.Backup {
	access := diff.AccessOf(d)
	b := &backup.Backup{
		Device: d.Address, Taken: now.UTC().Truncate(time.Microsecond), Identity: s.Identity, Keys: keys, Unread: map[string]string{},
		Access: backup.Access{
			URL: d.URL.String(), Username: access.Username, Origin: access.Password.Origin, Basic: access.Basic, Legacy: access.Legacy,
			Site: d.Site, Tags: d.Tags,
		},
	}
	for _, path := range slices.Sorted(maps.Keys(s.Documents)) {
		doc := s.Documents[path]
		if doc.Unsure {
			b.Unread[path] = doc.Missing
			continue
		}
		b.Documents = append(b.Documents, backup.Document{Path: path, Body: doc.Body, Missing: doc.Missing})
	}
	for path, err := range s.UnreadDocuments {
		b.Unread[path] = providers.Reason(err)
	}
	switch err := s.ArchiveErr; {
	case err == nil && s.Archive != nil:
		b.Archive = *s.Archive
	case errors.Is(err, providers.ErrUnsupported), errors.Is(err, providers.ErrDenied):
		b.NoArchive = providers.Reason(err)
	case err != nil:
		b.Unread[backup.ArchiveName] = providers.Reason(err)
	}
	for name, err := range s.Unreadable {
		for _, place := range s.Kinds[name].Documents() {
			if _, ok := s.Documents[place.Path]; !ok {
				b.Unread[place.Path] = providers.Reason(err)
			}
		}
	}
	return b
}

// surveyOf reads backups in the place of their devices.
func (j judge) surveyOf(ctx context.Context, all []*backup.Backup, wants wants) ([]Candidate, *survey, error) {
	candidates := make([]Candidate, len(all))
	found := &survey{requests: make([]live.Request, len(all)), known: make([]state.Device, len(all))}
	for i, b := range all {
		u, err := url.Parse(b.Access.URL)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: the address of %s", backup.ErrDamaged, b.Device)
		}
		candidates[i] = Candidate{
			Device: b.Device, Name: b.Device.Name, URL: u, Username: b.Access.Username, Origin: b.Access.Origin, Basic: b.Access.Basic,
			Legacy: b.Access.Legacy, Site: b.Access.Site, Tags: b.Access.Tags,
		}
		device := candidates[i].device()
		request := live.Request{Target: providers.Target{Device: b.Device, URL: u}, Wants: wants(j.Kinds(), device)}
		request.Keys = b.Keys
		found.devices, found.requests[i] = append(found.devices, device), request
		found.snapshots = append(found.snapshots, live.Read(ctx, b.Reader(), request, live.Options{Interpreter: j, Cache: noCache{}}))
	}
	return candidates, found, nil
}

// noCache keeps nothing: a backup has its own limits.
type noCache struct{}

func (noCache) Lookup(string, string, string) (providers.Document, bool) {
	return providers.Document{}, false
}
func (noCache) Store(string, string, providers.Document) {}
