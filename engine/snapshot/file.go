package snapshot

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/signers"
)

// Format is the version of the file.
const Format = 1

// SealedHead is what the file of an encrypted snapshot begins with; the file of age follows.
const SealedHead = "A snapshot of camform, encrypted: camform plan -from-snapshot opens it.\n"

// What a snapshot may have at most, in bytes: a fleet of ten thousand devices says less.
const (
	MaxFile    = 512 << 20
	maxHead    = 16 << 10 // of the line and its signature
	maxContent = 2 << 30
)

// skew is how far the clock of who signs may be ahead.
const skew = 5 * time.Minute

// The errors of Open. All of them are about the file as a whole.
var (
	ErrNotASnapshot = errors.New("it is not a camform snapshot, or it was changed after it was signed")
	ErrOtherFormat  = errors.New("another version of camform took this snapshot; take one with this version")
	ErrSigner       = errors.New("nobody who may sign snapshots signed it")
	ErrNotNow       = errors.New("it was signed at a time other than now; is a clock wrong?")
	ErrLineage      = errors.New("it belongs to another state")
)

// statement is what is signed.
type statement struct {
	Format  int       `json:"camform_snapshot"`
	Lineage string    `json:"lineage"`
	Signed  time.Time `json:"signed"` // UTC, whole seconds
	Devices int       `json:"devices"`
	Size    int64     `json:"size"` // of the content, uncompressed
	Hash    string    `json:"hash"` // of the content as it stands in the file
}

func (s statement) line() ([]byte, error) {
	line, err := json.Marshal(s)
	return append(line, '\n'), err
}

// Write gives the bytes of a snapshot, signed with a key. The same content gives the same bytes below the signature.
func Write(c *Content, key ssh.Signer, now time.Time) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the snapshot: %w", err)
	}
	if len(plain) > maxContent {
		return nil, fmt.Errorf("the devices sent %d bytes, but a snapshot holds at most %d; take one of fewer devices with -target", len(plain), maxContent)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("write the snapshot: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write the snapshot: %w", err)
	}
	line, err := statement{
		Format: Format, Lineage: c.State.Lineage, Signed: now.UTC().Truncate(time.Second), Devices: len(c.Devices),
		Size: int64(len(plain)), Hash: hashOf(packed.Bytes()),
	}.line()
	if err != nil {
		return nil, fmt.Errorf("write the snapshot: %w", err)
	}
	signature, err := signers.Sign(line, key, signers.Snapshots)
	if err != nil {
		return nil, fmt.Errorf("sign the snapshot: %w", err)
	}
	return slices.Concat(line, signature, packed.Bytes()), nil
}

func hashOf(packed []byte) string {
	sum := sha256.Sum256(packed)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Trust is whom somebody believes who reads a snapshot, and when.
type Trust struct {
	// Lists are the signers that somebody named: the operator, or the one who runs the command. Each list must have the key. Without one
	// nobody is believed.
	Lists [][]signers.Signer

	Lineages []string // of the states that it may be of; none for any
	Now      time.Time
}

// Open proves a snapshot and reads it. What it says of its signer is what the first list calls that key.
func Open(file []byte, trust Trust) (*Content, plan.Taken, error) {
	s, key, packed, err := prove(file)
	if err != nil {
		return nil, plan.Taken{}, err
	}
	taken := plan.Taken{Key: ssh.FingerprintSHA256(key), Hash: s.Hash, Signed: s.Signed}
	if taken.Signer, err = trust.signer(key, s.Signed); err != nil {
		return nil, plan.Taken{}, err
	}
	switch {
	case s.Signed.After(trust.Now.Add(skew)):
		return nil, plan.Taken{}, fmt.Errorf("it was signed at %s, and it is %s now: %w", diag.Time(s.Signed), diag.Time(trust.Now), ErrNotNow)
	case slices.ContainsFunc(trust.Lineages, func(l string) bool { return l != s.Lineage }):
		return nil, plan.Taken{}, fmt.Errorf("its lineage is %.12s: %w", s.Lineage, ErrLineage)
	}
	c, err := unpack(packed, s)
	if err == nil {
		err = c.check(s)
	}
	if err != nil {
		return nil, plan.Taken{}, err
	}
	return c, taken, nil
}

// prove reads what is signed and proves the signature, and that the content is the one that it names. The content stays packed.
func prove(file []byte) (s statement, key ssh.PublicKey, packed []byte, err error) {
	line, rest, found := bytes.Cut(file[:min(len(file), maxHead)], []byte("\n"))
	if !found || len(file) > MaxFile {
		return s, nil, nil, ErrNotASnapshot
	}
	line = file[:len(line)+1]
	if err := json.Unmarshal(line, &s); err != nil {
		return s, nil, nil, ErrNotASnapshot
	}
	if again, err := s.line(); err != nil || !bytes.Equal(line, again) {
		return s, nil, nil, ErrNotASnapshot
	}
	end := bytes.Index(rest, []byte(endOfSignature))
	if end < 0 {
		return s, nil, nil, ErrNotASnapshot
	}
	armor := rest[:end+len(endOfSignature)]
	packed = file[len(line)+len(armor):]
	key, err = signers.Verify(line, armor, signers.Snapshots)
	switch {
	case errors.Is(err, signers.ErrNamespace):
		return s, nil, nil, err
	case err != nil, s.Hash != hashOf(packed):
		return s, nil, nil, ErrNotASnapshot
	case s.Format != Format:
		return s, nil, nil, fmt.Errorf("its format is %d: %w", s.Format, ErrOtherFormat)
	}
	return s, key, packed, nil
}

const endOfSignature = "-----END SSH SIGNATURE-----\n"

// signer is who signed with a key, by all lists.
func (t Trust) signer(key ssh.PublicKey, at time.Time) (string, error) {
	print := ssh.FingerprintSHA256(key)
	if len(t.Lists) == 0 {
		return "", fmt.Errorf("the key %s signed it, but no rule says who may: %w", print, ErrSigner)
	}
	var names []string
	for _, list := range t.Lists {
		var here []string
		for _, s := range list {
			if s.Key == signers.Key(key) && s.Holds(at) && s.Holds(t.Now) && !slices.Contains(here, s.Principal) {
				here = append(here, s.Principal)
			}
		}
		if len(here) == 0 {
			return "", fmt.Errorf("the key %s signed it, but is not listed as valid for snapshots both then and now: %w", print, ErrSigner)
		}
		if names == nil {
			names = here
		}
	}
	return strings.Join(names, ", "), nil
}

// unpack reads the content. It is bounded by what was signed.
func unpack(packed []byte, s statement) (*Content, error) {
	if s.Size < 0 || s.Size > maxContent {
		return nil, ErrNotASnapshot
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, ErrNotASnapshot
	}
	plain, err := io.ReadAll(io.LimitReader(r, s.Size+1))
	if err != nil || int64(len(plain)) != s.Size {
		return nil, ErrNotASnapshot
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields()
	c := &Content{}
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNotASnapshot, err)
	}
	return c, nil
}
