package isapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"camform/providers"
	"camform/providers/hikvision/cipher"
	"camform/schema"
)

var _ providers.Archiver = (*Reader)(nil)

// archiveKeySize is how many characters the key of an archive has: as many as recorded devices take at most
// (cfgFileSecretKeyLenLimit). They are digits and letters.
const archiveKeySize = 16

// Archive asks the device for its configurationData, with a new key. Firmware that says how it takes enciphered texts takes the key
// in no other way. Other firmware would get it in clear, so over https only.
func (r *Reader) Archive(ctx context.Context) (providers.Archive, error) {
	if err := r.ready(); err != nil {
		return providers.Archive{}, err
	}
	a, err := r.archive(ctx)
	if err != nil {
		return providers.Archive{}, r.end(fmt.Errorf("read %s: %w", archivePath, err))
	}
	return a, nil
}

func (r *Reader) archive(ctx context.Context) (providers.Archive, error) {
	key := schema.NewSecret(rand.Text()[:archiveKeySize])
	query, err := r.archiveQuery(ctx, key)
	if err != nil {
		return providers.Archive{}, err
	}
	status, body, err := r.send(ctx, http.MethodGet, archivePath+query, nil)
	if err != nil {
		return providers.Archive{}, err
	}
	v := verdictOf(status, body)
	hide := providers.NewRedactor(key, r.target.Login.Password)
	form, root := shapeOf(body)
	switch {
	case v.lacks() && v.mayPass():
		return providers.Archive{}, fmt.Errorf("%s: %w", v.missing(hide.Blank), providers.ErrBusy)
	case v.lacks():
		return providers.Archive{}, fmt.Errorf("%s: %w", v.missing(hide.Blank), providers.ErrUnsupported)
	case v.accepted():
		return providers.Archive{}, fmt.Errorf("it answers with a status, not with an archive: %w", providers.ErrMalformed)
	case status/100 != 2 || v.isapi:
		return providers.Archive{}, fmt.Errorf("%s: %w", v.describe(hide.Blank), v.readFamily())
	case form == shapeEmpty || form == shapeHTML || root != "":
		return providers.Archive{}, fmt.Errorf("it answers with %s %s, not with an archive: %w", form, quote(hide.Blank(root)), providers.ErrMalformed)
	}
	return providers.Archive{Key: key, Body: body}, nil
}

// archiveQuery is the query with which an archive is asked for.
func (r *Reader) archiveQuery(ctx context.Context, key schema.Secret) (string, error) {
	terms, err := r.termsOf(ctx, r.target.Login.Username)
	switch {
	case errors.Is(err, cipher.ErrUnknown) && r.target.URL.Scheme == "https":
		return "?secretkey=" + key.Reveal(), nil
	case errors.Is(err, cipher.ErrUnknown):
		return "", fmt.Errorf("the key of the archive is sent only over https or enciphered, and %w; give the device an address with https://: %w", err, providers.ErrUnsupported)
	case err != nil:
		return "", err
	}
	var iv cipher.IV
	_, _ = rand.Read(iv[:]) // it never fails
	login := r.target.Login
	return "?secretkey=" + terms.Key(login.Username, login.Password).Text(key.Reveal(), iv) + "&security=1&iv=" + hex.EncodeToString(iv[:]), nil
}
