package xmlpatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"camform/providers/hikvision/xmlpatch"
)

const accesses = `<AdminAccessProtocolList xmlns="http://www.isapi.org/ver20/XMLSchema">
<AdminAccessProtocol><id>1</id><enabled> true </enabled><protocol>HTTP</protocol><portNo>80</portNo></AdminAccessProtocol>
<p:AdminAccessProtocol xmlns:p="urn:psialliance-org"><p:id>2</p:id><p:protocol>
HTTPS</p:protocol><p:portNo>443</p:portNo></p:AdminAccessProtocol>
<AdminAccessProtocol><id>4</id><enabled>true</enabled><protocol>RTSP</protocol><portNo>554</portNo>
<Extensions><level>1</level><level>2</level><protocol>R&amp;D]</protocol></Extensions></AdminAccessProtocol>
</AdminAccessProtocolList>`

// texts joins the names and texts of elements.
func texts(elements []xmlpatch.Element) string {
	var list []string
	for _, e := range elements {
		list = append(list, e.Name()+"="+e.Text())
	}
	return strings.Join(list, " ")
}

func TestPathsChooseByNameTextAndPosition(t *testing.T) {
	tests := []struct{ path, want string }{
		{"", "AdminAccessProtocolList="},
		{".", "AdminAccessProtocolList="},
		{"AdminAccessProtocol/portNo", "portNo=80 portNo=443 portNo=554"},
		{"AdminAccessProtocol[protocol=HTTPS]/portNo", "portNo=443"},
		{"AdminAccessProtocol[protocol=https]/portNo", ""},
		{"AdminAccessProtocol[enabled=true]/id", "id=1 id=4"},
		{"AdminAccessProtocol[enabled=true][2]/id", "id=4"},
		{"AdminAccessProtocol[enabled=true][3]/id", ""},
		{"AdminAccessProtocol[enabled=true][id=4]/id", "id=4"},
		{"AdminAccessProtocol[1]/id", "id=1"},
		{"AdminAccessProtocol[2]/id", "id=2"},
		{"AdminAccessProtocol/id[1]", "id=1 id=2 id=4"},
		{"AdminAccessProtocol[Extensions/level=2]/id", "id=4"},
		{"AdminAccessProtocol[Extensions/level=3]/id", ""},
		{"AdminAccessProtocol[Extensions[level=2]/level=1]/id", "id=4"},
		{`AdminAccessProtocol[Extensions/protocol="R&D]"]/id`, "id=4"},
		{"AdminAccessProtocol/id[.=2]", "id=2"},
		{"AdminAccessProtocol/Extensions/level", "level=1 level=2"},
		{"AdminAccessProtocol[Extensions=]/id", "id=4"},
		{"AdminAccessProtocol[enabled=]/id", ""},
		{"AdminAccessProtocolList", ""},
		{"portNo", ""},
	}
	doc := parse(t, accesses)
	for _, test := range tests {
		p := xmlpatch.MustPath(test.path)
		all := doc.All(p)
		if have := texts(all); have != test.want {
			t.Errorf("All(%s): have %q, want %q", test.path, have, test.want)
		}
		first, ok := doc.Find(p)
		if ok != (len(all) > 0) || ok && first != all[0] {
			t.Errorf("Find(%s): have %q, %t; want the first of %q", test.path, first.Raw(), ok, test.want)
		}
	}
}

func TestPathsGoOnFromElements(t *testing.T) {
	entry, ok := parse(t, accesses).Find(xmlpatch.MustPath("AdminAccessProtocol[protocol=RTSP]"))
	if !ok {
		t.Fatal("no RTSP")
	}
	if have := texts(entry.All(xmlpatch.MustPath("Extensions/level"))); have != "level=1 level=2" {
		t.Errorf("All: have %s", have)
	}
	if port, _ := entry.Find(xmlpatch.MustPath("portNo")); port.Text() != "554" {
		t.Errorf("Find: have %q", port.Text())
	}
}

func TestSuffixesAreFoundAtAnyDepth(t *testing.T) {
	const caps = `<Cap><a><b>1</b><x><a><b>2</b><b>3</b></a></x></a><b>4</b><y><b>5</b><c><b>6</b></c></y></Cap>`
	tests := []struct{ path, want string }{
		{"", "Cap="},
		{"b", "b=1"},
		{"b[2]", "b=3"},
		{"b[.=4]", "b=4"},
		{"x/a/b", "b=2"},
		{"a/x/a/b[2]", "b=3"},
		{"a[b=3]/b", "b=2"},
		{"c/b", "b=6"},
		{"y/b", "b=5"},
		{"Cap/b", "b=4"},
		{"Cap", "Cap="},
		{"Cap[1]/b", "b=4"},
		{"Cap[2]/b", ""},
		{"x/b", ""},
		{"Cap/Cap", ""},
	}
	doc := parse(t, caps)
	for _, test := range tests {
		e, ok := doc.FindSuffix(xmlpatch.MustPath(test.path))
		if !ok && test.want != "" || ok && texts([]xmlpatch.Element{e}) != test.want {
			t.Errorf("%s: have %q, %t, want %q", test.path, e.Raw(), ok, test.want)
		}
	}
}

func TestPathsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, s := range []string{
		".", "a", "a/b/c", "a[2]", "a[b=c]", "a[b=]", "a[b/c=d e]/f[3]", "a[b=c][d=e][1]", "a[.=x]", "a[b[c=d]/e=f]",
		`a[b="]"]`, `a[b="\""]`, `a[b="\\"]`, `a[b="\n"]`, `a[b="["]`, "a[b=c/d]", "a[b=c=d]", "Größe[b=东]", "a-1.b_",
	} {
		p, err := xmlpatch.ParsePath(s)
		if err != nil {
			t.Errorf("ParsePath(%s): %v", s, err)
		}
		if p.String() != s {
			t.Errorf("have %s, want %s", p, s)
		}
	}
}

func TestUnreadablePathsSayWhy(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/a", `"" is not a local name`},
		{"a/", `"" is not a local name`},
		{"a//b", `"" is not a local name`},
		{"a/.", `"." is not a local name`},
		{"a b", `"a b" is not a local name`},
		{"p:a", `"p:a" is not a local name`},
		{"1", `"1" is not a local name`},
		{"a\xff", `"a\xff" is not a local name`},
		{"a]", `unexpected "]"`},
		{"a=b", `unexpected "=b"`},
		{"a[", "missing ="},
		{"a[]", `"" is not a local name`},
		{"a[b]", "missing ="},
		{"a[b=c", "missing ]"},
		{"a[1", "missing ]"},
		{"a[1x=2]", "missing ]"},
		{"a[0]", "positions count from 1"},
		{"a[99999999999999999999]", "positions count from 1"},
		{"a[1][2]", "a position comes last"},
		{"a[1][b=c]", "a position comes last"},
		{`a[b="c]`, "unfinished quotation"},
		{`a[b="c"d]`, "missing ]"},
		{"a[b=c]d", `unexpected "d"`},
		{"../a", `unexpected "./a"`},
		{strings.Repeat("a", xmlpatch.MaxName+1), `"` + strings.Repeat("a", 40) + `" is not a local name`},
	}
	for _, test := range tests {
		p, err := xmlpatch.ParsePath(test.path)
		want := fmt.Sprintf("invalid element path %q: %s", test.path, test.want)
		if !errors.Is(err, xmlpatch.ErrPath) || err.Error() != want || !p.IsRoot() {
			t.Errorf("ParsePath(%s):\nhave %s, %v\nwant %s", test.path, p, err, want)
		}
	}
}

func TestPathsAreBuiltWithoutQuoting(t *testing.T) {
	user := xmlpatch.MustPath("User")
	named := user.Where(xmlpatch.MustPath("userName"), `a]"\`).At(2)
	var zero xmlpatch.Path
	tests := []struct {
		have xmlpatch.Path
		want string
	}{
		{zero, "."},
		{zero.Join(user), "User"},
		{user.Join(zero), "User"},
		{named, `User[userName="a]\"\\"][2]`},
		{named.Child("id"), `User[userName="a]\"\\"][2]/id`},
		{named.Child("id").Parent(), named.String()},
		{named.Parent(), "."},
		{zero.Parent(), "."},
		{user.Where(zero, "x").Where(zero, "y"), "User[.=x][.=y]"},
		{user, "User"},
	}
	for _, test := range tests {
		if test.have.String() != test.want {
			t.Errorf("have %s, want %s", test.have, test.want)
		}
	}
	if named.Name() != "User" || zero.Name() != "" || !zero.IsRoot() || user.IsRoot() {
		t.Errorf("have names %q, %q", named.Name(), zero.Name())
	}
}

func TestPathsBuiltFromTheSameOneAreIndependent(t *testing.T) {
	base := xmlpatch.MustPath("a/b[x=1][x=2]/c").Parent().Where(xmlpatch.MustPath("k"), "1") // three keys leave room for a fourth
	left, right := base.Child("left"), base.Child("right")
	one, two := base.Where(xmlpatch.MustPath("k"), "2"), base.Where(xmlpatch.MustPath("k"), "3")
	have := fmt.Sprint(base, left, right, one, two, base.Parent().Child("x"), base.At(1))
	want := strings.ReplaceAll("B B/left B/right B[k=2] B[k=3] a/x B[1]", "B", "a/b[x=1][x=2][k=1]")
	if have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

func TestMisuseOfPathsPanics(t *testing.T) {
	var zero xmlpatch.Path
	for name, misuse := range map[string]func(){
		"unreadable path":      func() { xmlpatch.MustPath("a//b") },
		"name with prefix":     func() { zero.Child("p:a") },
		"empty name":           func() { zero.Child("") },
		"restriction of root":  func() { zero.Where(xmlpatch.MustPath("a"), "b") },
		"position of the root": func() { zero.At(1) },
		"position 0":           func() { xmlpatch.MustPath("a").At(0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}

// What is chosen by a text in any case includes what is chosen by that text, and not the reverse.
func TestPathsCoverWhatTheyInclude(t *testing.T) {
	for _, tc := range []struct {
		p, q string
		want bool
	}{
		{"A/B[k=X]/c", "A/B/c", true},
		{"A/B[k=X]/c", "A/B[k=X]", true},
		{"A/B[k=X]/c", "A/B[k~=x]/c", true},
		{"A/B[k~=X]/c", "A/B[k~=x]/c", true},
		{"A/B[k=X][l=1]/c", "A/B[k~=x]/c", true},
		{"A/B[k~=X]/c", "A/B[k=X]/c", false},
		{"A/B[k=x]/c", "A/B[k=X]/c", false},
		{"A/B[k=Y]/c", "A/B[k~=x]/c", false},
		{"A/B[l=X]/c", "A/B[k~=x]/c", false},
		{"A/B/c", "A/B[k~=x]/c", false},
		{"A/B[2]/c", "A/B[2]/c", true},
		{"A/B[1]/c", "A/B[2]/c", false},
		{"A/C/c", "A/B/c", false},
	} {
		if have := xmlpatch.MustPath(tc.p).Covers(xmlpatch.MustPath(tc.q)); have != tc.want {
			t.Errorf("%s covers %s: %t", tc.p, tc.q, have)
		}
	}
}
