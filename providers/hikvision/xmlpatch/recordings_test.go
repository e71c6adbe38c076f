package xmlpatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"camform/engine/thorough"
	"camform/providers/hikvision/xmlpatch"
)

// unreadable are the recorded documents that cannot be read, and where the fault is.
var unreadable = map[string]string{
	"malformed/mvarrone-postman/DS-7104NI-Q1_4P/ISAPI/ContentMgmt/search__POST-request.xml": "malformed document at line 1, column 15: attribute without =",

	"malformed/mvarrone-postman/DS-7104NI-Q1_4P/ISAPI/ContentMgmt/search/profile__GET-request.xml": "malformed document at line 1, column 15: attribute without =",

	"malformed/schmidt-gabriel-hikvision-intercom/DS-KB8113-IME1_B/ISAPI/Event/notification/alertStream__empty-document.xml": "malformed document at line 2, column 1: no root element",

	"malformed/vendor-doc_AdilHikvision-projectx/ACS-enrollers/ISAPI/System/Network/interfaces.xml": "malformed document at line 154, column 1: end tag that does not match the start tag at line 144, column 1",

	"malformed/vendor-doc_AdilHikvision-projectx/ACS-enrollers/ISAPI/System/deviceInfo.xml": "malformed document at line 499, column 150: -- within a comment",

	"malformed/vendor-doc_AdilHikvision-projectx/ACS-enrollers/ISAPI/System/deviceInfo/capabilities.xml": "malformed document at line 94, column 153: -- within a comment",
}

// recording is a recorded document.
type recording struct {
	name string // path below the recordings
	body []byte
}

// recordings returns all recorded documents, or skips the test where they are not there.
func recordings(t testing.TB) []recording {
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
		if err != nil || filepath.Ext(name) != ".xml" {
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

// readable returns the recordings that can be read.
func readable(t testing.TB) []recording {
	return slices.DeleteFunc(recordings(t), func(r recording) bool {
		_, known := unreadable[r.name]
		return known
	})
}

func TestI3RecordedDocumentsStay(t *testing.T) {
	for _, r := range readable(t) {
		doc, err := xmlpatch.Parse(r.body)
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		if !bytes.Equal(doc.Bytes(), r.body) {
			t.Errorf("%s: not the same bytes", r.name)
		}
	}
}

func TestUnreadableRecordingsAreRefused(t *testing.T) {
	found := 0
	for _, r := range recordings(t) {
		want, known := unreadable[r.name]
		if !known {
			continue
		}
		found++
		_, err := xmlpatch.Parse(r.body)
		if !errors.Is(err, xmlpatch.ErrMalformed) || err.Error() != want {
			t.Errorf("%s:\nhave %v\nwant %s", r.name, err, want)
		}
	}
	if found != len(unreadable) {
		t.Errorf("have %d of %d documents", found, len(unreadable))
	}
}

// element is what two readers must agree on.
type element struct {
	path   string // names and positions from the root
	text   string
	leaf   bool
	opt    string           // an attribute of capability documents
	source xmlpatch.Element // the element itself, where read by xmlpatch
}

// ours lists the elements of a document in document order.
func ours(doc *xmlpatch.Document) []element {
	var list []element
	var visit func(path xmlpatch.Path, e xmlpatch.Element)
	visit = func(path xmlpatch.Path, e xmlpatch.Element) {
		children := e.Children()
		opt, _ := e.Attr("opt")
		list = append(list, element{path.String(), e.Text(), len(children) == 0, opt, e})
		count := map[string]int{}
		for _, child := range children {
			count[child.Name()]++
			visit(path.Child(child.Name()).At(count[child.Name()]), child)
		}
	}
	visit(xmlpatch.Path{}, doc.Root())
	return list
}

// theirs lists the elements of a document as etree, and so encoding/xml, reads them.
func theirs(t testing.TB, body []byte) []element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(body); err != nil {
		t.Fatalf("etree: %v\n%s", err, body)
	}
	var list []element
	var visit func(path string, e *etree.Element)
	visit = func(path string, e *etree.Element) {
		var text strings.Builder
		for _, token := range e.Child {
			if data, ok := token.(*etree.CharData); ok {
				text.WriteString(data.Data)
			}
		}
		children := e.ChildElements()
		list = append(list, element{
			path: path, text: strings.Trim(text.String(), " \t\r\n"), leaf: len(children) == 0, opt: e.SelectAttrValue("opt", ""),
		})
		count := map[string]int{}
		for _, child := range children {
			count[child.Tag]++
			below := fmt.Sprintf("%s[%d]", child.Tag, count[child.Tag])
			if path != "." {
				below = path + "/" + below
			}
			visit(below, child)
		}
	}
	visit(".", doc.Root())
	return list
}

// differences lists the elements in which two lists differ.
func differences(t testing.TB, have, want []element) []int {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("have %d elements, want %d", len(have), len(want))
	}
	var list []int
	for i, h := range have {
		h.source = xmlpatch.Element{}
		w := want[i]
		w.source = xmlpatch.Element{}
		if h != w {
			list = append(list, i)
		}
	}
	return list
}

func TestRecordedTextsAreReadAsOthersReadThem(t *testing.T) {
	count := 0
	for _, r := range readable(t) {
		have, want := ours(parse(t, string(r.body))), theirs(t, r.body)
		for _, i := range differences(t, have, want) {
			t.Errorf("%s: have %v, want %v", r.name, have[i], want[i])
		}
		count += len(have)
	}
	t.Logf("%d elements", count)
}

// marker is a text whose first and last bytes are in no recorded text, so that common prefixes and suffixes of documents
// with and without it tell where it is.
const marker = "\U0001F4F7camform\U0001F4F7"

func TestI3SetTouchesNothingButTheText(t *testing.T) {
	stride := thorough.Pick(10, 1, 1)
	for _, r := range readable(t) {
		before := theirs(t, r.body)
		for i, e := range ours(parse(t, string(r.body))) {
			if !e.leaf || i%stride > 0 {
				continue
			}
			doc := parse(t, string(r.body))
			p := xmlpatch.MustPath(e.path)
			if err := doc.Set(p, marker); err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			after := doc.Bytes()
			was, is := middle(string(r.body), string(after))
			if !plausible(e, was, is) {
				t.Errorf("%s: %s: %q became %q", r.name, p, was, is)
			}
			want := slices.Clone(before)
			want[i].text = marker
			if wrong := differences(t, theirs(t, after), want); len(wrong) > 0 {
				t.Errorf("%s: %s: element %v differs", r.name, p, want[wrong[0]])
			}
			if was != e.text || e.text == "" {
				continue // what is no plain text cannot be restored by a text
			}
			if err := doc.Set(p, e.text); err != nil || !bytes.Equal(doc.Bytes(), r.body) {
				t.Errorf("%s: %s: not restored: %v", r.name, p, err)
			}
		}
	}
}

// middle returns what lies between the common prefix and the common suffix of two texts.
func middle(a, b string) (string, string) {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// plausible reports whether the bytes was have rightly become is when the text of e became the marker.
func plausible(e element, was, is string) bool {
	raw := string(e.source.Raw())
	switch {
	case strings.HasSuffix(raw, "/>"):
		return strings.TrimSpace(was) == "/" && strings.HasPrefix(is, ">"+marker+"</")
	case e.text == "":
		return is == marker+strings.TrimSpace(was) // what is left are comments
	case strings.ContainsAny(raw, "&"):
		return !strings.ContainsAny(was, "<>") && is == marker
	}
	return was == e.text && is == marker
}

func TestRecordedListsAreRestoredByRemove(t *testing.T) {
	const item = "<camform>\n<a>1</a></camform>"
	for _, r := range readable(t) {
		before := theirs(t, r.body)
		for _, e := range ours(parse(t, string(r.body))) {
			if e.leaf && (e.text != "" || strings.HasSuffix(string(e.source.Raw()), "/>") || noLineBreak(e)) {
				continue
			}
			doc := parse(t, string(r.body))
			list := xmlpatch.MustPath(e.path)
			if err := doc.Append(list, []byte(item)); err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			if have := theirs(t, doc.Bytes()); len(have) != len(before)+2 {
				t.Errorf("%s: %s: have %d elements, had %d", r.name, list, len(have), len(before))
			}
			if err := doc.Remove(list.Child("camform")); err != nil || !bytes.Equal(doc.Bytes(), r.body) {
				was, is := middle(string(r.body), string(doc.Bytes()))
				t.Errorf("%s: %s: not restored: %q became %q: %v", r.name, list, was, is, err)
			}
		}
	}
}

func noLineBreak(e element) bool { return !strings.Contains(string(e.source.Raw()), "\n") }

func TestRecordedElementsAreRestoredByRenaming(t *testing.T) {
	for _, r := range readable(t) {
		doc := parse(t, string(r.body))
		root := doc.Root().Name()
		for _, name := range []string{"camform", root} {
			if err := doc.Rename(xmlpatch.Path{}, name); err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			if have := doc.Root().Name(); have != name {
				t.Errorf("%s: have %s, want %s", r.name, have, name)
			}
		}
		if !bytes.Equal(doc.Bytes(), r.body) {
			t.Errorf("%s: not restored", r.name)
		}
	}
}
