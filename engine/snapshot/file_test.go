package snapshot

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/signers"
	"camform/engine/state"
	"camform/providers"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// person is somebody with a key that is always the same.
func person(t testing.TB, name string) ssh.Signer {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	key, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// listed are lines of a file of signers, read for snapshots.
func listed(t testing.TB, lines ...string) []signers.Signer {
	t.Helper()
	var all []signers.Signer
	for _, line := range lines {
		found, err := signers.ParseLine(line, signers.Snapshots)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

func line(key ssh.Signer, before string) string {
	return before + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}

func trusting(t testing.TB, lines ...string) Trust {
	return Trust{Lists: [][]signers.Signer{listed(t, lines...)}, Now: noon.Add(time.Hour)}
}

// small is a snapshot with a bit of everything.
func small() *Content {
	var texts Pool
	return &Content{
		Version: "1.0", State: state.Extract{Lineage: "0123", Tables: 14},
		Noted: []Noted{{Address: "device.gate.user.guard", Attribute: "password", Origin: "vault:gate/guard", Fingerprint: "f1"}},
		Devices: []Device{
			{
				Address: "device.gate", URL: "https://192.0.2.1", Username: "admin", Read: noon, Identity: providers.Identity{Serial: "S1"}, Pin: providers.Pin{SPKI: "sha256:1"},
				Documents: []Document{
					{Path: "/a", Text: texts.Number([]byte("<a/>")), Source: "192.0.2.9", Asked: noon, Date: noon},
					{Path: "/b", Missing: "403 notSupport"},
					{Path: "/c", Failure: &Failure{"denied", "the account may not"}},
				},
				Shown: []Noted{{Address: "device.gate.snmp", Attribute: "community", Fingerprint: "f2"}},
			},
			{Address: "device.lobby", URL: "https://192.0.2.2", Username: "admin", Read: noon.Add(-2 * time.Hour), Failure: &Failure{"unreachable", "no answer"}},
		},
		Texts: texts.All(),
	}
}

func written(t testing.TB, c *Content, key ssh.Signer) []byte {
	t.Helper()
	text, err := Write(c, key, noon)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	key := person(t, "watchman")
	text := written(t, small(), key)
	if again := written(t, small(), key); !bytes.Equal(text, again) {
		t.Error("the same content has other bytes the second time")
	}
	c, taken, err := Open(text, trusting(t, line(key, "watchman@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(small())
	have, _ := json.Marshal(c)
	if !bytes.Equal(want, have) {
		t.Errorf("read is\n%s\nand written was\n%s", have, want)
	}
	if taken.Signer != "watchman@example.com" || taken.Key != ssh.FingerprintSHA256(key.PublicKey()) || !taken.Signed.Equal(noon) || !strings.HasPrefix(taken.Hash, "sha256:") {
		t.Errorf("it is of %+v", taken)
	}
}

// Every byte of a snapshot counts: with any bit of it changed it is refused as a whole.
func TestI14ASnapshotWithOneBitChangedIsRefused(t *testing.T) {
	key := person(t, "watchman")
	text, trust := written(t, small(), key), trusting(t, line(key, "watchman@example.com"))
	for at := range text {
		for _, bit := range []byte{1 << rand.IntN(8), 1 << (at % 8)} {
			changed := slices.Clone(text)
			changed[at] ^= bit
			c, _, err := Open(changed, trust)
			if err == nil || c != nil {
				t.Fatalf("it is read with bit %#x of byte %d of %d changed (%q)", bit, at, len(text), text[at])
			}
		}
	}
	for cut := range len(text) {
		if c, _, err := Open(text[:cut], trust); err == nil || c != nil {
			t.Fatalf("it is read when it ends at byte %d of %d", cut, len(text))
		}
	}
	if _, _, err := Open(append(slices.Clone(text), 'x'), trust); !errors.Is(err, ErrNotASnapshot) {
		t.Errorf("with a byte behind it: %v", err)
	}
}

func TestI14OnlyWhoIsListedIsBelieved(t *testing.T) {
	watchman, eve := person(t, "watchman"), person(t, "eve")
	text := written(t, small(), watchman)
	mine, others := listed(t, line(watchman, "watchman@example.com")), listed(t, line(eve, "eve@example.com"))
	for name, test := range map[string]struct {
		trust Trust
		want  error
	}{
		"nobody":              {Trust{Now: noon}, ErrSigner},
		"somebody else":       {Trust{Lists: [][]signers.Signer{others}, Now: noon}, ErrSigner},
		"not by all":          {Trust{Lists: [][]signers.Signer{mine, others}, Now: noon}, ErrSigner},
		"by both":             {Trust{Lists: [][]signers.Signer{mine, mine}, Now: noon}, nil},
		"for plans only":      {trusting(t, line(watchman, `w namespaces="camform-plan"`)), ErrSigner},
		"no longer":           {trusting(t, line(watchman, `w valid-before="20260301123000Z"`)), ErrSigner},
		"not yet":             {trusting(t, line(watchman, `w valid-after="20260301123000Z"`)), ErrSigner},
		"then and now":        {trusting(t, line(watchman, `w valid-before="20260301133000Z",valid-after="20260301113000Z"`)), nil},
		"in the future":       {Trust{Lists: [][]signers.Signer{mine}, Now: noon.Add(-time.Hour)}, ErrNotNow},
		"ahead a little":      {Trust{Lists: [][]signers.Signer{mine}, Now: noon.Add(-4 * time.Minute)}, nil},
		"of another state":    {Trust{Lists: [][]signers.Signer{mine}, Lineages: []string{"4567"}, Now: noon}, ErrLineage},
		"of one of two":       {Trust{Lists: [][]signers.Signer{mine}, Lineages: []string{"0123", "4567"}, Now: noon}, ErrLineage},
		"of the state wanted": {Trust{Lists: [][]signers.Signer{mine}, Lineages: []string{"0123"}, Now: noon}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c, _, err := Open(text, test.trust); !errors.Is(err, test.want) || (err == nil) != (c != nil) {
				t.Errorf("%v", err)
			}
		})
	}
}

// signed is a file with any statement and any content, signed for a purpose.
func signed(t testing.TB, s statement, packed []byte, key ssh.Signer, namespace string) []byte {
	t.Helper()
	s.Hash = hashOf(packed)
	first, err := s.line()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signers.Sign(first, key, namespace)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(first, signature, packed)
}

func packed(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a signer of whom somebody thinks well was made to sign is bounded and judged, too.
func TestWhatIsSignedAndWrongIsRefused(t *testing.T) {
	key := person(t, "watchman")
	trust := trusting(t, line(key, "watchman@example.com"))
	good, _ := json.Marshal(small())
	of := func(change func(*Content)) []byte {
		c := small()
		change(c)
		text, _ := json.Marshal(c)
		return text
	}
	base := statement{Format: Format, Lineage: "0123", Signed: noon, Devices: 2}
	for name, test := range map[string]struct {
		plain  []byte
		change func(*statement)
		space  string
		want   error
	}{
		"good":               {plain: good},
		"for a plan":         {plain: good, space: signers.Plans, want: signers.ErrNamespace},
		"a newer format":     {plain: good, change: func(s *statement) { s.Format = 2 }, want: ErrOtherFormat},
		"other devices":      {plain: good, change: func(s *statement) { s.Devices = 3 }, want: ErrNotASnapshot},
		"another lineage":    {plain: good, change: func(s *statement) { s.Lineage = "0124" }, want: ErrNotASnapshot},
		"more than it says":  {plain: good, change: func(s *statement) { s.Size-- }, want: ErrNotASnapshot},
		"less than it says":  {plain: good, change: func(s *statement) { s.Size++ }, want: ErrNotASnapshot},
		"a bomb":             {plain: make([]byte, 64<<20), change: func(s *statement) { s.Size = 100 }, want: ErrNotASnapshot},
		"more than anything": {plain: good, change: func(s *statement) { s.Size = maxContent + 1 }, want: ErrNotASnapshot},
		"less than nothing":  {plain: good, change: func(s *statement) { s.Size = -1 }, want: ErrNotASnapshot},
		"no JSON":            {plain: []byte("x"), want: ErrNotASnapshot},
		"deep JSON":          {plain: bytes.Repeat([]byte("["), 1<<20), want: ErrNotASnapshot},
		"an unknown word":    {plain: bytes.Replace(good, []byte(`"noted"`), []byte(`"other"`), 1), want: ErrNotASnapshot},
		"no such text":       {plain: of(func(c *Content) { c.Devices[0].Documents[0].Text = 2 }), want: ErrNotASnapshot},
		"a text below 0":     {plain: of(func(c *Content) { c.Devices[0].Documents[0].Text = -1 }), want: ErrNotASnapshot},
		"no certificate":     {plain: of(func(c *Content) { c.Devices[0].Certificate = 1 }), want: ErrNotASnapshot},
		"no document's":      {plain: of(func(c *Content) { c.Devices[0].Documents[0].Shown = 1 }), want: ErrNotASnapshot},
		"a bad certificate":  {plain: of(func(c *Content) { c.Certificates = [][]byte{[]byte("x")} }), want: ErrNotASnapshot},
		"a device twice":     {plain: of(func(c *Content) { c.Devices[1].Address = "device.gate" }), want: ErrNotASnapshot},
		"no address":         {plain: of(func(c *Content) { c.Devices[1].Address = "gate" }), want: ErrNotASnapshot},
		"read later":         {plain: of(func(c *Content) { c.Devices[1].Read = noon.Add(time.Hour) }), want: ErrNotASnapshot},
	} {
		t.Run(name, func(t *testing.T) {
			s, space := base, test.space
			s.Size = int64(len(test.plain))
			if test.change != nil {
				test.change(&s)
			}
			if space == "" {
				space = signers.Snapshots
			}
			c, _, err := Open(signed(t, s, packed(t, test.plain), key, space), trust)
			if !errors.Is(err, test.want) {
				t.Errorf("%v", err)
			}
			if (c != nil && err != nil) && test.want != nil {
				t.Error("it is read all the same")
			}
		})
	}
}

func TestWhatIsNoSnapshotIsRefused(t *testing.T) {
	trust := trusting(t, line(person(t, "watchman"), "w"))
	for _, text := range []string{
		"", "\n", "{}\n", strings.Repeat("x", 1<<20), `{"camform_snapshot":1}` + "\n" + endOfSignature,
		strings.Repeat("\n", 100), "-----BEGIN SSH SIGNATURE-----\n" + endOfSignature,
	} {
		if _, _, err := Open([]byte(text), trust); !errors.Is(err, ErrNotASnapshot) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
