package hikvision_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"camform/providers"
)

// What a recorded device does with requests about one item of a list, on the bytes of its document and with another reader
// of XML than the provider's.

// span is where an element lies in the bytes of a document: begin to open is its start tag, shut to end its end tag, which
// is empty if the start tag closes the element.
type span struct {
	name                   string
	begin, open, shut, end int
	text                   string
	children               []*span
}

// child is the first child of the name; nil for none.
func (s *span) child(name string) *span {
	if s == nil {
		return nil
	}
	at := slices.IndexFunc(s.children, func(c *span) bool { return c.name == name })
	if at < 0 {
		return nil
	}
	return s.children[at]
}

// spans reads where the elements of a document lie, and returns that of the root.
func spans(body []byte) (*span, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	top := &span{}
	open := []*span{top}
	for {
		before := int(d.InputOffset())
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 1 && len(top.children) == 1:
			return top.children[0], nil
		case err != nil:
			return nil, err
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			one := &span{name: token.Name.Local, begin: before, open: int(d.InputOffset())}
			last.children = append(last.children, one)
			open = append(open, one)
		case xml.EndElement:
			last.shut, last.end = before, int(d.InputOffset())
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(token)
		}
	}
}

// entry finds the element, of those that are nested least, whose child id has a text.
func (s *span) entry(id string) *span {
	for level := s.children; len(level) > 0; {
		var below []*span
		for _, e := range level {
			if key := e.child("id"); key != nil && strings.TrimSpace(key.text) == id {
				return e
			}
			below = append(below, e.children...)
		}
		level = below
	}
	return nil
}

// refill is a document with other bytes within an element; its tags stay, as a device writes them in its own way.
func (s *span) refill(document, inner []byte) []byte {
	start := document[s.begin:s.open]
	if s.shut == s.end {
		start = fmt.Appendf(nil, "%s>", bytes.TrimRight(bytes.TrimSuffix(start, []byte("/>")), " \t\r\n"))
	}
	tag, _, _ := bytes.Cut(start[1:], []byte(">"))
	end := document[s.shut:s.end]
	if s.shut == s.end {
		end = fmt.Appendf(nil, "</%s>", bytes.Fields(tag)[0])
	}
	return slices.Concat(document[:s.begin], start, inner, end, document[s.end:])
}

// unseen are the elements that devices take and never show.
var unseen = []string{"password", "loginPassword"}

// shown is what a device shows of what it was sent: all but the secrets, unless it showed them before.
func shown(body []byte, sent, stored *span) []byte {
	for _, child := range slices.Backward(sent.children) {
		old := stored.child(child.name)
		if slices.Contains(unseen, child.name) && old == nil {
			body = slices.Concat(body[:child.begin], body[child.end:])
		} else {
			body = shown(body, child, old)
		}
	}
	return body
}

// contents are the bytes within the root of a body, as a device shows them then.
func contents(body []byte, stored *span) ([]byte, *span, error) {
	sent, err := spans(body)
	if err != nil {
		return nil, nil, err
	}
	body = shown(body, sent, stored)
	sent, err = spans(body)
	if err != nil {
		return nil, nil, err
	}
	return body[sent.open:sent.shut], sent, nil
}

// list finds the document of the list that holds the item which a path names: the path of the list, the item, and the name
// of the part that the path leads to. All are zero for a path that leads to no item.
func (r *recorded) list(path string) (list string, item *span, part string) {
	for i := strings.LastIndex(path, "/"); i > 0; i = strings.LastIndex(path[:i], "/") {
		root, err := spans(r.documents[path[:i]])
		if err != nil {
			continue
		}
		id, part, _ := strings.Cut(path[i+1:], "/")
		if item := root.entry(id); item != nil {
			return path[:i], item, part
		}
	}
	return "", nil, ""
}

// putItem replaces what an item, or a part of it, holds. It reports false for a path that leads to no item.
func (r *recorded) putItem(path string, body []byte) (bool, error) {
	list, target, part := r.list(path)
	if target == nil {
		return false, nil
	}
	sent, err := spans(body)
	if err != nil {
		return false, err
	}
	if part != "" {
		if target = target.child(sent.name); target == nil {
			return false, nil
		}
	}
	if sent.name != target.name {
		return false, fmt.Errorf("%s takes %s, not %s", path, target.name, sent.name)
	}
	inner, _, err := contents(body, target)
	if err != nil {
		return false, err
	}
	r.documents[list] = target.refill(r.documents[list], inner)
	return true, nil
}

// deleteItem cuts an item out of its list. It reports false for a path that leads to no item.
func (r *recorded) deleteItem(path string) bool {
	list, item, part := r.list(path)
	if item == nil || part != "" {
		return false
	}
	body := r.documents[list]
	r.documents[list] = slices.Concat(body[:item.begin], body[item.end:])
	return true
}

// postItem appends an item to a list, with the next number as its id, which it returns. The body is the item, or a list
// with just the item.
func (r *recorded) postItem(list string, body []byte) (id string, err error) {
	root, err := spans(r.documents[list])
	if err != nil {
		return "", fmt.Errorf("%s is no list: %w", list, err)
	}
	sent, err := spans(body)
	if err != nil {
		return "", err
	}
	if sent.name == root.name && len(sent.children) == 1 {
		body = body[sent.children[0].begin:sent.children[0].end]
	}
	inner, sent, err := contents(body, nil)
	if err != nil {
		return "", err
	}
	next := 1
	for _, item := range root.children {
		if key := item.child("id"); key != nil {
			if n, err := strconv.Atoi(strings.TrimSpace(key.text)); err == nil {
				next = max(next, n+1)
			}
		}
	}
	id = strconv.Itoa(next)
	if key := sent.child("id"); key != nil {
		inner = slices.Concat(inner[:key.begin-sent.open], inner[key.end-sent.open:])
	}
	item := fmt.Sprintf("<%s><id>%s</id>%s</%s>\n", sent.name, id, inner, sent.name)
	document := r.documents[list]
	r.documents[list] = root.refill(document, append(slices.Clone(document[root.open:root.shut]), item...))
	return id, nil
}

// TestRecordedListsTakeRequestsAboutItems is about the harness: nothing but the item moves, not even white space.
func TestRecordedListsTakeRequestsAboutItems(t *testing.T) {
	const (
		list   = "/ISAPI/things"
		before = "<?xml version='1.0'?>\r\n<List  size=\"9\">\n <Thing x='1'><id>1</id>  <Name>a</Name></Thing>\n <Thing><id>7</id><Part><id>1</id></Part></Thing><!-- end --></List>\n"
	)
	for name, tc := range map[string]struct {
		method, path, body string
		want               string // empty if it is refused
		id                 string
	}{
		"item": {
			method: http.MethodPut, path: list + "/1", body: "<Thing xmlns='x'><id>1</id><Name>b</Name><password>p</password></Thing>",
			want: strings.Replace(before, "<id>1</id>  <Name>a</Name>", "<id>1</id><Name>b</Name>", 1),
		},
		"part":          {method: http.MethodPut, path: list + "/7/part", body: "<Part><id>2</id></Part>", want: strings.Replace(before, "<Part><id>1", "<Part><id>2", 1)},
		"another part":  {method: http.MethodPut, path: list + "/7/part", body: "<Other/>"},
		"no item":       {method: http.MethodPut, path: list + "/2", body: "<Thing><id>2</id></Thing>"},
		"another thing": {method: http.MethodPut, path: list + "/1", body: "<Other><id>1</id></Other>"},
		"new": {
			method: http.MethodPost, path: list, body: "<Thing><id>0</id><Name>c</Name></Thing>", id: "8",
			want: strings.Replace(before, "<!-- end -->", "<!-- end --><Thing><id>8</id><Name>c</Name></Thing>\n", 1),
		},
		"new in a list": {
			method: http.MethodPost, path: list, body: "<List><Thing><Name>c</Name></Thing></List>", id: "8",
			want: strings.Replace(before, "<!-- end -->", "<!-- end --><Thing><id>8</id><Name>c</Name></Thing>\n", 1),
		},
		"gone":    {method: http.MethodDelete, path: list + "/1", want: strings.Replace(before, "<Thing x='1'><id>1</id>  <Name>a</Name></Thing>", "", 1)},
		"nowhere": {method: http.MethodDelete, path: "/ISAPI/others/1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorded{documents: map[string][]byte{list: []byte(before)}}
			reply, err := r.Do(context.Background(), providers.Request{Method: tc.method, Path: tc.path, Body: []byte(tc.body)})
			want := tc.want
			if (want == "") != (err != nil) {
				t.Fatalf("the error is %v", err)
			}
			if want == "" {
				want = before
			}
			if got := string(r.documents[list]); got != want || reply.ID != tc.id {
				t.Errorf("the list is\n%s\nwant\n%s\nand the id %q, want %q", got, want, reply.ID, tc.id)
			}
		})
	}
}
