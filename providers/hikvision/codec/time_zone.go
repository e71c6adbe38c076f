package codec

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/schema"
)

// The elements that name the zone as Windows and as the IANA do; the one before them has the zone itself.
const (
	windowsZone = 1
	ianaZone    = 2
)

// zone is a time zone as devices understand it. It is comparable: two zones are the same if the clocks show the same.
type zone struct {
	west    int // seconds west of Greenwich, as in POSIX: UTC+1 is -3600
	shift   int // by how many seconds clocks are put forward for daylight saving; 0 for a zone without
	on, off switchover
}

// switchover is when daylight saving begins or ends: at a time of day, in local time before it, on a day of the week in a
// week of a month.
type switchover struct {
	month   int // 1 to 12
	week    int // 1 to 5, 5 being the last one
	weekday int // 0 to 6, Sunday being 0
	second  int // of the day
}

// vendorOn and vendorOff are the rules that DVRs store when a zone without daylight saving is sent.
var (
	vendorOn  = switchover{month: 4, week: 1, second: 2 * 3600}
	vendorOff = switchover{month: 10, week: 5, second: 2 * 3600}
)

const (
	defaultShift = 3600
	mostShift    = 3 * 3600
	mostHours    = 23
)

// Both spellings of a zone are a name, an offset and rules. In POSIX the second name is followed by the offset that holds
// in summer, if it is not an hour more; devices always write DST and the shift, without a sign.
var (
	devicePattern = regexp.MustCompile(`^[A-Z]{3}([+-]?)(\d{1,2}(?::\d{2}){0,2})(?:DST(\d{1,2}(?::\d{2}){1,2}),([^,]+),([^,]+))?$`)
	posixName     = `(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)`
	posixPattern  = regexp.MustCompile(`^` + posixName + `([+-]?)(\d{1,2}(?::\d{2}){0,2})` +
		`(?:(` + posixName + `)(?:([+-]?)(\d{1,2}(?::\d{2}){0,2}))?(?:,([^,]+),([^,]+))?)?$`)
	rulePattern = regexp.MustCompile(`^M(\d{1,2})\.(\d)\.(\d)(?:/(\d{1,2}(?::\d{2}){0,2}))?$`)
)

var (
	errZone = errors.New("a time zone is written like CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00, with hours west of Greenwich")
	errRule = errors.New("a rule is written like M3.5.0/02:00:00: month, week (5 is the last), day of the week (0 is Sunday), time")
)

// parseZone reads a zone in either spelling.
func parseZone(text string) (zone, error) {
	text = strings.TrimSpace(text)
	if m := devicePattern.FindStringSubmatch(text); m != nil {
		return parseDeviceZone(m)
	}
	if m := posixPattern.FindStringSubmatch(text); m != nil {
		return parsePOSIXZone(m)
	}
	return zone{}, errZone
}

func parseDeviceZone(m []string) (zone, error) {
	var z zone
	west, err := seconds(m[1], m[2])
	if err != nil {
		return zone{}, err
	}
	z.west = west
	if m[3] == "" {
		return z, nil
	}
	if z.shift, err = seconds("", m[3]); err != nil {
		return zone{}, err
	}
	return z.withRules(m[4], m[5])
}

func parsePOSIXZone(m []string) (zone, error) {
	var z zone
	west, err := seconds(m[1], m[2])
	if err != nil {
		return zone{}, err
	}
	z.west = west
	if m[3] == "" {
		return z, nil
	}
	if m[6] == "" {
		return zone{}, errors.New("the rules for begin and end of daylight saving are missing; " + errZone.Error())
	}
	z.shift = defaultShift
	if m[5] != "" {
		summer, err := seconds(m[4], m[5])
		if err != nil {
			return zone{}, err
		}
		z.shift = z.west - summer
	}
	return z.withRules(m[6], m[7])
}

// withRules adds the rules of a zone with daylight saving. A device cannot put clocks back for summer, and a shift of
// nothing is a zone without daylight saving.
func (z zone) withRules(on, off string) (zone, error) {
	if z.shift < 0 || z.shift > mostShift {
		return zone{}, errors.New("daylight saving must put clocks forward, by three hours at most")
	}
	var err error
	if z.on, err = parseRule(on); err != nil {
		return zone{}, err
	}
	if z.off, err = parseRule(off); err != nil {
		return zone{}, err
	}
	if z.shift == 0 {
		return zone{west: z.west}, nil
	}
	return z, nil
}

func parseRule(text string) (switchover, error) {
	m := rulePattern.FindStringSubmatch(text)
	if m == nil {
		return switchover{}, errRule
	}
	s := switchover{month: atoi(m[1]), week: atoi(m[2]), weekday: atoi(m[3]), second: 2 * 3600}
	if s.month < 1 || s.month > 12 || s.week < 1 || s.week > 5 || s.weekday > 6 {
		return switchover{}, errRule
	}
	if m[4] != "" {
		var err error
		if s.second, err = seconds("", m[4]); err != nil {
			return switchover{}, err
		}
	}
	return s, nil
}

// seconds reads hours with optional minutes and seconds, of less than a day.
func seconds(sign, text string) (int, error) {
	parts := append(strings.Split(text, ":"), "0", "0")
	hours, minutes, rest := atoi(parts[0]), atoi(parts[1]), atoi(parts[2])
	if hours > mostHours || minutes > 59 || rest > 59 {
		return 0, fmt.Errorf("%s is not a time; %w", document.Quote(text), errZone)
	}
	total := hours*3600 + minutes*60 + rest
	if sign == "-" {
		return -total, nil
	}
	return total, nil
}

// atoi reads digits that a pattern has found.
func atoi(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic("this is a bug: " + err.Error())
	}
	return n
}

// device writes the zone as devices do: always CST, and the hours without a leading zero.
func (z zone) device() string {
	text := fmt.Sprintf("CST%s%d:%02d:%02d", sign(z.west), abs(z.west)/3600, abs(z.west)/60%60, abs(z.west)%60)
	if z.shift == 0 {
		return text
	}
	return fmt.Sprintf("%sDST%s,%s,%s", text, clock(z.shift), z.on, z.off)
}

// posix writes the zone as the variable TZ does. Devices know no names of zones but CST and DST. The offset in summer has
// a sign, which tells it from the shift that devices write there.
func (z zone) posix() string {
	text := "CST" + offset(z.west)
	if z.shift == 0 {
		return text
	}
	text += "DST"
	if z.shift != defaultShift {
		text += offset(z.west - z.shift)
	}
	return fmt.Sprintf("%s,%s,%s", text, z.on, z.off)
}

// String writes a rule as both spellings have it.
func (s switchover) String() string {
	return fmt.Sprintf("M%d.%d.%d/%s", s.month, s.week, s.weekday, clock(s.second))
}

// offset writes an offset as short as POSIX allows, with a sign.
func offset(west int) string {
	text := sign(west) + strconv.Itoa(abs(west)/3600)
	if abs(west)%3600 != 0 {
		text += fmt.Sprintf(":%02d", abs(west)/60%60)
	}
	if abs(west)%60 != 0 {
		text += fmt.Sprintf(":%02d", abs(west)%60)
	}
	return text
}

func clock(second int) string {
	return fmt.Sprintf("%02d:%02d:%02d", second/3600, second/60%60, second%60)
}

func sign(n int) string {
	if n < 0 {
		return "-"
	}
	return "+"
}

func abs(n int) int { return max(n, -n) }

func decodeZone(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok || text == "" {
		return f.Null(), nil
	}
	z, err := parseZone(text)
	if err != nil {
		return f.Null(), fmt.Errorf("%s is %s, which is not a time zone: %w", f.Element(0), document.Quote(text), providers.ErrMalformed)
	}
	return cty.StringVal(z.posix()), nil
}

func encodeZone(f document.Field, want cty.Value) error {
	z, err := parseZone(want.AsString())
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	if err := f.Put(0, z.device()); err != nil {
		return err
	}
	if err := encodeZoneName(f, windowsZone, windowsZones[z]); err != nil {
		return err
	}
	return encodeZoneName(f, ianaZone, ianaZones[z])
}

// encodeZoneName makes a name of the zone that a device has in an element beside the zone itself follow that: devices with both can
// go by either. A name that stands for the zone stays, and so does any where no name does: devices miss the element.
func encodeZoneName(f document.Field, element int, names []string) error {
	have, ok := f.Text(element)
	if !ok || slices.Contains(names, have) {
		return nil
	}
	options := f.Limit(element)
	for _, name := range names {
		if _, offered := options.Option(name); offered || len(options.Options) == 0 {
			return f.Put(element, name)
		}
	}
	return nil
}

func formZone(_ *schema.Attribute, want cty.Value) []string {
	text := strings.TrimSpace(want.AsString())
	_, err := parseZone(text)
	if err == nil {
		return nil
	}
	switch name := zoneNear(text); {
	case name == "":
		return document.Sentence("%s cannot be used: %s.", document.Quote(text), err)
	case strings.EqualFold(name, text):
		return document.Sentence("%s is the name of a time zone, but devices accept only its rules. Write %q.", document.Quote(text), zonesByName()[name].posix())
	default:
		return document.Sentence("%s is not a time zone. If you mean %s, write %q, since devices accept only the rules of a zone.", document.Quote(text), name, zonesByName()[name].posix())
	}
}

// zoneNear is the name of a zone that a text is, in any case, or that of its city, or what it could mean by a slip of the keyboard;
// empty for none.
func zoneNear(text string) string {
	names := slices.Sorted(maps.Keys(zonesByName()))
	for _, part := range []func(name string) string{
		func(name string) string { return name },
		func(name string) string { return name[strings.LastIndex(name, "/")+1:] },
	} {
		if n := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(part(name), text) }); n >= 0 {
			return names[n]
		}
	}
	if len(text) < len("Asia/X") { // any few letters are near to any others
		return ""
	}
	return schema.Nearest(text, names)
}

// zonesByName are the zones by the names that the IANA and Windows have for them.
var zonesByName = sync.OnceValue(func() map[string]zone {
	zones := map[string]zone{}
	for _, table := range []map[zone][]string{windowsZones, ianaZones} {
		for z, names := range table {
			for _, name := range names {
				zones[name] = z
			}
		}
	}
	return zones
})

func checkZone(f document.Field, want cty.Value) []string {
	z, _ := parseZone(want.AsString())
	l := f.Limit(0)
	switch {
	case !f.Has(0):
		return f.Missing(0)
	case !l.Allows(int64(len(z.device()))):
		return document.Sentence("The zone is written with %s; this device accepts %s.", BytesOf(z.device()), l.Bounds())
	}
	return nil
}

func sameZone(want, have cty.Value) bool {
	w, errW := parseZone(want.AsString())
	h, errH := parseZone(have.AsString())
	return errW == nil && errH == nil && w == h
}

// rewrittenZone: DVRs add their own rules to a zone that was sent without any.
func rewrittenZone(want, have cty.Value) bool {
	w, errW := parseZone(want.AsString())
	h, errH := parseZone(have.AsString())
	return errW == nil && errH == nil && w.shift == 0 && h.shift > 0 &&
		h.west == w.west && h.on == vendorOn && h.off == vendorOff
}

// windowsZones are the names that Windows has for zones, of those that people live in. The first is the one to write.
var windowsZones = namesByZone(map[string][]string{
	"UTC+11": {"UTC-11"},
	"UTC+10": {"Hawaiian Standard Time"},
	"UTC+9DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Alaskan Standard Time"},
	"UTC+8DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Pacific Standard Time"},
	"UTC+7": {"US Mountain Standard Time"},
	"UTC+7DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Mountain Standard Time"},
	"UTC+6": {"Central America Standard Time", "Canada Central Standard Time", "Central Standard Time (Mexico)"},
	"UTC+6DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Central Standard Time"},
	"UTC+5": {"SA Pacific Standard Time", "Eastern Standard Time (Mexico)"},
	"UTC+5DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Eastern Standard Time", "US Eastern Standard Time"},
	"UTC+4": {"SA Western Standard Time", "Venezuela Standard Time"},
	"UTC+4DST,M3.2.0/02:00:00,M11.1.0/02:00:00":    {"Atlantic Standard Time"},
	"UTC+3:30DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"Newfoundland Standard Time"},
	"UTC+3": {"E. South America Standard Time", "SA Eastern Standard Time", "Argentina Standard Time"},
	"UTC+2": {"UTC-02"},
	"UTC+1": {"Cape Verde Standard Time"},
	"UTC+1DST,M3.5.0/00:00:00,M10.5.0/01:00:00": {"Azores Standard Time"},
	"UTC0": {"UTC", "Greenwich Standard Time"},
	"UTC0DST,M3.5.0/01:00:00,M10.5.0/02:00:00": {"GMT Standard Time"},
	"UTC-1": {"W. Central Africa Standard Time"},
	"UTC-1DST,M3.5.0/02:00:00,M10.5.0/03:00:00": {"W. Europe Standard Time", "Central Europe Standard Time", "Romance Standard Time", "Central European Standard Time"},
	"UTC-2": {"South Africa Standard Time", "Kaliningrad Standard Time", "Libya Standard Time"},
	"UTC-2DST,M3.5.0/03:00:00,M10.5.0/04:00:00": {"FLE Standard Time", "GTB Standard Time", "E. Europe Standard Time"},
	"UTC-3":    {"Russian Standard Time", "Turkey Standard Time", "Arab Standard Time", "Arabic Standard Time", "E. Africa Standard Time", "Belarus Standard Time"},
	"UTC-3:30": {"Iran Standard Time"},
	"UTC-4":    {"Arabian Standard Time", "Azerbaijan Standard Time", "Georgian Standard Time", "Caucasus Standard Time"},
	"UTC-4:30": {"Afghanistan Standard Time"},
	"UTC-5":    {"Pakistan Standard Time", "West Asia Standard Time"},
	"UTC-5:30": {"India Standard Time", "Sri Lanka Standard Time"},
	"UTC-5:45": {"Nepal Standard Time"},
	"UTC-6":    {"Bangladesh Standard Time", "Central Asia Standard Time"},
	"UTC-6:30": {"Myanmar Standard Time"},
	"UTC-7":    {"SE Asia Standard Time", "North Asia Standard Time"},
	"UTC-8":    {"China Standard Time", "Singapore Standard Time", "Taipei Standard Time", "W. Australia Standard Time"},
	"UTC-9":    {"Tokyo Standard Time", "Korea Standard Time"},
	"UTC-9:30": {"AUS Central Standard Time"},
	"UTC-9:30DST,M10.1.0/02:00:00,M4.1.0/03:00:00": {"Cen. Australia Standard Time"},
	"UTC-10": {"E. Australia Standard Time", "West Pacific Standard Time"},
	"UTC-10DST,M10.1.0/02:00:00,M4.1.0/03:00:00": {"AUS Eastern Standard Time", "Tasmania Standard Time"},
	"UTC-11": {"Central Pacific Standard Time"},
	"UTC-12": {"UTC+12", "Fiji Standard Time"},
	"UTC-12DST,M9.5.0/02:00:00,M4.1.0/03:00:00": {"New Zealand Standard Time"},
	"UTC-13": {"UTC+13", "Tonga Standard Time"},
})

// ianaZones are the names that the IANA has for zones, of those that most people live in. The first is the one to write.
var ianaZones = namesByZone(map[string][]string{
	"UTC+11": {"Pacific/Pago_Pago", "Pacific/Midway"},
	"UTC+10": {"Pacific/Honolulu"},
	"UTC+9DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/Anchorage"},
	"UTC+8DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/Los_Angeles", "America/Vancouver", "America/Tijuana"},
	"UTC+7": {"America/Phoenix", "America/Hermosillo"},
	"UTC+7DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/Denver", "America/Edmonton", "America/Boise"},
	"UTC+6": {"America/Mexico_City", "America/Guatemala", "America/Costa_Rica", "America/Regina", "America/El_Salvador"},
	"UTC+6DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/Chicago", "America/Winnipeg"},
	"UTC+5": {"America/Bogota", "America/Lima", "America/Panama", "America/Jamaica", "America/Cancun", "America/Guayaquil"},
	"UTC+5DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/New_York", "America/Toronto", "America/Detroit"},
	"UTC+4": {"America/Caracas", "America/La_Paz", "America/Manaus", "America/Puerto_Rico", "America/Santo_Domingo"},
	"UTC+4DST,M3.2.0/02:00:00,M11.1.0/02:00:00":    {"America/Halifax", "Atlantic/Bermuda"},
	"UTC+3:30DST,M3.2.0/02:00:00,M11.1.0/02:00:00": {"America/St_Johns"},
	"UTC+3": {"America/Sao_Paulo", "America/Argentina/Buenos_Aires", "America/Montevideo"},
	"UTC+2": {"Atlantic/South_Georgia", "America/Noronha"},
	"UTC+1": {"Atlantic/Cape_Verde"},
	"UTC+1DST,M3.5.0/00:00:00,M10.5.0/01:00:00": {"Atlantic/Azores"},
	"UTC0": {"UTC", "Etc/UTC", "Africa/Abidjan", "Africa/Accra", "Africa/Dakar", "Atlantic/Reykjavik"},
	"UTC0DST,M3.5.0/01:00:00,M10.5.0/02:00:00": {"Europe/London", "Europe/Dublin", "Europe/Lisbon"},
	"UTC-1": {"Africa/Lagos", "Africa/Algiers", "Africa/Tunis", "Africa/Kinshasa"},
	"UTC-1DST,M3.5.0/02:00:00,M10.5.0/03:00:00": {
		"Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Vienna", "Europe/Zurich", "Europe/Amsterdam", "Europe/Brussels",
		"Europe/Luxembourg", "Europe/Copenhagen", "Europe/Stockholm", "Europe/Oslo", "Europe/Warsaw", "Europe/Prague", "Europe/Bratislava", "Europe/Budapest",
		"Europe/Ljubljana", "Europe/Zagreb", "Europe/Belgrade", "Europe/Sarajevo", "Europe/Skopje", "Europe/Podgorica", "Europe/Tirane", "Europe/Malta",
		"Europe/Monaco", "Europe/Vaduz", "Europe/San_Marino", "Europe/Andorra", "Europe/Gibraltar",
	},
	"UTC-2": {"Africa/Johannesburg", "Europe/Kaliningrad", "Africa/Tripoli", "Africa/Khartoum", "Africa/Maputo", "Africa/Harare"},
	"UTC-2DST,M3.5.0/03:00:00,M10.5.0/04:00:00": {
		"Europe/Athens", "Europe/Helsinki", "Europe/Kiev", "Europe/Kyiv", "Europe/Bucharest", "Europe/Sofia", "Europe/Tallinn", "Europe/Riga", "Europe/Vilnius",
		"Asia/Nicosia",
	},
	"UTC-3":    {"Europe/Moscow", "Europe/Istanbul", "Asia/Riyadh", "Asia/Baghdad", "Asia/Kuwait", "Asia/Qatar", "Africa/Nairobi", "Africa/Addis_Ababa", "Europe/Minsk"},
	"UTC-3:30": {"Asia/Tehran"},
	"UTC-4":    {"Asia/Dubai", "Asia/Baku", "Asia/Tbilisi", "Asia/Yerevan", "Asia/Muscat", "Europe/Samara"},
	"UTC-4:30": {"Asia/Kabul"},
	"UTC-5":    {"Asia/Karachi", "Asia/Tashkent", "Asia/Yekaterinburg", "Asia/Almaty"},
	"UTC-5:30": {"Asia/Kolkata", "Asia/Calcutta", "Asia/Colombo"},
	"UTC-5:45": {"Asia/Kathmandu", "Asia/Katmandu"},
	"UTC-6":    {"Asia/Dhaka", "Asia/Omsk", "Asia/Bishkek"},
	"UTC-6:30": {"Asia/Yangon", "Asia/Rangoon"},
	"UTC-7":    {"Asia/Bangkok", "Asia/Jakarta", "Asia/Ho_Chi_Minh", "Asia/Saigon", "Asia/Novosibirsk", "Asia/Krasnoyarsk"},
	"UTC-8":    {"Asia/Shanghai", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Manila", "Asia/Kuala_Lumpur", "Australia/Perth", "Asia/Irkutsk"},
	"UTC-9":    {"Asia/Tokyo", "Asia/Seoul", "Asia/Yakutsk"},
	"UTC-9:30": {"Australia/Darwin"},
	"UTC-9:30DST,M10.1.0/02:00:00,M4.1.0/03:00:00": {"Australia/Adelaide"},
	"UTC-10": {"Australia/Brisbane", "Pacific/Guam", "Pacific/Port_Moresby", "Asia/Vladivostok"},
	"UTC-10DST,M10.1.0/02:00:00,M4.1.0/03:00:00": {"Australia/Sydney", "Australia/Melbourne", "Australia/Hobart", "Australia/Canberra"},
	"UTC-11": {"Pacific/Noumea", "Pacific/Guadalcanal", "Asia/Magadan"},
	"UTC-12": {"Pacific/Fiji", "Asia/Kamchatka"},
	"UTC-12DST,M9.5.0/02:00:00,M4.1.0/03:00:00": {"Pacific/Auckland"},
	"UTC-13": {"Pacific/Tongatapu", "Pacific/Apia"},
})

// namesByZone are the names by what their zones mean. A zone that cannot be read is a mistake in the table.
func namesByZone(names map[string][]string) map[zone][]string {
	zones := map[zone][]string{}
	for text, list := range names {
		z, err := parseZone(text)
		if err != nil {
			panic("the names of zones: " + text + ": " + err.Error())
		}
		zones[z] = list
	}
	return zones
}
