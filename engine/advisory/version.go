package advisory

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Version is a version of firmware.
type Version struct {
	Number [3]int
	Patch  int // behind a dash, as in "V2.3.8-6"; -1 where there is none
	Build  int // a date as YYMMDD; 0 where there is none
}

// versionText finds a version at the start of a text, and one build or the same build twice behind it.
var versionText = regexp.MustCompile(`(?i)^V?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-(\d{1,6}))?(?:(?:[ _,]+|[ _,]*build[ _]*)(\d{6}))?(?:[ _,]*build[ _]*(\d{6}))?$`)

// ParseVersion reads what devices and advisories call a version, such as "V5.7.18 build 240826", "V5.5.6build 180326" or
// "V2.3.8-6". It is false for everything else, also where more follows than it understands. A build that is no date, such as
// 000000, is none.
func ParseVersion(text string) (Version, bool) {
	found := versionText.FindStringSubmatch(strings.TrimSpace(text))
	if found == nil || found[6] != "" && found[6] != found[5] {
		return Version{}, false
	}
	v := Version{Patch: -1, Build: parseBuild(found[5])}
	for i := range v.Number {
		v.Number[i], _ = strconv.Atoi(found[i+1]) // a few digits
	}
	if found[4] != "" {
		v.Patch, _ = strconv.Atoi(found[4])
	}
	return v, true
}

// parseBuild reads a date as YYMMDD. It is 0 for what is none: firmware of this century is older than 2070.
func parseBuild(text string) int {
	n, err := strconv.Atoi(text)
	if year, month, day := n/10000, n/100%100, n%100; err != nil || year >= 70 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0
	}
	return n
}

func (v Version) String() string {
	text := fmt.Sprintf("V%d.%d.%d", v.Number[0], v.Number[1], v.Number[2])
	if v.Patch >= 0 {
		text += "-" + strconv.Itoa(v.Patch)
	}
	if v.Build > 0 {
		text += fmt.Sprintf(" build %06d", v.Build)
	}
	return text
}

// order is how a version stands to another one.
type order int

const (
	unclear order = iota
	earlier
	same
	later
)

func orderOf(sign int) order { return order(sign + int(same)) }

// to is how the version stands to a limit. Where the limit has a build, version and build must agree: a higher version that was
// built on the same day or before is of another branch.
func (v Version) to(limit Version) order {
	byNumber := slices.Compare(v.Number[:], limit.Number[:])
	if byNumber == 0 && v.Patch != limit.Patch {
		if v.Patch < 0 || limit.Patch < 0 {
			return unclear
		}
		byNumber = cmp.Compare(v.Patch, limit.Patch)
	}
	if limit.Build == 0 {
		return orderOf(byNumber)
	}
	byBuild := cmp.Compare(v.Build, limit.Build)
	switch {
	case v.Build == 0, byNumber < 0 && byBuild > 0, byNumber > 0 && byBuild <= 0:
		return unclear
	case byNumber == 0:
		return orderOf(byBuild)
	}
	return orderOf(byNumber)
}

// limits say which versions of products are affected. The zero value says nothing.
type limits struct {
	from    *Version // the first that is affected; nothing is said of earlier ones
	lte, lt *Version // the last that is affected, or the first that is not
	buildLT int      // the first build that is not
	only    *Version // the one that is affected; nothing is said of others
	fine    *Version // versions before this one are not affected
}

// build is the build after which nothing is affected, 0 where none is known.
func (l limits) build() int {
	for _, v := range []*Version{l.lte, l.lt} {
		if v != nil {
			return v.Build
		}
	}
	return l.buildLT
}

// judge says how the firmware of a device stands to the limits.
func (l limits) judge(s subject) (Verdict, string) {
	if l == (limits{}) {
		return Unknown, "the advisory does not say which versions are affected"
	}
	if !s.parsed {
		return Unknown, fmt.Sprintf("camform cannot compare the version %q", s.firmware)
	}
	if l.fine != nil && (Version{Number: s.version.Number, Patch: -1}).to(*l.fine) == earlier {
		return NotAffected, fmt.Sprintf("%s is before %s, and such versions are not affected", s.version, l.fine)
	}
	if l.only != nil {
		if s.version.to(*l.only) == same {
			return Affected, fmt.Sprintf("%s is the affected version", s.version)
		}
		return Unknown, fmt.Sprintf("the advisory covers only %s, and the device has %s", l.only, s.version)
	}
	verdict, why := l.upper(s.version)
	if verdict == Affected && l.from != nil {
		switch s.version.to(*l.from) {
		case earlier:
			return Unknown, fmt.Sprintf("%s is before %s, the first version the advisory covers", s.version, l.from)
		case unclear:
			return Unknown, fmt.Sprintf("%s cannot be compared with %s, the first version the advisory covers", s.version, l.from)
		}
	}
	return verdict, why
}

// upper judges a version by the upper limit.
func (l limits) upper(v Version) (Verdict, string) {
	switch {
	case l.lte != nil:
		switch v.to(*l.lte) {
		case earlier, same:
			return Affected, fmt.Sprintf("%s is not after %s, the last affected version", v, l.lte)
		case later:
			return NotAffected, fmt.Sprintf("%s is after %s, the last affected version", v, l.lte)
		}
		return Unknown, incomparable(v, *l.lte)
	case l.lt != nil:
		switch v.to(*l.lt) {
		case earlier:
			return Affected, fmt.Sprintf("%s is before %s, which has the fix", v, l.lt)
		case same, later:
			return NotAffected, fmt.Sprintf("%s is not before %s, which has the fix", v, l.lt)
		}
		return Unknown, incomparable(v, *l.lt)
	case v.Build == 0:
		return Unknown, fmt.Sprintf("the build of %s is not recorded, and the fix came with build %06d", v, l.buildLT)
	case v.Build < l.buildLT:
		return Affected, fmt.Sprintf("build %06d is before %06d, which has the fix", v.Build, l.buildLT)
	}
	return NotAffected, fmt.Sprintf("build %06d is not before %06d, which has the fix", v.Build, l.buildLT)
}

// incomparable says why a version and a limit cannot be compared.
func incomparable(v, limit Version) string {
	if v.Build == 0 && limit.Build > 0 {
		return fmt.Sprintf("the build of %s is not recorded, and the limit is %s", v, limit)
	}
	return fmt.Sprintf("%s and the limit %s are of different branches", v, limit)
}
