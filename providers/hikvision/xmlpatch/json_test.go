package xmlpatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"camform/providers/hikvision/xmlpatch"
)

func parseJSON(t testing.TB, body string) *xmlpatch.Document {
	t.Helper()
	doc, err := xmlpatch.ParseJSON([]byte(body))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return doc
}

// certificates is laid out like the JSON of many devices: with tabs, also behind colons, and entries that begin behind the
// bracket.
const certificates = "{\n\t\"CertificateList\":\t{\n\t\t\"enabled\":\ttrue,\n\t\t\"Certificate\":\t[{\n\t\t\t\t\"customID\":\t\"a\",\n" +
	"\t\t\t\t\"port\":\t443\n\t\t\t}, {\n\t\t\t\t\"customID\":\t\"b\"\n\t\t\t}],\n\t\t\"hosts\":\t[],\n\t\t\"note\":\tnull\n\t}\n}\n"

func TestJSONIsReadLikeXML(t *testing.T) {
	tests := []struct{ name, body, path, want string }{
		{"member", `{"A":{"b":"1"}}`, "b", "b=1"},
		{"nothing", `{"A":{"b":"1"}}`, "c", ""},
		{"root", `{"A":{"b":"1"}}`, "", "A="},
		{"scalar root", `{"A":12}`, "", "A=12"},
		{"number", `{"A":{"b":-1.50e+3}}`, "b", "b=-1.50e+3"},
		{"booleans", `{"A":{"b":true,"c":false}}`, "c", "c=false"},
		{"null", `{"A":{"b":null}}`, "b", "b="},
		{"blanks are meant", `{"A":{"b":" x\t"}}`, "b[.=\" x\\t\"]", "b= x\t"},
		{"escapes", `{"A":{"b":"\"\\\/\b\f\n\r\tä\u00e4\uD83D\uDCF7\u0000"}}`, "b", "b=\"\\/\b\f\n\r\tää\U0001F4F7\x00"},
		{"escaped name", `{"A":{"\u0062":"1"}}`, "b", "b=1"},
		{"entries", certificates, "Certificate/customID", "customID=a customID=b"},
		{"entry by key", certificates, "Certificate[customID=a]/port", "port=443"},
		{"entry by position", certificates, "Certificate[2]/customID", "customID=b"},
		{"empty array", certificates, "hosts", ""},
		{"empty object", `{"A":{"b":{}}}`, "b", "b="},
		{"array of scalars", `{"A":{"b":["x",2,null,true]}}`, "b", "b=x b=2 b= b=true"},
		{"scalar entry by text", `{"A":{"b":["x",2]}}`, "b[.=2]", "b=2"},
		{"entries among others", `{"A":{"b":[1],"c":2}}`, "c", "c=2"},
		{"array of arrays", `{"A":{"b":[[1,2],[],[3]]}}`, "b/b", "b=1 b=2 b=3"},
		{"entry of an array of arrays", `{"A":{"b":[[1,2],[],[3]]}}`, "b[3]/b", "b=3"},
		{"attributes", `{"A":{"@opt":"x","b":{"@min":1,"c":2}}}`, "b/c", "c=2"},
		{"attributes are no elements", `{"A":{"b":{"@min":1}}}`, "b/min", ""},
		{"several members", `{"a":1,"b":2}`, "b", "b=2"},
		{"several members, root", `{"a":1,"b":2}`, "", "="},
		{"no member", `{}`, "", "="},
		{"array as the one member", `{"a":[{"b":1}]}`, "a/b", "b=1"},
		{"array as the one member, root", `{"a":[{"b":1}]}`, "", "="},
		{"attribute as the one member", `{"@a":{"b":1}}`, "", "="},
		{"one member without name", `{"":{"b":1}}`, "", "="},
		{"array", `[{"a":1},{"a":2}]`, "", "="},
		{"white space", " \r\n\t{ \"A\" : { \"b\" : [ 1 , 2 ] } }\n", "b", "b=1 b=2"},
		{"byte order mark", "\ufeff{\"A\":1}", "", "A=1"},
		{"what old web servers append", "{\"A\":1}\r\n\x00\x00 ", "", "A=1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc := parseJSON(t, test.body)
			if have := texts(doc.All(xmlpatch.MustPath(test.path))); have != test.want {
				t.Errorf("have %q, want %q", have, test.want)
			}
			if have := string(doc.Bytes()); have != test.body {
				t.Errorf("have %q, want %q", have, test.body)
			}
		})
	}
}

func TestEntriesOfAnArrayAreChildrenWithoutName(t *testing.T) {
	for body, want := range map[string]string{
		`[{"a":1},2]`: "= =2", `[[1,2],[]]`: "= =", `{"a":1,"b":[2,3]}`: "a=1 b=2 b=3", `{"A":{"b":[2,3],"c":[]}}`: "b=2 b=3",
		`{"":{"b":1}}`: "=",
	} {
		if have := texts(parseJSON(t, body).Root().Children()); have != want {
			t.Errorf("%s: have %q, want %q", body, have, want)
		}
	}
}

func TestMembersWithAnAtSignAreAttributes(t *testing.T) {
	doc := parseJSON(t, `{"Cap":{"mode":{"@opt":["a","b\u002c",1,true,null],"@min":1,"@max":2.5,"@def":"a","@size":[],"@odd":{"x":[1]},"@list":[[1],2]}}}`)
	mode, _ := doc.FindSuffix(xmlpatch.MustPath("Cap/mode"))
	for name, want := range map[string]string{
		"opt": "a,b,,1,true,", "min": "1", "max": "2.5", "def": "a", "size": "", "odd": "", "list": ",2",
	} {
		if have, ok := mode.Attr(name); !ok || have != want {
			t.Errorf("%s: have %q, %v, want %q", name, have, ok, want)
		}
	}
	if _, ok := mode.Attr("x"); ok || len(mode.Children()) > 0 {
		t.Error("have more than the attributes")
	}
}

func TestSuffixesFindMembers(t *testing.T) {
	doc := parseJSON(t, `{"A":{"b":{"c":1},"d":[{"b":{"c":2}},{"b":{"c":3,"e":4}}]}}`)
	for path, want := range map[string]string{
		"c": "1", "d/b/c": "2", "d[2]/b/c": "3", "b[e=4]/c": "3", "A/b/c": "1", "A/b[c=3]/e": "none", "": "",
	} {
		have := "none"
		if e, ok := doc.FindSuffix(xmlpatch.MustPath(path)); ok {
			have = e.Text()
		}
		if have != want {
			t.Errorf("%s: have %s, want %s", path, have, want)
		}
	}
}

func TestRawIsTheValue(t *testing.T) {
	for path, want := range map[string]string{
		"enabled": "true", "Certificate[2]": "{\n\t\t\t\t\"customID\":\t\"b\"\n\t\t\t}", "Certificate/customID": `"a"`,
	} {
		if e, _ := parseJSON(t, certificates).Find(xmlpatch.MustPath(path)); string(e.Raw()) != want {
			t.Errorf("%s: have %q, want %q", path, e.Raw(), want)
		}
	}
	for _, body := range []string{`{"a":1,"b":2}`, `[1]`} {
		if have := string(parseJSON(t, " "+body+"\n").Root().Raw()); have != body {
			t.Errorf("have %q, want %q", have, body)
		}
	}
}

// jsonEdits is a table like edits, for JSON.
type jsonEdits edits

func (tests jsonEdits) run(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc := parseJSON(t, test.body)
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

func TestSetKeepsTheTypeOfAValue(t *testing.T) {
	const invalid = "not writable as part of a JSON file: "
	jsonEdits{
		{"string", `{"A":{ "b" : "1" ,"c":2}}`, "b", set("25"), `{"A":{ "b" : "25" ,"c":2}}`, nil},
		{"string like a literal", `{"A":"x"}`, "", set("true"), `{"A":"true"}`, nil},
		{"string to empty", `{"A":"x"}`, "", set(""), `{"A":""}`, nil},
		{"blanks are meant", `{"A":"x"}`, "", set("x "), `{"A":"x "}`, nil},
		{"number", `{"A": 1 }`, "", set("-2.50e3"), `{"A": -2.50e3 }`, nil},
		{"boolean", "{\"A\":\ttrue\n}", "", set("false"), "{\"A\":\tfalse\n}", nil},
		{"null", `{"A":null}`, "", set("1"), `{"A":"1"}`, nil},
		{"entry", `{"A":{"b":["x",1]}}`, "b[2]", set("2"), `{"A":{"b":["x",2]}}`, nil},
		{"entry by key", certificates, "Certificate[customID=b]/customID", set("c"), strings.Replace(certificates, `"b"`, `"c"`, 1), nil},
		{"repetitions", `{"A":{"b":["1",1,1]}}`, "b", set("2"), `{"A":{"b":["2",2,2]}}`, nil},
		{"no more escapes than needed", `{"A":""}`, "", set("ä东\u2028/<&>'\x7f"), "{\"A\":\"ä东\u2028/<&>'\x7f\"}", nil},
		{"escapes", `{"A":""}`, "", set("\"\\\b\f\n\r\t\x00\x1f"), `{"A":"\"\\\b\f\n\r\t\u0000\u001f"}`, nil},

		{"same string, written otherwise", `{"A":"\u0061\/"}`, "", set("a/"), `{"A":"\u0061\/"}`, nil},
		{"same number", `{"A":1.0}`, "", set("1.0"), `{"A":1.0}`, nil},
		{"same number, written otherwise", `{"A":1.0}`, "", set("1"), `{"A":1}`, nil},
		{"null stays", `{"A":null}`, "", set(""), `{"A":null}`, nil},

		{"number to a word", `{"A":1}`, "", set("x"), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"number to a boolean", `{"A":1}`, "", set("true"), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"number to empty", `{"A":1}`, "", set(""), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"number to two", `{"A":1}`, "", set("1,2"), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"number with a zero", `{"A":1}`, "", set("01"), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"number with a blank", `{"A":1}`, "", set("1\n"), "set .: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"boolean to a number", `{"A":true}`, "", set("1"), "set .: " + invalid + "the document has true or false there, and the text is neither", xmlpatch.ErrInvalid},
		{"boolean to null", `{"A":true}`, "", set("null"), "set .: " + invalid + "the document has true or false there, and the text is neither", xmlpatch.ErrInvalid},
		{"one of several", `{"A":{"b":["1",1]}}`, "b", set("x"), "set b: " + invalid + "the document has a number there, and the text is not one", xmlpatch.ErrInvalid},
		{"broken UTF-8", `{"A":""}`, "", set("a\xff"), "set .: " + invalid + "the text is not UTF-8 at byte 1", xmlpatch.ErrInvalid},
		{"object", `{"A":{"b":1}}`, "", set("x"), "set .: the element holds something else: child elements", xmlpatch.ErrContent},
		{"object without children", `{"A":{"b":{"@x":1}}}`, "b", set("x"), "set b: the element holds something else: an object or array", xmlpatch.ErrContent},
		{"empty object, empty text", `{"A":{}}`, "", set(""), "set .: the element holds something else: an object or array", xmlpatch.ErrContent},
		{"empty entry of an array", `{"A":{"b":[[]]}}`, "b", set("x"), "set b: the element holds something else: an object or array", xmlpatch.ErrContent},
		{"several", `{"A":{"b":[1,2]}}`, "b", set("1"), "set b: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"absent", `{"A":{}}`, "b", set("1"), "set b: no such element", xmlpatch.ErrNotFound},
	}.run(t)
}

func TestInsertedMembersLookLikeTheirNeighbours(t *testing.T) {
	const flat = "\n\n{\n  \"A\" : {\n    \"b\" : 1,\n    \"c\" : {},\n    \"d\": 2\n  }\n}"
	replaced := func(body, old, with string) string {
		if strings.Count(body, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		return strings.Replace(body, old, with, 1)
	}
	jsonEdits{
		{"last", `{"A":{"b":1}}`, "x", insert("y"), `{"A":{"b":1,"x":"y"}}`, nil},
		{"behind another", `{"A":{"b":1, "c":2}}`, "x", insert("y", "b"), `{"A":{"b":1,"x":"y", "c":2}}`, nil},
		{"behind the last of several", `{"A":{"b":1, "c":2, "d": 3}}`, "x", insert("y", "c", "b"), `{"A":{"b":1, "c":2, "x":"y", "d": 3}}`, nil},
		{"names that are not there", `{"A":{"b":1, "c": 2}}`, "x", insert("y", "z"), `{"A":{"b":1, "c": 2, "x": "y"}}`, nil},
		{"indented", flat, "x", insert("y", "b"), replaced(flat, "\"b\" : 1", "\"b\" : 1,\n    \"x\" : \"y\""), nil},
		{"behind an object", flat, "x", insert("y", "c"), replaced(flat, "{},", "{},\n    \"x\" : \"y\","), nil},
		{"colon of the neighbour", flat, "x", insert("y"), replaced(flat, "2\n", "2,\n    \"x\": \"y\"\n"), nil},
		{"in an empty object", flat, "c/x", insert("y"), replaced(flat, "{}", "{\n      \"x\" : \"y\"\n    }"), nil},
		{"in an empty object of one line", `{"A": {"b": { }}}`, "b/x", insert("y"), `{"A": {"b": {"x": "y"}}}`, nil},
		{"in an empty root", "{\r\n\t\"A\" :{}\r\n}", "x", insert("y"), "{\r\n\t\"A\" :{\r\n\t\t\"x\" :\"y\"\r\n\t}\r\n}", nil},
		{"in an empty entry", "{\n \"A\": {\n  \"b\": [\n   {}\n  ]\n }\n}", "b/x", insert("y"), "{\n \"A\": {\n  \"b\": [\n   {\n    \"x\": \"y\"\n   }\n  ]\n }\n}", nil},
		{"in a root without a name", `{"a": 1, "b": 2}`, "x", insert("y"), `{"a": 1, "b": 2, "x": "y"}`, nil},
		{"in an entry", certificates, "Certificate[customID=b]/port", insert("80", "customID"), replaced(certificates, `"b"`, "\"b\",\n\t\t\t\t\"port\":\t80"), nil},
		{"behind an array", certificates, "x", insert("y", "Certificate"), replaced(certificates, "}],", "}],\n\t\t\"x\":\t\"y\","), nil},
		{"behind an empty array", certificates, "x", insert("y", "hosts"), replaced(certificates, "[],", "[],\n\t\t\"x\":\t\"y\","), nil},
		{"behind nothing but an empty array", `{"A":{"b":[]}}`, "x", insert("y"), `{"A":{"b":[],"x":"y"}}`, nil},
		{"behind nothing but an attribute", `{"A":{"@b":1}}`, "x", insert("y"), `{"A":{"@b":1,"x":"y"}}`, nil},
		{"white space before a comma", `{"A":{"b":1 , "c":2}}`, "x", insert("y", "b"), `{"A":{"b":1,"x":"y" , "c":2}}`, nil},

		{"absent parent", `{"A":{}}`, "b/x", insert("y"), "insert b/x: parent: no such element", xmlpatch.ErrNotFound},
		{"several parents", `{"A":{"b":[{},{}]}}`, "b/x", insert("y"), "insert b/x: parent: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"there already", `{"A":{"x":1}}`, "x", insert("y"), "insert x: the element exists already", xmlpatch.ErrExists},
		{"there as an empty array", `{"A":{"x":[]}}`, "x", insert("y"), "insert x: the element exists already", xmlpatch.ErrExists},
		{"in a scalar", `{"A":{"b":"z"}}`, "b/x", insert("y"), "insert b/x: the element holds something else: no object", xmlpatch.ErrContent},
		{"in null", `{"A":{"b":null}}`, "b/x", insert("y"), "insert b/x: the element holds something else: no object", xmlpatch.ErrContent},
		{"in an array", `{"A":{"b":[[]]}}`, "b/x", insert("y"), "insert b/x: the element holds something else: no object", xmlpatch.ErrContent},
		{"broken UTF-8", `{"A":{}}`, "x", insert("\xff"), "insert x: not writable as part of a JSON file: the text is not UTF-8 at byte 0", xmlpatch.ErrInvalid},
		{"by position", `{"A":{}}`, "x[1]", insert("y"), "insert x[1]: invalid element path: the last step must be a plain name", xmlpatch.ErrPath},
		{
			"another root", `{}`, "x", insert("y"),
			"insert x: the document would break: malformed document: another element would be the root", xmlpatch.ErrMalformed,
		},
		{
			"too deep", deep(xmlpatch.MaxDepth), strings.TrimPrefix(strings.Repeat("/a", xmlpatch.MaxDepth-1), "/") + "/x", insert("y"),
			"insert " + strings.TrimPrefix(strings.Repeat("/a", xmlpatch.MaxDepth-1), "/") +
				"/x: the document would break: document beyond the limits at line 1, column 326: values nested more than 64 deep",
			xmlpatch.ErrLimit,
		},
	}.run(t)
}

// deep returns a document of n objects within the outermost.
func deep(n int) string { return strings.Repeat(`{"a":`, n) + "{}" + strings.Repeat("}", n) }

func TestInsertedTextsAreLiteralsWhereNothingIsLost(t *testing.T) {
	for text, want := range map[string]string{
		"true": `true`, "false": `false`, "0": `0`, "-5": `-5`, "443": `443`, "0.5": `0.5`, "9007199254740993": `"9007199254740993"`,
		"9007199254740992": `9007199254740992`, "123456789012": `123456789012`, "5.10": `"5.10"`, "1.0": `"1.0"`, "007": `"007"`,
		"1e3": `"1e3"`, "+1": `"+1"`, ".5": `".5"`, "1_000": `"1_000"`, "0x10": `"0x10"`, "NaN": `"NaN"`, "+Inf": `"+Inf"`, "": `""`,
		"null": `"null"`, "True": `"True"`, " 1": `" 1"`, "1\n": `"1\n"`, "[]": `"[]"`, "1,2": `"1,2"`, "x": `"x"`,
	} {
		doc := parseJSON(t, `{"A":{}}`)
		if err := doc.Insert(xmlpatch.MustPath("b"), text); err != nil || string(doc.Bytes()) != `{"A":{"b":`+want+`}}` {
			t.Errorf("%q: have %s, %v, want %s", text, doc.Bytes(), err, want)
		}
	}
}

func TestInsertedMembersHaveTheTypeOfOtherEntries(t *testing.T) {
	tests := []struct{ known, text, want string }{
		{`"x"`, "1", `"1"`},
		{`"x"`, "true", `"true"`},
		{`1`, "5.10", `5.10`},
		{`1`, "1e3", `1e3`},
		{`1`, "x", `"x"`},
		{`1`, "true", `true`},
		{`true`, "false", `false`},
		{`true`, "1", `1`},
		{`null`, "1", `1`},
		{`[1]`, "1", `1`},
	}
	for _, test := range tests {
		body := func(with string) string {
			return fmt.Sprintf(`{"A":{"l":[{"c":0},{"b":%s},{"b":"y"},{"c":1%s}]}}`, test.known, with)
		}
		doc := parseJSON(t, body(""))
		err := doc.Insert(xmlpatch.MustPath("l[c=1]/b"), test.text)
		if have, want := string(doc.Bytes()), body(`,"b":`+test.want); err != nil || have != want {
			t.Errorf("have %s, %v\nwant %s", have, err, want)
		}
	}
	doc := parseJSON(t, `{"A":{"c":{},"d":{"b":"no entry of an array"}}}`)
	err := doc.Insert(xmlpatch.MustPath("c/b"), "1")
	if have, want := string(doc.Bytes()), `{"A":{"c":{"b":1},"d":{"b":"no entry of an array"}}}`; err != nil || have != want {
		t.Errorf("have %s, %v\nwant %s", have, err, want)
	}
}

func TestAppendedEntriesLookLikeTheOthers(t *testing.T) {
	const indented = "{\n  \"A\": {\n    \"b\": [\n      1,\n      2\n    ],\n    \"c\": []\n  }\n}"
	jsonEdits{
		{"last", `{"A":{"b":[1]}}`, "b", add("2"), `{"A":{"b":[1,2]}}`, nil},
		{"blank behind the comma", `{"A":{"b":[1, 2]}}`, "b", add(`{"x": 3}`), `{"A":{"b":[1, 2, {"x": 3}]}}`, nil},
		{"on a line of its own", indented, "b", add("3"), strings.Replace(indented, "2\n", "2,\n      3\n", 1), nil},
		{"first", indented, "c", add("3"), strings.Replace(indented, "[]", "[\n      3\n    ]", 1), nil},
		{"first, one line", `{"A":{"b":[ ]}}`, "b", add("3"), `{"A":{"b":[3]}}`, nil},
		{"tabs", certificates, "Certificate", add(" {\"x\":\t[null]}\n"), strings.Replace(certificates, "}],", "}, {\"x\":\t[null]}],", 1), nil},
		{"in an entry", `{"A":{"b":[{"c":[]},{"c":[1]}]}}`, "b[2]/c", add("2"), `{"A":{"b":[{"c":[]},{"c":[1,2]}]}}`, nil},
		{"within an array", `{"A":{"b":[[1],[2]]}}`, "b[2]", add("3"), `{"A":{"b":[[1],[2,3]]}}`, nil},
		{"array of arrays", `{"A":{"b":[[1],[2]]}}`, "b", add("[3]"), `{"A":{"b":[[1],[2],[3]]}}`, nil},
		{"root", "[1, 2]\n", "", add("3"), "[1, 2, 3]\n", nil},
		{"object in the root", `[{}]`, "", add("{}"), `[{},{}]`, nil},
		{"empty root", "[]\n", "", add("3"), "[3]\n", nil},
		{"empty root with a blank before it", "\n []", "", add("3"), "\n [\n 3\n ]", nil},
		{"the one member", `{"A":[]}`, "A", add("3"), `{"A":[3]}`, nil},

		{"absent", `{"A":{}}`, "b", add("1"), "append to b: no such element", xmlpatch.ErrNotFound},
		{"absent parent", `{"A":{}}`, "b/c", add("1"), "append to b/c: no such element", xmlpatch.ErrNotFound},
		{"absent entry", `{"A":{"b":[]}}`, "b[1]", add("1"), "append to b[1]: no such element", xmlpatch.ErrNotFound},
		{"several parents", `{"A":{"b":[{"c":[]},{"c":[]}]}}`, "b/c", add("1"), "append to b/c: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"no array", `{"A":{"b":{}}}`, "b", add("1"), "append to b: the element holds something else: no array", xmlpatch.ErrContent},
		{"no array by position", `{"A":{"b":["x"]}}`, "b[1]", add("1"), "append to b[1]: the element holds something else: no array", xmlpatch.ErrContent},
		{"root is no array", `{"A":{}}`, "", add("1"), "append to .: the element holds something else: no array", xmlpatch.ErrContent},
		{"attribute", `{"A":{"@b":[]}}`, "b", add("1"), "append to b: no such element", xmlpatch.ErrNotFound},
		{
			"broken item", `{"A":{"b":[]}}`, "b", add("{\"x\":\n}"),
			"append to b: item: malformed document at line 2, column 1: a value is missing or broken", xmlpatch.ErrMalformed,
		},
		{
			"two items", `{"A":{"b":[]}}`, "b", add("1,2"),
			"append to b: item: malformed document at line 1, column 2: something after the value", xmlpatch.ErrMalformed,
		},
		{
			"no item", `{"A":{"b":[]}}`, "b", add(" "),
			"append to b: item: malformed document at line 1, column 2: a value is missing or broken", xmlpatch.ErrMalformed,
		},
		{
			"trailing NUL", `{"A":{"b":[]}}`, "b", add("1\x00"),
			"append to b: item: malformed document at line 1, column 2: something after the value", xmlpatch.ErrMalformed,
		},
		{
			"broken UTF-8", `{"A":{"b":[]}}`, "b", add("\"\xff\""),
			"append to b: item: malformed document at line 1, column 2: not UTF-8", xmlpatch.ErrMalformed,
		},
		{
			"too deep", `{"A":{"b":[]}}`, "b", add(deep(xmlpatch.MaxDepth - 2)),
			"append to b: the document would break: document beyond the limits at line 1, column 322: values nested more than 64 deep",
			xmlpatch.ErrLimit,
		},
	}.run(t)
}

func TestRemovedMembersLeaveNoTrace(t *testing.T) {
	const flat = "{\n  \"A\": {\n    \"b\": 1,\n    \"c\": [ 1, 2 ],\n    \"d\": 2\n  }\n}"
	jsonEdits{
		{"first", flat, "b", remove, strings.Replace(flat, "\"b\": 1,\n    ", "", 1), nil},
		{"last", flat, "d", remove, strings.Replace(flat, ",\n    \"d\": 2", "", 1), nil},
		{"between", `{"A":{"b":1, "c" : {"x":[1]} , "d":2}}`, "c", remove, `{"A":{"b":1 , "d":2}}`, nil},
		{"white space before the comma", `{"A":{"b":1 , "c":2}}`, "c", remove, `{"A":{"b":1}}`, nil},
		{"only one", "{\"A\":{\n\"b\":1\n}}", "b", remove, `{"A":{}}`, nil},
		{"first entry", flat, "c[1]", remove, strings.Replace(flat, "1, 2", "2", 1), nil},
		{"last entry", flat, "c[2]", remove, strings.Replace(flat, "1, 2", "1", 1), nil},
		{"entry by key", certificates, "Certificate[customID=b]", remove, strings.Replace(certificates, ", {\n\t\t\t\t\"customID\":\t\"b\"\n\t\t\t}", "", 1), nil},
		{"the only entry", `{"A":{"b":[ {"c":1} ]}}`, "b", remove, `{"A":{"b":[]}}`, nil},
		{"behind an empty array", `{"A":{"b":[],"c":1}}`, "c", remove, `{"A":{"b":[]}}`, nil},
		{"behind an attribute", `{"A":{"@b":1,"c":1,"d":2}}`, "c", remove, `{"A":{"@b":1,"d":2}}`, nil},
		{"one of three of the root", `{"a":1,"b":2,"c":3}`, "b", remove, `{"a":1,"c":3}`, nil},
		{"beside an array in the root", `{"a":1,"b":[2]}`, "a", remove, `{"b":[2]}`, nil},

		{"absent", `{"A":{}}`, "b", remove, "remove b: no such element", xmlpatch.ErrNotFound},
		{"empty array", `{"A":{"b":[]}}`, "b", remove, "remove b: no such element", xmlpatch.ErrNotFound},
		{"several", `{"A":{"b":[1,1]}}`, "b", remove, "remove b: several elements match: 2 of them", xmlpatch.ErrAmbiguous},
		{"root", `{"A":{}}`, "", remove, "remove .: malformed document: a document cannot be without its root", xmlpatch.ErrMalformed},
		{"root without a name", `[]`, "", remove, "remove .: malformed document: a document cannot be without its root", xmlpatch.ErrMalformed},
		{
			"another root", `{"a":1,"b":2}`, "b", remove,
			"remove b: the document would break: malformed document: another element would be the root", xmlpatch.ErrMalformed,
		},
	}.run(t)
}

func TestRenamedMembersKeepTheirValues(t *testing.T) {
	to := func(name string) func(*xmlpatch.Document, xmlpatch.Path) error {
		return func(doc *xmlpatch.Document, p xmlpatch.Path) error { return doc.Rename(p, name) }
	}
	const none = "not writable as part of a JSON file: only a member of an object has a name"
	jsonEdits{
		{"member", `{"A":{ "\u0062" : [1] , "c" :2}}`, "c", to("d"), `{"A":{ "\u0062" : [1] , "d" :2}}`, nil},
		{"root", `{"A":{"b":1}}`, "", to("B"), `{"B":{"b":1}}`, nil},
		{"same name", `{"A":1}`, "", to("A"), `{"A":1}`, nil},
		{"entry", `{"A":{"b":[1]}}`, "b", to("c"), "rename b: " + none, xmlpatch.ErrInvalid},
		{"root without a name", `{"a":1,"b":2}`, "", to("c"), "rename .: " + none, xmlpatch.ErrInvalid},
		{"attribute", `{"A":1}`, "", to("@B"), `rename .: not writable as part of a JSON file: "@B" is not a local name`, xmlpatch.ErrInvalid},
		{"more than a name", `{"A":1}`, "", to(`B":2,"C`), `rename .: not writable as part of a JSON file: "B\":2,\"C" is not a local name`, xmlpatch.ErrInvalid},
		{
			"name of another", `{"A":{"b":1,"c":2}}`, "c", to("b"),
			"rename c: the document would break: malformed document at line 1, column 13: the second member of that name", xmlpatch.ErrMalformed,
		},
	}.run(t)
}

func TestRefusedJSONNamesThePlace(t *testing.T) {
	tests := []struct{ body, want string }{
		{"", "line 1, column 1: a value is missing or broken"},
		{"\n ", "line 2, column 2: a value is missing or broken"},
		{"<a/>", "line 1, column 1: a value is missing or broken"},
		{`"a"`, "line 1, column 1: neither an object nor an array"},
		{"\n12", "line 2, column 1: neither an object nor an array"},
		{`{"a":1`, "line 1, column 7: missing , or }"},
		{`{"a":1]`, "line 1, column 7: missing , or }"},
		{`[1}`, "line 1, column 3: missing , or ]"},
		{`[1 2]`, "line 1, column 4: missing , or ]"},
		{`[1,]`, "line 1, column 4: a value is missing or broken"},
		{`[,1]`, "line 1, column 2: a value is missing or broken"},
		{`{"a":1,}`, "line 1, column 8: a name is missing"},
		{`{a:1}`, "line 1, column 2: a name is missing"},
		{`{'a':1}`, "line 1, column 2: a name is missing"},
		{`{"a" 1}`, "line 1, column 6: missing :"},
		{`{"a"}`, "line 1, column 5: missing :"},
		{`{"a":}`, "line 1, column 6: a value is missing or broken"},
		{`{"a":1}{"a":1}`, "line 1, column 8: something after the value"},
		{"{\"a\":1}\x00x", "line 1, column 9: something after the value"},
		{"{\"a\":\x001}", "line 1, column 6: a value is missing or broken"},
		{"\ufeff\ufeff{}", "line 1, column 2: a value is missing or broken"},
		{"{}\ufeff", "line 1, column 3: something after the value"},
		{"{\"a\":\u00a01}", "line 1, column 6: a value is missing or broken"},
		{"{/**/}", "line 1, column 2: a name is missing"},
		{`[01]`, "line 1, column 2: a value is missing or broken"},
		{`[1.]`, "line 1, column 2: a value is missing or broken"},
		{`[.5]`, "line 1, column 2: a value is missing or broken"},
		{`[+1]`, "line 1, column 2: a value is missing or broken"},
		{`[-]`, "line 1, column 2: a value is missing or broken"},
		{`[1e]`, "line 1, column 2: a value is missing or broken"},
		{`[0x1]`, "line 1, column 2: a value is missing or broken"},
		{`[NaN]`, "line 1, column 2: a value is missing or broken"},
		{`[True]`, "line 1, column 2: a value is missing or broken"},
		{`[nulls]`, "line 1, column 2: a value is missing or broken"},
		{`["a]`, "line 1, column 2: string without end"},
		{`["a\"]`, "line 1, column 2: string without end"},
		{`["a\`, "line 1, column 4: an unknown or broken escape"},
		{"[\"ä\n\"]", "line 1, column 4: a control character in a string"},
		{"[\"\x00\"]", "line 1, column 3: a control character in a string"},
		{"[\"a\x1f\"]", "line 1, column 4: a control character in a string"},
		{`["\x41"]`, "line 1, column 3: an unknown or broken escape"},
		{`["\'"]`, "line 1, column 3: an unknown or broken escape"},
		{`["\u12"]`, "line 1, column 3: an unknown or broken escape"},
		{`["\u12`, "line 1, column 3: an unknown or broken escape"},
		{`["\u+123"]`, "line 1, column 3: an unknown or broken escape"},
		{`["\u12_3"]`, "line 1, column 3: an unknown or broken escape"},
		{`["\ud83d"]`, "line 1, column 3: half of a surrogate pair"},
		{`["\ud83dx"]`, "line 1, column 3: half of a surrogate pair"},
		{`["\udcf7\ud83d"]`, "line 1, column 3: half of a surrogate pair"},
		{`["\ud83d\u0041"]`, "line 1, column 3: half of a surrogate pair"},
		{"[\"ä\xff\"]", "line 1, column 4: not UTF-8"},
		{"{}\n\xc0", "line 2, column 1: not UTF-8"},
		{"{\"A\":{\"b\":1,\n\"b\":1}}", "line 2, column 1: the second member of that name"},
		{`{"A":{"b":1,"\u0062":[]}}`, "line 1, column 13: the second member of that name"},
		{`{"A":{"@b":1,"@b":2}}`, "line 1, column 14: the second member of that name"},
	}
	for _, test := range tests {
		_, err := xmlpatch.ParseJSON([]byte(test.body))
		if !errors.Is(err, xmlpatch.ErrMalformed) || errors.Is(err, xmlpatch.ErrLimit) {
			t.Errorf("%q: have %v, want ErrMalformed", test.body, err)
			continue
		}
		if have, want := err.Error(), "malformed document at "+test.want; have != want {
			t.Errorf("%q:\nhave %s\nwant %s", test.body, have, want)
		}
	}
}

func TestMembersOfOtherObjectsMayHaveTheSameName(t *testing.T) {
	for _, body := range []string{`{"b":{"b":1},"a":{"b":2}}`, `{"A":{"b":1,"@b":1,"B":1}}`, `[{"a":1},{"a":1}]`} {
		parseJSON(t, body)
	}
}

func TestLimitsOfJSONHoldToTheLastOne(t *testing.T) {
	tests := []struct {
		name string
		body func(n int) string
		most int
		want string
	}{
		{
			"bytes", func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }, xmlpatch.MaxBytes,
			"document beyond the limits: 4194305 bytes, of at most 4194304",
		},
		{
			"depth of objects", deep, xmlpatch.MaxDepth,
			"document beyond the limits at line 1, column 326: values nested more than 64 deep",
		},
		{
			"depth of arrays", func(n int) string { return strings.Repeat("[", n+1) + strings.Repeat("]", n+1) }, xmlpatch.MaxDepth,
			"document beyond the limits at line 1, column 66: values nested more than 64 deep",
		},
		{
			"depth in an attribute", func(n int) string {
				return `{"@a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"
			}, xmlpatch.MaxDepth,
			"document beyond the limits at line 1, column 71: values nested more than 64 deep",
		},
		{
			"members", func(n int) string {
				var b strings.Builder
				for i := range n - 1 {
					fmt.Fprintf(&b, `,"%05d":0`, i)
				}
				return `{"A":{` + b.String()[1:] + "}}"
			}, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 500005: more than 50000 values",
		},
		{
			"entries", func(n int) string { return "[0" + strings.Repeat(",0", n-1) + "]" }, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 100002: more than 50000 values",
		},
		{
			"entries of attributes", func(n int) string { return `{"@a":[0` + strings.Repeat(",0", n-2) + "]}" }, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 100006: more than 50000 values",
		},
		{
			"empty arrays", func(n int) string { return "[[]" + strings.Repeat(",[]", n-1) + "]" }, xmlpatch.MaxElements,
			"document beyond the limits at line 1, column 150002: more than 50000 values",
		},
		{
			"attributes", func(n int) string {
				var b strings.Builder
				for i := range n {
					fmt.Fprintf(&b, `"@a%02d":0,`, i)
				}
				return "{" + b.String() + `"b":0}`
			}, xmlpatch.MaxAttributes,
			"document beyond the limits at line 1, column 578: more than 64 attributes",
		},
		{
			"name", func(n int) string { return `{"` + strings.Repeat("x", n) + `":0}` }, xmlpatch.MaxName,
			"document beyond the limits at line 1, column 2: a name of more than 256 bytes",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parseJSON(t, test.body(test.most))
			_, err := xmlpatch.ParseJSON([]byte(test.body(test.most + 1)))
			if !errors.Is(err, xmlpatch.ErrLimit) || err.Error() != test.want {
				t.Errorf("have %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestI1ErrorsDoNotShowJSON(t *testing.T) {
	for _, body := range []string{
		`{"hunter2`, `{"a":"hunter2`, `{"a":hunter2}`, `{"hunter2":1,"hunter2":1}`, `["hunter2\x"]`,
		`{"a":1}hunter2`, `"hunter2"`, `{"hunter2":` + strings.Repeat("[", 99), `{"` + strings.Repeat("hunter2", 99) + `":1}`,
	} {
		if _, err := xmlpatch.ParseJSON([]byte(body)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: have error %v", body, err)
		}
	}
	for _, err := range []error{
		parseJSON(t, `{"A":1}`).Set(xmlpatch.Path{}, "hunter2"),
		parseJSON(t, `{"A":""}`).Set(xmlpatch.Path{}, "hunter2\xff"),
		parseJSON(t, `{"A":{"hunter2":"hunter2"}}`).Set(xmlpatch.Path{}, "x"),
		parseJSON(t, `{"A":{"b":[]}}`).Append(xmlpatch.MustPath("b"), []byte(`"hunter2`)),
	} {
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("have error %v", err)
		}
	}
	doc := parseJSON(t, `{"A":"hunter2"}`)
	if have, want := fmt.Sprintf("%v %+v %#v %s", doc, doc.Root(), *doc, doc.Root()), "<A> document of 15 bytes <A> <A> document of 15 bytes <A>"; have != want {
		t.Errorf("have %s, want %s", have, want)
	}
}

func TestElementsOfJSONStayAsTheyWere(t *testing.T) {
	doc := parseJSON(t, `{"A":{"b":1}}`)
	e, _ := doc.Find(xmlpatch.MustPath("b"))
	if err := doc.Set(xmlpatch.MustPath("b"), "2"); err != nil {
		t.Fatal(err)
	}
	if again, _ := doc.Find(xmlpatch.MustPath("b")); e.Text() != "1" || again.Text() != "2" || string(e.Raw()) != "1" {
		t.Errorf("have %s and %s", e.Text(), again.Text())
	}
}
