package state

import (
	"bytes"
	"path/filepath"
	"testing"
)

func TestSealedTextsAreUnreadableAndWhole(t *testing.T) {
	s := must[*Store](t)(Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), Options{}))
	defer func() { ok(t, s.Close()) }()
	text := []byte("<ntp>a document</ntp>")
	sealed := must[[]byte](t)(s.Seal(text))
	if bytes.Contains(sealed, text[:5]) {
		t.Error("the text can be read")
	}
	if got := must[[]byte](t)(s.Unseal(sealed)); !bytes.Equal(got, text) {
		t.Errorf("got %q", got)
	}
	for i := range sealed {
		spoilt := bytes.Clone(sealed)
		spoilt[i] ^= 1
		_, err := s.Unseal(spoilt)
		wantError(t, err, ErrDamaged)
	}
	other := must[*Store](t)(Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), Options{}))
	defer func() { ok(t, other.Close()) }()
	_, err := other.Unseal(sealed)
	wantError(t, err, ErrDamaged)
}
