package xmlpatch_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"camform/providers/hikvision/xmlpatch"
)

// corpus holds small documents with what devices, guides and attackers put into them.
var corpus = []string{
	accesses,
	"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<IOCap  version=\"2.0\">\r\n<id>\t1 </id>\r\n</IOCap >\r\n\x00",
	"<a><b/><c x='1' /><d></d><e> </e></a>",
	"<p:a xmlns:p='urn:x'><p:b>1</p:b><b>&lt;&#65;&#x1F4F7;&amp;</b></p:a>",
	"<a>\n<!-- ro, req --><b>\n<!-- opt -->1</b><?pi?><b><![CDATA[<>&]]> x<![CDATA[]]></b>\n</a>",
	"<a><b>1</b><b>1</b>mixed<b>2<c/></b></a>",
	"<?xml version=\"1.0\" encoding=\"GB2312\"?><a>1</a>",
	"<?xml version=\"1.0\" encoding=\"GB2312\"?><a>\xb6\xab</a>",
	"<a b='1' b='2'/>",
	"<a/><b/>",
	"<a><b></a></b>",
	"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
	"<a>\r\n\r 东京 ]]></a>",
}

// tag is what a reader sees of a document: a start tag with the text of its element, or an end tag.
type tag struct{ name, text, opt string }

// tags lists the tags of an element.
func tags(e xmlpatch.Element) []tag {
	opt, _ := e.Attr("opt")
	list := []tag{{e.Name(), e.Text(), opt}}
	for _, child := range e.Children() {
		list = append(list, tags(child)...)
	}
	return append(list, tag{name: "/" + e.Name()})
}

// standardTags lists the tags of a document that xmlpatch accepts as encoding/xml sees them.
func standardTags(body []byte) ([]tag, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimRight(body, "\x00 \t\r\n")))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // all ASCII
	var list []tag
	var open []int // positions in list of the elements that are open
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		last := len(open) - 1
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, len(list))
			list = append(list, tag{name: token.Name.Local, opt: attr(token, "opt")})
		case xml.EndElement:
			list[open[last]].text = strings.Trim(list[open[last]].text, " \t\r\n")
			open = open[:last]
			list = append(list, tag{name: "/" + token.Name.Local})
		case xml.CharData:
			if last >= 0 {
				list[open[last]].text += string(token)
			}
		}
	}
}

func attr(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

func isASCII(body []byte) bool {
	return !bytes.ContainsFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
}

func FuzzParse(f *testing.F) {
	for _, body := range corpus {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := xmlpatch.Parse(body)
		if err != nil {
			if !errors.Is(err, xmlpatch.ErrMalformed) && !errors.Is(err, xmlpatch.ErrLimit) {
				t.Errorf("error of no family: %v", err)
			}
			return
		}
		if !bytes.Equal(doc.Bytes(), body) {
			t.Errorf("have %q, want %q", doc.Bytes(), body)
		}
		want, err := standardTags(body)
		if err != nil && (bytes.ContainsRune(body, '&') || bytes.ContainsFunc(body, isOdd)) {
			return // encoding/xml refuses texts that are not escaped
		}
		if err != nil && !isASCII(body) {
			return // encoding/xml follows an older edition of the standard in what is a letter
		}
		if have := tags(doc.Root()); err != nil || !slices.Equal(have, want) {
			t.Errorf("%q:\nhave %q\nwant %q, %v", body, have, want, err)
		}
	})
}

func FuzzSet(f *testing.F) {
	for i, body := range corpus {
		f.Add([]byte(body), uint(i), "7")
		f.Add([]byte(body), uint(i+1), " <&>\r\n\"']]>")
		f.Add([]byte(body), uint(i+2), "")
		f.Add([]byte(body), uint(i+3), "\x00\xff")
	}
	f.Fuzz(func(t *testing.T, body []byte, index uint, text string) {
		doc, err := xmlpatch.Parse(body)
		if err != nil {
			return
		}
		before := ours(doc)
		i := int(index % uint(len(before)))
		p := xmlpatch.MustPath(before[i].path)
		if err := doc.Set(p, text); err != nil {
			if !bytes.Equal(doc.Bytes(), body) {
				t.Errorf("the failed edit left %q", doc.Bytes())
			}
			if before[i].leaf && utf8.ValidString(text) && !strings.ContainsFunc(text, isOdd) && isASCII([]byte(text)) {
				t.Errorf("Set: %v", err)
			}
			return
		}
		want := slices.Clone(before)
		want[i].text = strings.Trim(text, " \t\r\n")
		if wrong := differences(t, ours(doc), want); len(wrong) > 0 {
			t.Errorf("%q, %s = %q: have %q", body, p, text, doc.Bytes())
		}
		once := doc.Bytes()
		if err := doc.Set(p, text); err != nil || !bytes.Equal(doc.Bytes(), once) {
			t.Errorf("%q, %s = %q again: have %q, want %q, %v", body, p, text, doc.Bytes(), once, err)
		}
		if want[i].text == "" || want[i].text != text || !isPlain(before[i]) {
			return
		}
		if err := doc.Set(p, before[i].text); err != nil || !bytes.Equal(doc.Bytes(), body) {
			t.Errorf("%q, %s = %q: have %q, %v", body, p, before[i].text, doc.Bytes(), err)
		}
	})
}

func isOdd(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) }

// isPlain reports whether the text of e stands in the document as Set would write it.
func isPlain(e element) bool {
	raw := string(e.source.Raw())
	if e.text == "" || strings.ContainsAny(e.text, "<&>") || strings.ContainsAny(raw, "'\"") {
		return false
	}
	inner := raw[strings.IndexByte(raw, '>')+1 : strings.LastIndexByte(raw, '<')]
	return strings.Trim(inner, " \t\r\n") == e.text
}

func FuzzAppend(f *testing.F) {
	for i, body := range corpus {
		f.Add([]byte(body), uint(i), []byte("\n<new>\r\n<a/></new>"))
		f.Add([]byte(body), uint(i+1), []byte("<b/><c/>"))
	}
	f.Fuzz(func(t *testing.T, body []byte, index uint, item []byte) {
		doc, err := xmlpatch.Parse(body)
		if err != nil {
			return
		}
		before := ours(doc)
		e := before[int(index%uint(len(before)))]
		list := xmlpatch.MustPath(e.path)
		if err := doc.Append(list, item); err != nil {
			if !bytes.Equal(doc.Bytes(), body) {
				t.Errorf("the failed edit left %q", doc.Bytes())
			}
			return
		}
		added := parse(t, string(item)).Root()
		found, _ := doc.Find(list)
		last := found.Children()[len(found.Children())-1]
		if len(ours(doc)) != len(before)+len(ours(parse(t, string(item)))) || !bytes.Equal(last.Raw(), added.Raw()) {
			t.Errorf("%q, %s, %q: have %q", body, list, item, doc.Bytes())
		}
		if e.leaf && (bytes.HasSuffix(e.source.Raw(), []byte("/>")) || bytes.Contains(e.source.Raw(), []byte("></"))) {
			return // gets an end tag or a line break, which stays
		}
		position := 0
		for _, child := range found.Children() {
			if child.Name() == last.Name() {
				position++
			}
		}
		if err := doc.Remove(list.Child(last.Name()).At(position)); err != nil || !bytes.Equal(doc.Bytes(), body) {
			t.Errorf("%q, %s, %q: have %q, %v", body, list, item, doc.Bytes(), err)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", ".", "a/b[c=d][2]/e", `a[b/c="]\n"]`, "a[.=1]", "a[b[c=d]=e]", "a[1", "a//b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := xmlpatch.ParsePath(s)
		if err != nil {
			return
		}
		again, err := xmlpatch.ParsePath(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%q is written %q, which is %q, %v", s, p, again, err)
		}
	})
}
