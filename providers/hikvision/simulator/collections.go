package simulator

import (
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"

	"camform/providers/device"
)

// growing is a list whose items come and go. A model lets clients make items of it if it has a template: a file beside the
// document with __new in its name, which holds an item as it looks before the client's values are in it.
type growing struct {
	path     string
	required []string // elements that a new item brings, at any depth
	clears   bool     // a DELETE of the list removes all items
}

var growingLists = []growing{
	{path: onvifUsersPath, required: []string{"userName", "password", "userType"}, clears: true},
	{path: channelsPath, required: []string{"sourceInputPortDescriptor", "userName"}},
	{path: ipFilterPath + "/filterAddress", required: []string{"addressFilterType"}},
}

// changeItems makes and removes items of growing lists. Not handled is what is no such request.
func (d *Device) changeItems(q request, by *device.Account) (done result, handled bool) {
	for _, g := range growingLists {
		if d.model.templates[g.path] == nil {
			continue
		}
		switch {
		case q.method == http.MethodPost && q.path == g.path:
			return d.createItem(q, g, by), true
		case q.method == http.MethodDelete && path.Dir(q.path) == g.path:
			return d.deleteItem(q.path), true
		case q.method == http.MethodDelete && q.path == g.path && g.clears:
			return d.clearList(q.path), true
		}
	}
	return result{}, false
}

// createItem puts what was sent into the template, gives it the lowest free id, and adds it to the list.
func (d *Device) createItem(q request, g growing, by *device.Account) result {
	list, found := d.partAt(q.path)
	if !found {
		return *d.absent(q.path)
	}
	item, no := d.newItem(q, g, list, by)
	if no != nil {
		return *no
	}
	id := freeItemID(list.element)
	root, err := scan(item.body)
	if err != nil {
		return *d.refuse(deviceError)
	}
	if e := root.child("id"); e != nil {
		item.body = apply(item.body, []edit{e.setText(item.body, id)})
	}
	whole := apply(list.body, []edit{list.element.appendChild(list.body, strings.TrimSpace(string(item.body)))})
	if no := d.checkMeaning(list.document, whole); no != nil {
		return *no
	}
	if _, err := d.store(list.document, whole); err != nil {
		return *d.refuse(badParameters)
	}
	if p, found := d.partAt(q.path + "/" + id); found {
		d.remember(p, item.secrets)
	}
	return result{http: http.StatusOK, code: ok, id: id}
}

// newItem makes the item that a client asks for, without its id.
func (d *Device) newItem(q request, g growing, list part, by *device.Account) (composed, refusal) {
	template := d.model.templates[g.path]
	old, err := scan(template)
	sent, no := d.sentItem(q.body, old)
	if err != nil || no != nil {
		return composed{}, no
	}
	want, err := scan(sent)
	if err != nil {
		return composed{}, d.refuse(badXMLFormat)
	}
	pattern := d.pattern(q.path, list)
	c := &composition{
		device: d, path: q.path, document: list.document, have: template, sent: sent, old: old, want: want,
		known: d.knownNames(q.path, list, old, pattern), pattern: patternOf(pattern, want),
	}
	size, sized := sizeOf(pattern, list.element)
	login := want.child("loginPassword")
	switch missing := missingOf(g.required, want); {
	case missing != "":
		return composed{}, d.refuse(parametersLack).about(missing)
	case sized && len(list.element.children) >= size:
		return composed{}, d.refuse(beyondLimit)
	case login != nil && login.text != by.Password:
		return composed{}, d.checkLogin(q, login.text, by)
	}
	for _, check := range []func() refusal{c.unknownElement, c.checkValues} {
		if no := check(); no != nil {
			return composed{}, no
		}
	}
	m := &merger{have: template, sent: sent, known: c.known}
	m.merge(old, want)
	return c.normal(apply(template, m.edits)), nil
}

// sentItem is the item in a body, which is the item itself or a list that holds just it.
func (d *Device) sentItem(body []byte, like *element) ([]byte, refusal) {
	root, err := scan(body)
	switch {
	case err != nil:
		return nil, d.refuse(badXMLFormat)
	case root.name == like.name:
		return body, nil
	case len(root.children) == 1 && root.children[0].name == like.name:
		return body[root.children[0].start:root.children[0].end], nil
	}
	return nil, d.refuse(badXMLContent).about(root.name)
}

// missingOf returns the first of the names that no element below e has, or whose text is empty, or "".
func missingOf(names []string, e *element) string {
	for _, name := range names {
		if found := e.find(name); found == nil || found.leaf() && found.text == "" {
			return name
		}
	}
	return ""
}

func freeItemID(list *element) string {
	for id := 1; ; id++ {
		if text := strconv.Itoa(id); itemWithID(list, text) == nil {
			return text
		}
	}
}

func (d *Device) deleteItem(path string) result {
	p, found := d.partAt(path)
	if !found {
		return *d.absent(path)
	}
	return d.without(p, p.element.remove(p.body))
}

func (d *Device) clearList(path string) result {
	p, found := d.partAt(path)
	if !found {
		return *d.absent(path)
	}
	return d.without(p, p.element.setContent(p.body, ""))
}

// without removes an element, and what the device keeps secret of it.
func (d *Device) without(p part, removal edit) result {
	if _, err := d.store(p.document, apply(p.body, []edit{removal})); err != nil {
		return *d.refuse(badParameters)
	}
	place := secretPlace(p)
	maps.DeleteFunc(d.secrets, func(known, _ string) bool { return strings.HasPrefix(known, place) })
	return result{http: http.StatusOK, code: ok}
}

// secretPlace is where the secrets of a part are kept: below its document and the elements that lead to it.
func secretPlace(p part) string {
	if p.element == nil || p.whole() {
		return p.document + "#"
	}
	return p.document + "#" + trail(p.root, p.element) + "/"
}

// remember keeps the write-only values that came with a write of a part. One that did not come stays what it was.
func (d *Device) remember(p part, secrets map[string]string) {
	for name, value := range secrets {
		if name == "loginPassword" || strings.HasSuffix(name, "/loginPassword") {
			continue
		}
		if d.secrets == nil {
			d.secrets = make(map[string]string)
		}
		d.secrets[secretPlace(p)+name] = value
	}
}

// Secret is a write-only value that somebody wrote, which no answer of the device shows: in the document at path, the text of
// the element that trail leads to. Items are named by their id, as in SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyPassword.
// It is empty if none was written.
func (d *Device) Secret(path, trail string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.secrets[path+"#"+trail]
}
