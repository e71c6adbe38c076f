package operator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Build is a version of firmware that devices of a model may have, with the hash of its image.
type Build struct {
	Model   string
	Version string // as devices write it, such as "V5.7.15 build 230313"
	SHA256  string // of the image, as lower-case hexadecimal digits
}

type firmwareShape struct {
	Model  string            `hcl:"model,label"`
	Images map[string]string `hcl:"images" takes:"map" doc:"The versions that devices of the model may have, each with the hash of its image."`
	At     hcl.Range         `hcl:",def_range"`
}

var imageHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Builds are the versions of firmware that devices of a model may have: those on which all files agree that name any firmware. By
// names the files.
func (r Rules) Builds(model string) (all []Build, by string) {
	var files []string
	for _, f := range r.files {
		if f.firmware == nil {
			continue
		}
		named := slices.DeleteFunc(slices.Clone(f.firmware), func(b Build) bool { return !strings.EqualFold(b.Model, model) })
		if files = append(files, f.name); len(files) == 1 {
			all = named
		}
		all = slices.DeleteFunc(all, func(b Build) bool { return !slices.ContainsFunc(named, b.same) })
	}
	return all, strings.Join(files, ", ")
}

// same reports whether another build is the same image of the same version; models differ in case at most.
func (b Build) same(other Build) bool { return b.Version == other.Version && b.SHA256 == other.SHA256 }

// firmware reads the versions of a file, in the order of models and versions; nil for none.
func (p *parser) firmware(shapes []firmwareShape) []Build {
	var all []Build
	for _, shape := range shapes {
		if strings.TrimSpace(shape.Model) == "" || slices.ContainsFunc(all, func(b Build) bool { return strings.EqualFold(b.Model, shape.Model) }) {
			p.wrong(shape.At, "Every firmware block needs its own model.")
		}
		if len(shape.Images) == 0 {
			p.wrong(shape.At, "The firmware of %s needs at least one image: \"VERSION\" = \"SHA-256\".", shape.Model)
		}
		for version, hash := range shape.Images {
			hash = strings.ToLower(strings.TrimPrefix(hash, "sha256:"))
			if strings.TrimSpace(version) == "" || !imageHash.MatchString(hash) {
				p.wrong(shape.At, "%q = %q is not an image. Write one like \"V5.7.15 build 230313\" = \"sha256:\" and 64 hexadecimal digits.", version, hash)
				continue
			}
			all = append(all, Build{shape.Model, version, hash})
		}
	}
	slices.SortFunc(all, func(a, b Build) int { return strings.Compare(a.Model+"\n"+a.Version, b.Model+"\n"+b.Version) })
	return all
}

// String says which firmware it is.
func (b Build) String() string {
	return fmt.Sprintf("%s: %s, image sha256:%s", b.Model, b.Version, b.SHA256)
}
