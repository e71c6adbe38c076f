package main

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"camform/engine/atomicfile"
	"camform/engine/plan"
	"camform/engine/snapshot"
)

// product is a kind of file that camform writes where somebody says. One takes the place of an older one of its kind, or of an empty
// file, and of nothing else: a name that was mistyped must not cost a state, a key, a configuration or the plan that is applied.
type product struct {
	what string
	mode fs.FileMode
	ours func(head []byte) bool // whether a file that begins like this, with headSize bytes at most, is an older one
}

// headSize is how much of a file tells its kind.
const headSize = 4 << 10

func begins(with string) func(head []byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(with)) }
}

func contains(text string) func(head []byte) bool {
	return func(head []byte) bool { return bytes.Contains(head, []byte(text)) }
}

var (
	planProduct     = product{"a saved plan", 0o600, begins(plan.FileStart)}
	pageProduct     = product{"a page of camform", 0o600, contains(`<meta name="generator" content="camform">`)}
	streamProduct   = product{"what -json prints", 0o600, func(head []byte) bool { return begins(`{"@level":`)(head) && contains(`"type":"version"`)(head) }}
	snapshotProduct = product{"a snapshot", 0o600, func(head []byte) bool {
		return begins(`{"camform_snapshot":`)(head) || begins(snapshot.SealedHead)(head)
	}}
	approvalProduct = product{"an approval", 0o644, contains(`"decision":"approve"`)} // no secret, and the applying run must be able to read it
	auditLogProduct = product{"an exported audit log", 0o600, begins(`{"seq":`)}
	requestProduct  = product{"a request for a certificate", 0o644, func(head []byte) bool {
		block, _ := pem.Decode(head)
		return block != nil && block.Type == requestType
	}}

	manProduct       = product{"a page of man", 0o644, begins(".TH ")}
	inventoryProduct = product{"an inventory of simulated devices", 0o600, begins("name,address,serial,mac,model,firmware,kind\n")}
	readyProduct     = product{"a file that says that simulated devices are ready", 0o600, begins("ready\n")}
	answerProduct    = product{"an answer of support", 0o600, func(head []byte) bool {
		sum, err := base64.StdEncoding.DecodeString(string(head))
		return err == nil && len(sum) == 32
	}}
)

// replaceable says why a product must not be written to a file, in good time: the name is that of something else, or of nothing that can
// be written.
func (p product) replaceable(path string) error {
	file, err := p.older(path)
	if file != nil {
		_ = file.Close()
	}
	if err != nil {
		return err
	}
	return atomicfile.Writable(resolved(path))
}

// resolved is the file that a link leads to, so that the link stays; any other path is its own.
func resolved(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// write writes a product into a file, whole or not at all.
func (p product) write(path string, text []byte) error {
	if err := p.replaceable(path); err != nil {
		return err
	}
	return atomicfile.Replace(resolved(path), text, p.mode)
}

// stream opens a file for a product that is written bit by bit, and empties it. It may be a pipe or a terminal, too.
func (p product) stream(path string) (*os.File, error) {
	const piped = fs.ModeNamedPipe | fs.ModeCharDevice | fs.ModeSocket
	if info, err := os.Stat(path); err == nil && info.Mode()&piped != 0 {
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	older, err := p.older(path)
	if older != nil {
		_ = older.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, p.mode)
}

// outdate replaces an older product, if there is one. A failure leaves the old one, whose date shows that.
func (p product) outdate(path string, text []byte) {
	older, err := p.older(path)
	if older == nil {
		return
	}
	if info, failed := older.Stat(); older.Close() == nil && err == nil && failed == nil && info.Size() > 0 {
		_ = p.write(path, text)
	}
}

// older opens an older product; nil where there is no file. The error says that the file is none.
func (p product) older(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file; name another one", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(file, headSize))
	if err == nil && len(head) > 0 && !p.ours(head) {
		err = fmt.Errorf("%s is not %s, so it is not overwritten; name another file, or delete this one first", path, p.what)
	}
	return file, err
}

// claim says why a run must not write a product to the file that an option names: as replaceable does, or because another option names the
// same one.
func claim(a *app, option, path string, p product) error {
	err := claimName(a, option, path)
	if err == nil {
		if err = p.replaceable(path); err != nil {
			err = fmt.Errorf("%s: %w", option, err)
		}
	}
	return err
}

// claimName fails where another option names the same file.
func claimName(a *app, option, path string) error {
	whole, err := filepath.Abs(resolved(path))
	if err != nil {
		return fmt.Errorf("%s: %w", option, err)
	}
	if other := a.claims[whole]; other != "" {
		return fmt.Errorf("%s and %s name the same file, %s; name two", other, option, path)
	}
	if a.claims == nil {
		a.claims = map[string]string{}
	}
	a.claims[whole] = option
	return nil
}
