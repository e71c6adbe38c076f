package hikvision_test

import (
	"fmt"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// trackList is a track with one time in its week.
const trackList = `<TrackList><Track><id>101</id><TrackSchedule><ScheduleBlockList><ScheduleBlock><ScheduleAction><id>1</id>
<ScheduleActionStartTime><DayOfWeek>Monday</DayOfWeek><TimeOfDay>00:00:00</TimeOfDay></ScheduleActionStartTime>
<ScheduleActionEndTime><DayOfWeek>Tuesday</DayOfWeek><TimeOfDay>00:00:00</TimeOfDay></ScheduleActionEndTime>
<Actions><ActionRecordingMode>CMR</ActionRecordingMode></Actions>
</ScheduleAction></ScheduleBlock></ScheduleBlockList></TrackSchedule></Track></TrackList>`

func TestSchedulesAreChecked(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("record_schedule")
	var hours []string
	for hour := range 9 {
		hours = append(hours, fmt.Sprintf("Fri %02d:00-%02d:30 CMR", hour, hour))
	}
	for name, tc := range map[string]struct {
		document string
		want     []string
		wrong    string // part of the detail; empty if the device takes it
	}{
		"eight a day":               {want: hours[:8]},
		"more than eight a day":     {want: hours, wrong: "More than 8 times begin on Friday"},
		"touching":                  {want: []string{"Mon 08:00-12:00 CMR", "Mon 12:00-13:00 MOTION"}},
		"touching over the weekend": {want: []string{"Mon 01:00-24:00 CMR", "Sun 22:00-Mon 01:00 ALARM"}},
		"overlapping":               {want: []string{"Mon 08:00-12:00 CMR", "Mon 11:59-13:00 MOTION"}, wrong: "overlap"},
		"overlapping the next week": {want: []string{"Mon 00:00-24:00 CMR", "Sun 22:00-Mon 01:00 ALARM"}, wrong: "overlap"},
		"longer than a day":         {want: []string{"Mon 08:00-Wed 12:00 CMR"}},
		"in any case":               {want: []string{" mon  8:00-9:30:15  CMR "}},
		"backwards":                 {want: []string{"Mon 18:00-08:00 CMR"}, wrong: "ends before it begins"},
		"empty":                     {want: []string{"Mon 18:00-18:00 CMR"}, wrong: "ends before it begins"},
		"no day":                    {want: []string{"Mod 08:00-18:00 CMR"}, wrong: "is not a time of the week"},
		"no hour":                   {want: []string{"Mon 08:00-24:01 CMR"}, wrong: "is not a time of the week"},
		"no minute":                 {want: []string{"Mon 08:60-18:00 CMR"}, wrong: "is not a time of the week"},
		"begins at the end of day":  {want: []string{"Mon 24:00-Tue 08:00 CMR"}, wrong: "is not a time of the week"},
		"no mode":                   {want: []string{"Mon 08:00-18:00"}, wrong: "is not a time of the week"},
		"a mode with a slip":        {want: []string{"Mon 08:00-18:00 CRM"}, wrong: "records by CMR, MOTION and ALARM, not by CRM"},
		"what is read, not written": {want: []string{"Mon 08:00-18:00 none"}, wrong: "not by none"},
		"nothing":                   {want: []string{}, wrong: "set enabled to false"},
		"two schedules": {
			document: strings.Replace(trackList, "</ScheduleBlock>", "</ScheduleBlock><ScheduleBlock></ScheduleBlock>", 1),
			want:     hours[:1], wrong: "2 schedules",
		},
		"no schedule": {document: "<TrackList><Track><id>101</id></Track></TrackList>", want: hours[:1], wrong: "does not have it"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.document == "" {
				tc.document = trackList
			}
			docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(tc.document)}}
			want := object(kind, map[string]any{"schedule": tc.want})
			errs := provider.Check(kind, docs, "101", want)
			switch {
			case tc.wrong == "" && len(errs) > 0:
				t.Errorf("it is refused: %s", errs[0].Detail)
			case tc.wrong != "" && (len(errs) != 1 || errs[0].Attribute != "schedule" || !strings.Contains(errs[0].Detail, tc.wrong)):
				t.Errorf("problems are %+v, want one with %q", errs, tc.wrong)
			}
		})
	}
}
