package vault

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"camform/engine/state"
	"camform/schema"
)

// Taken returns a function that reports whether a version of any secret has a text. It opens those without a noted
// fingerprint, once, and notes it. Versions that others make up at the same time are not seen.
//
// A fingerprint is keyed by the data key, so it means nothing to those who cannot open the vault, and by name and version, so
// that equal texts do not show. It names the epoch of its key: Rekey makes all others worth nothing.
func (v *Vault) Taken(ctx context.Context) (func(schema.Secret) bool, error) {
	noted, err := v.secrets.Fingerprints(ctx)
	if err != nil {
		return nil, err
	}
	if len(noted) == 0 {
		return func(schema.Secret) bool { return false }, nil
	}
	open, err := v.open(ctx)
	if err != nil {
		return nil, err
	}
	p := open.printer()
	var fresh []state.Fingerprint
	for i, f := range noted {
		if strings.HasPrefix(f.Text, p.epoch) {
			continue
		}
		secret, err := v.Version(ctx, f.Name, f.Version)
		if err != nil {
			return nil, err
		}
		noted[i].Text = p.print(f, secret)
		fresh = append(fresh, noted[i])
	}
	if err := v.secrets.SaveFingerprints(ctx, fresh); err != nil {
		return nil, err
	}
	return func(secret schema.Secret) bool {
		for _, f := range noted {
			if f.Text == p.print(f, secret) {
				return true
			}
		}
		return false
	}, nil
}

// printer makes fingerprints. It is for one goroutine.
type printer struct {
	epoch string // what they begin with
	mac   hash.Hash
}

func (o *opened) printer() printer {
	key, err := hkdf.Key(sha256.New, []byte(o.keys.Key), nil, "camform secret fingerprints", sha256.Size)
	if err != nil {
		panic("no key can be derived: this is a bug: " + err.Error())
	}
	return printer{fmt.Sprintf("%d:", o.row.Epoch), hmac.New(sha256.New, key)}
}

// print is the fingerprint of a secret as that of a version.
func (p printer) print(of state.Fingerprint, secret schema.Secret) string {
	p.mac.Reset()
	p.mac.Write(binary.BigEndian.AppendUint64(nil, uint64(of.Version)))
	p.mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(of.Name))))
	p.mac.Write([]byte(of.Name))
	p.mac.Write([]byte(secret.Reveal()))
	return p.epoch + hex.EncodeToString(p.mac.Sum(nil)[:16])
}
