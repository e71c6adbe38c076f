package schema_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
	"camform/schema/nesting"
)

// kind is a setting file with one kind that is right; mistakes are made by replacing parts of it.
const kind = `setting "pets" {
  summary    = "Pets"
  source     = "made up"
  confidence = "likely"
  phase      = "login"
  document {
    path = "/pets"
    root = "Pets"
  }
  attribute "name" {
    type    = string
    doc     = "Its name."
    element = "petName"
  }
}
`

func read(files map[string]string) (*schema.Kinds, hcl.Diagnostics) { return readWith(nil, files) }

func readWith(check schema.Checker, files map[string]string) (*schema.Kinds, hcl.Diagnostics) {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return schema.Read(check, schema.Folder{Files: fsys})
}

func lines(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s | %s\n", d.Subject, d.Summary, d.Detail)
	}
	return b.String()
}

func TestSettingFilesBecomeKinds(t *testing.T) {
	kinds, diags := read(map[string]string{"b.hcl": kind, "notes.txt": "not hcl {", "sub/c.hcl": "neither {", "a.hcl": `setting "port" {
  summary    = "Ports"
  doc        = "\nWhat it is.\n\n"
  source     = "guide"
  confidence = "confirmed"
  keyed      = true
  keys       = ["A", "B"]
  key_doc    = "Name."
  phase      = "access"
  risk       = "lockout"
  reboot     = "maybe"
  drops_sessions = true
  hooks      = "ports"
  document {
    path         = "/ports"
    root         = "Ports"
    capabilities = ["/ports/cap", "/cap"]
  }
  item {
    element = "Port"
    key     = "name"
  }
  attribute "number" {
    type     = number
    doc      = "Number."
    element  = "no"
    elements = ["also"]
    codec    = "number"
    min      = 1
    max      = 9
    unit     = "minutes"
    required = true
    example  = "3"
  }
  attribute "tags" {
    type    = set(string)
    doc     = "Tags."
    element = "tag"
    values  = ["x", "y"]
    map     = { x = "ex" }
  }
  attribute "pin" {
    type       = string
    doc        = "Pin."
    element    = "pin"
    write_only = true
  }
  attribute "word" {
    type    = string
    doc     = "Word."
    element = "word"
    secret  = true
  }
}`})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	if diff := cmp.Diff([]string{"pets", "port"}, kinds.Names()); diff != "" {
		t.Error(diff)
	}
	one, nine := int64(1), int64(9)
	want := &schema.Kind{
		Name: "port", Summary: "Ports", Doc: "What it is.", Source: "guide", Confidence: schema.Confirmed,
		Keyed: true, Keys: []string{"A", "B"}, KeyDoc: "Name.",
		Document: schema.Document{Path: "/ports", Root: "Ports", Capabilities: []string{"/ports/cap", "/cap"}},
		Item:     &schema.Item{Element: "Port", Key: "name"},
		Phase:    schema.PhaseAccess, Risk: schema.RiskLockout, Reboot: schema.RebootMaybe, Drops: true, Hooks: "ports",
		Attributes: []*schema.Attribute{
			{
				Name: "number", Type: cty.Number, Doc: "Number.", Elements: []string{"no", "also"}, Codec: "number", Min: &one, Max: &nine,
				Unit: "minutes", Required: true, Example: "3",
			},
			{
				Name: "tags", Type: cty.Set(cty.String), Doc: "Tags.", Elements: []string{"tag"}, Codec: "text",
				Values: []string{"x", "y"}, Map: map[string]string{"x": "ex"},
			},
			{Name: "pin", Type: cty.String, Doc: "Pin.", Elements: []string{"pin"}, Codec: "text", Secret: true, WriteOnly: true},
			{Name: "word", Type: cty.String, Doc: "Word.", Elements: []string{"word"}, Codec: "text", Secret: true},
		},
	}
	ignore := cmp.Options{cmpopts.IgnoreTypes(hcl.Range{}, schema.Places{}), cmp.Comparer(func(a, b cty.Type) bool { return a.Equals(b) })}
	if diff := cmp.Diff(want, kinds.Lookup("port"), ignore); diff != "" {
		t.Error(diff)
	}
	pets := kinds.Lookup("pets")
	if pets.Risk != schema.RiskNone || pets.Reboot != schema.RebootNever || pets.Keyed || pets.Item != nil {
		t.Errorf("what is left out must be harmless: %+v", pets)
	}
	if got := pets.Range.String(); got != "b.hcl:1,1-15" {
		t.Errorf("the kind is declared at %s", got)
	}
	if got := pets.Attributes[0].Range.String(); got != "b.hcl:10,3-19" {
		t.Errorf("the attribute is declared at %s", got)
	}
}

func TestMistakesInSettingFilesAreNamed(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"syntax", `phase      = "login"`, `phase      =`, "pets.hcl:5,15-6,1: Invalid expression | Expected the start of an expression, but found an invalid expression token.\n"},
		{"unknown argument", `phase      = "login"`, "phase = \"login\"\n  fase = 1", "pets.hcl:6,3-7: Unsupported argument"},
		{"missing argument", `  source     = "made up"` + "\n", "", "pets.hcl:1,16-16: Missing required argument"},
		{"reserved name", `"pets"`, `"login"`, `pets.hcl:1,1-16: Name of a kind not possible | "login" must be lower case with underscores, and must not be a word that devices and profiles already use.`},
		{"upper case name", `"pets"`, `"Pets"`, `pets.hcl:1,1-15: Name of a kind not possible`},
		{"phase", `"login"`, `"later"`, `pets.hcl:5,16-23: Unknown phase | "later" is not one of clock, accounts, services, login, access, filter.`},
		{"risk", `phase `, "risk = \"some\"\n  phase ", `pets.hcl:5,10-16: Unknown risk | "some" is not one of none, service, login, lockout.`},
		{"reboot", `phase `, "reboot = \"always\"\n  phase ", `pets.hcl:5,12-20: Unknown reboot behaviour | "always" is not one of never, maybe, yes.`},
		{"confidence", `"likely"`, `"sure"`, `pets.hcl:4,16-22: Unknown confidence | "sure" is not one of confirmed, likely, unsure.`},
		{"path", `"/pets"`, `"pets"`, `pets.hcl:7,12-18: Document incomplete`},
		{"root", `root = "Pets"`, `root = ""`, `pets.hcl:8,12-14: Document incomplete`},
		{"keyed without item", `phase `, "keyed = true\n  phase ", `pets.hcl:1,1-15: Item of a keyed kind incomplete`},
		{"keyed with equals", `phase `, "keyed = true\n  item {\n element = \"a\"\n key = \"b\"\n equals = \"c\"\n}\n  phase ", `pets.hcl:6,3-7: Item of a keyed kind incomplete`},
		{"key without equals", `phase `, "item {\n element = \"a\"\n key = \"b\"\n}\n  phase ", `pets.hcl:5,3-7: Item incomplete`},
		{"any case without key", `phase `, "item {\n element = \"a\"\n any_case = true\n}\n  phase ", `pets.hcl:7,13-17: Item incomplete`},
		{"words in one case", `phase `, "item {\n element = \"a\"\n key = \"b\"\n equals = \"c\"\n words = { c = [\"d\"] }\n}\n  phase ", `pets.hcl:9,10-23: Words of items not possible`},
		{"words for nothing", `phase `, "item {\n element = \"a\"\n key = \"b\"\n equals = \"c\"\n any_case = true\n words = { e = [\"d\"] }\n}\n  phase ", `pets.hcl:10,10-23: Words of items not possible`},
		{"equals without key", `phase `, "item {\n element = \"a\"\n equals = \"b\"\n}\n  phase ", `pets.hcl:5,3-7: Item incomplete`},
		{"keys without keyed", `phase `, "keys = [\"a\"]\n  phase ", `pets.hcl:5,10-15: Keys of a kind without key`},
		{"name of the device", `phase `, "device_name = \"nam\"\n  phase ", `pets.hcl:5,17-22: Name of devices not possible | device_name must name a string attribute that is not secret, of a kind that a device has once.`},
		{"secret name", `element = "petName"`, "element = \"petName\"\n secret = true\n }\n device_name = \"name\"\n attribute \"other\" {\n type = string\n doc = \"x\"\n element = \"y\"", `pets.hcl:16,16-22: Name of devices not possible`},
		{"no attributes", kind[strings.Index(kind, "  attribute"):strings.LastIndex(kind, "}")], "", `pets.hcl:1,1-15: Kind without attributes`},
		{"attribute twice", "  attribute \"name\"", "  attribute \"name\" {\n type = string\n doc = \"x\"\n element = \"y\"\n }\n  attribute \"name\"", `pets.hcl:15,3-19: Attribute declared twice | The attribute "name" is already declared above.`},
		{"attribute name", `attribute "name"`, `attribute "Name"`, `pets.hcl:10,3-19: Name of an attribute not possible`},
		{"no element", `    element = "petName"` + "\n", "", `pets.hcl:10,3-19: Attribute without an element`},
		{"type not known", `= string`, `= text`, `pets.hcl:11,15-19: Invalid type specification`},
		{"type not possible", `= string`, `= map(string)`, `pets.hcl:11,15-26: Type of an attribute not possible`},
		{"list of numbers", `= string`, `= list(number)`, `pets.hcl:11,15-27: Type of an attribute not possible`},
		{"any", `= string`, `= any`, `pets.hcl:11,15-18: Type of an attribute not possible`},
		{"bounds", `element = "petName"`, "element = \"petName\"\n min = 3\n max = 2", `pets.hcl:14,8-9: Bounds the wrong way round | min of "name" is greater than max.`},
		{"implied text", `element = "petName"`, "element = \"petName\"\n implied_by = \"age\"", `pets.hcl:14,15-20: Only a switch can be implied | implied_by is for booleans, which "name" is not.`},
		{"network of a number", `element = "petName"`, "element = \"petName\"\n in_network_of = \"age\"", `pets.hcl:14,18-23: Network of nothing | in_network_of is for strings; that of "name" must name a string that is declared above it, not "age".`},
		{"implied by nothing", `= string`, "= bool\n implied_by = \"age\"", `pets.hcl:12,15-20: Implied by nothing | implied_by of "name" must name an attribute that is declared above it, not "age".`},
		{"example of a secret", `element = "petName"`, "element = \"petName\"\n write_only = true\n example = \"x\"", `pets.hcl:15,12-15: Example of a secret | "name" is secret and must not have an example value.`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(kind, tc.old, tc.new, 1)
			if text == kind {
				t.Fatalf("%q is not in the file", tc.old)
			}
			kinds, diags := read(map[string]string{"pets.hcl": text, "good.hcl": strings.Replace(kind, "pets", "good", 1)})
			if got := lines(diags); !strings.HasPrefix(got, tc.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if names := kinds.Names(); len(names) != 1 || names[0] != "good" {
				t.Errorf("a mistake in one file must cost its own kind only, left are %v", names)
			}
		})
	}
}

func TestAKindSaysWhereADeviceTellsAnAddress(t *testing.T) {
	sees := func(path, elements string) string {
		return strings.Replace(kind, "document", fmt.Sprintf("sees {\n path = %q\n elements = %s\n}\n  document", path, elements), 1)
	}
	kinds, diags := read(map[string]string{"pets.hcl": sees("/seen", `["v4", "v6"]`)})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	if diff := cmp.Diff(&schema.Sees{Path: "/seen", Elements: []string{"v4", "v6"}}, kinds.Lookup("pets").Sees); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		sees("seen", `["v4"]`): `pets.hcl:7,9-15: Sees block not possible | The path "seen" must begin with a slash.`,
		sees("/seen", `[]`):    `pets.hcl:8,13-15: Sees block not possible | elements must name the elements that hold an address.`,
		sees("/seen", `[""]`):  `pets.hcl:8,13-17: Sees block not possible | elements must name the elements that hold an address.`,
	} {
		kinds, diags := read(map[string]string{"pets.hcl": text})
		if got := lines(diags); got != want+"\n" || len(kinds.Names()) != 0 {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

// works is kind with a block that says how it is seen to work.
func works(path, element, values, wait string) string {
	block := fmt.Sprintf("works {\n path = %q\n element = %q\n values = %s\n wait = %q\n}\n  document", path, element, values, wait)
	return strings.Replace(kind, "document", block, 1)
}

const keyed = "keyed = true\n  item {\n element = \"Pet\"\n key = \"id\"\n}\n  phase "

func TestAKindSaysHowItIsSeenToWork(t *testing.T) {
	once := works("/state", "alive", `["yes", "sure"]`, "1s")
	each := strings.Replace(works("/pets/{key}/state", "alive", `["yes"]`, "5m"), "phase ", keyed, 1)
	kinds, diags := read(map[string]string{"a.hcl": once, "b.hcl": strings.Replace(each, `"pets"`, `"herd"`, 1), "c.hcl": strings.Replace(kind, `"pets"`, `"none"`, 1)})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	want := &schema.Works{Path: "/state", Element: "alive", Values: []string{"yes", "sure"}, Wait: time.Second}
	if diff := cmp.Diff(want, kinds.Lookup("pets").Works); diff != "" {
		t.Error(diff)
	}
	herd := kinds.Lookup("herd").Works
	if herd.Wait != 5*time.Minute || herd.PathFor("rex") != "/pets/rex/state" {
		t.Errorf("%+v, of rex at %s", herd, herd.PathFor("rex"))
	}
	if kinds.Lookup("none").Works != nil {
		t.Error("a kind that does not say so cannot be seen to work")
	}
}

func TestMistakesInHowAKindWorksAreNamed(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"path", works("state", "alive", `["yes"]`, "9s"), `pets.hcl:7,9-16: The path "state" must begin with a slash.`},
		{"hole of one that is not keyed", works("/{key}", "alive", `["yes"]`, "9s"), `pets.hcl:7,9-17: {key} is for keyed kinds only.`},
		{"no hole", strings.Replace(works("/state", "alive", `["yes"]`, "9s"), "phase ", keyed, 1), `pets.hcl:12,9-17: The path of a keyed kind needs {key} once, for the label.`},
		{"two holes", strings.Replace(works("/{key}/{key}", "alive", `["yes"]`, "9s"), "phase ", keyed, 1), `pets.hcl:12,9-23: The path of a keyed kind needs {key} once, for the label.`},
		{"element", works("/state", "", `["yes"]`, "9s"), `pets.hcl:8,12-14: element must name the element to look at.`},
		{"values", works("/state", "alive", `[]`, "9s"), `pets.hcl:9,11-13: values must list the texts that the element has when everything works.`},
		{"empty value", works("/state", "alive", `[""]`, "9s"), `pets.hcl:9,11-15: values must list the texts that the element has when everything works.`},
		{"no time", works("/state", "alive", `["yes"]`, "soon"), `pets.hcl:10,9-15: wait must be a time from "1s" to "5m".`},
		{"too short", works("/state", "alive", `["yes"]`, "999ms"), `pets.hcl:10,9-16: wait must be a time from "1s" to "5m".`},
		{"too long", works("/state", "alive", `["yes"]`, "5m1s"), `pets.hcl:10,9-15: wait must be a time from "1s" to "5m".`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			kinds, diags := read(map[string]string{"pets.hcl": tc.text})
			if got, want := lines(diags), strings.Replace(tc.want, ": ", ": Works block not possible | ", 1)+"\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if len(kinds.Names()) != 0 {
				t.Error("the kind is taken")
			}
		})
	}
}

func TestAKindSaysWhichWayToANewPasswordItPrepares(t *testing.T) {
	prepares := func(way, by string) string {
		return strings.Replace(kind, "document", fmt.Sprintf("prepares %q {\n by = %q\n }\n attribute \"all\" {\n type = set(string)\n doc = \"x\"\n element = \"a\"\n}\n attribute \"key\" {\n type = set(string)\n doc = \"x\"\n element = \"k\"\n secret = true\n}\n  document", way, by), 1)
	}
	kinds, diags := read(map[string]string{"a.hcl": prepares("letter", "all"), "b.hcl": strings.Replace(kind, `"pets"`, `"none"`, 1)})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	if all := kinds.Preparing(); len(all) != 1 || all[0].Name != "pets" || *all[0].Prepares != (schema.Prepares{Way: "letter", By: "all"}) {
		t.Errorf("prepared by %v", all)
	}
	own, _ := schema.Read(nil, schema.Folder{Files: fstest.MapFS{"a.hcl": {Data: []byte(prepares("letter", "all"))}}, Own: true})
	if own.Lookup("pets") == nil || len(own.Preparing()) > 0 {
		t.Error("a user's own kind makes devices look prepared")
	}
	for text, want := range map[string]string{
		prepares("A letter", "all"):                                    "The label must be lower case with underscores.",
		prepares("letter", "none"):                                     "by must name an attribute that is a list or a set, and not secret.",
		prepares("letter", "key"):                                      "by must name an attribute that is a list or a set, and not secret.",
		strings.Replace(prepares("letter", "all"), "phase ", keyed, 1): "prepares is for a kind that a device has once.",
	} {
		if _, diags := read(map[string]string{"pets.hcl": text}); !strings.Contains(lines(diags), "Prepares block not possible | "+want) {
			t.Errorf("want %s\n%s", want, lines(diags))
		}
	}
}

func TestAKindIsDeclaredOnce(t *testing.T) {
	kinds, diags := read(map[string]string{"a.hcl": kind, "b.hcl": strings.Replace(kind, `"Pets"`, `"Others"`, 1)})
	want := "b.hcl:1,1-15: Kind declared twice | The kind \"pets\" is already declared in a.hcl:1,1-15.\n"
	if got := lines(diags); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := kinds.Lookup("pets").Summary; got != "Pets" {
		t.Errorf("the first declaration must win, not %q", got)
	}
}

func TestTheHashFollowsTheFiles(t *testing.T) {
	hash := func(files map[string]string) string {
		kinds, _ := read(files)
		return kinds.Hash()
	}
	first := hash(map[string]string{"a.hcl": kind})
	if len(first) != 64 || first != hash(map[string]string{"a.hcl": kind}) {
		t.Errorf("the hash %q must be the same for the same files", first)
	}
	if first == hash(map[string]string{"a.hcl": kind + "\n"}) || first == hash(map[string]string{"b.hcl": kind}) {
		t.Error("the hash must follow names and contents")
	}
	if got := schema.NewKinds().Hash(); got != "" {
		t.Errorf("kinds that come from no file have the hash %q", got)
	}
}

func TestKindsAreFoundByName(t *testing.T) {
	b, a := &schema.Kind{Name: "b"}, &schema.Kind{Name: "a", Attributes: []*schema.Attribute{{Name: "x", Type: cty.Bool}}}
	kinds := schema.NewKinds(b, a)
	if all := kinds.All(); len(all) != 2 || all[0] != a || all[1] != b {
		t.Errorf("All is %v", all)
	}
	if kinds.Lookup("c") != nil || kinds.Lookup("a") != a {
		t.Error("Lookup must find what there is, and nothing else")
	}
	if a.Attribute("x") != a.Attributes[0] || a.Attribute("y") != nil {
		t.Error("Attribute must find what there is, and nothing else")
	}
	if want := cty.Object(map[string]cty.Type{"x": cty.Bool}); !a.Type().Equals(want) || !a.Null().RawEquals(cty.NullVal(want)) {
		t.Errorf("the type is %#v", a.Type())
	}
}

func TestSlipsOfTheKeyboardAreRecognised(t *testing.T) {
	candidates := []string{"https", "ip_filter", "time", "qos", "plan", "ipv6_address"}
	for name, want := range map[string]string{
		"htps": "https", "ipfilter": "ip_filter", "tiem": "time", "tmie": "time", "certificate": "", "x": "", "osd": "", "scan": "", "paln": "plan",
		"ipv4_address": "", "ipv6_adress": "ipv6_address",
	} {
		if got := schema.Nearest(name, candidates); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSecretsKeepTheirOrigin(t *testing.T) {
	password := schema.MarkSecret(cty.StringVal("canary"), "env:PASSWORD")
	other := schema.MarkSecret(cty.StringVal("canary"), "var.other")
	if !schema.IsSecret(password) || schema.Origin(password) != "env:PASSWORD" {
		t.Error("a marked value must know its origin")
	}
	if plain := cty.StringVal("x"); schema.IsSecret(plain) || schema.Origin(plain) != "" || schema.IsSecret(plain.Mark("other mark")) {
		t.Error("other values are no secrets")
	}
	if mixed := password.WithMarks(other.Marks()); !schema.IsSecret(mixed) || schema.Origin(mixed) != "" {
		t.Error("a value of two origins has none that yields it")
	}
	if scheme, rest := schema.OriginScheme("file:a:b"); scheme != "file" || rest != "a:b" {
		t.Errorf("file:a:b is split into %q and %q", scheme, rest)
	}
	if scheme, rest := schema.OriginScheme("var.other"); scheme != "" || rest != "" {
		t.Errorf("var.other is split into %q and %q", scheme, rest)
	}
}

func TestASettingFileThatIsNestedTooDeepIsRefused(t *testing.T) {
	text := `setting "deep" { summary = ` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + " }\n"
	_, diags := schema.Read(nil, schema.Folder{Name: "schemas", Own: true, Files: fstest.MapFS{"deep.hcl": {Data: []byte(text)}}})
	if len(diags) != 1 || diags[0].Summary != nesting.Summary || diags[0].Subject.Filename != "schemas/deep.hcl" {
		t.Errorf("%v", diags)
	}
}

func TestAKindSaysWhereADeviceListsSessions(t *testing.T) {
	sessions := func(path, account string) string {
		return strings.Replace(kind, "document", fmt.Sprintf("sessions {\n path = %q\n account = %q\n address = \"from\"\n since = \"at\"\n}\n  document", path, account), 1)
	}
	kinds, diags := read(map[string]string{"pets.hcl": sessions("/online", "who")})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	if diff := cmp.Diff(&schema.Sessions{Path: "/online", Account: "who", Address: "from", Since: "at"}, kinds.Lookup("pets").Sessions); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		sessions("online", "who"): `Sessions block not possible | The path "online" must begin with a slash.`,
		sessions("/online", ""):   `Sessions block not possible | account, address and since must each name an element.`,
	} {
		if kinds, diags := read(map[string]string{"pets.hcl": text}); !strings.Contains(lines(diags), want) || len(kinds.Names()) != 0 {
			t.Errorf("got %s, want %s", lines(diags), want)
		}
	}
}

func TestAKindSaysWhereADeviceTellsItsClock(t *testing.T) {
	clock := func(path string) string {
		return strings.Replace(kind, "document", fmt.Sprintf("clock {\n path = %q\n}\n  document", path), 1)
	}
	kinds, diags := read(map[string]string{"pets.hcl": clock("/clock")})
	if all := kinds.OfClock(); diags.HasErrors() || len(all) != 1 || *all[0].Clock != (schema.Clock{Path: "/clock"}) {
		t.Errorf("kinds %v: %s", all, lines(diags))
	}
	kinds, diags = read(map[string]string{"pets.hcl": clock("clock")})
	if got, want := lines(diags), `pets.hcl:7,9-16: Clock block not possible | The path "clock" must begin with a slash.`+"\n"; got != want || len(kinds.Names()) != 0 {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
