package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

// hinting is a kind with a list that may lack items, and a hint with some lines.
func hinting(lines string) string {
	return strings.Replace(kind, "  attribute", `  keyed = true
  item {
    element = "Pet"
    key     = "id"
    alone   = "/pets/{key}"
    word    = "sort"
    channel = "room"
    hint {
      source  = "made up"
      paths   = ["/rooms", "/rooms/{channel}"]
      element = "Room"
`+lines+`
    }
  }
  attribute`, 1)
}

func TestAKindSaysWhereADeviceTellsWhatItsListLacks(t *testing.T) {
	kinds, diags := read(map[string]string{"pets.hcl": hinting("flags = \"has{word}\"\nkeys = { Cat = \"tom-{channel}\", Dog = \"\" }")})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	item := kinds.Lookup("pets").Item
	want := &schema.Hint{
		Source: "made up", Paths: []string{"/rooms", "/rooms/{channel}"}, Element: "Room", Flags: "has{word}", Keys: map[string]string{"Cat": "tom-{channel}", "Dog": ""},
	}
	if diff := cmp.Diff([]*schema.Hint{want}, item.Hints); diff != "" || item.Word != "sort" || item.Channel != "room" {
		t.Errorf("%q %q %s", item.Word, item.Channel, diff)
	}
	for text, want := range map[string]string{
		hinting(""):                                  "Hint not possible | A hint has exactly one of words, flags and names.",
		hinting("flags = \"has\""):                   "Hint not possible | Each form of flags and names contains {word} once.",
		hinting("names = \"{word}Cap|Cap\""):         "Hint not possible | Each form of flags and names contains {word} once.",
		hinting("words = \"sort\""):                  "Hint not possible | words belong to a channel, which channel must name.",
		hinting("words = \"a\"\nflags = \"{word}\""): "Hint not possible | A hint has exactly one of words, flags and names.",
		strings.Replace(hinting("flags = \"{word}\""), "    alone   = \"/pets/{key}\"\n", "", 1): "Hint not possible | " +
			"A hint is about items that are missing from their list: alone must say where they are, and word and channel what the list says about the items that it has.",
		strings.Replace(hinting("flags = \"{word}\""), `"/rooms", `, `"rooms", `, 1):          "Hint not possible | paths must list URI paths, which begin with a slash.",
		strings.Replace(hinting("flags = \"{word}\""), `element = "Room"`, `element = ""`, 1): "Hint not possible | element must name the element to look at.",
	} {
		kinds, diags := read(map[string]string{"pets.hcl": text})
		if got := lines(diags); !strings.Contains(got, ": "+want+"\n") || len(kinds.Names()) != 0 {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestAWordOfADeviceStandsForAnItem(t *testing.T) {
	table := map[string]string{"Cat": "tom-{channel}", "Dog": ""}
	flags, words := &schema.Hint{Flags: "has{word}", Keys: table}, &schema.Hint{Words: "sorts", Keys: table}
	names := &schema.Hint{Names: "{word}TriggerCap|{word}Cap"}
	for _, test := range []struct {
		hint      *schema.Hint
		word, key string
		known     bool
	}{
		{flags, "Cat", "tom-{channel}", true},
		{flags, "CAT", "tom-{channel}", true},
		{flags, "Dog", "", true},
		{flags, "Cow", "", false},
		{words, "cat", "tom-{channel}", true},
		{words, "cow", "cow-{channel}", true},
		{names, "Cow", "", false},
	} {
		if key, known := test.hint.KeyOf(test.word); key != test.key || known != test.known {
			t.Errorf("%s stands for %q, %t", test.word, key, known)
		}
	}
	for _, test := range []struct {
		hint       *schema.Hint
		name, word string
	}{
		{flags, "hasCat", "Cat"}, {flags, "has", ""}, {flags, "isCat", ""}, {names, "CatTriggerCap", "Cat"}, {names, "CatCap", "Cat"}, {names, "Cap", ""}, {words, "Cat", ""},
	} {
		if word := test.hint.WordIn(test.name); word != test.word {
			t.Errorf("the word in %s is %q", test.name, word)
		}
	}
}
