package simulator

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// growing is a list whose items come and go. A model lets clients make items of it if it has a template: a file beside the
// document with __new in its name, which holds an item as it looks before the client's values are in it.
type growing struct {
	path     string
	required []string // elements that a new item brings, at any depth
	clears   bool     // a DELETE of the list removes all items
	slots    bool     // only with the quirk deletesSlots, and no more than were delivered; the first of those is the template
}

var growingLists = []growing{
	{path: onvifUsersPath, required: []string{"userName", "password", "userType"}, clears: true},
	{path: channelsPath, required: []string{"sourceInputPortDescriptor", "userName"}},
	{path: ipFilterPath + "/filterAddress", required: []string{"addressFilterType"}},
	{path: httpHostsPath, required: []string{"url", "protocolType", "parameterFormatType", "addressingFormatType", "httpAuthenticationMethod"}, clears: true, slots: true},
	{path: ntpServersPath, required: []string{"addressingFormatType"}, clears: true, slots: true},
}

// template is a new item of a list before the client's values are in it; nil where the device makes none.
func (g growing) template(d *unit) []byte {
	if !g.slots {
		return d.model.templates[g.path]
	}
	root, err := scan(d.model.documents[g.path].body)
	if err != nil || len(root.children) == 0 || !d.quirks.DeletesSlots {
		return nil
	}
	first := root.children[0]
	return d.model.documents[g.path].body[first.start:first.end]
}

// delivered is how many slots a list had that came with the device; false for any other list.
func (g growing) delivered(d *unit) (int, bool) {
	root, err := scan(d.model.documents[g.path].body)
	if err != nil || !g.slots {
		return 0, false
	}
	return len(root.children), true
}

// changeItems makes and removes items of growing lists. Not handled is what is no such request.
func (w *write) changeItems() (done result, handled bool) {
	for _, g := range growingLists {
		if g.template(w.unit) == nil {
			continue
		}
		switch {
		case w.q.method == http.MethodPost && w.q.path == g.path:
			return w.createItem(g), true
		case w.q.method == http.MethodDelete && path.Dir(w.q.path) == g.path:
			return w.deleteItem(), true
		case w.q.method == http.MethodDelete && w.q.path == g.path && g.clears:
			return w.clearList(), true
		}
	}
	return result{}, false
}

// createItem puts what was sent into the template, gives it the lowest free id, and adds it to the list.
func (w *write) createItem(g growing) result {
	list, found := w.unit.partAt(w.q.path)
	if !found {
		return *w.unit.model.absent(w.q.path)
	}
	item, no := w.newItem(g, list)
	if no != nil {
		return *no
	}
	id := freeItemID(list.element)
	root, err := scan(item.body)
	if err != nil {
		return *w.unit.model.refuse(deviceError)
	}
	if e := root.child("id"); e != nil {
		item.body = apply(item.body, []edit{e.setText(item.body, id)})
	}
	whole := apply(list.body, []edit{list.element.appendChild(list.body, strings.TrimSpace(string(item.body)))})
	if no := w.unit.checkMeaning(list.document, whole); no != nil {
		return *no
	}
	if _, err := w.unit.store(list.document, w.hosts(list.document, whole)); err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	if p, found := w.unit.partAt(w.q.path + "/" + id); found {
		w.unit.remember(p, item.secrets)
	}
	return result{http: http.StatusOK, code: ok, id: id}
}

// newItem makes the item that a client asks for, without its id.
func (w *write) newItem(g growing, list part) (composed, refusal) {
	template := g.template(w.unit)
	old, err := scan(template)
	sent, no := w.unit.model.sentItem(w.q.body, old)
	if err != nil || no != nil {
		return composed{}, no
	}
	want, err := scan(sent)
	if err != nil {
		return composed{}, w.unit.model.refuse(badXMLFormat)
	}
	pattern := w.unit.pattern(w.q.path, list)
	c := &composition{
		unit: w.unit, path: w.q.path, document: list.document, have: template, sent: sent, old: old, want: want,
		known: w.unit.knownNames(w.q.path, list, old, pattern), pattern: patternOf(pattern, want),
	}
	size, sized := sizeOf(pattern, list.element)
	if slots, ok := g.delivered(w.unit); ok {
		size, sized = slots, true
	}
	login := want.child("loginPassword")
	// What a slot does not have as it was delivered, a new one need not have either.
	required := slices.DeleteFunc(slices.Clone(g.required), func(name string) bool { return g.slots && missingOf([]string{name}, old) != "" })
	switch missing := missingOf(required, want); {
	case missing != "":
		return composed{}, w.unit.model.refuse(parametersLack).about(missing)
	case sized && len(list.element.children) >= size:
		return composed{}, w.unit.model.refuse(beyondLimit)
	case login != nil && login.text != w.by.Password:
		return composed{}, w.checkLogin(login.text)
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
func (b *blueprint) sentItem(body []byte, like *element) ([]byte, refusal) {
	root, err := scan(body)
	switch {
	case err != nil:
		return nil, b.refuse(badXMLFormat)
	case root.name == like.name:
		return body, nil
	case len(root.children) == 1 && root.children[0].name == like.name:
		return body[root.children[0].start:root.children[0].end], nil
	}
	return nil, b.refuse(badXMLContent).about(root.name)
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

func (w *write) deleteItem() result {
	p, found := w.unit.partAt(w.q.path)
	if !found {
		return *w.unit.model.absent(w.q.path)
	}
	return w.without(p, p.element.remove(p.body))
}

func (w *write) clearList() result {
	p, found := w.unit.partAt(w.q.path)
	if !found {
		return *w.unit.model.absent(w.q.path)
	}
	return w.without(p, p.element.setContent(p.body, ""))
}

// without removes an element, and what the device keeps secret of it.
func (w *write) without(p part, removal edit) result {
	if _, err := w.unit.store(p.document, apply(p.body, []edit{removal})); err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	place := secretPlace(p)
	maps.DeleteFunc(w.unit.secrets, func(known, _ string) bool { return strings.HasPrefix(known, place) })
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
func (d *unit) remember(p part, secrets map[string]string) {
	for name, value := range secrets {
		if name == "loginPassword" || strings.HasSuffix(name, "/loginPassword") {
			continue
		}
		d.secrets[secretPlace(p)+name] = value
	}
}

// Secret is a write-only value that somebody wrote, which no answer of the device shows: in the document at path, the text of
// the element that trail leads to. Items are named by their id, as in SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyPassword.
// It is empty if none was written.
func (d *Device) Secret(path, trail string) string {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return d.unit.secrets[path+"#"+trail]
}
