package xmlpatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"camform/providers/hikvision/xmlpatch"
)

func parse(t testing.TB, body string) *xmlpatch.Document {
	t.Helper()
	doc, err := xmlpatch.Parse([]byte(body))
	if err != nil {
		t.Fatalf("Parse(%q): %v", body, err)
	}
	return doc
}

func TestI3WhatIsNotEditedStays(t *testing.T) {
	for _, body := range []string{
		`<a/>`,
		`<a></a >`,
		"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<a>\r\n</a>\r\n",
		"\n <?xml version='1.0' encoding='utf-8'?><a>东</a>",
		`<?xml encoding="GB2312"?><a>ascii</a>`,
		"<a/>\r\n\x00\x00\n\x00",
		"<!-- before --><?before it?><a/><!-- after --><?after it?>",
		"<IOCap  version = '2.0'\n\txmlns=\"http://www.isapi.org/ver20/XMLSchema\"></IOCap  >",
		`<p:a xmlns:p="urn:psialliance-org" p:b="1" b="2"><p:c/></p:a>`,
		`<a>1 &lt; 2 &#38;&#x26; "quoted" > <![CDATA[<]]&gt;&nothing;]]> 东京</a>`,
		`<a><b>1</b>mixed<b>1</b></a>`,
		"<Größe>\u0085\ufffd</Größe>",
	} {
		if have := string(parse(t, body).Bytes()); have != body {
			t.Errorf("have %q, want %q", have, body)
		}
	}
}

func TestDocumentsKeepTheirOwnBytes(t *testing.T) {
	body := []byte("<a>1</a>")
	doc := parse(t, string(body))
	given, err := xmlpatch.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	body[3] = '2'
	given.Bytes()[3] = '3'
	given.Root().Raw()[3] = '4'
	if have, want := string(given.Bytes()), string(doc.Bytes()); have != want {
		t.Errorf("have %s, want %s", have, want)
	}
}

func TestRefusedDocumentsNameThePlace(t *testing.T) {
	tests := []struct{ body, want string }{
		{"", "line 1, column 1: no root element"},
		{"<?xml version=\"1.0\"?>\r\n", "line 2, column 1: no root element"},
		{"text", "line 1, column 1: text outside the root element"},
		{"\x00\x00", "line 1, column 3: no root element"},
		{"\x00<a/>", "line 1, column 1: a forbidden character"},
		{"<a>\n  <b>\n</a>", "line 3, column 1: end tag that does not match the start tag at line 2, column 3"},
		{"<a>\n  <b>", "line 2, column 3: the element is not closed"},
		{"<a>text", "line 1, column 1: the element is not closed"},
		{"<a>text\x00", "line 1, column 1: the element is not closed"},
		{"</a>", "line 1, column 1: end tag without start tag"},
		{"<a/></a>", "line 1, column 5: end tag without start tag"},
		{"<p:a></a>", "line 1, column 6: end tag that does not match the start tag at line 1, column 1"},
		{"<a></a b>", "line 1, column 8: broken end tag"},
		{"<a", "line 1, column 3: broken start tag"},
		{"<a / >", "line 1, column 5: broken start tag"},
		{"< a/>", "line 1, column 2: a name is missing or broken"},
		{"<1/>", "line 1, column 2: a name is missing or broken"},
		{"<a:/>", "line 1, column 2: a name is missing or broken"},
		{"<:a/>", "line 1, column 2: a name is missing or broken"},
		{"<a:b:c/>", "line 1, column 2: a name is missing or broken"},
		{"<a:1/>", "line 1, column 2: a name is missing or broken"},
		{"<a></ a>", "line 1, column 6: a name is missing or broken"},
		{"<a b:=''/>", "line 1, column 4: a name is missing or broken"},
		{"<a/><b/>", "line 1, column 5: a second root element"},
		{"<a/>secret", "line 1, column 5: text outside the root element"},
		{"<a/><![CDATA[]]>", "line 1, column 5: text outside the root element"},
		{"<a/>\x00x", "line 1, column 6: text outside the root element"},
		{"<!DOCTYPE a><a/>", "line 1, column 1: document types are refused"},
		{"<a><!ENTITY b 'c'></a>", "line 1, column 4: document types are refused"},
		{"<a b='1' b='1'/>", "line 1, column 10: the second attribute of that name"},
		{"<a b/>", "line 1, column 5: attribute without ="},
		{"<a b=secret/>", "line 1, column 6: attribute value without quotation marks"},
		{"<a b=", "line 1, column 6: attribute value without quotation marks"},
		{"<a b='secret/>", "line 1, column 6: attribute value without end"},
		{"<a b='secret<'/>", "line 1, column 13: < in an attribute value"},
		{"<a>]]></a>", "line 1, column 4: ]]> in a text"},
		{"<a><![CDATA[secret</a>", "line 1, column 4: CDATA section without end"},
		{"<a><!-- secret</a>", "line 1, column 4: comment without end"},
		{"<a><!-- a -- b --></a>", "line 1, column 13: -- within a comment"},
		{"<a><?b secret</a>", "line 1, column 4: processing instruction without end"},
		{"<a><??></a>", "line 1, column 6: a name is missing or broken"},
		{"<a><?XML b?></a>", "line 1, column 4: XML declaration that is not at the start"},
		{"<?xml version \"1.0\"?><a/>", "line 1, column 15: attribute without ="},
		{"<?xml version=\"1.1\"?><a/>", "line 1, column 1: XML of another version than 1.0"},
		{"<?xml version=\"1.0\"><a/>", "line 1, column 20: broken XML declaration"},
		{"<\xb6\xab/>", "line 1, column 2: a name is missing or broken"},
		{"<a><!-- \x1b --></a>", "line 1, column 9: a forbidden character"},
		{"<a b='\uffff'/>", "line 1, column 7: a forbidden character"},
	}
	for _, test := range tests {
		_, err := xmlpatch.Parse([]byte(test.body))
		if !errors.Is(err, xmlpatch.ErrMalformed) {
			t.Errorf("Parse(%q): have %v, want ErrMalformed", test.body, err)
			continue
		}
		if have, want := err.Error(), "malformed document at "+test.want; have != want {
			t.Errorf("Parse(%q):\nhave %s\nwant %s", test.body, have, want)
		}
	}
}

func TestLimitsHoldToTheLastOne(t *testing.T) {
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return "<a" + b.String() + "/>"
	}
	tests := []struct {
		name  string
		body  func(n int) string
		limit int
		want  string
	}{
		{
			"bytes", func(n int) string { return "<a>" + strings.Repeat("x", n-7) + "</a>" }, xmlpatch.MaxBytes,
			"document beyond the limits: 4194305 bytes, of at most 4194304",
		},
		{
			"depth", func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }, xmlpatch.MaxDepth,
			"document beyond the limits at line 1, column 193: elements nested more than 64 deep",
		},
		{
			"depth of <x/>", func(n int) string { return strings.Repeat("<a>", n-1) + "<b/>" + strings.Repeat("</a>", n-1) }, xmlpatch.MaxDepth,
			"document beyond the limits at line 1, column 193: elements nested more than 64 deep",
		},
		{
			"elements", func(n int) string { return "<a>" + strings.Repeat("<b/>", n-1) + "</a>" }, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 200000: more than 50000 elements",
		},
		{
			"elements beside each other", func(n int) string { return "<a>" + strings.Repeat("<b></b>", n-1) + "</a>" }, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 349997: more than 50000 elements",
		},
		{
			"attributes", attributes, xmlpatch.MaxAttributes,
			"document beyond the limits at line 1, column 442: more than 64 attributes",
		},
		{
			"name", func(n int) string { return "<" + strings.Repeat("x", n) + "/>" }, xmlpatch.MaxName,
			"document beyond the limits at line 1, column 2: a name of more than 256 bytes",
		},
	}
	for _, test := range tests {
		parse(t, test.body(test.limit))
		_, err := xmlpatch.Parse([]byte(test.body(test.limit + 1)))
		if !errors.Is(err, xmlpatch.ErrLimit) || err.Error() != test.want {
			t.Errorf("%s:\nhave %v\nwant %s", test.name, err, test.want)
		}
	}
}

func TestTextsAreUnescapedAndTrimmed(t *testing.T) {
	tests := []struct{ body, want string }{
		{"<a/>", ""},
		{"<a>\r\n\t </a>", ""},
		{"<a>\n<b>1</b>\n</a>", ""},
		{"<a> 244.175781</a>", "244.175781"},
		{"<a>\n\tVis 1 \r\n</a>", "Vis 1"},
		{"<a>two\r\nlines\rthree</a>", "two\nlines\nthree"},
		{"<a>&lt;&amp;&gt;&apos;&quot;&#65;&#x42;&#x4e1c;</a>", `<&>'"AB东`},
		{"<a>&amp;lt;</a>", "&lt;"},
		{"<a>&#13;x&#32;</a>", "x"},
		{"<a>a&#13;&#10;b</a>", "a\r\nb"},
		{"<a> <![CDATA[ <b>\r\n&amp;\r\n]]> </a>", "<b>\n&amp;"},
		{"<a>1<![CDATA[2]]>&#51;<![CDATA[]]><![CDATA[4]]>5</a>", "12345"},
		{"<id>\n<!--ro, req-->test\n</id>", "test"},
		{"<a>1<!-- 2 -->3<?four 4?>5</a>", "135"},
		{"<a>\u00a0x\u00a0</a>", "\u00a0x\u00a0"},
	}
	for _, test := range tests {
		if have := parse(t, test.body).Root().Text(); have != test.want {
			t.Errorf("%q: have %q, want %q", test.body, have, test.want)
		}
	}
}

func TestElementsAreSeenByLocalName(t *testing.T) {
	root := parse(t, `<p:a xmlns="urn:x" xmlns:min="urn:y" p:max="1" max="2" opt='a,&quot;b&quot;`+"\r\n"+`c'><p:b>1</p:b><!-- c --><d/></p:a>`).Root()
	if root.Name() != "a" {
		t.Errorf("root: have %q", root.Name())
	}
	for name, want := range map[string]string{"xmlns": "urn:x", "max": "1", "opt": "a,\"b\"\nc"} {
		if have, ok := root.Attr(name); !ok || have != want {
			t.Errorf("attribute %s: have %q, %t, want %q", name, have, ok, want)
		}
	}
	for _, name := range []string{"min", "p:max", "", "Max"} {
		if have, ok := root.Attr(name); ok {
			t.Errorf("attribute %q: have %q, want none", name, have)
		}
	}
	var children []string
	for _, child := range root.Children() {
		children = append(children, child.Name()+" "+string(child.Raw()))
	}
	if have, want := strings.Join(children, "; "), "b <p:b>1</p:b>; d <d/>"; have != want {
		t.Errorf("children: have %s, want %s", have, want)
	}
}

func TestTheZeroElementIsEmpty(t *testing.T) {
	var e xmlpatch.Element
	if _, ok := e.Attr("a"); ok || e.Name() != "" || e.Text() != "" || len(e.Raw()) != 0 || len(e.Children()) != 0 {
		t.Errorf("have %q %q %q, want nothing", e.Name(), e.Text(), e.Raw())
	}
	if _, ok := e.Find(xmlpatch.MustPath("a")); ok || len(e.All(xmlpatch.MustPath("a"))) != 0 {
		t.Error("something was found in it")
	}
}

func TestElementsShowTheDocumentAsItWas(t *testing.T) {
	doc := parse(t, "<a><b>1</b></a>")
	before, _ := doc.Find(xmlpatch.MustPath("b"))
	if err := doc.Set(xmlpatch.MustPath("b"), "longer"); err != nil {
		t.Fatal(err)
	}
	after, _ := doc.Find(xmlpatch.MustPath("b"))
	if before.Text() != "1" || after.Text() != "longer" {
		t.Errorf("have %q and %q, want 1 and longer", before.Text(), after.Text())
	}
}

func TestI1PrintingADocumentShowsNothing(t *testing.T) {
	doc := parse(t, "<a b='hunter2'>hunter2</a>")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{doc, *doc, doc.Root()} {
			want := "<a>"
			if _, ok := value.(xmlpatch.Element); !ok {
				want = "<a> document of 26 bytes"
			}
			if have := fmt.Sprintf(verb, value); have != want {
				t.Errorf("%s of %T shows %q, want %q", verb, value, have, want)
			}
		}
	}
}

// Names that somebody wrote in GBK or Latin-1 stand in documents that declare UTF-8, and the other way round.
func TestI3BytesThatAreNoCharactersStayAsTheyAre(t *testing.T) {
	for body, want := range map[string]string{
		"<a><b>\xca\xe9\xb7\xbf</b><c>1</c></a>":                                            `\xca\xe9\xb7\xbf`,
		"<?xml encoding=\"UTF-8\"?>\r\n<a><b>\r\n B\xfcro &amp; \u00fc</b><c>1</c></a>\r\n": `B\xfcro & \xc3\xbc`,
		"<?xml encoding='GB2312'?><a><b>\xca\xe9</b><c>1</c></a>":                           `\xca\xe9`,
		"<?xml encoding='GB2312'?><a><b>東&#26481;</b><c>1</c></a>":                          `\xe6\x9d\xb1東`,
		"<a><b><![CDATA[\xef\xbf\xbf\xca]]></b><c>1</c></a>":                                `\xef\xbf\xbf\xca`,
		"<a><b>\ufffd\xff</b><c>1</c></a>":                                                  `\xef\xbf\xbd\xff`,
	} {
		doc := parse(t, body)
		name := xmlpatch.MustPath("b")
		b, _ := doc.Find(name)
		if have := b.Text(); have != want {
			t.Errorf("%q: have %q, want %q", body, have, want)
		}
		if _, found := doc.Find(xmlpatch.Path{}.Child("b").Where(xmlpatch.Path{}, b.Text())); !found {
			t.Errorf("%q: not found by its own text", body)
		}
		if err := errors.Join(doc.Set(name, b.Text()), doc.Set(xmlpatch.MustPath("c"), "2")); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		if have := string(doc.Bytes()); have != strings.Replace(body, "<c>1", "<c>2", 1) {
			t.Errorf("%q: changed to %q", body, have)
		}
		if err := doc.Set(name, "yard"); err != nil || !strings.Contains(string(doc.Bytes()), "yard") {
			t.Errorf("%q: cannot get another text: %v, %q", body, err, doc.Bytes())
		}
	}
	doc := parse(t, "<a opt='\xb6\xab,c'/>")
	if have, _ := doc.Root().Attr("opt"); have != `\xb6\xab,c` {
		t.Errorf("attribute: have %q", have)
	}
}

// What firmware writes into a text without escaping it belongs to the device, like any other byte of it.
func TestTextsThatAreNotEscapedAreTheDevices(t *testing.T) {
	for body, want := range map[string]string{
		"<a>Bar & Grill</a>":         "Bar & Grill",
		"<a>R&D</a>":                 "R&D",
		"<a>&amp;&amp</a>":           "&&amp",
		"<a>\n东京&b;</a>":             "东京&b;",
		"<a>a&lt;b & c&gt;d;e</a>":   "a<b & c>d;e",
		"<a>&#0;&#x110000;&#xD;</a>": "&#0;&#x110000;",
		"<a>10\x01</a>":              `10\x01`,
		"<a>\xb6\xab\x00</a>":        `\xb6\xab\x00`,
		"<a>东京\x1b</a>":              `东京\x1b`,
		"<a>\uffff</a>":              "\uffff",
		"<a><![CDATA[\x02&]]></a>":   `\x02&`,
	} {
		doc := parse(t, body)
		if have := doc.Root().Text(); have != want {
			t.Errorf("%q: have %q, want %q", body, have, want)
		}
		if err := doc.Set(xmlpatch.Path{}, want); err != nil || string(doc.Bytes()) != body {
			t.Errorf("%q: the same text was written as %q, %v", body, doc.Bytes(), err)
		}
	}
}
