package simulator

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed models
var modelFiles embed.FS

// blueprint is what devices of one model share: the personality and the documents as they leave the factory. It is not
// changed after it was made.
type blueprint struct {
	name     string
	recorded bool
	personality
	documents map[string]document
	refusals  map[string]int    // HTTP status by path, of recorded devices
	templates map[string][]byte // of new items, by the path of their list

	product, firmware string
	user              document // one User of the list, as the model spells it
	asksLogin         bool     // user writes carry the password of who makes them
	settings          settings // what the factory documents ask for
}

// document is what a device has under a path.
type document struct {
	body        []byte
	contentType string
	filled      bool // holds placeholders such as {{serial}}
}

const (
	contentXML  = `application/xml; charset="UTF-8"`
	contentJSON = `application/json; charset="UTF-8"`
	contentText = "text/plain"
)

// contentTypes are the kinds of files that hold documents. The first one wins where a path has several.
var contentTypes = []struct{ extension, contentType string }{
	{".xml", contentXML},
	{".json", contentJSON},
	{".txt", contentText},
}

// Models are the names of the built-in models, sorted.
func Models() []string {
	entries, err := modelFiles.ReadDir("models")
	if err != nil {
		panic("this is a bug: no models are embedded: " + err.Error())
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// builtIn makes the blueprints of the built-in models, once.
var builtIn = sync.OnceValues(func() (map[string]*blueprint, error) {
	all := make(map[string]*blueprint)
	for _, name := range Models() {
		b, err := readModel(name)
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", name, err)
		}
		all[name] = b
	}
	return all, nil
})

func readModel(name string) (*blueprint, error) {
	dir, err := fs.Sub(modelFiles, path.Join("models", name))
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(dir, "model.json")
	if err != nil {
		return nil, err
	}
	b := &blueprint{name: name}
	if b.personality, err = readPersonality(text); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	if b.documents, b.refusals, err = readDocuments(dir); err != nil {
		return nil, err
	}
	for path, d := range b.documents {
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if b.templates, err = readTemplates(dir); err != nil {
		return nil, err
	}
	return b, b.derive()
}

// check reports what keeps a document of a model from being one.
func (d document) check() (err error) {
	if d.contentType == contentJSON {
		_, err = scanJSON(d.body)
	} else {
		_, err = scan(d.body)
	}
	return err
}

// templateMark ends the name of a file that holds a new item of the list beside it.
const templateMark = "__new.xml"

// readTemplates reads the new items of lists that grow, by the paths of the lists.
func readTemplates(dir fs.FS) (map[string][]byte, error) {
	templates := make(map[string][]byte)
	err := fs.WalkDir(dir, "ISAPI", func(file string, entry fs.DirEntry, err error) error {
		list, template := strings.CutSuffix(file, templateMark)
		if err != nil || entry.IsDir() || !template {
			return err
		}
		text, err := fs.ReadFile(dir, file)
		if err != nil {
			return err
		}
		templates["/"+list] = text
		_, err = scan(text)
		return err
	})
	return templates, err
}

// readDocuments reads the documents below the folder ISAPI of dir, and the refusals, by path. Files with two underscores
// in their names are notes about a path, such as the answer to a write, and are skipped.
func readDocuments(dir fs.FS) (map[string]document, map[string]int, error) {
	documents := make(map[string]document)
	refusals := make(map[string]int)
	err := fs.WalkDir(dir, "ISAPI", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path.Base(file), "__") {
			return err
		}
		extension := path.Ext(file)
		uri := "/" + strings.TrimSuffix(file, extension)
		if extension == ".status" {
			return readRefusal(dir, file, uri, refusals)
		}
		return readDocument(dir, file, uri, documents)
	})
	return documents, refusals, err
}

func readRefusal(dir fs.FS, file, uri string, refusals map[string]int) error {
	text, err := fs.ReadFile(dir, file)
	if err != nil {
		return err
	}
	var status int
	if _, err := fmt.Sscan(string(text), &status); err != nil || status < 400 || status > 599 {
		return fmt.Errorf("%s: not an HTTP status of a refusal", file)
	}
	// A recorded 401 shows the challenge before login, not what a login gets.
	if status != 401 {
		refusals[uri] = status
	}
	return nil
}

func readDocument(dir fs.FS, file, uri string, documents map[string]document) error {
	rank := slices.IndexFunc(contentTypes, func(t struct{ extension, contentType string }) bool {
		return t.extension == path.Ext(file)
	})
	if rank < 0 {
		return nil
	}
	if have, ok := documents[uri]; ok && have.contentType == contentXML {
		return nil
	}
	body, err := fs.ReadFile(dir, file)
	if err != nil {
		return err
	}
	documents[uri] = document{body: body, contentType: contentTypes[rank].contentType, filled: bytes.Contains(body, []byte("{{"))}
	return nil
}

// derive fills in what follows from the documents.
func (b *blueprint) derive() error {
	if info, err := scan(b.documents[deviceInfoPath].body); err == nil {
		b.product, b.firmware = info.value("model"), info.value("firmwareVersion")
	}
	if root, err := scan(b.documents[usersPath].body); err == nil {
		list := b.documents[usersPath].body
		if u := root.child("User"); u != nil {
			b.user = document{body: list[u.start:u.end]}
		}
	}
	if root, err := scan(b.documents[securityCapabilitiesPath].body); err == nil {
		b.asksLogin = !b.recorded && strings.EqualFold(root.value("isSupportUserCheck"), "true")
	}
	b.settings = b.defaults()
	for path, d := range b.documents {
		if err := b.settings.learn(b, path, d.body); err != nil && !b.recorded {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// withAlgorithm returns the blueprint with another digest algorithm in its webCertificate document, "" for no change. A
// model without the choice keeps what it has.
func (b *blueprint) withAlgorithm(algorithm string) (*blueprint, error) {
	stored := b.documents[webCertificatePath]
	root, err := scan(stored.body)
	choice := root.find("algorithmType")
	if algorithm == "" || err != nil || choice == nil {
		return b, nil
	}
	if _, ok := algorithms[algorithm]; !ok {
		return nil, fmt.Errorf("algorithm %q is not one of MD5, SHA256, MD5/SHA256", algorithm)
	}
	changed := *b
	changed.documents = maps.Clone(b.documents)
	stored.body = apply(stored.body, []edit{choice.setText(stored.body, algorithm)})
	changed.documents[webCertificatePath] = stored
	return &changed, changed.derive()
}

// lockTimeTag is the element with the time of a lock, and its limits in capability documents.
var lockTimeTag = regexp.MustCompile(`<maxIllegalLoginLockTime[^>]*>\d*`)

var digits = regexp.MustCompile(`\d+`)

// withLockUnit returns the blueprint with the time of locks in another unit, in what it stores and in what it allows, ""
// for no change. A lock lasts as long as before.
func (b *blueprint) withLockUnit(unit string) (*blueprint, error) {
	if unit == "" || unit == b.Lock.Unit || b.recorded {
		return b, nil
	}
	changed := *b
	changed.Lock.Unit = unit
	changed.documents = maps.Clone(b.documents)
	for path, d := range b.documents {
		d.body = lockTimeTag.ReplaceAllFunc(d.body, func(tag []byte) []byte {
			return digits.ReplaceAllFunc(tag, func(number []byte) []byte {
				n, _ := strconv.Atoi(string(number))
				return strconv.AppendInt(nil, int64(b.Lock.lockTime(n)/changed.Lock.lockTime(1)), 10)
			})
		})
		changed.documents[path] = d
	}
	return &changed, changed.derive()
}
