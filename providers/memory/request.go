package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"camform/providers"
	"camform/schema"
)

func (d *Device) serve(user, path string) providers.Document {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(Read, user, http.MethodGet, path)
	text, ok := d.documents[path]
	if !ok {
		return providers.Document{Path: path, Missing: "404 notSupport"}
	}
	return providers.Document{Path: path, Body: []byte(text), Source: Source}
}

// carryOut does what a request asks, or says why not.
func (d *Device) carryOut(user string, r providers.Request) (providers.Reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	reply, err := d.obey(user, r)
	if err != nil {
		d.note(Rejected, user, r.Method, r.Path)
		return providers.Reply{}, err
	}
	d.note(Written, user, r.Method, r.Path)
	return reply, nil
}

func (d *Device) obey(user string, r providers.Request) (providers.Reply, error) {
	var own struct{ Level string }
	_, lists := d.documents[usersPath]
	if lists && (!d.read(usersPath, user, &own) || own.Level != administrator) {
		return providers.Reply{}, fmt.Errorf("%s is no %s: %w", user, administrator, providers.ErrDenied)
	}
	id, isUser := strings.CutPrefix(r.Path, usersPath+"/")
	switch {
	case !lists && (isUser || r.Path == usersPath):
		return providers.Reply{}, providers.ErrUnsupported
	case r.Method == http.MethodPost && r.Path == usersPath:
		return d.createUser(r.Body)
	case r.Method == http.MethodPut && isUser:
		return d.changeUser(id, r.Body)
	case r.Method == http.MethodDelete && isUser:
		return d.deleteUser(id)
	case r.Method == http.MethodPut && r.Path != usersPath:
		return d.store(r.Path, r.Body)
	default:
		return providers.Reply{}, fmt.Errorf("there is no %s of %s: %w", r.Method, r.Path, providers.ErrUnsupported)
	}
}

func (d *Device) store(path string, body []byte) (providers.Reply, error) {
	old, err := parse([]byte(d.documents[path]))
	sharing := kindsAt(path)
	if err != nil || len(sharing) == 0 {
		return providers.Reply{}, providers.ErrUnsupported
	}
	doc, err := parse(body)
	if err != nil {
		return providers.Reply{}, fmt.Errorf("bad content: %w", providers.ErrInvalid)
	}
	for _, kind := range sharing {
		if err := d.accepts(kind, doc); err != nil {
			return providers.Reply{}, err
		}
		d.keep(kind, old, doc)
	}
	d.documents[path] = string(doc.encode())
	if slices.ContainsFunc(sharing, func(k *schema.Kind) bool { return slices.Contains(d.options.NeedsRestart, k.Name) }) {
		return providers.Reply{Outcome: providers.PendingReboot}, nil
	}
	return providers.Reply{Outcome: providers.Applied}, nil
}

func kindsAt(path string) []*schema.Kind {
	return slices.DeleteFunc(kinds.All(), func(k *schema.Kind) bool { return k.Document.Path != path })
}

// accepts checks values against the device's limits.
func (d *Device) accepts(kind *schema.Kind, doc content) error {
	items, err := decode(kind, doc)
	if err != nil {
		return fmt.Errorf("bad content for %s: %w", kind.Name, providers.ErrInvalid)
	}
	limits := limitsOf(kind, func(path string) []byte { return []byte(d.documents[path]) })
	for _, key := range slices.Sorted(maps.Keys(items)) {
		for _, offence := range offences(kind, limits, items[key]) {
			return fmt.Errorf("%s: %w", offence.Detail, providers.ErrInvalid)
		}
	}
	return nil
}

// keep is what the device makes of a document before it stores it: attributes that it ignores stay as they were, and a
// time zone may grow a summer time.
func (d *Device) keep(kind *schema.Kind, old, doc content) {
	for key, attributes := range doc.items {
		for _, a := range kind.Attributes {
			was, had := old.items[key][a.Name]
			if had && slices.Contains(d.options.IgnoresAttributes, kind.Name+"."+a.Name) {
				attributes[a.Name] = was
			}
		}
	}
	if kind.Name != "time" || !d.options.AddsSummerTime {
		return
	}
	var zone string
	if json.Unmarshal(doc.items[""]["zone"], &zone) == nil && !strings.Contains(zone, ",") {
		doc.items[""]["zone"] = encode(zone + summerTime)
	}
}

// userBody is what requests for accounts carry beside what stays in the document.
type userBody struct{ Name, Level, Password *string }

func (d *Device) createUser(body []byte) (providers.Reply, error) {
	given, it, err := parseUser(body)
	switch {
	case err != nil:
		return providers.Reply{}, err
	case given.Name == nil || given.Level == nil || given.Password == nil:
		return providers.Reply{}, fmt.Errorf("an account needs a name, a level and a password: %w", providers.ErrInvalid)
	case d.accounts[*given.Name].epoch != 0:
		return providers.Reply{}, fmt.Errorf("there is an account of that name: %w", providers.ErrInvalid)
	}
	delete(it, "name")
	id := strconv.Itoa(d.ids + 1)
	it["id"] = json.RawMessage(id)
	if err := d.storeUser(*given.Name, given, it); err != nil {
		return providers.Reply{}, err
	}
	d.ids++
	return providers.Reply{Outcome: providers.Applied, ID: id}, nil
}

func (d *Device) changeUser(id string, body []byte) (providers.Reply, error) {
	given, it, err := parseUser(body)
	if err != nil {
		return providers.Reply{}, err
	}
	name, ok := d.userOf(id)
	if !ok {
		return providers.Reply{}, fmt.Errorf("there is no account %s: %w", id, providers.ErrInvalid)
	}
	it["id"] = json.RawMessage(id)
	return providers.Reply{Outcome: providers.Applied}, d.storeUser(name, given, it)
}

func parseUser(body []byte) (userBody, item, error) {
	var given userBody
	var it item
	if json.Unmarshal(body, &given) != nil || json.Unmarshal(body, &it) != nil || it == nil {
		return userBody{}, nil, fmt.Errorf("bad content: %w", providers.ErrInvalid)
	}
	return given, it, nil
}

// storeUser keeps the password of an account apart from its document.
func (d *Device) storeUser(name string, given userBody, it item) error {
	if err := d.accepts(kindOf("user"), content{map[string]item{name: it}}); err != nil {
		return err
	}
	if given.Password != nil {
		d.setPassword(name, providers.NewPassword(*given.Password))
	}
	delete(it, "password")
	d.change("user", func(_ *schema.Kind, doc content) { doc.items[name] = it })
	return nil
}

func (d *Device) deleteUser(id string) (providers.Reply, error) {
	name, ok := d.userOf(id)
	if !ok || name == admin {
		return providers.Reply{}, fmt.Errorf("account %s cannot be removed: %w", id, providers.ErrInvalid)
	}
	d.change("user", func(_ *schema.Kind, doc content) { delete(doc.items, name) })
	delete(d.accounts, name)
	return providers.Reply{Outcome: providers.Applied}, nil
}

func (d *Device) userOf(id string) (string, bool) {
	doc, err := parse([]byte(d.documents[usersPath]))
	if err != nil {
		return "", false
	}
	for name, it := range doc.items {
		if string(it["id"]) == id {
			return name, true
		}
	}
	return "", false
}
