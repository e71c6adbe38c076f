package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/device"
	"camform/schema"
)

func (d *Device) serve(user, path string) providers.Document {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(Entry{Kind: Read, User: user, Method: http.MethodGet, Path: path})
	text, ok := d.told(path)
	if !ok {
		return providers.Document{Path: path, Missing: "404 notSupport"}
	}
	return providers.Document{Path: path, Body: []byte(text), Source: Source, Told: tellTime(d)}
}

// tellTime is what an answer says of the time.
func tellTime(d *Device) providers.Told {
	now := d.fleet.now()
	told := providers.Told{Asked: now, Answered: now}
	if !d.options.HidesClock {
		told.Date = now.Add(d.ahead).Truncate(time.Second)
	}
	return told
}

// carryOut does what a request asks, or says why not.
func (d *Device) carryOut(user string, r providers.Request, f Fault) (providers.Reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	reply, err := (&write{d, d.settled(user), r, f}).obey()
	if err != nil {
		d.note(Entry{Kind: Rejected, User: user, Method: r.Method, Path: r.Path})
		return providers.Reply{}, err
	}
	d.noteWrite(user, r)
	return reply, nil
}

// write is one request that changes a device.
type write struct {
	d     *Device
	by    device.Account // as it was when the request came
	r     providers.Request
	fault Fault
}

func (w *write) obey() (providers.Reply, error) {
	r, by := w.r, w.by
	_, lists := w.d.documents[usersPath]
	id, isUser := strings.CutPrefix(r.Path, usersPath+"/")
	own := isUser && r.Method == http.MethodPut && id == strconv.Itoa(by.ID)
	switch {
	case lists && by.Asleep && !own:
		return providers.Reply{}, fmt.Errorf("%s has a password that somebody else set: %w", by.Name, providers.ErrMustChange)
	case lists && by.Level != administrator && !(own && keepsLevel(r.Body, by.Level)):
		return providers.Reply{}, fmt.Errorf("%s is not an %s: %w", by.Name, administrator, providers.ErrDenied)
	}
	switch {
	case !lists && (isUser || r.Path == usersPath):
		return providers.Reply{}, providers.ErrUnsupported
	case r.Method == http.MethodPost && r.Path == usersPath:
		return w.createUser()
	case r.Method == http.MethodPut && isUser:
		return w.changeUser(w.userAt(id))
	case r.Method == http.MethodDelete && isUser:
		return w.deleteUser(w.userAt(id))
	case r.Method == http.MethodPut && r.Path != usersPath:
		return w.store()
	default:
		return providers.Reply{}, fmt.Errorf("there is no %s of %s: %w", r.Method, r.Path, providers.ErrUnsupported)
	}
}

// keepsLevel reports whether a request about an account leaves it its level. Everybody may change his own password.
func keepsLevel(body []byte, level string) bool {
	given, _, err := parseUser(body)
	return err == nil && (given.Level == nil || *given.Level == level)
}

func (w *write) store() (providers.Reply, error) {
	path := w.r.Path
	old, err := parse([]byte(w.d.documents[path]))
	sharing := sharing[path]
	if err != nil || len(sharing) == 0 {
		return providers.Reply{}, providers.ErrUnsupported
	}
	doc, err := parse(w.r.Body)
	if err != nil {
		return providers.Reply{}, fmt.Errorf("bad content: %w", providers.ErrInvalid)
	}
	for _, kind := range sharing {
		if err := w.accepts(kind, doc); err != nil {
			return providers.Reply{}, err
		}
		w.keep(kind, old, doc)
		w.shorten(kind, doc)
		w.garble(kind, doc)
	}
	w.hide(path, sharing, doc)
	if path == channelsPath {
		forget(old, doc)
	}
	w.d.put(path, string(doc.encode()))
	if path == timePath && mode(doc) == asksServer {
		w.d.ahead = 0
	}
	if path == channelsPath {
		recorder{w.d}.publish()
	}
	if slices.ContainsFunc(sharing, func(k *schema.Kind) bool { return slices.Contains(w.d.options.NeedsRestart, k.Name) }) {
		return providers.Reply{Outcome: providers.PendingReboot}, nil
	}
	return providers.Reply{Outcome: providers.Applied}, nil
}

// asksServer is the mode of a clock that is that of the fleet.
const asksServer = "NTP"

// mode is where a document of the clock says that the time comes from.
func mode(doc content) (text string) {
	_ = json.Unmarshal(doc.items[""]["mode"], &text) // without one it is nothing
	return text
}

// hide takes what is write-only out of a document, and keeps it. What does not come stays what it was.
func (w *write) hide(path string, sharing []*schema.Kind, doc content) {
	for _, kind := range sharing {
		for _, a := range kind.Attributes {
			for key, it := range doc.items {
				var text string
				if a.WriteOnly && it[a.Name] != nil && json.Unmarshal(it[a.Name], &text) == nil {
					w.d.secrets[path+"/"+key+"/"+a.Name] = text
					delete(it, a.Name)
				}
			}
		}
	}
}

// accepts checks values against the device's limits.
func (w *write) accepts(kind *schema.Kind, doc content) error {
	items, err := decodeItems(kind, doc)
	if err != nil {
		return fmt.Errorf("bad content for %s: %w", kind.Name, providers.ErrInvalid)
	}
	limits := limitsOf(kind, func(path string) []byte { return []byte(w.d.documents[path]) })
	for _, key := range slices.Sorted(maps.Keys(items)) {
		for _, offence := range offences(kind, limits, items[key]) {
			return fmt.Errorf("%s: %w", offence.Detail, providers.ErrInvalid)
		}
	}
	return nil
}

// keep is what the device makes of a document before it stores it: attributes that it ignores stay as they were, and a
// time zone may grow a summer time.
func (w *write) keep(kind *schema.Kind, old, doc content) {
	for key, attributes := range doc.items {
		for _, a := range kind.Attributes {
			was, had := old.items[key][a.Name]
			if had && slices.Contains(w.d.options.IgnoresAttributes, kind.Name+"."+a.Name) {
				attributes[a.Name] = was
			}
		}
	}
	if kind.Name != "time" || !w.d.options.AddsSummerTime {
		return
	}
	var zone string
	if json.Unmarshal(doc.items[""]["zone"], &zone) == nil && !strings.Contains(zone, ",") {
		doc.items[""]["zone"] = encode(zone + summerTime)
	}
}

// shorten cuts the lists of a document where a fault wants that.
func (w *write) shorten(kind *schema.Kind, doc content) {
	if w.fault.Effect != Shorten {
		return
	}
	for _, attributes := range doc.items {
		for _, a := range kind.Attributes {
			var entries []json.RawMessage
			if a.Type.IsSetType() && json.Unmarshal(attributes[a.Name], &entries) == nil {
				attributes[a.Name] = encode(entries[:min(len(entries), w.fault.Length)])
			}
		}
	}
}

// garble replaces the texts of a document where a fault wants that.
func (w *write) garble(kind *schema.Kind, doc content) {
	if w.fault.Effect != Garble {
		return
	}
	for _, attributes := range doc.items {
		for _, a := range kind.Attributes {
			if _, has := attributes[a.Name]; has && a.Type == cty.String && len(a.Values) == 0 {
				attributes[a.Name] = encode(Garbled)
			}
		}
	}
}

// userBody is what requests for accounts carry beside what stays in the document.
type userBody struct{ Name, Level, Password *string }

func (w *write) createUser() (providers.Reply, error) {
	given, it, err := parseUser(w.r.Body)
	switch {
	case err != nil:
		return providers.Reply{}, err
	case given.Name == nil || given.Level == nil || given.Password == nil:
		return providers.Reply{}, fmt.Errorf("an account needs a name, a level and a password: %w", providers.ErrInvalid)
	case w.d.core.Accounts.Named(*given.Name) != nil:
		return providers.Reply{}, fmt.Errorf("there is already an account of that name: %w", providers.ErrInvalid)
	}
	delete(it, "name")
	if err := w.accepts(kindOf("user"), content{map[string]item{*given.Name: it}}); err != nil {
		return providers.Reply{}, err
	}
	id := strconv.Itoa(w.d.core.Accounts.Set(*given.Name, *given.Level, *given.Password).ID)
	w.storeUser(*given.Name, id, it)
	return providers.Reply{Outcome: providers.Applied, ID: id}, nil
}

// userAt is the account with the id of a path, or nil.
func (w *write) userAt(id string) *device.Account {
	n, err := strconv.Atoi(id)
	if err != nil || n == 0 {
		return nil
	}
	return w.d.core.Accounts.WithID(n)
}

func (w *write) changeUser(u *device.Account) (providers.Reply, error) {
	given, it, err := parseUser(w.r.Body)
	switch {
	case err != nil:
		return providers.Reply{}, err
	case u == nil:
		return providers.Reply{}, fmt.Errorf("there is no such account: %w", providers.ErrInvalid)
	case given.Password != nil && w.by.Name == u.Name && u.Asleep && u.Password == *given.Password:
		return providers.Reply{}, fmt.Errorf("it is the password that somebody else gave the account: %w", providers.ErrInvalid)
	}
	if err := w.accepts(kindOf("user"), content{map[string]item{u.Name: it}}); err != nil {
		return providers.Reply{}, err
	}
	w.storeUser(u.Name, strconv.Itoa(u.ID), it)
	if given.Password != nil {
		u.Asleep = w.d.options.MustChange && w.by.Name != u.Name
		w.d.core.Accounts.Change(u, *given.Password, w.fault.mishap(), w.d.fleet.now())
	}
	return providers.Reply{Outcome: providers.Applied}, nil
}

func parseUser(body []byte) (userBody, item, error) {
	var given userBody
	var it item
	if json.Unmarshal(body, &given) != nil || json.Unmarshal(body, &it) != nil || it == nil {
		return userBody{}, nil, fmt.Errorf("bad content: %w", providers.ErrInvalid)
	}
	return given, it, nil
}

// storeUser puts an account into the document, without its password.
func (w *write) storeUser(name, id string, it item) {
	it["id"] = json.RawMessage(id)
	delete(it, "password")
	w.d.change("user", func(_ *schema.Kind, doc content) { doc.items[name] = it })
}

func (w *write) deleteUser(u *device.Account) (providers.Reply, error) {
	if u == nil || u.Name == admin {
		return providers.Reply{}, fmt.Errorf("there is no such account that can be removed: %w", providers.ErrInvalid)
	}
	w.d.change("user", func(_ *schema.Kind, doc content) { delete(doc.items, u.Name) })
	w.d.core.Accounts.Remove(func(other device.Account) bool { return other.Name == u.Name })
	return providers.Reply{Outcome: providers.Applied}, nil
}
