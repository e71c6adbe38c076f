package backup

import (
	"context"
	"errors"
	"fmt"

	"camform/providers"
)

// Reader reads from a backup as if it were the device. It reaches nobody.
func (b *Backup) Reader() providers.Reader { return reader{b} }

type reader struct{ *Backup }

func (r reader) Identify(context.Context) (providers.Identity, error) { return r.Identity, nil }

func (r reader) Read(_ context.Context, path string) (providers.Document, error) {
	if why, unread := r.Unread[path]; unread {
		return providers.Document{}, errors.New(why)
	}
	d, ok := r.Find(path)
	if !ok {
		return providers.Document{}, fmt.Errorf("%s is not in the backup", path)
	}
	return providers.Document{Path: d.Path, Body: d.Body, Missing: d.Missing}, nil
}

func (r reader) Pin() providers.Pin { return providers.Pin{} }
func (r reader) Renew()             {}
func (r reader) Close()             {}
