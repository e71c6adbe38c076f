package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/schema"
)

// summerTime is what some devices append to a time zone that has no summer time.
const summerTime = "DST,M4.1.0/02,M10.5.0/02"

type provider struct{ fleet *Fleet }

var _ providers.Provider = provider{}

func (provider) Kinds() *schema.Kinds { return kinds }

// Known are none: devices of the memory have no documents beside their settings.
func (provider) Known() []string { return nil }

func (p provider) OpenReader(t providers.Target) providers.Reader { return open(p.fleet, t) }

func (p provider) Open(t providers.Target) providers.Session { return &session{open(p.fleet, t)} }

// Outline keeps the documents that give limits, and of the others which items and attributes there are.
func (provider) Outline(docs providers.Documents) providers.Documents {
	outlines := providers.Documents{}
	for path, doc := range docs {
		outline := providers.Document{Path: path, Missing: doc.Missing, Body: doc.Body}
		if c, err := parse(doc.Body); err == nil && !strings.HasPrefix(path, "/limits/") {
			for _, it := range c.items {
				for name := range it {
					it[name] = encode("")
				}
			}
			outline.Body = c.encode()
		}
		outlines[path] = outline
	}
	return outlines
}

// Observe finds the values of a member in any item of a document.
func (provider) Observe(doc providers.Document, element string) ([]string, error) {
	if doc.Missing != "" {
		return nil, doc.NotThere()
	}
	c, err := parse(doc.Body)
	if err != nil {
		return nil, err
	}
	if len(c.items) == 0 {
		return nil, doc.Empty()
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(c.items)) {
		if raw, ok := c.items[name][element]; ok {
			texts = append(texts, strings.Trim(string(raw), `"`))
		}
	}
	return texts, nil
}

// Clock is that of the answers: no document shows it.
func (provider) Clock(docs providers.Documents) (providers.Clock, bool) {
	return providers.DatedClock(docs)
}

func (provider) Decode(kind *schema.Kind, _ []string, docs providers.Documents) (providers.Items, error) {
	body, err := bodyOf(kind, docs)
	if err != nil {
		return nil, err
	}
	items, err := decode(kind, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind.Document.Path, err)
	}
	return items, nil
}

func bodyOf(kind *schema.Kind, docs providers.Documents) ([]byte, error) {
	doc, ok := docs[kind.Document.Path]
	switch {
	case !ok:
		panic("memory: " + kind.Document.Path + " was not read; this is a bug")
	case doc.Missing != "":
		return nil, fmt.Errorf("%s: %s: %w", doc.Path, doc.Missing, providers.ErrUnsupported)
	}
	return doc.Body, nil
}

func contentOf(kind *schema.Kind, docs providers.Documents) (content, error) {
	body, err := bodyOf(kind, docs)
	if err != nil {
		return content{}, err
	}
	c, err := parse(body)
	if err != nil {
		return content{}, fmt.Errorf("%s: %w", kind.Document.Path, err)
	}
	return c, nil
}

// Check also refuses to remove the built-in account, to create a service that the device lacks, and to set an attribute
// that an existing item lacks.
func (provider) Check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	whole := func(format string, args ...any) []providers.AttributeError {
		return []providers.AttributeError{{Detail: fmt.Sprintf(format, args...)}}
	}
	c, err := contentOf(kind, docs)
	if err != nil {
		return whole("The document cannot be used: %v.", err)
	}
	want, _ = want.UnmarkDeep()
	have, exists := c.items[entry(kind, key)]
	switch {
	case want.IsNull() && kind.Name == "user" && key == admin:
		return whole("The built-in account cannot be removed.")
	case want.IsNull() && kind.Name != "user":
		return whole("This device always has %s; it can be changed, but not removed.", local(kind, key))
	case want.IsNull() || !want.IsKnown():
		return nil
	case !exists && kind.Name != "user":
		return whole("This device does not have %s.", local(kind, key))
	}
	found := offences(kind, limitsOf(kind, func(path string) []byte { return docs[path].Body }), want)
	for _, a := range kind.Attributes {
		if _, ok := have[a.Name]; exists && !ok && !a.WriteOnly && !want.GetAttr(a.Name).IsNull() {
			found = append(found, providers.AttributeError{Attribute: a.Name, Lacks: true, Detail: fmt.Sprintf("This device does not have %s.", a.Name)})
		}
	}
	return found
}

func local(kind *schema.Kind, key string) string {
	return schema.Setting{Kind: kind.Name, Key: key}.Local()
}

// Same compares time zones by their offsets and sets by the addresses that they stand for.
func (provider) Same(kind *schema.Kind, a *schema.Attribute, want, have cty.Value) bool {
	switch {
	case kind.Name == "time" && a.Name == "zone":
		return shortZone(want.AsString()) == shortZone(have.AsString())
	case kind.Name == "filter" && a.Name == "addresses":
		return maps.Equal(prefixes(want), prefixes(have))
	default:
		return want.RawEquals(have)
	}
}

var zeroMinutes = regexp.MustCompile(`(:00)+($|[^:0-9])`)

func shortZone(zone string) string { return zeroMinutes.ReplaceAllString(zone, "$2") }

// prefixes are the members of a set of addresses: "192.0.2.1" and "192.0.2.1/32" are one. A text that is neither an
// address nor a prefix stands for itself.
func prefixes(set cty.Value) map[string]bool {
	members := map[string]bool{}
	for _, v := range set.AsValueSlice() {
		if p, err := prefixOf(v.AsString()); err == nil {
			members[p.String()] = true
		} else {
			members[v.AsString()] = true
		}
	}
	return members
}

func prefixOf(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// Rewritten knows the devices that add a summer time to a zone without one.
// Unlisted is none: a list of these devices has all items.
func (provider) Unlisted(*schema.Kind, []string, providers.Documents) []string { return nil }

func (provider) Hints(*schema.Kind, providers.Documents) []providers.Hint { return nil }

func (provider) Sought(*schema.Kind, providers.Documents) providers.Sought { return providers.Sought{} }

func (provider) Served(*schema.Kind, []string, providers.Documents) []string { return nil }

func (provider) Absent(doc providers.Document) bool { return doc.Missing != "" }

// Omitted is none: a list of these devices has items only.
func (provider) Omitted(*schema.Kind, providers.Documents) []providers.Omission { return nil }

func (provider) Rewritten(kind *schema.Kind, a *schema.Attribute, want, have cty.Value) bool {
	return kind.Name == "time" && a.Name == "zone" && have.AsString() == want.AsString()+summerTime
}

// Enciphers is false: these devices take passwords as they are.
func (provider) Enciphers(*schema.Kind, providers.Documents) bool { return false }

// Jump is how far the clock of the fleet is away where a device begins to ask a server. A zone is a text that moves nothing.
func (provider) Jump(changes []providers.Change, docs providers.Documents) providers.Jump {
	for _, c := range changes {
		if c.Kind.Name != "time" || c.After.IsNull() || !c.After.GetAttr("mode").RawEquals(cty.StringVal(asksServer)) || !c.Before.IsNull() && c.Before.GetAttr("mode").RawEquals(c.After.GetAttr("mode")) {
			continue
		}
		clock, known := providers.DatedClock(docs)
		return providers.Jump{By: -clock.Ahead, Within: clock.Within, Unknown: !known}
	}
	return providers.Jump{}
}

func (provider) Compose(c providers.Composition) ([]providers.Request, error) {
	if len(c.Changes) == 0 {
		return nil, nil
	}
	path := c.Changes[0].Kind.Document.Path
	for _, change := range c.Changes {
		if change.Kind.Document.Path != path {
			panic("memory: changes of " + path + " and " + change.Kind.Document.Path + " in one composition; this is a bug")
		}
	}
	doc, err := contentOf(c.Changes[0].Kind, c.Documents)
	if err != nil {
		return nil, err
	}
	if path == usersPath {
		return composeUsers(doc, c.Changes)
	}
	return composeDocument(path, doc, c)
}

// composeDocument puts all changes into one request with the whole document.
func composeDocument(path string, doc content, c providers.Composition) ([]providers.Request, error) {
	request := providers.Request{Method: http.MethodPut, Path: path}
	for _, change := range c.Changes {
		key := change.Item()
		it, ok := doc.items[entry(change.Kind, change.Key)]
		if !ok || change.After.IsNull() {
			return nil, fmt.Errorf("%s cannot be made or removed: %w", local(change.Kind, change.Key), providers.ErrUnsupported)
		}
		if err := it.edit(change.Kind, change.After, c.First); err != nil {
			return nil, err
		}
		request.Keys = append(request.Keys, key)
	}
	request.Body = doc.encode()
	return []providers.Request{request}, nil
}

// composeUsers makes one request for each account. An account is created by name and changed or removed by the id that
// the device gave to it.
func composeUsers(doc content, changes []providers.Change) ([]providers.Request, error) {
	var requests []providers.Request
	for _, change := range changes {
		request := providers.Request{Path: usersPath, Keys: []providers.Key{change.Item()}}
		it, exists := doc.items[change.Key]
		switch {
		case !exists && change.After.IsNull():
			return nil, fmt.Errorf("there is no account %q to remove: %w", change.Key, providers.ErrInvalid)
		case !exists:
			request.Method = http.MethodPost
			it = item{"name": encode(change.Key)}
		case change.After.IsNull():
			request.Method = http.MethodDelete
		default:
			request.Method = http.MethodPut
		}
		if exists {
			request.Path += "/" + strings.TrimSpace(string(it["id"]))
		}
		if !change.After.IsNull() {
			if err := it.edit(change.Kind, change.After, nil); err != nil {
				return nil, err
			}
			request.Body = encode(it)
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// Revert puts the document back byte for byte: devices here mask nothing.
func (provider) Revert(before providers.Document, request providers.Request) (providers.Request, error) {
	request.Body = before.Body
	return request, nil
}

// Restore puts a document without secrets back byte for byte; accounts never.
func (provider) Restore(before providers.Documents, request providers.Request) (providers.Request, error) {
	doc, ok := before[request.Path]
	secret := func(k *schema.Kind) bool {
		return k.Document.Path == request.Path && slices.ContainsFunc(k.Attributes, func(a *schema.Attribute) bool { return a.Secret })
	}
	if !ok || doc.Missing != "" || slices.ContainsFunc(kinds.All(), secret) {
		return providers.Request{}, fmt.Errorf("not all of %s is known: %w", request.Path, providers.ErrUnsupported)
	}
	request.Body = doc.Body
	return request, nil
}

// CheckAlone finds nothing: devices here judge every value themselves.
func (provider) CheckAlone(*schema.Kind, cty.Value) []providers.AttributeError { return nil }

// Discreet blanks the secret attributes of all kinds, and what hide blanks.
func (p provider) Discreet(doc providers.Document, hide *providers.Redactor) (providers.Document, error) {
	doc.Missing, doc.Hide = hide.Blank(doc.Missing), nil
	if len(doc.Body) == 0 {
		return doc, nil
	}
	var body any
	if json.Unmarshal(doc.Body, &body) != nil {
		return providers.Document{}, fmt.Errorf("%s is not JSON: %w", doc.Path, providers.ErrMalformed)
	}
	doc.Body = []byte(hide.Blank(string(encode(p.blanked("", body)))))
	return doc, nil
}

// Shown blanks the secret attributes of all kinds in the body.
func (p provider) Shown(r providers.Request) providers.Request {
	if len(r.Body) == 0 {
		return r
	}
	var body any
	if json.Unmarshal(r.Body, &body) != nil {
		r.Body = []byte(schema.Blank)
		return r
	}
	r.Body = encode(p.blanked("", body))
	return r
}

func (p provider) blanked(name string, v any) any {
	secret := func(kind *schema.Kind) bool { return kind.IsSecret(name) }
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = p.blanked(name, member)
		}
	case string:
		if slices.ContainsFunc(p.Kinds().All(), secret) {
			return schema.Blank
		}
	}
	return v
}
