package codec

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

// namesByZone are the names by what their zones mean. A zone that cannot be read is a mistake in the table.
func namesByZone(names map[string][]string) map[zone][]string {
	zones := map[zone][]string{}
	for text, list := range names {
		z, err := parseZone(text)
		if err != nil {
			panic("the zones of Windows: " + text + ": " + err.Error())
		}
		zones[z] = list
	}
	return zones
}
