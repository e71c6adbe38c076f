package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/diag"
	"camform/schema"
)

// privateFiles are the files that no configuration reads, since they open what is kept from it: all of every folder .camform,
// the state with what stands beside it, and what opens the vault.
type privateFiles struct {
	folders []os.FileInfo
	files   []os.FileInfo
}

// StateFiles are the files that a state may consist of, by the path of its database, and those that restores of it have kept.
func StateFiles(path string) []string {
	var files []string
	for _, suffix := range []string{"", ".key", ".audit-head", "-wal", "-shm", "-journal"} {
		files = append(files, path+suffix)
	}
	beside, _ := os.ReadDir(filepath.Dir(path)) // where there is no folder there is nothing in it
	for _, entry := range beside {
		if strings.HasPrefix(entry.Name(), filepath.Base(path)+".before-") {
			files = append(files, filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
	return files
}

// secretFiles are the files that open the state on a server.
func (s *Settings) secretFiles(dir string) (files []string) {
	if s.Postgres == nil {
		return nil
	}
	for _, origin := range []string{s.Postgres.Password, s.Postgres.Key} {
		scheme, place := schema.OriginScheme(origin)
		if scheme == "sops" {
			place, _, _ = strings.Cut(place, "#")
		}
		if scheme == "file" || scheme == "sops" {
			files = append(files, secretPath(place, dir))
		}
	}
	return files
}

// private finds the private files. They are looked for each time, since a run makes some of them.
func (f *files) private() privateFiles {
	var p privateFiles
	if info, err := os.Stat(filepath.Join(f.source.dir, filepath.Dir(DefaultStatePath))); err == nil {
		p.folders = append(p.folders, info)
	}
	for _, path := range slices.Concat(f.source.private, f.settings.secretFiles(f.source.dir), StateFiles(f.settings.StatePath), StateFiles(filepath.Join(f.source.dir, DefaultStatePath))) {
		if info, err := os.Stat(path); err == nil {
			p.files = append(p.files, info)
		}
	}
	return p
}

// holds reports whether a path leads to a private file or into a private folder: by its name, through links, or as another
// name of the same file. What does not exist is judged by its name.
func (p privateFiles) holds(path string) bool {
	resolved := resolve(path)
	for _, part := range strings.Split(filepath.ToSlash(filepath.Clean(path))+"/"+filepath.ToSlash(resolved), "/") {
		if strings.EqualFold(part, filepath.Dir(DefaultStatePath)) {
			return true
		}
	}
	if isAnyOf(resolved, p.files) {
		return true
	}
	for folder := filepath.Dir(resolved); folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if isAnyOf(folder, p.folders) {
			return true
		}
	}
	return isAnyOf(resolved, p.folders)
}

func isAnyOf(path string, files []os.FileInfo) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, file := range files {
		if os.SameFile(info, file) {
			return true
		}
	}
	return false
}

// resolve is the absolute path of a file without links; one that does not exist is only made absolute.
func resolve(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// errPrivate is that of a file which no configuration reads.
var errPrivate = errors.New("it belongs to the state of camform or opens the vault, so no configuration may read it")

// privateFile is the problem of what names a private file.
func privateFile(path string) diag.Problem {
	return secretExposed.of("%s cannot be used here: %s. Name another file.", path, errPrivate)
}

// CheckOrigin refuses an origin that names a private file. A plan file may bring one that the configuration never named.
func (s *Source) CheckOrigin(origin string) error {
	return (&files{source: s, settings: &s.Settings}).refuse(origin)
}

// refuse is the problem of an origin that names a private file, nil for any other origin.
func (f *files) refuse(origin string) error {
	scheme, place := schema.OriginScheme(origin)
	if scheme == "sops" {
		place, _, _ = strings.Cut(place, "#")
	}
	if scheme != "file" && scheme != "sops" || !f.private().holds(secretPath(place, f.source.dir)) {
		return nil
	}
	return privateFile(place)
}

// barred is the problem of an argument that names a private file, none for any other file.
func (f *files) barred(path string, at hcl.Range) diag.Problems {
	if !f.private().holds(path) {
		return nil
	}
	problem := privateFile(path)
	problem.Subject = &at
	return diag.Problems{problem}
}

// reading is a file that an expression read or listed.
type reading struct {
	name string // as the expression names it
	how  manner
	info os.FileInfo
	at   hcl.Range // of the expression, or of its argument
}

// manner is what an expression does with a file.
type manner string

const (
	isRead   manner = "read"
	isListed manner = "listed"
)

// instead is what to do where the file is a secret.
func (m manner) instead() string {
	if m == isListed {
		return "Use a pattern that leaves it out."
	}
	return "Read it only with secret(). If one file holds settings and secrets, name the secret field itself: secret(\"sops:FILE#KEY\")."
}

// note keeps that an expression reads or lists a file. Asserts are evaluated when all origins are known, and fail at once.
func (f *files) note(how manner, name, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	r := reading{name: name, how: how, info: info, at: f.meter.at}
	if !f.meter.closed {
		f.readings = append(f.readings, r)
		return nil
	}
	if origin := r.secret(f.secretFiles()); origin != "" {
		return r.exposes(origin)
	}
	return nil
}

// secretFiles are the files that secret() names, by their origins.
func (f *files) secretFiles() map[string]os.FileInfo {
	found := map[string]os.FileInfo{}
	for origin := range f.secrets.answers {
		scheme, place := schema.OriginScheme(origin)
		if info, err := os.Stat(secretPath(place, f.source.dir)); scheme == "file" && err == nil {
			found[origin] = info
		}
	}
	return found
}

// secret is the origin that names the same file; empty if there is none.
func (r reading) secret(files map[string]os.FileInfo) string {
	for _, origin := range sortedKeys(files) {
		if os.SameFile(files[origin], r.info) {
			return origin
		}
	}
	return ""
}

func (r reading) exposes(origin string) diag.Problem {
	return secretExposed.at(r.at, "%s is %s here, and secret(%q) names it as a secret. %s", r.name, r.how, origin, r.how.instead())
}

// picture is the path of a file of the configuration that nobody evaluates but whose hash is shown. It obeys the rules of files that
// expressions read: it lies in the directory, is no private file, and holds no secret.
func (f *files) picture(name string, at hcl.Range) (string, diag.Problems) {
	local, err := inside(name)
	if err != nil {
		return "", diag.Problems{invalidOwnership.at(at, "%s.", err)}
	}
	path := filepath.Join(f.source.dir, local)
	if barred := f.barred(path, at); len(barred) > 0 {
		return "", barred
	}
	root, err := os.OpenRoot(f.source.dir)
	if err != nil {
		return "", diag.Problems{invalidOwnership.at(at, "%s.", err)}
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(local) // which follows no link out of the directory
	if err != nil || !info.Mode().IsRegular() {
		return "", diag.Problems{invalidOwnership.at(at, "There is no file %s in the directory of the configuration.", name)}
	}
	f.readings = append(f.readings, reading{name: name, how: isRead, info: info, at: at})
	return path, nil
}

// exposed are the problems of files that were read both as settings and as secrets. Which ones are secrets is known only when
// all has been evaluated.
func (f *files) exposed() diag.Problems {
	var found collector
	if secret := f.secretFiles(); len(secret) > 0 {
		for _, r := range f.readings {
			if origin := r.secret(secret); origin != "" {
				found.add(r.exposes(origin))
			}
		}
	}
	return found.list
}
