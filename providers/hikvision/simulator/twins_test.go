package simulator

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// addresses are two addresses of one document: an item by itself, and the list that holds it.
type addresses struct {
	alone, list string
	find        func(list *element) *element
}

// addressesOf finds what a device serves alone and as a part of something else, whatever the views say: an item of a list at the
// address of the list with its id behind, and a document whose root is also an element of one above it.
func (s *bench) addressesOf() []addresses {
	var all []addresses
	served := map[string]bool{}
	add := func(alone, list string, name, id string) {
		if served[alone+" "+list] {
			return
		}
		served[alone+" "+list] = true
		all = append(all, addresses{alone, list, func(root *element) *element { return itemNamed(root, name, id) }})
	}
	for _, list := range s.d.Documents() {
		root := s.root(list)
		if root == nil || strings.HasSuffix(list, "/capabilities") {
			continue
		}
		root.walk(func(e *element) {
			id := e.value("id")
			if id == "" || e == root {
				return
			}
			if alone := s.root(list + "/" + id); alone != nil && alone.name == e.name {
				add(list+"/"+id, list, e.name, id)
			}
		})
		for above := path.Dir(list); above != "/ISAPI" && above != "/"; above = path.Dir(above) {
			whole := s.root(above)
			if whole == nil {
				continue
			}
			for id := range strings.SplitSeq(strings.TrimPrefix(list, above+"/"), "/") {
				if item := itemNamed(whole, root.name, id); item != nil {
					add(list, above, root.name, id)
				} else if owner := withID(whole, id); owner != nil && owner.child(root.name) != nil {
					alone := list
					all = append(all, addresses{alone, above, func(list *element) *element { return withID(list, id).child(root.name) }})
				}
			}
		}
	}
	return all
}

// itemNamed is the element of a name below root that has an id.
func itemNamed(root *element, name, id string) (found *element) {
	root.walk(func(e *element) {
		if found == nil && e != root && e.name == name && e.value("id") == id {
			found = e
		}
	})
	return found
}

func withID(root *element, id string) (found *element) {
	root.walk(func(e *element) {
		if found == nil && e != root && e.value("id") == id {
			found = e
		}
	})
	return found
}

// bench is a device that answers the administrator, without a login.
type bench struct{ d *Device }

func (s *bench) do(method, path, body string) (int, []byte) {
	d := s.d
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	q, err := d.receive(httptest.NewRequest(method, path, strings.NewReader(body)))
	if err != nil {
		panic(err)
	}
	answer := (&exchange{unit: &d.unit, q: q}).serve(d.unit.core.Accounts.WithID(adminID))
	return answer.status, answer.body
}

func (s *bench) root(path string) *element {
	status, body := s.do(http.MethodGet, path, "")
	root, err := scan(body)
	if status != http.StatusOK || err != nil {
		return nil
	}
	return root
}

// others are values that a client may try in place of one.
func others(text string) []string {
	if isBool(text) {
		return []string{map[bool]string{true: "false", false: "true"}[strings.EqualFold(text, "true")]}
	}
	if n, err := strconv.Atoi(text); err == nil {
		return []string{strconv.Itoa(n + 1), strconv.Itoa(n - 1)}
	}
	return []string{text + "x", "192.0.2.77", "x"}
}

// change writes another text into a leaf below one element of the document at an address, such that it is shown there. It returns the
// name of the leaf, the text, and the path that leads from the element to it.
func (s *bench) change(address string, find func(*element) *element) (way []int, text string, changed bool) {
	_, body := s.do(http.MethodGet, address, "")
	root, err := scan(body)
	if err != nil {
		return nil, "", false
	}
	var try func(e *element, way []int) bool
	try = func(e *element, at []int) bool {
		for i, child := range e.children {
			next := append(slices.Clone(at), i)
			if !child.leaf() {
				if try(child, next) {
					return true
				}
				continue
			}
			if slices.Contains(identities, child.name) {
				continue
			}
			for _, other := range others(child.text) {
				status, _ := s.do(http.MethodPut, address, string(apply(body, []edit{child.setText(body, other)})))
				if now := s.root(address); status == http.StatusOK && now != nil && walkTo(find(now), next) == other {
					way, text = next, other
					return true
				}
			}
		}
		return false
	}
	return way, text, try(find(root), nil) || text != ""
}

func walkTo(e *element, way []int) string {
	for _, i := range way {
		if e == nil || i >= len(e.children) {
			return ""
		}
		e = e.children[i]
	}
	return e.text
}

// shows reports whether a leaf of the element shows a text at a trail of names.
func shows(e *element, trail []string, text string) bool {
	if len(trail) == 0 {
		return e.text == text
	}
	return slices.ContainsFunc(e.children, func(c *element) bool { return c.name == trail[0] && shows(c, trail[1:], text) })
}

func namesOn(e *element, way []int) []string {
	var names []string
	for _, i := range way {
		e = e.children[i]
		names = append(names, e.name)
	}
	return names
}

// unchangeable are documents in which a write of a single text changes nothing, by the beginning of their address.
var unchangeable = map[string]string{
	"/ISAPI/Security/users":            "a write carries the password of who makes it",
	"/ISAPI/Security/UserPermission/1": "an administrator has every right",
	"/ISAPI/ContentMgmt/Storage/hdd":   "nobody writes what a disk is",
}

// reasonOf is the beginning of an address that is known for it, or "".
func reasonOf(address string) string {
	for known := range unchangeable {
		if address == known || strings.HasPrefix(address, known+"/") {
			return known
		}
	}
	return ""
}

// ends are the first and the last of the addresses in each list.
func ends(all []addresses) []addresses {
	var kept []addresses
	for i, a := range all {
		first := i == 0 || all[i-1].list != a.list
		last := i == len(all)-1 || all[i+1].list != a.list
		if first || last {
			kept = append(kept, a)
		}
	}
	return kept
}

// What is served at two addresses is one document: a change at one is seen at the other, on every built-in model and on every
// recorded device.
func TestADocumentAtTwoAddressesIsOne(t *testing.T) {
	models, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	var all []*blueprint
	for _, name := range Models() {
		all = append(all, models[name])
	}
	if dir := os.Getenv("CAMFORM_RECORDINGS"); dir != "" {
		recorded, err := loadRecordings(dir)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, recorded...)
	}
	whole := func(root *element) *element { return root }
	used, pairs := map[string]bool{}, 0
	for _, b := range all {
		fresh := func() *bench {
			d := newDevice(b, 1, b.name, loopback.Addr(), time.Now)
			d.unit.core.Accounts.Set("admin", administrator, "Gate-Keeper-7")
			d.unit.core.Accounts.Set("guard", "Operator", "Gate-Keeper-8")
			d.unit.accountsChanged()
			return &bench{d}
		}
		for _, a := range ends(fresh().addressesOf()) {
			if reason := reasonOf(a.alone); reason != "" {
				used[reason] = true
				continue
			}
			pairs++
			for _, way := range []struct {
				from, to   string
				find, seen func(*element) *element
			}{
				{a.alone, a.list, whole, a.find},
				{a.list, a.alone, a.find, whole},
			} {
				s := fresh()
				before := s.root(way.from)
				place, text, changed := s.change(way.from, way.find)
				if !changed {
					t.Errorf("%s: nothing of %s could be changed at %s", b.name, a.alone, way.from)
					continue
				}
				names := namesOn(way.find(before), place)
				if other := way.seen(s.root(way.to)); other == nil || !shows(other, names, text) {
					t.Errorf("%s: %s is now %q at %s, and not at %s", b.name, strings.Join(names, "/"), text, way.from, way.to)
				}
			}
		}
	}
	for known, reason := range unchangeable {
		if !used[known] && len(all) > len(models) {
			t.Errorf("nobody has %s (%s)", known, reason)
		}
	}
	if pairs < 100 {
		t.Errorf("only %d documents have two addresses", pairs)
	}
}

// What an item says by itself counts for its list from the start: a device that was recorded twice is one.
func TestRecordedItemsAndTheirListSayTheSame(t *testing.T) {
	b := &blueprint{recorded: true, personality: recordedPersonality(), documents: map[string]document{
		streamsPath:                     {body: []byte("<StreamingChannelList><StreamingChannel><id>101</id><channelName>yard</channelName></StreamingChannel></StreamingChannelList>"), contentType: contentXML},
		streamsPath + "/101":            {body: []byte("<StreamingChannel><id>101</id><channelName>gate</channelName><more>1</more></StreamingChannel>"), contentType: contentXML},
		timePath:                        {body: []byte("<Time><timeZone>CST-1:00:00</timeZone></Time>"), contentType: contentXML},
		timeZonePath:                    {body: []byte("CST-2:00:00\n"), contentType: contentText},
		interfacesPath:                  {body: []byte("<L><NetworkInterface><id>1</id><IPAddress><ipAddress>192.0.2.1</ipAddress></IPAddress></NetworkInterface></L>"), contentType: contentXML},
		interfacesPath + "/1":           {body: []byte("<NetworkInterface><id>1</id><IPAddress><ipAddress>192.0.2.2</ipAddress></IPAddress></NetworkInterface>"), contentType: contentXML},
		interfacesPath + "/1/ipAddress": {body: []byte("<IPAddress><ipAddress>192.0.2.3</ipAddress></IPAddress>"), contentType: contentXML},
	}}
	b.reconcile()
	s := &bench{newDevice(b, 1, "one", loopback.Addr(), time.Now)}
	s.d.unit.core.Accounts.Set("admin", administrator, "Gate-Keeper-7")
	has := func(path, text string, want bool) {
		t.Helper()
		if _, body := s.do(http.MethodGet, path, ""); strings.Contains(string(body), text) != want {
			t.Errorf("%s has %q: want %t\n%s", path, text, want, body)
		}
	}
	has(streamsPath, ">gate<", true)
	has(streamsPath, "<more>", false)
	has(timePath, ">CST-2:00:00<", true)
	has(interfacesPath, ">192.0.2.3<", true)
	has(interfacesPath+"/1", ">192.0.2.3<", true)

	s.do(http.MethodPut, timePath, "<Time><timeZone>CST-3:00:00</timeZone></Time>")
	has(timeZonePath, "CST-3:00:00", true)
	s.do(http.MethodPut, timeZonePath, "CST-4:00:00")
	has(timePath, ">CST-4:00:00<", true)

	// Elements that a write adds or takes away come and go at both; those that only one of them shows stay there.
	s.do(http.MethodPut, streamsPath+"/101", "<StreamingChannel><id>101</id><channelName>gate</channelName><more>1</more><new>2</new></StreamingChannel>")
	has(streamsPath, "<new>2</new>", true)
	has(streamsPath, "<more>", false)
	s.do(http.MethodPut, streamsPath, "<StreamingChannelList><StreamingChannel><id>101</id><channelName>yard</channelName></StreamingChannel></StreamingChannelList>")
	has(streamsPath+"/101", "<new>", false)
	has(streamsPath+"/101", "<more>1</more>", true)
	has(streamsPath+"/101", ">yard<", true)

	// An item that left its list is gone, and comes back with it.
	s.do(http.MethodPut, streamsPath, "<StreamingChannelList></StreamingChannelList>")
	if status, _ := s.do(http.MethodGet, streamsPath+"/101", ""); status == http.StatusOK || slices.Contains(s.d.Documents(), streamsPath+"/101") {
		t.Errorf("the item of an empty list: %d, %v", status, s.d.Documents())
	}
}
