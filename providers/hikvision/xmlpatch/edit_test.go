package xmlpatch_test

import (
	"errors"
	"strings"
	"testing"

	"camform/providers/hikvision/xmlpatch"
)

// edits is a table of edits with the bytes before and after. Want is the error instead where err is given.
type edits []struct {
	name, body, path string
	edit             func(*xmlpatch.Document, xmlpatch.Path) error
	want             string
	err              error
}

func (tests edits) run(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc := parse(t, test.body)
			err := test.edit(doc, xmlpatch.MustPath(test.path))
			want := test.want
			if test.err != nil {
				want = test.body
				if !errors.Is(err, test.err) || err.Error() != test.want {
					t.Errorf("have error %v\nwant %s", err, test.want)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if have := string(doc.Bytes()); have != want {
				t.Errorf("have %q\nwant %q", have, want)
			}
		})
	}
}

func set(text string) func(*xmlpatch.Document, xmlpatch.Path) error {
	return func(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Set(p, text) }
}

func TestSetReplacesTheSpanOfTheText(t *testing.T) {
	edits{
		{"plain", "<a><b>1</b><c/></a>", "b", set("25"), "<a><b>25</b><c/></a>", nil},
		{"root", "<a>1</a>", ".", set("2"), "<a>2</a>", nil},
		{"white space around", "<a> \r\n5\t</a>", "", set("7"), "<a> \r\n7\t</a>", nil},
		{"same text", "<a> 5 </a>", "", set("5"), "<a> 5 </a>", nil},
		{"same text, written otherwise", "<a><![CDATA[a&b]]></a>", "", set("a&b"), "<a><![CDATA[a&b]]></a>", nil},
		{"empty", "<a></a>", "", set("5"), "<a>5</a>", nil},
		{"blank", "<a> \n</a>", "", set("5"), "<a>5</a>", nil},
		{"blank stays empty", "<a> \n</a>", "", set(""), "<a> \n</a>", nil},
		{"to empty", "<a> 5 </a>", "", set(""), "<a></a>", nil},
		{"closed in its own tag", "<a><b/></a>", "b", set("5"), "<a><b>5</b></a>", nil},
		{"closed, with attributes", "<a><p:b\n x=\"/>\" /></a>", "b", set("5"), "<a><p:b\n x=\"/>\">5</p:b></a>", nil},
		{"closed stays empty", "<a><b /></a>", "b", set(""), "<a><b /></a>", nil},
		{"attributes and blanks in tags", "<a><b  x='1' >1</b ></a>", "b", set("2"), "<a><b  x='1' >2</b ></a>", nil},
		{"special characters", "<a>1</a>", "", set(`<&>'"]]>`), `<a>&lt;&amp;&gt;'"]]&gt;</a>`, nil},
		{"line breaks", "<a>1</a>", "", set("x\r\ny\tz"), "<a>x&#13;\ny\tz</a>", nil},
		{"other scripts", "<a>1</a>", "", set("东京 \U0001F4F7"), "<a>东京 \U0001F4F7</a>", nil},
		{"CDATA", "<a> <![CDATA[ 1 ]]> </a>", "", set("<2>"), "<a> &lt;2&gt; </a>", nil},
		{"CDATA and text", "<a> 1<![CDATA[2]]>3 <![CDATA[4]]></a>", "", set("5"), "<a> 5</a>", nil},
		{"blank CDATA", "<a>\n<![CDATA[ ]]>\n</a>", "", set("5"), "<a>5</a>", nil},
		{"comment before", "<id>\n<!--ro-->test\n</id>", "", set("x"), "<id>\n<!--ro-->x\n</id>", nil},
		{"comment within", "<a> 1 <!-- 2 --> 3 <?four?> </a>", "", set("5"), "<a> 5 <!-- 2 -->  <?four?> </a>", nil},
		{"only a comment", "<a><!-- 1 --></a>", "", set("5"), "<a>5<!-- 1 --></a>", nil},
		{"comment and blanks", "<a>\n<!-- 1 -->\n</a>", "", set("5"), "<a>5<!-- 1 --></a>", nil},
		{"leading blank is exact", "<a>\n1\n</a>", "", set(" secret"), "<a> secret</a>", nil},
		{"trailing blank is exact", "<a>1</a>", "", set("Kraal "), "<a>Kraal </a>", nil},
		{"exact already", "<a> secret</a>", "", set(" secret"), "<a> secret</a>", nil},
		{"exact already, in CDATA", "<a><![CDATA[ secret]]></a>", "", set(" secret"), "<a><![CDATA[ secret]]></a>", nil},
		{"exact, but for blanks", "<a>secret</a>", "", set(" secret"), "<a> secret</a>", nil},
		{"repeated scalar", "<a><b>1</b><c/><b> 1</b></a>", "b", set("2"), "<a><b>2</b><c/><b> 2</b></a>", nil},
		{"repeated, and closed", "<a><b/><b></b></a>", "b", set("2"), "<a><b>2</b><b>2</b></a>", nil},

		{"absent", "<a/>", "b/c", set("1"), "set b/c: no such element", xmlpatch.ErrNotFound},
		{
			"several texts", "<a><b>1</b><b>2</b></a>", "b", set("1"),
			"set b: several elements match: 2 of them", xmlpatch.ErrAmbiguous,
		},
		{
			"same text of several entries", "<a><b><c>1</c></b><b><c>1</c></b></a>", "b/c", set("2"),
			"set b/c: several elements match: 2 of them", xmlpatch.ErrAmbiguous,
		},
		{
			"child elements", "<a><b/></a>", "", set("1"),
			"set .: the element holds something else: child elements", xmlpatch.ErrContent,
		},
		{
			"repeated, with child elements", "<a><b>1</b><b>1<c/></b></a>", "b", set("1"),
			"set b: the element holds something else: child elements", xmlpatch.ErrContent,
		},
		{
			"control character", "<a/>", "", set("ab\x00"),
			"set .: not writable as part of an XML file: the text has a forbidden character at byte 2", xmlpatch.ErrInvalid,
		},
		{
			"broken UTF-8", "<a/>", "", set("ab\xffc"),
			"set .: not writable as part of an XML file: the text has a forbidden character at byte 2", xmlpatch.ErrInvalid,
		},
		{
			"not in that encoding", "<?xml encoding='GBK'?><a/>", "", set("东"),
			`set .: not writable as part of an XML file: the text has a character beyond ASCII at byte 0, and the document is in the encoding "GBK"`,
			xmlpatch.ErrInvalid,
		},
	}.run(t)
}

func TestI1ErrorsDoNotShowTexts(t *testing.T) {
	doc := parse(t, "<a><b>hunter2</b><b>2</b><c/></a>")
	for _, err := range []error{
		doc.Set(xmlpatch.MustPath("b"), "hunter2"),
		doc.Set(xmlpatch.MustPath("c"), "hunter2\x01"),
		doc.Set(xmlpatch.MustPath("d"), "hunter2"),
		doc.Insert(xmlpatch.MustPath("d"), "hunter2\x01"),
		doc.Insert(xmlpatch.MustPath("b/d"), "hunter2"),
		doc.Append(xmlpatch.MustPath("c"), []byte("<d>hunter2<hunter2</d>")),
		doc.Append(xmlpatch.MustPath("c"), []byte("<d x='hunter2>")),
	} {
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("have %v, want an error without the text", err)
		}
	}
}

func insert(text string, after ...string) func(*xmlpatch.Document, xmlpatch.Path) error {
	return func(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Insert(p, text, after...) }
}

func TestInsertedElementsLookLikeTheirSiblings(t *testing.T) {
	edits{
		{"one line", "<a><b>1</b><d/></a>", "c", insert("2", "b"), "<a><b>1</b><c>2</c><d/></a>", nil},
		{"lines", "<a>\n  <b>1</b>\n  <d/>\n</a>", "c", insert("2", "b"), "<a>\n  <b>1</b>\n  <c>2</c>\n  <d/>\n</a>", nil},
		{"CRLF and tabs", "<a>\r\n\t<b/>\r\n</a>\r\n", "c", insert("2"), "<a>\r\n\t<b/>\r\n\t<c>2</c>\r\n</a>\r\n", nil},
		{"blanks", "<a> <b/> </a>", "c", insert("2"), "<a> <b/> <c>2</c> </a>", nil},
		{"prefix", "<p:a><p:b/></p:a>", "c", insert("2"), "<p:a><p:b/><p:c>2</p:c></p:a>", nil},
		{"prefix of the neighbour", "<a><p:b/><q:c/></a>", "d", insert("2", "b"), "<a><p:b/><p:d>2</p:d><q:c/></a>", nil},
		{
			"last of the named", "<a><b/><c/><d/><b/><e/></a>", "x", insert("2", "c", "b", "f"),
			"<a><b/><c/><d/><b/><x>2</x><e/></a>", nil,
		},
		{"none of the named", "<a><b/><c/></a>", "x", insert("2", "y", "z"), "<a><b/><c/><x>2</x></a>", nil},
		{"deeper", "<a>\n <b>\n  <c/>\n </b>\n</a>", "b/d", insert("2"), "<a>\n <b>\n  <c/>\n  <d>2</d>\n </b>\n</a>", nil},
		{
			"by key", "<a><b><c>1</c></b><b><c>2</c></b></a>", "b[c=2]/d", insert("3"),
			"<a><b><c>1</c></b><b><c>2</c><d>3</d></b></a>", nil,
		},
		{"escaped", "<a><b/></a>", "c", insert(" <&"), "<a><b/><c> &lt;&amp;</c></a>", nil},
		{"empty text", "<a><b/></a>", "c", insert(""), "<a><b/><c></c></a>", nil},
		{"behind a comment", "<a><b/><!-- b --></a>", "c", insert("2"), "<a><b/><c>2</c><!-- b --></a>", nil},
		{"only a comment", "<a><!-- b -->\n</a>", "c", insert("2"), "<a><!-- b --><c>2</c>\n</a>", nil},
		{"empty parent in one line", "<p:a></p:a>", "c", insert("2"), "<p:a><p:c>2</p:c></p:a>", nil},
		{"empty parent in lines", "<a>\n  <b></b>\n</a>", "b/c", insert("2"), "<a>\n  <b>\n    <c>2</c>\n  </b>\n</a>", nil},
		{
			"empty parent, deeper", "<a>\r\n\t<b>\r\n\t\t<c x='1' />\r\n\t</b>\r\n</a>", "b/c/d", insert("2"),
			"<a>\r\n\t<b>\r\n\t\t<c x='1'>\r\n\t\t\t<d>2</d>\r\n\t\t</c>\r\n\t</b>\r\n</a>", nil,
		},
		{"empty root with a blank before it", "\n <a></a>", "b", insert("2"), "\n <a>\n <b>2</b>\n </a>", nil},
		{"lines without indentation", "<a>\n<b/>\n</a>", "b/c", insert("2"), "<a>\n<b>\n<c>2</c>\n</b>\n</a>", nil},
		{
			"empty root behind a declaration", "<?xml version=\"1.0\"?>\r\n<a/>", "b", insert("2"),
			"<?xml version=\"1.0\"?>\r\n<a>\r\n<b>2</b>\r\n</a>", nil,
		},
		{"line break in an empty parent", "<a>\n<b>\n</b>\n</a>", "b/c", insert("2"), "<a>\n<b>\n<c>2</c>\n</b>\n</a>", nil},

		{"root", "<a/>", "", insert("2"), "insert .: invalid element path: the last step must be a plain name", xmlpatch.ErrPath},
		{
			"keyed", "<a><b/></a>", "c[d=1]", insert("2"),
			"insert c[d=1]: invalid element path: the last step must be a plain name", xmlpatch.ErrPath,
		},
		{
			"with a position", "<a><b/></a>", "c[1]", insert("2"),
			"insert c[1]: invalid element path: the last step must be a plain name", xmlpatch.ErrPath,
		},
		{"no parent", "<a/>", "b/c", insert("2"), "insert b/c: parent: no such element", xmlpatch.ErrNotFound},
		{
			"several parents", "<a><b/><b/></a>", "b/c", insert("2"),
			"insert b/c: parent: several elements match: 2 of them", xmlpatch.ErrAmbiguous,
		},
		{"there already", "<a><p:b/></a>", "b", insert("2"), "insert b: the element exists already", xmlpatch.ErrExists},
		{
			"text in the parent", "<a><b>1</b></a>", "b/c", insert("2"),
			"insert b/c: the element holds something else: text", xmlpatch.ErrContent,
		},
		{
			"control character", "<a/>", "b", insert("\x1f"),
			"insert b: not writable as part of an XML file: the text has a forbidden character at byte 0", xmlpatch.ErrInvalid,
		},
	}.run(t)
}

func add(item string) func(*xmlpatch.Document, xmlpatch.Path) error {
	return func(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Append(p, []byte(item)) }
}

func TestAppendedItemsLookLikeTheirSiblings(t *testing.T) {
	edits{
		{"one line", "<a><b>1</b></a>", "", add("<b>2</b>"), "<a><b>1</b><b>2</b></a>", nil},
		{"lines", "<l>\n  <i>1</i>\n</l>", "", add("\n<i>2</i> "), "<l>\n  <i>1</i>\n  <i>2</i>\n</l>", nil},
		{
			"item as it is", "<l>\r\n<i>1</i>\r\n</l>", "", add("<q:i  x='1'>\n<!-- 2 --></q:i >"),
			"<l>\r\n<i>1</i>\r\n<q:i  x='1'>\n<!-- 2 --></q:i >\r\n</l>", nil,
		},
		{"closed list", "<a>\n\t<l size=\"32\"/>\n</a>", "l", add("<i/>"), "<a>\n\t<l size=\"32\">\n\t\t<i/>\n\t</l>\n</a>", nil},
		{"closed list in one line", "<a><l /></a>", "l", add("<i/>"), "<a><l><i/></l></a>", nil},
		{"empty list", "<a>\n\t<l></l>\n</a>", "l", add("<i/>"), "<a>\n\t<l>\n\t\t<i/>\n\t</l>\n</a>", nil},
		{"list with a line break", "<a>\n\t<l>\n\t</l>\n</a>", "l", add("<i/>"), "<a>\n\t<l>\n\t\t<i/>\n\t</l>\n</a>", nil},

		{"no list", "<a/>", "l", add("<i/>"), "append to l: no such element", xmlpatch.ErrNotFound},
		{"several lists", "<a><l/><l/></a>", "l", add("<i/>"), "append to l: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"text in the list", "<a>1</a>", "", add("<i/>"), "append to .: the element holds something else: text", xmlpatch.ErrContent},
		{"text between the items", "<a><i/>1</a>", "", add("<i/>"), "append to .: the element holds something else: text", xmlpatch.ErrContent},
		{"broken item", "<a/>", "", add("<i>"), "append to .: item: malformed document at line 1, column 1: the element is not closed", xmlpatch.ErrMalformed},
		{"two items", "<a/>", "", add("<i/><i/>"), "append to .: item: malformed document at line 1, column 5: a second root element", xmlpatch.ErrMalformed},
		{"no item", "<a/>", "", add(" "), "append to .: item: malformed document at line 1, column 2: no root element", xmlpatch.ErrMalformed},
		{
			"declaration", "<a/>", "", add("<?xml version='1.0'?><i/>"),
			"append to .: not writable as part of an XML file: the item is more than an element", xmlpatch.ErrInvalid,
		},
		{
			"comment", "<a/>", "", add("<i/><!-- i -->"),
			"append to .: not writable as part of an XML file: the item is more than an element", xmlpatch.ErrInvalid,
		},
		{
			"trailing NUL", "<a/>", "", add("<i/>\x00"),
			"append to .: not writable as part of an XML file: the item is more than an element", xmlpatch.ErrInvalid,
		},
		{
			"too deep", strings.Repeat("<a>", 63) + "<b/>" + strings.Repeat("</a>", 63), strings.Repeat("a/", 62) + "b", add("<i/>"),
			"append to " + strings.Repeat("a/", 62) + "b: the document would break: document beyond the limits at line 1, column 193: elements nested more than 64 deep",
			xmlpatch.ErrLimit,
		},
	}.run(t)
}

func remove(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Remove(p) }

func TestRemovedElementsLeaveNoTrace(t *testing.T) {
	edits{
		{"one line", "<a><b>1</b><c/></a>", "b", remove, "<a><c/></a>", nil},
		{"first line", "<a>\n  <b>1</b>\n  <c/>\n</a>", "b", remove, "<a>\n  <c/>\n</a>", nil},
		{"last line", "<a>\r\n\t<b>1</b>\r\n\t<c/>\r\n</a>", "c", remove, "<a>\r\n\t<b>1</b>\r\n</a>", nil},
		{"only one", "<a>\n  <b/>\n</a>", "b", remove, "<a>\n</a>", nil},
		{"with content", "<a><b x='1'>\n<c>1</c></b ></a>", "b", remove, "<a></a>", nil},
		{"by key", "<a> <b>1</b> <b>2</b></a>", "b[.=1]", remove, "<a> <b>2</b></a>", nil},
		{"comment before", "<a>\n<!-- b --> <b/>\n</a>", "b", remove, "<a>\n<!-- b -->\n</a>", nil},

		{"absent", "<a/>", "b", remove, "remove b: no such element", xmlpatch.ErrNotFound},
		{"repeated", "<a><b>1</b><b>1</b></a>", "b", remove, "remove b: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"root", "\n<a/>", "", remove, "remove .: the document would break: malformed document at line 1, column 1: no root element", xmlpatch.ErrMalformed},
	}.run(t)
}

func TestRemoveUndoesAppend(t *testing.T) {
	for _, body := range []string{
		"<l></l>",
		"<l>\n</l>",
		"<l> </l>",
		"<l><i/></l>",
		"<l>\n\n  <i/>\n</l>",
		"<l>\r\n\t<i/>\r\n</l>\r\n",
		"<l> <i/><!-- i --> </l>",
		"<l><!-- none --></l>",
		"<l>\n <!-- none -->\n</l>",
		"<a>\n  <l>\n  </l>\n</a>",
	} {
		doc := parse(t, body)
		list := xmlpatch.Path{}
		if doc.Root().Name() != "l" {
			list = xmlpatch.MustPath("l")
		}
		if err := doc.Append(list, []byte("<new/>")); err != nil {
			t.Error(err)
		}
		if err := doc.Remove(list.Child("new")); err != nil {
			t.Error(err)
		}
		if have := string(doc.Bytes()); have != body {
			t.Errorf("have %q, want %q", have, body)
		}
	}
}

func rename(name string) func(*xmlpatch.Document, xmlpatch.Path) error {
	return func(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Rename(p, name) }
}

func TestRenamedElementsKeepTheRestOfTheirTags(t *testing.T) {
	edits{
		{"plain", "<a><ipAddress>x</ipAddress></a>", "ipAddress", rename("hostName"), "<a><hostName>x</hostName></a>", nil},
		{
			"prefix, attributes, blanks", "<a><p:b  b='b' ><b>b</b></p:b ></a>", "b", rename("cc"),
			"<a><p:cc  b='b' ><b>b</b></p:cc ></a>", nil,
		},
		{"closed", "<a><b b='1'/></a>", "b", rename("cc"), "<a><cc b='1'/></a>", nil},
		{"root", "<a>1</a>", "", rename("b"), "<b>1</b>", nil},
		{"same", "<a>1</a>", "", rename("a"), "<a>1</a>", nil},

		{"absent", "<a/>", "b", rename("c"), "rename b: no such element", xmlpatch.ErrNotFound},
		{"several", "<a><b/><b/></a>", "b", rename("c"), "rename b: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{
			"prefix in the name", "<a/>", "", rename("p:b"),
			`rename .: not writable as part of an XML file: "p:b" is not a local name`, xmlpatch.ErrInvalid,
		},
		{
			"more than a name", "<a/>", "", rename("b c='1'"),
			`rename .: not writable as part of an XML file: "b c='1'" is not a local name`, xmlpatch.ErrInvalid,
		},
	}.run(t)
}
