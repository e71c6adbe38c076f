package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// packager is a form of packages for Linux, and the folder in which its systems look for completions of zsh.
type packager struct {
	nfpm.PackagerWithExtension
	zsh string
}

var packagers = []packager{
	{deb.Default, "/usr/share/zsh/vendor-completions"},
	{rpm.DefaultRPM, "/usr/share/zsh/site-functions"},
}

// packages are a deb and an rpm with the program for Linux, its man pages and its completions. They run no scripts and need no
// other package, since the program is one static file.
func (r *release) packages(goarch string, built []byte) ([]file, error) {
	var made []file
	for _, p := range packagers {
		contents, err := r.contents(p, built)
		if err != nil {
			return nil, err
		}
		info := nfpm.WithDefaults(&nfpm.Info{
			Name: "camform", Arch: goarch, Version: r.version, Release: "1", MTime: r.made, DisableGlobbing: true,
			Section: "admin", Priority: "optional", License: "Apache-2.0",
			Maintainer:  "The camform authors <camform@example.invalid>",
			Description: "Keeps network cameras and recorders true to what a repository says about them\nIt plans, applies and audits the settings of Hikvision devices through ISAPI.",
			Overridables: nfpm.Overridables{
				Contents: contents,
				Umask:    0o022,
				// The name of the machine would be in the package otherwise, and no two machines would make the same.
				RPM: nfpm.RPM{BuildHost: "camform"},
			},
		})
		if err := info.Validate(); err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := p.Package(info, &text); err != nil {
			return nil, fmt.Errorf("%s: %w", p.ConventionalExtension(), err)
		}
		made = append(made, file{p.ConventionalFileName(info), 0o644, text.Bytes()})
	}
	return made, nil
}

// contents are the files of a package, each where its system expects it.
func (r *release) contents(p packager, built []byte) (files.Contents, error) {
	dir, err := os.MkdirTemp(filepath.Dir(r.source), "package-")
	if err != nil {
		return nil, err
	}
	wanted := []file{
		{"/usr/bin/camform", 0o755, built},
		{"/usr/share/bash-completion/completions/camform", 0o644, r.completions["bash"]},
		{"/usr/share/fish/vendor_completions.d/camform.fish", 0o644, r.completions["fish"]},
		{p.zsh + "/_camform", 0o644, r.completions["zsh"]},
	}
	for _, doc := range r.docs {
		name := doc.name
		if name == "LICENSE" {
			name = "copyright" // as Debian's policy calls it
		}
		wanted = append(wanted, file{"/usr/share/doc/camform/" + name, doc.mode, doc.text})
	}
	for _, page := range r.man {
		text, err := zippedPage(page.text)
		if err != nil {
			return nil, err
		}
		section := path.Ext(page.name)[1:]
		wanted = append(wanted, file{"/usr/share/man/man" + section + "/" + page.name + ".gz", page.mode, text})
	}
	var contents files.Contents
	for i, f := range wanted {
		source := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(source, f.text, 0o600); err != nil {
			return nil, err
		}
		contents = append(contents, &files.Content{
			Source: source, Destination: f.name,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: f.mode, MTime: r.made},
		})
	}
	return contents, nil
}

// zippedPage is a man page as packages have it, without a name and a time.
func zippedPage(text []byte) ([]byte, error) {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(text); err != nil {
		return nil, err
	}
	err = zip.Close()
	return packed.Bytes(), err
}
