package render

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/plan"
)

func pageOf(t testing.TB, p *plan.Plan) string {
	t.Helper()
	page := Page{Command: "camform plan"}
	page.Plan(p, testKinds(), "sha256:1", []string{"Nobody has to sign it."})
	var out bytes.Buffer
	if err := page.Write(&out, Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The page has every device once among the fleet, those first that need somebody: what is not known, and then the greatest risk.
func TestAPageHasTheWholeFleetAndTheWorstFirst(t *testing.T) {
	text := pageOf(t, scattered(t, 200))
	_, fleet, _ := strings.Cut(text, "Every device")
	var names, risks []string
	for _, row := range regexp.MustCompile(`<tr( class="unread")?><td>([^<]*)</td>(?:<td>[^<]*</td>){4}<td>(?:\d+ \(risk: (\w+)\))?</td><td>([^<]*)</td></tr>`).FindAllStringSubmatch(fleet, -1) {
		names = append(names, row[2])
		if (row[1] != "") != strings.HasPrefix(row[4], "not read") {
			t.Errorf("%s: %q is marked wrongly", row[2], row[4])
		}
		if row[1] != "" {
			row[3] = "not known"
		}
		risks = append(risks, row[3])
	}
	if got := len(slices.Compact(slices.Sorted(slices.Values(names)))); got != 200 || len(names) != 200 {
		t.Errorf("%d devices in %d rows, want 200", got, len(names))
	}
	if got := strings.Join(slices.Compact(risks), ", "); got != "not known, lockout" {
		t.Errorf("the fleet comes in the order %s", got)
	}
	var order []string
	for _, found := range regexp.MustCompile(`<span class="risk (\w+)">`).FindAllStringSubmatch(text, -1) {
		order = append(order, found[1])
	}
	if want := []string{"lockout", "login"}; !slices.Equal(order, want) {
		t.Errorf("risks in the order %v, want %v", order, want)
	}
}

// What devices and strangers say is text on a page, whatever it looks like.
func TestNothingLeavesItsPlaceOnAPage(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	skeleton := func(text string) string { return strings.Join(tags.FindAllString(text, -1), "") }
	with := func(name string) string {
		d := plan.Device{Address: gate(name)}
		d.Identity.Model, d.Identity.Firmware, d.Access.URL = name, name, name
		https := httpsUpdate(t, d.Address)
		https.After = object(t, "https", vals{"enabled": cty.True, "min_tls": cty.StringVal(name)})
		d.Steps = []plan.Step{https}
		return pageOf(t, newPlan(d))
	}
	plain := skeleton(with("x"))
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringOf(rapid.SampledFrom([]rune("<>&\"'/ a=`{}\x00\u202e"))).Draw(r, "name")
		if got := skeleton(with("x" + name)); got != plain {
			r.Errorf("%q changes the page:\n%s\nwant\n%s", name, got, plain)
		}
	})
}

// A page without a plan says why there is none.
func TestAPageOfAFailureSaysWhy(t *testing.T) {
	page := Page{Command: "camform plan", From: Provenance{Made: time.Unix(0, 0)}}
	page.Failed("the state <cannot> be read")
	var out bytes.Buffer
	if err := page.Write(&out, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>camform plan failed</h1>", "the state &lt;cannot&gt; be read", "1970-01-01"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}
