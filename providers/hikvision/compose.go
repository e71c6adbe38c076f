package hikvision

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Compose edits the document of the changes in place. It is put back as a whole, in one request for all changes; kinds
// that are written item by item get one request for each. Accounts are changed in one request each, that of the own login
// last. Attributes whose value the document has already, by its meaning, are left as they are; if that goes for all of
// them, there is no request.
//
// The error is ErrUnsupported where the device lacks the entry or an element and its capability documents do not speak of
// it, and where it masked a secret that the changes do not give. Check reports both before.
func (p *Provider) Compose(c providers.Composition) ([]providers.Request, error) {
	if len(c.Changes) == 0 {
		return nil, nil
	}
	requests, err := p.edited(c)
	if err != nil {
		return nil, err
	}
	for i := range requests {
		requests[i] = sensitive(requests[i], c.Changes)
		if requests[i], err = unmasked(p.kinds, requests[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Changes[0].Name(), err)
		}
		if instead := requests[i].Instead; instead != nil && masks(p.kinds, *instead) {
			requests[i].Instead = nil
		}
	}
	return requests, nil
}

// sensitive is a request of kinds without hooks that says how the secrets leave which changes give to it. A device without TLS and ciphers gets
// them as they are, and old TLS has to do for them: they are passwords of other devices, or of accounts that decide nothing here,
// and who needs them would be cut off without.
func sensitive(request providers.Request, changes []providers.Change) providers.Request {
	for _, change := range changes {
		if change.Kind.Composed || change.After.IsNull() || len(change.Kind.Enciphers) == 0 || !slices.Contains(request.Keys, change.Item()) {
			continue
		}
		given := func(a *schema.Attribute) bool { return a.Secret && !change.After.GetAttr(a.Name).IsNull() }
		if slices.ContainsFunc(change.Kind.Attributes, given) {
			request.Sensitive, request.InClear, request.OldTLS = change.Kind.Enciphers, true, !change.Kind.IsAccount()
		}
	}
	if request.Instead != nil && len(request.Sensitive) > 0 {
		*request.Instead = sensitive(*request.Instead, changes) // in place: requests share it
	}
	return request
}

// masks reports whether a request would bring a text that the device masked.
func masks(kinds *schema.Kinds, r providers.Request) bool {
	sent, err := unmasked(kinds, r)
	return err != nil || !bytes.Equal(sent.Body, r.Body)
}

// edited makes the requests as the device would have them that masks nothing.
func (p *Provider) edited(c providers.Composition) ([]providers.Request, error) {
	first := c.Changes[0]
	if err := p.permitted(c); err != nil {
		return nil, err
	}
	if compose := hook.All[first.Kind.Hooks].Compose; compose != nil {
		at, err := document.Open(first.Kind, c.Documents, first.Key)
		if err != nil {
			return nil, err
		}
		return compose(at, c)
	}
	sheets, err := sheetsOf(c)
	if err != nil {
		return nil, err
	}
	var requests []providers.Request
	for _, sheet := range sheets {
		more, err := p.composeSheet(sheet)
		if err != nil {
			return nil, err
		}
		requests = append(requests, more...)
	}
	return requests, nil
}

// permitted returns an error if an item must not be written, or not in the document as it was read. It panics if the changes
// do not share a document.
func (p *Provider) permitted(c providers.Composition) error {
	first := c.Changes[0]
	for _, change := range c.Changes {
		if path := documentOf(first); documentOf(change) != path {
			panic(fmt.Sprintf("changes of %s and %s are composed together: this is a bug", path, documentOf(change)))
		}
		wrong := document.About("", refusals(change.Kind, change.Key))
		if reach.IsOutsider(change.Kind) && len(wrong) == 0 {
			at, err := document.Open(change.Kind, c.Documents, change.Key)
			if err != nil {
				return err
			}
			wrong = p.owners().Trespasses(change.Kind, at, change.Key)
		}
		if len(wrong) > 0 {
			return change.Refused(wrong[0], providers.ErrUnsupported)
		}
	}
	return nil
}

func documentOf(change providers.Change) string { return change.Kind.Document.For(change.Key).Path }

// sheet is a document with the changes that are made in it. Kinds that share their first document can have others on devices
// that lack it.
type sheet struct {
	path    string
	doc     *xmlpatch.Document
	changes []located
}

func sheetsOf(c providers.Composition) ([]*sheet, error) {
	var sheets []*sheet
	first := networks(c.First)
	for _, change := range c.Changes {
		at, err := document.Open(change.Kind, c.Documents, change.Key)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(sheets, func(s *sheet) bool { return s.path == at.Path })
		if i < 0 {
			i, sheets = len(sheets), append(sheets, &sheet{path: at.Path, doc: at.Doc})
		}
		at.Doc, at.First = sheets[i].doc, first
		sheets[i].changes = append(sheets[i].changes, located{change, at})
	}
	return sheets, nil
}

// networks are the addresses and networks among texts.
func networks(texts []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		if network, err := netip.ParsePrefix(text); err == nil {
			all = append(all, network)
		} else if address, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
		}
	}
	return all
}

func (p *Provider) composeSheet(s *sheet) ([]providers.Request, error) {
	var whole, single []located
	made, rest := made(s.changes)
	for _, change := range rest {
		if change.Kind.WriteIn(change.at.Document) != nil {
			single = append(single, change)
		} else {
			whole = append(whole, change)
		}
	}
	requests, err := p.composeDocument(s, whole)
	if err != nil {
		return nil, err
	}
	listed := map[*schema.Kind][]located{}
	var slots []int // requests for one item of a kind that is in listed
	for _, change := range single {
		more, err := composeItem(change.at, change.Change)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", change.Change.Name(), err)
		}
		if len(more) > 0 && change.Kind.WriteIn(change.at.Document).List {
			listed[change.Kind] = append(listed[change.Kind], change)
			slots = append(slots, len(requests))
		}
		requests = append(requests, more...)
	}
	lists := map[string]*providers.Request{} // one for all items of a kind, so that a device that refuses several takes it once
	for kind, changes := range listed {
		lists[kind.Name] = wholeList(kind, changes)
	}
	for _, i := range slots {
		requests[i].Instead = lists[requests[i].Keys[0].Kind]
	}
	for _, change := range made { // after the lists, which lack them
		request, err := composeAgain(change.at, change.Change)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", change.Change.Name(), err)
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// composeDocument makes one request of all changes: the whole document.
func (p *Provider) composeDocument(s *sheet, changes []located) ([]providers.Request, error) {
	request := providers.Request{Method: http.MethodPut, Path: s.path}
	before := s.doc.Bytes()
	for _, change := range changes {
		if err := edit(change.at, change.Change); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Change.Name(), err)
		}
		request.Keys = append(request.Keys, change.Change.Item())
	}
	if bytes.Equal(s.doc.Bytes(), before) {
		return nil, nil
	}
	if err := p.finish(s); err != nil {
		return nil, err
	}
	request.Body = s.doc.Bytes()
	return []providers.Request{request}, nil
}

// finish makes the last edits of the kinds in a document, no matter which kind changed it.
func (p *Provider) finish(s *sheet) error {
	for _, kind := range p.kinds.All() {
		finish := hook.All[kind.Hooks].Finish
		if finish == nil || !reach.SamePath(s.path, kind.Document.Path) {
			continue
		}
		if err := finish(s.doc); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
	}
	return nil
}

// Revert puts the text that the request has in place of each that the device masked.
func (p *Provider) Revert(before providers.Document, request providers.Request) (providers.Request, error) {
	return reverted(p.kinds, before, request)
}

// Shown blanks what the setting files call secret and every other element whose name says that it holds a secret, with all
// that is in it. True, false and nothing stay, as they give nothing away. Bytes that are no characters are escaped.
func (p *Provider) Shown(r providers.Request) providers.Request {
	if r.Instead != nil {
		instead := p.Shown(*r.Instead)
		r.Instead = &instead
	}
	if len(r.Body) == 0 {
		return r
	}
	secrets := secretsIn(p.kinds, r.Path)
	doc, err := document.Parse(r.Body)
	if err == nil {
		err = doc.Cover(schema.Blank, func(e xmlpatch.Element) bool { return !document.SaysNothing(e.Text()) && secrets.hold(e) })
	}
	if err != nil {
		r.Body = []byte(schema.Blank)
		return r
	}
	r.Body = []byte(doc.Legible())
	return r
}
