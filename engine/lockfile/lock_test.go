package lockfile

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"camform/engine/live"
	"camform/providers"
	"camform/schema"
)

func snapshot(name, firmware, text string) *live.Snapshot {
	return &live.Snapshot{
		Device:   schema.Device{Name: "gate", Key: name, Each: true},
		Identity: providers.Identity{Model: "M", Firmware: firmware},
		Documents: providers.Documents{
			"/a": {Path: "/a", Body: []byte(text)},
			"/b": {Path: "/b", Missing: "403 notSupport"},
		},
	}
}

func asIs(docs providers.Documents) providers.Documents { return docs }

func locked(snapshots ...*live.Snapshot) *File {
	l := New()
	for _, s := range snapshots {
		l.Set(s, asIs)
	}
	return l
}

func TestALockComesBackAsItWas(t *testing.T) {
	l := locked(snapshot("b", "1", "<a>&amp;</a>"), snapshot("a", "1", "<a>&amp;</a>"))
	text := l.Encode()
	if again := locked(snapshot("a", "1", "<a>&amp;</a>"), snapshot("b", "1", "<a>&amp;</a>")).Encode(); !bytes.Equal(text, again) {
		t.Errorf("the order of reading shows:\n%s\n%s", text, again)
	}
	if n := bytes.Count(text, []byte("<a>&amp;</a>")); n != 1 {
		t.Errorf("devices that can do the same must share an entry:\n%s", text)
	}
	back, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Encode(), text) || back.Len() != 2 {
		t.Errorf("another lock came back:\n%s", back.Encode())
	}
	docs := back.Documents(schema.Device{Name: "gate", Key: "a", Each: true})
	if string(docs["/a"].Body) != "<a>&amp;</a>" || docs["/b"].Missing != "403 notSupport" || docs["/b"].Body != nil {
		t.Errorf("documents %+v", docs)
	}
}

func TestOnlyWhatIsUsedIsWritten(t *testing.T) {
	l := locked(snapshot("a", "1", "<old/>"))
	l.Set(snapshot("a", "2", "<new/>"), asIs)
	if text := string(l.Encode()); strings.Contains(text, "<old/>") || !strings.Contains(text, "<new/>") {
		t.Errorf("an ability that no device has any more stays:\n%s", text)
	}
	l.Keep(nil)
	if l.Len() != 0 || strings.Contains(string(l.Encode()), "<new/>") {
		t.Errorf("a device that is dropped stays:\n%s", l.Encode())
	}
}

func TestChangesSayWhatIsNews(t *testing.T) {
	old := locked(snapshot("firmware", "1", "<a/>"), snapshot("ability", "1", "<a/>"), snapshot("gone", "1", "<a/>"), snapshot("same", "1", "<a/>"))
	now := locked(snapshot("firmware", "2", "<a/>"), snapshot("ability", "1", "<b/>"), snapshot("new", "", "<a/>"), snapshot("same", "1", "<a/>"))
	gate := func(key string) schema.Device { return schema.Device{Name: "gate", Key: key, Each: true} }
	want := []Change{
		{gate("ability"), "has different abilities than before"},
		{gate("firmware"), "was M 1, is M 2"},
		{gate("gone"), "gone"},
		{gate("new"), "new, M unknown firmware"},
	}
	if got := now.Changes(old); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsNoLockIsRefused(t *testing.T) {
	good := string(locked(snapshot("a", "1", "<a/>")).Encode())
	for title, text := range map[string]string{
		"empty":              "",
		"not JSON":           "hello",
		"another version":    strings.Replace(good, `"version": 1`, `"version": 2`, 1),
		"an unknown member":  strings.Replace(good, `"version"`, `"verson"`, 1),
		"no address":         strings.Replace(good, `device.gate`, `gate`, 1),
		"an ability is gone": strings.Replace(good, `"ability": "`, `"ability": "0`, 1),
	} {
		if text == good {
			t.Fatalf("%s: the text was not changed", title)
		}
		if _, err := Decode([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", title, err)
		}
	}
}
