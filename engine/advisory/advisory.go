// Package advisory judges devices by security advisories: affected, not affected, or unknown. It is pure.
//
// The facts stand in a data file, which has a version and a date. advisories.hcl comes with camform; Read takes newer ones.
//
// Rules:
//
//   - Not affected needs a definite rule: the device is of a sort that the advisory does not concern, its model is listed and its
//     firmware is beyond what is affected, or a complete list does not have it and its firmware was built after every limit.
//   - Everything else that is not affected is unknown, with the reason: a model that resembles a listed one, a version that does
//     not parse, limits that disagree, a record without versions.
//   - An advisory whose facts are unsure proves nothing: at most, a device is possibly affected, which is unknown.
//   - Builds are compared as well as versions. A model line has its own branch, so that a higher number may be older code.
//   - A service that is off is reported beside affected, and never changes a verdict.
package advisory

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Verdict is how a device stands to an advisory.
type Verdict string

// The verdicts, from the worst to the best.
const (
	Affected    Verdict = "affected"
	Unknown     Verdict = "unknown"
	NotAffected Verdict = "not affected"
)

// Verdicts are all verdicts, from the worst to the best.
var Verdicts = []Verdict{Affected, Unknown, NotAffected}

// Confidence says how well the facts of an advisory are known.
type Confidence string

// The confidences.
const (
	Confirmed Confidence = "confirmed" // the record of the advisory says so
	Likely    Confidence = "likely"    // one source says so; its lists are not taken for complete
	Unsure    Confidence = "unsure"    // not to be relied on
)

// Data are the advisories of a data file.
type Data struct {
	Version    string
	Date       time.Time // the day on which the facts were gathered; UTC
	Page       string    // URL where the vendor tells by serial number what is affected
	Advisories []*Advisory
	families   []*family
	judged     sync.Map // Device → []Finding
}

// family is a sort of devices, such as recorders.
type family struct {
	name   string
	title  string // in the plural, such as "recorders"
	models []pattern
	types  []string // what devices of the family call themselves, in lower case
}

// Service is a service of devices through which an advisory does harm.
type Service struct {
	Name  string // as advisories refer to it
	Title string // with an article, such as "the search of the vendor's tools (SADP)"

	// The setting that switches the service off, its attribute, and the value which does so. All are empty where no setting does.
	Setting, Attribute, Off string
}

// Advisory is one advisory.
type Advisory struct {
	ID         string // "CVE-2025-66177"
	Title      string
	CVSS       string // base score; empty where none is known
	Exploited  string // day since which it is known to be used by attackers, as "2022-01-10"; empty if no such use is known
	URL        string
	Confidence Confidence
	Service    *Service // nil where it needs none that is known

	families []string
	complete bool // no product is missing in the list
	products []products
}

// products are models with the versions of their firmware that are affected.
type products struct {
	models []pattern // none for every model of the families
	limits limits
}

// Device is what is known of a device, as it tells it.
type Device struct {
	Model    string // "DS-2CD2386G2-IU"; empty if unknown
	Firmware string // "V5.7.18 build 240826"
	Type     string // "IPCamera", as the device calls itself
}

// Finding is how a device stands to one advisory.
type Finding struct {
	Advisory *Advisory
	Verdict  Verdict
	Why      string // part of a sentence, for people

	// Mitigation is set where the device is affected, the advisory needs a service, and Mitigate was called.
	Mitigation Mitigation
}

// Judge says how a device stands to every advisory, in the order of the data. Devices that tell the same are judged once.
func (d *Data) Judge(device Device) []Finding {
	if known, ok := d.judged.Load(device); ok {
		return slices.Clone(known.([]Finding))
	}
	findings := d.judge(device)
	d.judged.Store(device, findings)
	return slices.Clone(findings)
}

func (d *Data) judge(device Device) []Finding {
	s := d.subject(device)
	findings := make([]Finding, len(d.Advisories))
	for i, a := range d.Advisories {
		verdict, why := a.judge(s)
		findings[i] = Finding{Advisory: a, Verdict: verdict, Why: why}
	}
	return findings
}

// IDs are the advisories of findings that have a verdict, in their order.
func IDs(findings []Finding, verdict Verdict) []string {
	var ids []string
	for _, f := range findings {
		if f.Verdict == verdict {
			ids = append(ids, f.Advisory.ID)
		}
	}
	return ids
}

// subject is what is understood of a device.
type subject struct {
	model    model
	firmware string
	version  Version // zero if the firmware does not parse
	parsed   bool
	family   *family // nil if unknown
	doubt    string  // why it is unknown
}

// subject understands a device. Its family is known where the name of its model says it, and its type does not contradict.
func (d *Data) subject(device Device) subject {
	s := subject{model: newModel(device.Model), firmware: device.Firmware}
	s.version, s.parsed = ParseVersion(device.Firmware)
	called := strings.ToLower(strings.TrimSpace(device.Type))
	var byType []*family
	for _, f := range d.families {
		if slices.Contains(f.types, called) {
			byType = append(byType, f)
		}
		if s.family == nil && s.model.of(f.models) {
			s.family = f
		}
	}
	switch {
	case s.family == nil:
		s.doubt = "camform does not know which family the model belongs to"
	case len(byType) > 0 && !slices.Contains(byType, s.family):
		s.doubt = fmt.Sprintf("the model belongs to the %s, but the device calls itself %q", s.family.title, strings.TrimSpace(device.Type))
		s.family = nil
	}
	return s
}

// judge says how a device stands to the advisory.
func (a *Advisory) judge(s subject) (Verdict, string) {
	if s.model.name == "" {
		return Unknown, "the model is not recorded"
	}
	verdict, why := a.judgeByRecord(s)
	if a.Confidence == Unsure && verdict != Unknown {
		return Unknown, a.unsure(verdict, why)
	}
	return verdict, why
}

// unsure is what remains of a verdict where the facts of the advisory are not to be relied on.
func (a *Advisory) unsure(verdict Verdict, why string) string {
	if verdict == Affected {
		return "possibly affected: " + why
	}
	return "probably not affected, but no record confirms it: " + why
}

// judgeByRecord says how a device stands to the advisory if its facts are right.
func (a *Advisory) judgeByRecord(s subject) (Verdict, string) {
	fit, named := a.named(s)
	switch {
	case fit == resembles:
		return Unknown, fmt.Sprintf("the model resembles %s, which the advisory lists", named[0].resembling(s.model))
	case fit > resembles:
		return s.against(named)
	case s.family == nil:
		return Unknown, "no list names the model, and " + s.doubt
	case !a.concerns(s.family):
		return NotAffected, "the advisory does not concern " + s.family.title
	default:
		return a.unlisted(s)
	}
}

// concerns reports whether the advisory is about devices of a family; nil is none that it is known of.
func (a *Advisory) concerns(f *family) bool { return f != nil && slices.Contains(a.families, f.name) }

// named are the products of the advisory that fit a device best, and how well they do.
func (a *Advisory) named(s subject) (fit, []products) {
	best, found := differs, []products(nil)
	for _, p := range a.products {
		fit := s.model.fits(p.models)
		if len(p.models) == 0 && a.concerns(s.family) {
			fit = belongs
		}
		if fit > best {
			best, found = fit, nil
		}
		if fit == best && fit > differs {
			found = append(found, p)
		}
	}
	return best, found
}

// against judges a device by the limits of products that name it: it is affected if it is so by any, and not affected if it is so
// by all.
func (s subject) against(named []products) (Verdict, string) {
	verdict, why := NotAffected, ""
	for _, p := range named {
		v, because := p.limits.judge(s)
		if why == "" || slices.Index(Verdicts, v) < slices.Index(Verdicts, verdict) {
			verdict, why = v, because
		}
	}
	if verdict == NotAffected && s.family == nil {
		return Unknown, why + ", but " + s.doubt
	}
	return verdict, why
}

// unlisted judges a device of a family that the advisory concerns, and whose model no list names. Versions of other model lines
// say nothing about it; dates do.
func (a *Advisory) unlisted(s subject) (Verdict, string) {
	last := 0
	for _, p := range a.products {
		build := p.limits.build()
		if build == 0 {
			last = 0
			break
		}
		last = max(last, build)
	}
	switch {
	case a.Confidence != Confirmed || !a.complete:
		return Unknown, "no list names the model, but the list may be incomplete"
	case last == 0:
		return Unknown, "no list names the model, and not every limit of the advisory has a build to compare with"
	case s.version.Build == 0:
		return Unknown, "no list names the model, and the build of its firmware is not recorded"
	case s.version.Build <= last:
		return Unknown, fmt.Sprintf("no list names the model, and build %06d is not after %06d, the last that is affected anywhere", s.version.Build, last)
	}
	return NotAffected, fmt.Sprintf("no list names the model, and build %06d is after %06d, the last that is affected anywhere", s.version.Build, last)
}
