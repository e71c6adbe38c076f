package xmlpatch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"camform/providers/hikvision/xmlpatch"
)

// jsonValue is a value as encoding/json reads it. A list of them in document order is a document.
type jsonValue struct {
	depth int
	name  string // of a member
	form  byte   // { [ " 0 t n
	text  string
}

// standardValues lists the values of a document.
func standardValues(body []byte) ([]jsonValue, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimRight(bytes.TrimPrefix(body, []byte("\ufeff")), "\x00 \t\r\n")))
	d.UseNumber()
	var list []jsonValue
	var read func(depth int, name string) error
	read = func(depth int, name string) error {
		token, err := d.Token()
		if err != nil {
			return err
		}
		v := jsonValue{depth: depth, name: name}
		switch token := token.(type) {
		case json.Delim:
			v.form = byte(token)
		case string:
			v.form, v.text = '"', token
		case json.Number:
			v.form, v.text = '0', token.String()
		case bool:
			v.form, v.text = 't', strconv.FormatBool(token)
		case nil:
			v.form = 'n'
		}
		list = append(list, v)
		if v.form != '{' && v.form != '[' {
			return nil
		}
		for d.More() {
			name := ""
			if v.form == '{' {
				token, err := d.Token()
				if err != nil {
					return err
				}
				name = token.(string)
			}
			if err := read(depth+1, name); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	}
	if err := read(0, ""); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than a value")
	}
	return list, nil
}

// size counts the values in list that values[i] consists of.
func size(list []jsonValue, i int) int {
	n := 1
	for i+n < len(list) && list[i+n].depth > list[i].depth {
		n++
	}
	return n
}

// partsOf lists the positions in list of what is in list[i].
func partsOf(list []jsonValue, i int) []int {
	var parts []int
	for j := i + 1; j < i+size(list, i); j += size(list, j) {
		parts = append(parts, j)
	}
	return parts
}

// jsonElement is what two readers must agree on.
type jsonElement struct{ name, text, attributes string }

// standardElements lists the elements that ParseJSON promises for values, and which of the values each of them is.
func standardElements(values []jsonValue) (elements []jsonElement, at []int) {
	var visit func(i int, name string)
	visit = func(i int, name string) {
		this := len(elements)
		elements, at = append(elements, jsonElement{name: name, text: values[i].text}), append(at, i)
		for _, j := range partsOf(values, i) {
			part := values[j]
			attribute, isAttribute := strings.CutPrefix(part.name, "@")
			switch {
			case values[i].form == '[':
				visit(j, name)
			case isAttribute:
				texts := []string{part.text}
				if part.form == '[' {
					texts = nil
					for _, entry := range partsOf(values, j) {
						texts = append(texts, values[entry].text)
					}
				}
				elements[this].attributes += attribute + "=" + strings.Join(texts, ",") + ";"
			case part.form == '[':
				for _, entry := range partsOf(values, j) {
					visit(entry, part.name)
				}
			default:
				visit(j, part.name)
			}
		}
	}
	top := partsOf(values, 0)
	if values[0].form == '{' && len(top) == 1 {
		if only := values[top[0]]; only.form != '[' && only.name != "" && only.name[0] != '@' {
			visit(top[0], only.name)
			return elements, at
		}
	}
	visit(0, "")
	return elements, at
}

// jsonElements lists the elements of a document in document order, as standardElements does, with the paths to them; no
// path leads to some names.
func jsonElements(doc *xmlpatch.Document, attributes []string) (list []jsonElement, paths []xmlpatch.Path) {
	var visit func(path xmlpatch.Path, addressable bool, e xmlpatch.Element)
	visit = func(path xmlpatch.Path, addressable bool, e xmlpatch.Element) {
		this := jsonElement{name: e.Name(), text: e.Text()}
		for _, name := range attributes {
			if value, ok := e.Attr(name); ok {
				this.attributes += name + "=" + value + ";"
			}
		}
		if list = append(list, this); addressable {
			paths = append(paths, path)
		}
		count := map[string]int{}
		for _, child := range e.Children() {
			count[child.Name()]++
			if addressable && isPathName(child.Name()) {
				visit(path.Child(child.Name()).At(count[child.Name()]), true, child)
			} else {
				visit(path, false, child)
			}
		}
	}
	visit(xmlpatch.Path{}, true, doc.Root())
	return list, paths
}

// report is what *testing.T and *rapid.T have in common.
type report interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// attributeNames are those of values, in document order.
func attributeNames(values []jsonValue) []string {
	var names []string
	for _, v := range values {
		if name, ok := strings.CutPrefix(v.name, "@"); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// checkReading compares what ParseJSON reads with what encoding/json reads.
func checkReading(t report, body []byte) (*xmlpatch.Document, []jsonValue) {
	t.Helper()
	values, standardErr := standardValues(body)
	doc, err := xmlpatch.ParseJSON(body)
	if err != nil {
		if !errors.Is(err, xmlpatch.ErrMalformed) && !errors.Is(err, xmlpatch.ErrLimit) {
			t.Errorf("error of no family: %v", err)
		}
		return nil, nil
	}
	if standardErr != nil {
		t.Fatalf("%q: encoding/json does not read it: %v", body, standardErr)
	}
	if !bytes.Equal(doc.Bytes(), body) {
		t.Errorf("have %q, want %q", doc.Bytes(), body)
	}
	names := attributeNames(values)
	have, _ := jsonElements(doc, names)
	want, _ := standardElements(values)
	for i := range want {
		want[i].attributes = sorted(want[i].attributes)
	}
	for i := range have {
		have[i].attributes = sorted(have[i].attributes)
	}
	if !slices.Equal(have, want) {
		t.Errorf("%q:\nhave %q\nwant %q", body, have, want)
	}
	return doc, values
}

// sorted makes lists of attributes comparable.
func sorted(attributes string) string {
	list := strings.Split(attributes, ";")
	slices.Sort(list)
	return strings.Join(list, ";")
}

// target is an element of a document, and which of its values it is.
type target struct {
	path xmlpatch.Path
	at   int
}

// targets lists the elements that paths lead to.
func targets(doc *xmlpatch.Document, values []jsonValue) []target {
	elements, paths := jsonElements(doc, nil)
	_, at := standardElements(values)
	if len(elements) != len(paths) {
		return nil // not worth to find out which of them
	}
	list := make([]target, len(paths))
	for i, p := range paths {
		list[i] = target{p, at[i]}
	}
	return list
}

// checkValues compares what encoding/json reads of doc with want.
func checkValues(t report, doc *xmlpatch.Document, want []jsonValue, edit string, args ...any) {
	t.Helper()
	have, err := standardValues(doc.Bytes())
	if err != nil || !slices.Equal(have, want) {
		t.Fatalf("%s: have %q, %v", fmt.Sprintf(edit, args...), doc.Bytes(), err)
	}
}

// checkBytes compares doc with body.
func checkBytes(t report, doc *xmlpatch.Document, body []byte, edit string, args ...any) {
	t.Helper()
	if !bytes.Equal(doc.Bytes(), body) {
		t.Fatalf("%s: have %q, want %q", fmt.Sprintf(edit, args...), doc.Bytes(), body)
	}
}

// isWritable reports whether a text can be in place of a value.
func isWritable(form byte, text string) bool {
	switch form {
	case '{', '[':
		return false
	case 't':
		return text == "true" || text == "false"
	case '0':
		return json.Valid([]byte(text)) && strings.Trim(text, " \t\r\n") == text && strings.ContainsAny(text[:1], "-0123456789")
	}
	return utf8.ValidString(text)
}

// checkSet sets a text and takes it back.
func checkSet(t report, body []byte, index uint, text string) {
	t.Helper()
	doc, values := checkReading(t, body)
	if doc == nil {
		return
	}
	all := targets(doc, values)
	if len(all) == 0 {
		return
	}
	this := all[index%uint(len(all))]
	v := values[this.at]
	err := doc.Set(this.path, text)
	if same := v.text == text && v.form != '{' && v.form != '['; same || err != nil {
		checkBytes(t, doc, body, "%q, %s = %q: %v", body, this.path, text, err)
		if (err == nil) != (same || isWritable(v.form, text)) {
			t.Fatalf("%q, %s = %q: %v", body, this.path, text, err)
		}
		return
	}
	want := slices.Clone(values)
	want[this.at].text = text
	if v.form == 'n' {
		want[this.at].form = '"'
	}
	checkValues(t, doc, want, "%q, %s = %q", body, this.path, text)
	if e, _ := doc.Find(this.path); e.Text() != text || !isWritable(v.form, text) {
		t.Fatalf("%q, %s = %q: have the text %q", body, this.path, text, e.Text())
	}
	if err := doc.Set(this.path, v.text); err != nil {
		t.Fatalf("%q, %s = %q: %v", body, this.path, v.text, err)
	}
	if want[this.at].text = v.text; v.form == 'n' {
		return
	}
	checkValues(t, doc, want, "%q, %s = %q and back", body, this.path, text)
	if v.form != '"' || !bytes.ContainsRune(body, '\\') {
		checkBytes(t, doc, body, "%q, %s = %q and back", body, this.path, text)
	}
}

// checkInsert inserts a member behind others and removes it.
func checkInsert(t report, body []byte, index, after uint, text string) {
	t.Helper()
	doc, values := checkReading(t, body)
	if doc == nil {
		return
	}
	all := targets(doc, values)
	if len(all) == 0 {
		return
	}
	parent := all[index%uint(len(all))]
	parts := partsOf(values, parent.at)
	var names []string
	behind := parent.at + size(values, parent.at)
	if len(parts) > 0 {
		neighbour := parts[after%uint(len(parts))]
		names = []string{values[neighbour].name}
		behind = neighbour + size(values, neighbour)
	}
	p := parent.path.Child("camform")
	err := doc.Insert(p, text, names...)
	if values[parent.at].form != '{' || !utf8.ValidString(text) || parent.at == 0 && len(parts) == 0 {
		if err == nil {
			t.Fatalf("%q, %s: no error", body, p)
		}
		checkBytes(t, doc, body, "%q, %s: %v", body, p, err)
		return
	}
	if errors.Is(err, xmlpatch.ErrLimit) || errors.Is(err, xmlpatch.ErrExists) || parent.at == 0 && errors.Is(err, xmlpatch.ErrMalformed) {
		checkBytes(t, doc, body, "%q, %s: %v", body, p, err)
		return
	}
	if err != nil {
		t.Fatalf("%q, %s: %v", body, p, err)
	}
	if e, _ := doc.Find(p); e.Text() != text {
		t.Fatalf("%q, %s = %q: have the text %q", body, p, text, e.Text())
	}
	have, _ := standardValues(doc.Bytes())
	added := jsonValue{values[parent.at].depth + 1, "camform", '"', text}
	if slices.ContainsFunc(have, func(v jsonValue) bool { return v.name == "camform" && v.form != '"' }) {
		if added.form = '0'; text == "true" || text == "false" {
			added.form = 't'
		}
	}
	checkValues(t, doc, slices.Insert(slices.Clone(values), behind, added), "%q, %s behind %q", body, p, names)
	if err := doc.Remove(p); err != nil {
		t.Fatalf("%q, %s removed: %v", body, p, err)
	}
	if checkValues(t, doc, values, "%q, %s removed", body, p); len(parts) > 0 || !isBlankBetween(body, "{}") {
		checkBytes(t, doc, body, "%q, %s behind %q and removed", body, p, names)
	}
}

// isBlankBetween reports whether there is an empty pair of brackets with white space in it.
func isBlankBetween(body []byte, brackets string) bool {
	for rest := body; ; {
		i := bytes.IndexByte(rest, brackets[0])
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
		if inner := bytes.TrimLeft(rest, " \t\r\n"); len(inner) < len(rest) && bytes.HasPrefix(inner, []byte(brackets[1:])) {
			return true
		}
	}
}

// list is an array of a document that paths lead to.
type list struct {
	path, entries xmlpatch.Path // to the array, and to what is in it
	at            int           // its position among the values
}

// lists lists the arrays of a document that an item can be appended to and removed from by path.
func lists(doc *xmlpatch.Document, values []jsonValue) []list {
	var arrays []list
	for _, e := range targets(doc, values) {
		if values[e.at].form == '[' && !e.path.IsRoot() {
			arrays = append(arrays, list{e.path, e.path.Child(e.path.Name()), e.at})
		}
		for _, j := range partsOf(values, e.at) {
			if member := values[j]; member.form == '[' && isPathName(member.name) {
				arrays = append(arrays, list{e.path.Child(member.name), e.path.Child(member.name), j})
			}
		}
	}
	return arrays
}

// isPathName reports whether paths lead to elements of that name.
func isPathName(name string) bool {
	p, err := xmlpatch.ParsePath(name)
	return err == nil && !p.IsRoot() && p.Name() == name
}

// checkAppend appends an item to an array and removes it.
func checkAppend(t report, body []byte, index uint, item []byte) {
	t.Helper()
	doc, values := checkReading(t, body)
	if doc == nil {
		return
	}
	all := lists(doc, values)
	if len(all) == 0 {
		return
	}
	array := all[index%uint(len(all))]
	added, standardErr := standardValues(item)
	if err := doc.Append(array.path, item); err != nil {
		checkBytes(t, doc, body, "%q, %s + %q: %v", body, array.path, item, err)
		if _, wrong := xmlpatch.ParseJSON(slices.Concat([]byte("["), item, []byte("]"))); wrong == nil && standardErr == nil && !errors.Is(err, xmlpatch.ErrLimit) {
			t.Fatalf("%q, %s + %q: %v", body, array.path, item, err)
		}
		return
	}
	if standardErr != nil {
		t.Fatalf("%q, %s: took the item %q: %v", body, array.path, item, standardErr)
	}
	for i := range added {
		added[i].depth += values[array.at].depth + 1
	}
	want := slices.Insert(slices.Clone(values), array.at+size(values, array.at), added...)
	checkValues(t, doc, want, "%q, %s + %q", body, array.path, item)
	count := len(partsOf(values, array.at))
	entry := array.entries.At(count + 1)
	if e, _ := doc.Find(entry); !bytes.Equal(e.Raw(), bytes.Trim(item, " \t\r\n")) {
		t.Fatalf("%q, %s + %q: have %q", body, array.path, item, e.Raw())
	}
	if err := doc.Remove(entry); err != nil {
		t.Fatalf("%q, %s removed: %v", body, entry, err)
	}
	if checkValues(t, doc, values, "%q, %s + %q and removed", body, array.path, item); count > 0 || !isBlankBetween(body, "[]") {
		checkBytes(t, doc, body, "%q, %s + %q and removed", body, array.path, item)
	}
}

// checkRemove removes an element.
func checkRemove(t report, body []byte, index uint) {
	t.Helper()
	doc, values := checkReading(t, body)
	if doc == nil {
		return
	}
	all := targets(doc, values)
	if len(all) == 0 {
		return
	}
	this := all[index%uint(len(all))]
	name := doc.Root().Name()
	if err := doc.Remove(this.path); err != nil {
		checkBytes(t, doc, body, "%q, %s: %v", body, this.path, err)
		if !errors.Is(err, xmlpatch.ErrMalformed) || !this.path.IsRoot() && (name != "" || len(partsOf(values, 0)) != 2) {
			t.Fatalf("%q, %s: %v", body, this.path, err)
		}
		return
	}
	checkValues(t, doc, slices.Delete(slices.Clone(values), this.at, this.at+size(values, this.at)), "%q, %s", body, this.path)
	if doc.Root().Name() != name {
		t.Fatalf("%q, %s: the root is another: %q", body, this.path, doc.Bytes())
	}
}

// jsonCorpus holds small documents with what devices and attackers put into them.
var jsonCorpus = []string{
	certificates,
	"\ufeff{ \"A\" : {\r\n\t\"b\":[ 1.50 , -2e3,\"3\" ,null,true ],\r\n\t\"c\": { } , \"d\":[ ]\r\n}}\r\n\x00",
	`{"Cap":{"b":{"@opt":["x","y"],"@min":1,"c":[{},{"d":[[1,2],[],[3]]}]}}}`,
	`{"a":1,"b":{"c":""},"d":[{"a":1},{"a":"1"}]}`,
	`[{"a":[1]},[2,[]],"x"]`,
	`{"HDStatus":[{"hdNo":2,"status":0}]}`,
	`{"A":"\"\\\/\b\f\n\r\t\u00e4\ud83d\udcf7\u0000 <&>'"}`,
	`{"a b":{"":1},"":2}`,
	`{}`,
	`[]`,
	`{"A":{"b":1,"b":2}}`,
	`{"A":"\ud83d"}`,
	`[01]`,
	`{"a":1}{}`,
}

func FuzzParseJSON(f *testing.F) {
	for _, body := range jsonCorpus {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if doc, _ := checkReading(t, body); doc == nil && json.Valid(body) && !isRefusedButValid(body) {
			_, err := xmlpatch.ParseJSON(body)
			t.Errorf("%q: %v", body, err)
		}
	})
}

// isRefusedButValid reports whether a document that encoding/json reads is to be refused.
func isRefusedButValid(body []byte) bool {
	if first := bytes.TrimLeft(body, " \t\r\n"); first[0] != '{' && first[0] != '[' || !utf8.Valid(body) {
		return true
	}
	_, err := xmlpatch.ParseJSON(body)
	values, _ := standardValues(body)
	for i := range values {
		seen := map[string]bool{}
		for _, j := range partsOf(values, i) {
			if values[i].form == '{' && seen[values[j].name] {
				return true
			}
			seen[values[j].name] = true
		}
	}
	halves := slices.ContainsFunc(values, func(v jsonValue) bool { return strings.Contains(v.text+v.name, "\ufffd") })
	return halves || errors.Is(err, xmlpatch.ErrLimit)
}

func FuzzSetJSON(f *testing.F) {
	for i, body := range jsonCorpus {
		for j, text := range []string{"7", "true", "", "\"\\\x00\x1f\u2028ä/", "\xff", "1e3"} {
			f.Add([]byte(body), uint(i+j), text)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, index uint, text string) { checkSet(t, body, index, text) })
}

func FuzzInsertJSON(f *testing.F) {
	for i, body := range jsonCorpus {
		for j, text := range []string{"7", "true", "", "x"} {
			f.Add([]byte(body), uint(i+j), uint(j), text)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, index, after uint, text string) {
		checkInsert(t, body, index, after, text)
	})
}

func FuzzAppendJSON(f *testing.F) {
	for i, body := range jsonCorpus {
		f.Add([]byte(body), uint(i), []byte(" {\"x\": [1]}\n"))
		f.Add([]byte(body), uint(i+1), []byte("1,2"))
	}
	f.Fuzz(func(t *testing.T, body []byte, index uint, item []byte) { checkAppend(t, body, index, item) })
}

func TestRandomJSONIsEditedInPlace(t *testing.T) {
	checks := map[string]func(t *rapid.T, body []byte){
		"set": func(t *rapid.T, body []byte) { checkSet(t, body, anyIndex(t), anyText().Draw(t, "text")) },
		"insert": func(t *rapid.T, body []byte) {
			checkInsert(t, body, anyIndex(t), anyIndex(t), anyText().Draw(t, "text"))
		},
		"append": func(t *rapid.T, body []byte) { checkAppend(t, body, anyIndex(t), []byte(anyJSON(t, 3))) },
		"remove": func(t *rapid.T, body []byte) { checkRemove(t, body, anyIndex(t)) },
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				body := []byte(`{"A":` + anyJSON(t, 1) + "}")
				if rapid.IntRange(0, 3).Draw(t, "root") == 0 {
					body = []byte(anyJSON(t, 0))
				}
				if !json.Valid(body) {
					t.Fatalf("the test wrote %q", body)
				}
				check(t, body)
			})
		})
	}
}

func anyIndex(t *rapid.T) uint { return rapid.UintRange(0, 1000).Draw(t, "index") }

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "true", "false", "null", "0", "-1.5", "1e3", "x", " y\n"}), rapid.String())
}

// anyJSON writes a value, in which there are no more than a few levels, with white space at random.
func anyJSON(t *rapid.T, depth int) string {
	blank := func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r\n  "}).Draw(t, "blank") }
	write := func(open, closing string, part func() string) string {
		var parts []string
		for range rapid.IntRange(0, 4-min(depth, 2)).Draw(t, "parts") {
			parts = append(parts, blank()+part()+blank())
		}
		if len(parts) == 0 {
			return open + blank() + closing
		}
		return open + strings.Join(parts, ",") + closing
	}
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	switch {
	case depth < 5 && (kind < 2 || depth == 1 && kind < 5):
		names := rapid.Permutation([]string{"a", "b", "c-d", "e.f", "@opt", "@min", "_"}).Draw(t, "names")
		return write("{", "}", func() string {
			name := names[0]
			names = names[1:]
			return `"` + name + `"` + blank() + ":" + blank() + anyJSON(t, depth+1)
		})
	case depth == 0 || depth < 5 && kind == 2:
		return write("[", "]", func() string { return anyJSON(t, depth+1) })
	case kind < 5:
		written, _ := json.Marshal(anyText().Draw(t, "string"))
		return string(written)
	}
	return rapid.SampledFrom([]string{"true", "false", "null", "0", "-12", "1.50", "2E+7"}).Draw(t, "literal")
}

func TestI3RecordedJSONStays(t *testing.T) {
	count := 0
	for _, r := range recordedJSON(t) {
		doc, values := checkReading(t, r.body)
		if doc == nil {
			_, err := xmlpatch.ParseJSON(r.body)
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		count++
		for i := range targets(doc, values) {
			for _, text := range []string{marker, "7", "true"} {
				checkSet(t, r.body, uint(i), text)
				checkInsert(t, r.body, uint(i), uint(i), text)
			}
			checkAppend(t, r.body, uint(i), []byte(`{"camform": 1}`))
			checkRemove(t, r.body, uint(i))
		}
	}
	if count == 0 {
		t.Error("no recorded JSON")
	}
}

// recordedJSON returns all recorded JSON documents, or skips the test where they are not there.
func recordedJSON(t testing.TB) []recording {
	t.Helper()
	dir := os.Getenv("CAMFORM_RECORDINGS")
	if dir == "" {
		dir = filepath.FromSlash("../../../../shared/recordings")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recorded device answers (set CAMFORM_RECORDINGS): %v", err)
	}
	var list []recording
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".json" {
			return err
		}
		body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		list = append(list, recording{name, body})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
