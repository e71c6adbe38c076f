package hikvision_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/providertest"
	"camform/schema"
)

// recordings finds the recorded answers of real devices, and skips the test where they are not at hand.
func recordings(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("CAMFORM_RECORDINGS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recordings of devices: set CAMFORM_RECORDINGS (%v)", err)
	}
	return dir
}

// archive is a harness of devices that are nothing but their recorded documents: what is put is stored, as a document or in
// the list that holds the item. Accounts and other items are created, changed and removed as a device would.
type archive map[string]map[string][]byte

// documentForms are the forms of recorded documents, with the path that a device has one at.
var documentForms = map[string]func(file string) string{
	".xml":  func(file string) string { return strings.TrimSuffix(file, ".xml") },
	".json": func(file string) string { return strings.TrimSuffix(file, ".json") + "?format=json" },
}

// openArchive loads every recorded device that has a document. Excerpts, requests and answers to requests are left out.
func openArchive(t testing.TB, dir string) archive {
	t.Helper()
	a := archive{}
	root := filepath.Join(dir, "devices")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || documentForms[filepath.Ext(path)] == nil || strings.Contains(entry.Name(), "__") {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		device, document, ok := strings.Cut(filepath.ToSlash(relative), "/ISAPI/")
		if !ok {
			return nil
		}
		device = strings.ReplaceAll(device, "/", ":")
		if a[device] == nil {
			a[device] = map[string][]byte{}
		}
		a[device][documentForms[filepath.Ext(path)]("/ISAPI/"+document)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a archive) Devices() []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (a archive) Login(string) providers.Credential {
	return providers.Credential{Username: "admin", Password: schema.NewSecret("Login-1357")}
}

func (a archive) Items(kind *schema.Kind) []string { return freeDocuments(kind) }

func (a archive) Open(device string) providers.Session {
	return &recorded{documents: maps.Clone(a[device])}
}

// losing is an archive whose devices lose entries of lists.
type losing struct {
	archive
	last *recorded
}

func (l *losing) Open(device string) providers.Session {
	l.last = &recorded{documents: maps.Clone(l.archive[device])}
	return l.last
}

func (l *losing) Lose(kind *schema.Kind, key string) bool {
	return l.last.deleteItem(slotOf(kind, key))
}

// recorded is a session with one device of an archive.
type recorded struct{ documents map[string][]byte }

func (r *recorded) Identify(context.Context) (providers.Identity, error) {
	return providers.Identity{}, nil
}
func (r *recorded) Pin() providers.Pin { return providers.Pin{} }
func (r *recorded) Renew()             {}
func (r *recorded) Close()             {}

func (r *recorded) Read(_ context.Context, path string) (providers.Document, error) {
	body, ok := r.documents[path]
	if !ok {
		return providers.Document{Path: path, Missing: "403 notSupport"}, nil
	}
	return providers.Document{Path: path, Body: body}, nil
}

const usersPath = "/ISAPI/Security/users"

func (r *recorded) Do(_ context.Context, request providers.Request) (providers.Reply, error) {
	id, isUser := strings.CutPrefix(request.Path, usersPath)
	switch {
	case isUser && request.Method == http.MethodPost && id == "":
		return r.createUser(request.Body)
	case isUser && id != "":
		return r.changeUser(strings.TrimPrefix(id, "/"), request)
	}
	reply, err := providers.Reply{Outcome: providers.Applied}, error(nil)
	done := r.documents[request.Path] != nil
	switch {
	case isUser:
		done = false
	case request.Method == http.MethodPut:
		inList, failed := r.putItem(request.Path, request.Body)
		if err = failed; done {
			r.documents[request.Path] = request.Body
		}
		done = done || inList
	case request.Method == http.MethodPost && done:
		reply.ID, err = r.postItem(request.Path, request.Body)
	case request.Method == http.MethodDelete:
		done = r.deleteItem(request.Path)
	}
	if err == nil && !done {
		err = providers.ErrUnsupported
	}
	if err != nil {
		return providers.Reply{}, fmt.Errorf("%s %s: %w", request.Method, request.Path, err)
	}
	return reply, nil
}

func (r *recorded) createUser(body []byte) (providers.Reply, error) {
	list, user, err := r.users(body)
	if err != nil {
		return providers.Reply{}, err
	}
	id := fmt.Sprint(len(list.Root().ChildElements()) + 1)
	user.InsertChildAt(0, etree.NewElement("id"))
	user.SelectElement("id").SetText(id)
	list.Root().AddChild(user)
	return providers.Reply{Outcome: providers.Applied, ID: id}, r.store(list)
}

func (r *recorded) changeUser(id string, request providers.Request) (providers.Reply, error) {
	list, user, err := r.users(request.Body)
	if err != nil {
		return providers.Reply{}, err
	}
	for _, have := range list.Root().ChildElements() {
		if have.SelectElement("id").Text() != id {
			continue
		}
		at := have.Index()
		list.Root().RemoveChildAt(at)
		if request.Method == http.MethodPut {
			list.Root().InsertChildAt(at, user)
		}
		return providers.Reply{Outcome: providers.Applied}, r.store(list)
	}
	return providers.Reply{}, fmt.Errorf("no user %s: %w", id, providers.ErrUnsupported)
}

// users parses the list, and the account in the body without what a device never returns.
func (r *recorded) users(body []byte) (list *etree.Document, user *etree.Element, err error) {
	list, one := etree.NewDocument(), etree.NewDocument()
	if err := errors.Join(list.ReadFromBytes(r.documents[usersPath]), one.ReadFromBytes(body)); err != nil {
		return nil, nil, err
	}
	user = one.Root()
	if user == nil {
		return list, nil, nil
	}
	user = user.Copy()
	for _, name := range []string{"password", "loginPassword"} {
		if secret := user.SelectElement(name); secret != nil {
			user.RemoveChild(secret)
		}
	}
	return list, user, nil
}

func (r *recorded) store(list *etree.Document) error {
	body, err := list.WriteToBytes()
	r.documents[usersPath] = body
	return err
}

func TestEveryRecordedDeviceConforms(t *testing.T) {
	thorough.OnlyUsual(t)
	coverage := providertest.Run(t, hikvision.New(isapi.Options{}), &losing{archive: openArchive(t, recordings(t))}, providertest.Options{
		Volatile: []string{"localTime"},
		Known: known(redacted, map[string]string{
			"DS-7608NXI-I2/event_trigger.objectsThrownDetection-*.notify": "its list has one id for all channels, and what is at the address of each was not recorded",
			"NVR-ver1.0_2/time.zone": "the name that Windows has for the zone was none of that zone, and is not written again",
		}),
	})
	for kind, least := range map[string]int{
		"system": 20, "https": 13, "service": 13, "time": 9, "ntp": 1, "ip_filter": 2, "upnp": 1, "cloud": 1, "login_lock": 1, "user": 2,
		"snmp": 3, "rtsp_auth": 7, "stream_auth": 7,
		"alarm_host": 15, "channel": 10, "document": 11, "event_trigger": 13, "record_schedule": 2,
		"network": 5, "wireless": 1, "discovery": 1, "isup": 1, "ssh": 1, "ddns": 2, "qos": 2, "mail": 1, "holiday": 3,
	} {
		if coverage[kind] < least {
			t.Errorf("%s was there on %d devices, want at least %d", kind, coverage[kind], least)
		}
	}
}

// TestI3OtherEntriesStayByteForByte compares the documents that settings share, as bytes: a change of one entry leaves all the
// others as they came.
func TestI3OtherEntriesStayByteForByte(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("https")
	entry := regexp.MustCompile(`(?s)<AdminAccessProtocol\b.*?</AdminAccessProtocol>`)
	for name, documents := range openArchive(t, recordings(t)) {
		docs := providers.Documents{}
		for path, body := range documents {
			docs[path] = providers.Document{Path: path, Body: body}
		}
		items, err := provider.Decode(kind, nil, docs)
		if err != nil {
			continue
		}
		before := entry.FindAllString(string(docs[kind.Document.Path].Body), -1)
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{
			Kind: kind, Before: items[""], After: object(kind, map[string]any{"port": 4443}),
		}}})
		if err != nil || len(requests) != 1 {
			t.Errorf("%s: %d requests, %v", name, len(requests), err)
			continue
		}
		after := entry.FindAllString(string(requests[0].Body), -1)
		for i, text := range before {
			if strings.Contains(text, "<protocol>HTTPS</protocol>") {
				text = strings.Replace(text, ">443<", ">4443<", 1)
			}
			if after[i] != text {
				t.Errorf("%s: entry %d is\n%s\nwant\n%s", name, i, after[i], text)
			}
		}
	}
}
