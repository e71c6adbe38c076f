package config

import (
	"io"
	"os"
	"path/filepath"
)

// files reads what a configuration consists of and what its expressions name.
type files struct {
	source   *Source
	settings *Settings // which tell where the state is
	meter    *meter
	secrets  *secretStore
	read     map[string]bool // names of the files that were read
	readings []reading       // what expressions read or listed
}

// How large files may be.
const (
	maxSource = 16 << 20  // with configuration: while it is parsed each byte can take a hundred
	maxFile   = 512 << 20 // that expressions read: a table of a million devices has about 200 MB
)

// own reads a file of the directory. Links that lead out of it are refused.
func (f *files) own(name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(f.source.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if f.private().holds(filepath.Join(f.source.dir, name)) {
		return nil, errPrivate
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	return f.readAll(file, most)
}

// readAll reads a file up to the bounds, and closes it. Each file allows for more evaluation.
func (f *files) readAll(file *os.File, most int64) ([]byte, error) {
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > most {
		return nil, tooLarge(most)
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = tooLarge(most)
	}
	if name := file.Name(); err == nil && !f.read[name] && !f.meter.closed {
		f.read[name] = true
		f.meter.read(text)
	}
	return text, err
}

// named reads a file that may lie anywhere.
func (f *files) named(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f.readAll(file, maxSource)
}
