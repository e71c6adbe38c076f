package advisory

import (
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"

	"camform/schema/nesting"
)

// builtin is the data file that comes with camform.
//
//go:embed advisories.hcl
var builtin []byte

// Builtin are the data that come with camform.
var Builtin = sync.OnceValue(func() *Data {
	data, diags := Read("advisories.hcl", builtin)
	if diags.HasErrors() {
		panic("the advisory data built into camform are wrong, which is a bug: " + diags.Error())
	}
	return data
})

// Read reads a data file. With errors there are no data: a file that is right in part would leave advisories out.
func Read(name string, text []byte) (*Data, hcl.Diagnostics) {
	if deep := nesting.Check(nesting.File, text, name, hcl.InitialPos); deep.HasErrors() {
		return nil, deep
	}
	file, diags := hclparse.NewParser().ParseHCL(text, name)
	if diags.HasErrors() {
		return nil, diags
	}
	var shape fileShape
	if diags := gohcl.DecodeBody(file.Body, nil, &shape); diags.HasErrors() {
		return nil, diags
	}
	r := reader{data: &Data{}, services: map[string]*Service{}}
	r.file(shape)
	if r.diags.HasErrors() {
		return nil, r.diags
	}
	return r.data, nil
}

// The shape of a data file, for gohcl.
type (
	fileShape struct {
		Data       dataShape       `hcl:"data,block"`
		Families   []familyShape   `hcl:"family,block"`
		Services   []serviceShape  `hcl:"service,block"`
		Advisories []advisoryShape `hcl:"advisory,block"`
	}
	dataShape struct {
		Version string   `hcl:"version"`
		Date    string   `hcl:"date"`
		Page    string   `hcl:"page"`
		Body    hcl.Body `hcl:",body"`
	}
	familyShape struct {
		Name   string   `hcl:"name,label"`
		Title  string   `hcl:"title"`
		Models []string `hcl:"models"`
		Types  []string `hcl:"types,optional"`
		Body   hcl.Body `hcl:",body"`
	}
	serviceShape struct {
		Name      string   `hcl:"name,label"`
		Title     string   `hcl:"title"`
		Setting   string   `hcl:"setting,optional"`
		Attribute string   `hcl:"attribute,optional"`
		Off       string   `hcl:"off,optional"`
		Body      hcl.Body `hcl:",body"`
	}
	advisoryShape struct {
		ID         string          `hcl:"id,label"`
		Title      string          `hcl:"title"`
		CVSS       string          `hcl:"cvss,optional"`
		Exploited  string          `hcl:"exploited,optional"`
		URL        string          `hcl:"url"`
		Confidence string          `hcl:"confidence"`
		Families   []string        `hcl:"families"`
		Complete   bool            `hcl:"complete"`
		Service    string          `hcl:"service,optional"`
		Products   []productsShape `hcl:"products,block"`
		Body       hcl.Body        `hcl:",body"`
	}
	productsShape struct {
		Models  []string `hcl:"models,optional"`
		From    string   `hcl:"gte,optional"`
		LTE     string   `hcl:"lte,optional"`
		LT      string   `hcl:"lt,optional"`
		BuildLT string   `hcl:"build_lt,optional"`
		Only    string   `hcl:"only,optional"`
		Fine    string   `hcl:"not_affected_before,optional"`
		Body    hcl.Body `hcl:",body"`
	}
)

// reader turns the shape of a file into data.
type reader struct {
	data     *Data
	services map[string]*Service
	at       hcl.Range // the block that is read
	diags    hcl.Diagnostics
}

// wrong notes what is wrong with the block that is read.
func (r *reader) wrong(format string, values ...any) {
	r.diags = append(r.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Wrong advisory data", Detail: fmt.Sprintf(format, values...), Subject: r.at.Ptr(),
	})
}

func (r *reader) file(shape fileShape) {
	r.at = shape.Data.Body.MissingItemRange()
	r.data.Version, r.data.Page = shape.Data.Version, r.url("page", shape.Data.Page)
	r.data.Date = r.day("date", shape.Data.Date)
	if r.data.Version == "" {
		r.wrong("The data have no version.")
	}
	if len(shape.Advisories) == 0 {
		r.wrong("The file has no advisory, so every device would appear to be unaffected.")
	}
	for _, f := range shape.Families {
		r.at = f.Body.MissingItemRange()
		if r.known(f.Name) {
			r.wrong("The family %q is declared twice.", f.Name)
		}
		one := &family{name: f.Name, title: f.Title, models: r.patterns(f.Models)}
		for _, t := range f.Types {
			one.types = append(one.types, strings.ToLower(t))
		}
		r.data.families = append(r.data.families, one)
	}
	for _, s := range shape.Services {
		r.service(s)
	}
	for _, a := range shape.Advisories {
		r.advisory(a)
	}
}

// known reports whether a family was declared.
func (r *reader) known(name string) bool {
	return slices.ContainsFunc(r.data.families, func(f *family) bool { return f.name == name })
}

func (r *reader) service(s serviceShape) {
	r.at = s.Body.MissingItemRange()
	if r.services[s.Name] != nil {
		r.wrong("The service %q is declared twice.", s.Name)
	}
	if given := []bool{s.Setting != "", s.Attribute != "", s.Off != ""}; slices.Contains(given, true) && slices.Contains(given, false) {
		r.wrong("setting, attribute and off belong together: set all of them or none.")
	}
	r.services[s.Name] = &Service{Name: s.Name, Title: s.Title, Setting: s.Setting, Attribute: s.Attribute, Off: s.Off}
}

func (r *reader) advisory(s advisoryShape) {
	r.at = s.Body.MissingItemRange()
	a := &Advisory{
		ID: s.ID, Title: s.Title, CVSS: s.CVSS, Exploited: s.Exploited, URL: r.url("url", s.URL),
		Confidence: Confidence(s.Confidence), Service: r.services[s.Service], families: s.Families, complete: s.Complete,
	}
	switch {
	case slices.ContainsFunc(r.data.Advisories, func(other *Advisory) bool { return other.ID == a.ID }):
		r.wrong("The advisory %q is declared twice.", a.ID)
	case !slices.Contains([]Confidence{Confirmed, Likely, Unsure}, a.Confidence):
		r.wrong("The confidence is %q; it is one of confirmed, likely, unsure.", s.Confidence)
	case s.Service != "" && a.Service == nil:
		r.wrong("There is no service %q.", s.Service)
	case len(a.families) == 0:
		r.wrong("The advisory concerns no family, so every device would appear to be unaffected.")
	}
	if a.Exploited != "" {
		r.day("exploited", a.Exploited)
	}
	for _, name := range a.families {
		if !r.known(name) {
			r.wrong("There is no family %q.", name)
		}
	}
	for _, p := range s.Products {
		r.at = p.Body.MissingItemRange()
		if len(p.Models) == 0 && a.Confidence != Unsure {
			r.wrong("Products without models mean the whole families, which only an advisory marked unsure may say.")
		}
		a.products = append(a.products, products{models: r.patterns(p.Models), limits: r.limits(p)})
	}
	r.data.Advisories = append(r.data.Advisories, a)
}

func (r *reader) limits(p productsShape) limits {
	upper := 0
	for _, text := range []string{p.LTE, p.LT, p.BuildLT, p.Only} {
		if text != "" {
			upper++
		}
	}
	if upper > 1 || upper == 0 && p.From+p.Fine != "" || p.Only != "" && p.From != "" {
		r.wrong("Products need exactly one of lte, lt, build_lt and only; gte can accompany the first three.")
	}
	l := limits{from: r.version(p.From), lte: r.version(p.LTE), lt: r.version(p.LT), only: r.version(p.Only), fine: r.version(p.Fine)}
	if p.BuildLT != "" {
		if l.buildLT = parseBuild(p.BuildLT); l.buildLT == 0 || len(p.BuildLT) != 6 {
			r.wrong("The build %q is not a date like 210625.", p.BuildLT)
		}
	}
	return l
}

// version reads the version of a limit; nil if there is none. Its build must be a date.
func (r *reader) version(text string) *Version {
	if text == "" {
		return nil
	}
	v, ok := ParseVersion(text)
	if !ok || strings.Contains(text, "build") != (v.Build > 0) {
		r.wrong("The version %q is not written like V5.4.0 build 160530.", text)
	}
	return &v
}

func (r *reader) patterns(texts []string) []pattern {
	var all []pattern
	for _, text := range texts {
		p, err := parsePattern(text)
		if err != nil {
			r.wrong("%s.", err)
		}
		all = append(all, p)
	}
	return all
}

func (r *reader) day(name, text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		r.wrong("%s is %q; write a day like 2026-07-09.", name, text)
	}
	return day
}

// url takes an address of the web, which a report shows.
func (r *reader) url(name, text string) string {
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" {
		r.wrong("%s is %q; write an address that begins with https.", name, text)
	}
	return text
}
