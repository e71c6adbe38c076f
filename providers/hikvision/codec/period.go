package codec

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The elements of a period, in the order in which a setting file names them: the form, and a branch for each form; an
// entry has one of them.
const (
	periodForm  = iota // holidayMode: date, month or week
	periodDate         // holidayDate: days of one year
	periodMonth        // holidayMonth: days of every year
	periodWeek         // holidayWeek, which is not understood
)

// The words of the device for the forms.
var periodWords = map[int]string{periodDate: "date", periodMonth: "month"}

// The layouts of the days in our text.
var periodLayouts = map[int]string{periodDate: time.DateOnly, periodMonth: "01-02"}

// leaf is an element below the branch of a period; one without text has children.
type leaf struct{ path, text string }

// decodePeriod reads two days with a slash between. The value is null for the form that is not understood.
func decodePeriod(f document.Field) (cty.Value, error) {
	word, _ := f.Text(periodForm)
	for form, name := range periodWords {
		if !strings.EqualFold(word, name) {
			continue
		}
		first, err := readDay(f, form, "start")
		if err != nil {
			return f.Null(), err
		}
		last, err := readDay(f, form, "end")
		return cty.StringVal(first + "/" + last), err
	}
	return f.Null(), nil
}

// readDay reads one of the days in our layout.
func readDay(f document.Field, form int, end string) (string, error) {
	find := func(path string) string {
		e, _ := f.Doc.Find(f.Path(form).Join(xmlpatch.MustPath(path)))
		return e.Text()
	}
	text := find(end + "Date")
	if form == periodMonth {
		text = find(end+"Month/monthOfYear") + "-" + find(end+"Month/dayOfMonth")
	}
	day, err := parseDay(form, text)
	if err != nil {
		return "", fmt.Errorf("%s has the day %s: %w", f.Element(form), document.Quote(text), providers.ErrMalformed)
	}
	return day.Format(periodLayouts[form]), nil
}

// parseDay reads a day, with or without leading zeros. The days of every year include the last of February in a leap year.
func parseDay(form int, text string) (time.Time, error) {
	if form == periodMonth {
		text = "2000-" + text
	}
	return time.Parse("2006-1-2", strings.TrimSpace(text))
}

// parsePeriod reads both days and the form that they have.
func parsePeriod(text string) (form int, first, last time.Time, err error) {
	from, to, _ := strings.Cut(strings.TrimSpace(text), "/")
	for _, form := range []int{periodDate, periodMonth} {
		first, errFirst := parseDay(form, from)
		last, errLast := parseDay(form, to)
		if errFirst == nil && errLast == nil {
			return form, first, last, nil
		}
	}
	return 0, first, last, fmt.Errorf("%s is not a pair of days, such as 12-24/01-06 or 2026-12-24/2027-01-06", document.Quote(text))
}

// encodePeriod writes the days into the branch of their form. A branch of another form is taken away.
func encodePeriod(f document.Field, want cty.Value) error {
	form, first, last, err := parsePeriod(want.AsString())
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	word, ok := f.Text(periodForm)
	if !ok {
		return fmt.Errorf("the device has no element %s: %w", f.Element(periodForm), providers.ErrUnsupported)
	}
	if !strings.EqualFold(word, periodWords[form]) {
		if err := f.Put(periodForm, periodWords[form]); err != nil {
			return err
		}
	}
	if err := removeBranches(f, form); err != nil {
		return err
	}
	for _, leaf := range append([]leaf{{"", ""}}, leaves(form, first, last)...) {
		if err := writeLeaf(f, form, leaf); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

func removeBranches(f document.Field, but int) error {
	for form := periodDate; form <= periodWeek; form++ {
		if _, ok := f.Text(form); ok && form != but {
			if err := f.Doc.Remove(f.Path(form)); err != nil {
				return document.InFamily(err)
			}
		}
	}
	return nil
}

// leaves are the elements of a branch in the order of devices.
func leaves(form int, first, last time.Time) []leaf {
	var all []leaf
	for _, end := range []struct {
		name string
		day  time.Time
	}{{"start", first}, {"end", last}} {
		if form == periodDate {
			all = append(all, leaf{end.name + "Date", end.day.Format(time.DateOnly)})
			continue
		}
		month := end.name + "Month"
		all = append(
			all, leaf{month, ""},
			leaf{month + "/monthOfYear", strconv.Itoa(int(end.day.Month()))}, leaf{month + "/dayOfMonth", strconv.Itoa(end.day.Day())},
		)
	}
	return all
}

func writeLeaf(f document.Field, form int, leaf leaf) error {
	path := f.Path(form)
	if leaf.path != "" {
		path = path.Join(xmlpatch.MustPath(leaf.path))
	}
	switch _, ok := f.Doc.Find(path); {
	case ok && leaf.text != "":
		return f.Doc.Set(path, leaf.text)
	case ok:
		return nil
	default:
		return f.Doc.Insert(path, leaf.text, f.Element(periodForm).Name())
	}
}

func formPeriod(_ *schema.Attribute, want cty.Value) []string {
	switch form, first, last, err := parsePeriod(want.AsString()); {
	case err != nil:
		return document.Sentence("%s.", capitalised(err.Error()))
	case form == periodDate && last.Before(first):
		return document.Sentence("The last day is before the first.")
	}
	return nil
}

func checkPeriod(f document.Field, want cty.Value) []string {
	form, _, _, _ := parsePeriod(want.AsString())
	options := f.Limit(periodForm)
	switch _, known := options.Option(periodWords[form]); {
	case !f.Has(periodForm):
		return f.Missing(periodForm)
	case len(options.Options) > 0 && !known:
		return document.Sentence("This device accepts %s, not %s.", document.List(options.Options), periodWords[form])
	}
	return nil
}

// samePeriod compares the days, with or without leading zeros.
func samePeriod(want, have cty.Value) bool {
	formW, firstW, lastW, errW := parsePeriod(want.AsString())
	formH, firstH, lastH, errH := parsePeriod(have.AsString())
	return errW == nil && errH == nil && formW == formH && firstW.Equal(firstH) && lastW.Equal(lastH)
}
