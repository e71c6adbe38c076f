package codec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The elements of a weekly schedule, in the order in which a setting file names them.
const (
	scheduleBlock  = iota // what holds the actions
	scheduleAction        // one action: from when to when, and what
)

// Where the parts of an action lie in it.
var (
	actionID        = xmlpatch.MustPath("id")
	actionStartDay  = xmlpatch.MustPath("ScheduleActionStartTime/DayOfWeek")
	actionStartTime = xmlpatch.MustPath("ScheduleActionStartTime/TimeOfDay")
	actionEndDay    = xmlpatch.MustPath("ScheduleActionEndTime/DayOfWeek")
	actionEndTime   = xmlpatch.MustPath("ScheduleActionEndTime/TimeOfDay")
	actionRecord    = xmlpatch.MustPath("Actions/Record")
	actionMode      = xmlpatch.MustPath("Actions/ActionRecordingMode")
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// mostActions is how many actions a day has room for in the menus of recorders.
	mostActions = 8

	// notRecording stands for the mode of an action that switches recording off.
	notRecording = "none"
)

// recordingModes are those that were seen. Recorders that know others say so.
var recordingModes = []string{"CMR", "MOTION", "ALARM"}

// weekdays begin on Monday, as the weeks of devices do.
var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// action is a time of the week and what is recorded then. The times are counted from the beginning of Monday; the end of
// one over the end of the week is later than a week.
type action struct {
	from, to time.Duration
	mode     string
}

// text is how people write the action: "Mon 08:00-18:00 CMR", with the day of the end where that is another one.
func (a action) text() string {
	first, last := a.from/day, a.to/day
	end := ""
	switch {
	case a.to == (first+1)*day:
		end = "24:00"
	case last == first:
		end = clockText(a.to % day)
	default:
		end = shortDay(last) + " " + clockText(a.to%day)
	}
	return fmt.Sprintf("%s %s-%s %s", shortDay(first), clockText(a.from%day), end, a.mode)
}

func shortDay(n time.Duration) string { return weekdays[n%7][:3] }

// clockText writes a time of the day, with seconds only if it has some.
func clockText(t time.Duration) string {
	if t%time.Minute != 0 {
		return deviceClock(t)
	}
	return fmt.Sprintf("%02d:%02d", t/time.Hour, t/time.Minute%60)
}

// deviceClock writes a time of the day as devices do.
func deviceClock(t time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%02d", t/time.Hour, t/time.Minute%60, t/time.Second%60)
}

var (
	actionPattern = regexp.MustCompile(`^(?i:([a-z]{3}) ([0-9:]+)-(?:([a-z]{3}) )?([0-9:]+) (\S+))$`)
	clockPattern  = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?$`)
)

// parseAction reads what text writes.
func parseAction(text string) (action, error) {
	wrong := fmt.Errorf("%s is not a time of the week with a mode, such as \"Mon 08:00-18:00 CMR\"", document.Quote(text))
	parts := actionPattern.FindStringSubmatch(strings.Join(strings.Fields(text), " "))
	if parts == nil {
		return action{}, wrong
	}
	if parts[3] == "" {
		parts[3] = parts[1]
	}
	from, okFrom := timeOfWeek(parts[1], parts[2])
	to, okTo := timeOfWeek(parts[3], parts[4])
	if !okFrom || !okTo || from%day == 0 && strings.HasPrefix(parts[2], "24") {
		return action{}, wrong
	}
	if to < from && !strings.EqualFold(parts[1], parts[3]) {
		to += week
	}
	return action{from, to, parts[5]}, nil
}

// timeOfWeek counts from the beginning of Monday. Days are written in full or by their first three letters.
func timeOfWeek(name, clock string) (time.Duration, bool) {
	n := slices.IndexFunc(weekdays, func(d string) bool { return strings.EqualFold(d, name) || strings.EqualFold(d[:3], name) })
	parts := clockPattern.FindStringSubmatch(clock)
	if n < 0 || parts == nil {
		return 0, false
	}
	var of [3]time.Duration
	for i, part := range parts[1:] {
		number, _ := strconv.Atoi(part) // digits, or nothing at all
		of[i] = time.Duration(number)
	}
	t := of[0]*time.Hour + of[1]*time.Minute + of[2]*time.Second
	return time.Duration(n)*day + t, of[1] < 60 && of[2] < 60 && t <= day
}

// readAction reads an entry of a schedule.
func readAction(entry xmlpatch.Element) (action, error) {
	text := func(path xmlpatch.Path) string {
		e, _ := entry.Find(path)
		return e.Text()
	}
	from, okFrom := timeOfWeek(text(actionStartDay), text(actionStartTime))
	to, okTo := timeOfWeek(text(actionEndDay), text(actionEndTime))
	mode := text(actionMode)
	if !okFrom || !okTo || mode == "" || strings.ContainsAny(mode, " \t\n") {
		return action{}, fmt.Errorf("the action %s has no time of the week or no mode: %w", document.Quote(text(actionID)), providers.ErrMalformed)
	}
	if strings.EqualFold(text(actionRecord), "false") {
		mode = notRecording
	}
	if to < from {
		to += week
	}
	return action{from, to, mode}, nil
}

func decodeSchedule(f document.Field) (cty.Value, error) {
	if _, ok := f.Text(scheduleBlock); !ok {
		return f.Null(), nil
	}
	var values []cty.Value
	for _, entry := range f.Doc.All(f.Path(scheduleAction)) {
		a, err := readAction(entry)
		if err != nil {
			return f.Null(), err
		}
		values = append(values, cty.StringVal(a.text()))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(values), nil
}

// parseSchedule reads the known members of a list, in the order of the week.
func parseSchedule(list cty.Value) ([]action, error) {
	var actions []action
	for _, text := range membersOf(list) {
		a, err := parseAction(text)
		if err != nil {
			return nil, err
		}
		actions = append(actions, a)
	}
	slices.SortStableFunc(actions, func(a, b action) int { return int(a.from - b.from) })
	return actions, nil
}

// encodeSchedule writes the actions over those that are there, one by one in the order of the week, so that everything else
// about an action stays. Those that are too many are removed; further ones are made after the last.
func encodeSchedule(f document.Field, want cty.Value) error {
	wanted, err := parseSchedule(want)
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	if n := len(f.Doc.All(f.Path(scheduleBlock))); n != 1 {
		return fmt.Errorf("the device has %d schedules in one: %w", n, providers.ErrUnsupported)
	}
	for n := len(f.Doc.All(f.Path(scheduleAction))); n > len(wanted); n-- {
		if err := f.Doc.Remove(f.Path(scheduleAction).At(n)); err != nil {
			return document.InFamily(err)
		}
	}
	for i, a := range wanted {
		if i >= len(f.Doc.All(f.Path(scheduleAction))) {
			if err := appendAction(f); err != nil {
				return document.InFamily(err)
			}
		}
		if err := writeAction(f.Doc, f.Path(scheduleAction).At(i+1), a); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// freshAction is an action as recorders write it, for a schedule that has none.
const freshAction = "<ScheduleAction><id>0</id>" +
	"<ScheduleActionStartTime><DayOfWeek></DayOfWeek><TimeOfDay></TimeOfDay></ScheduleActionStartTime>" +
	"<ScheduleActionEndTime><DayOfWeek></DayOfWeek><TimeOfDay></TimeOfDay></ScheduleActionEndTime>" +
	"<ScheduleDSTEnable>true</ScheduleDSTEnable><Description>nothing</Description>" +
	"<Actions><Record>true</Record><Log>false</Log><SaveImg>false</SaveImg><ActionRecordingMode></ActionRecordingMode></Actions>" +
	"</ScheduleAction>"

// appendAction adds a copy of the last action, with the next id that no other action of the track has.
func appendAction(f document.Field) error {
	have := f.Doc.All(f.Path(scheduleAction))
	entry := []byte(freshAction)
	id := 1
	if len(have) > 0 {
		last := have[len(have)-1]
		entry = last.Raw()
		e, _ := last.Find(actionID)
		if n, err := strconv.Atoi(e.Text()); err == nil {
			id = n + 1
		}
	}
	for slices.Contains(actionIDs(f), strconv.Itoa(id)) {
		id++
	}
	if err := f.Doc.Append(f.Path(scheduleBlock), entry); err != nil {
		return err
	}
	return f.Doc.Set(f.Path(scheduleAction).At(len(have)+1).Join(actionID), strconv.Itoa(id))
}

// actionIDs are the ids of all actions of a track, those of its holidays too.
func actionIDs(f document.Field) []string {
	track, _ := f.Doc.Find(f.Item)
	var ids []string
	var walk func(xmlpatch.Element)
	walk = func(e xmlpatch.Element) {
		if e.Name() == f.Element(scheduleAction).Name() {
			id, _ := e.Find(actionID)
			ids = append(ids, id.Text())
		}
		for _, child := range e.Children() {
			walk(child)
		}
	}
	walk(track)
	return ids
}

func writeAction(doc *xmlpatch.Document, at xmlpatch.Path, a action) error {
	for _, leaf := range []struct {
		path xmlpatch.Path
		text string
	}{
		{actionStartDay, weekdays[a.from/day%7]},
		{actionStartTime, deviceClock(a.from % day)},
		{actionEndDay, weekdays[a.to/day%7]},
		{actionEndTime, deviceClock(a.to % day)},
		{actionMode, a.mode},
	} {
		if err := doc.Set(at.Join(leaf.path), leaf.text); err != nil {
			return err
		}
	}
	if _, ok := doc.Find(at.Join(actionRecord)); !ok {
		return nil
	}
	return doc.Set(at.Join(actionRecord), "true")
}

func formSchedule(_ *schema.Attribute, want cty.Value) []string {
	if _, err := parseSchedule(want); err != nil {
		return document.Sentence("%s.", capitalised(err.Error()))
	}
	return nil
}

func checkSchedule(f document.Field, want cty.Value) []string {
	wanted, _ := parseSchedule(want)
	blocks := len(f.Doc.All(f.Path(scheduleBlock)))
	switch {
	case blocks == 0:
		return f.Missing(scheduleBlock)
	case blocks > 1:
		return document.Sentence("This device has %d schedules in one, which camform does not understand.", blocks)
	case len(wanted) == 0:
		return document.Sentence("Nobody has shown that a schedule without any time works. To record nothing, set enabled to false.")
	}
	if wrong := checkModes(f, wanted); len(wrong) > 0 {
		return wrong
	}
	return checkTimes(wanted)
}

// checkModes compares the modes with those that the device lists for the track, or else with those that were seen.
func checkModes(f document.Field, wanted []action) []string {
	modes := recordingModes
	e, _ := f.Limits.Element(f.Item, xmlpatch.MustPath("DefaultRecordingMode"))
	if options := document.LimitOf(e).Options; len(options) > 0 {
		modes = options
	}
	for _, a := range wanted {
		if !slices.Contains(modes, a.mode) {
			return document.Sentence("This device records by %s, not by %s.", document.List(modes), document.Show(a.mode))
		}
	}
	return nil
}

// checkTimes finds times that end before they begin, that overlap, and days with too many of them.
func checkTimes(wanted []action) []string {
	perDay := map[time.Duration]int{}
	for i, a := range wanted {
		next := wanted[(i+1)%len(wanted)]
		if i == len(wanted)-1 {
			next.from += week
		}
		perDay[a.from/day]++
		switch {
		case a.to <= a.from:
			return document.Sentence("%s ends before it begins.", document.Quote(a.text()))
		case a.to > next.from:
			return document.Sentence("%s and %s overlap.", document.Quote(a.text()), document.Quote(wanted[(i+1)%len(wanted)].text()))
		case perDay[a.from/day] > mostActions:
			return document.Sentence("More than %d times begin on %s.", mostActions, weekdays[a.from/day])
		}
	}
	return nil
}

// sameSchedule compares the times and modes, however they are written and ordered.
func sameSchedule(want, have cty.Value) bool {
	wanted, errW := parseSchedule(want)
	found, errH := parseSchedule(have)
	return errW == nil && errH == nil && slices.EqualFunc(wanted, found, func(a, b action) bool {
		return a.from == b.from && a.to == b.to && strings.EqualFold(a.mode, b.mode)
	})
}
