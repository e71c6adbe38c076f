package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// metaIDs begin the ids of records in the log of a device.
const metaIDs = "log.std-cgi.com/"

// maxMatches is how many records an answer has.
const maxMatches = 100

// metaID is the name of an entry in the log of a device, as "Major/minor"; empty for what it does not tell.
func metaID(e Entry) string {
	if e.Detail != "" && (e.Kind == Activated || e.Kind == PasswordReset || e.Kind == Defaulted) {
		return "Operation/" + e.Detail
	}
	switch e.Kind {
	case Login:
		return "Operation/remoteLogin"
	case IllegalLogin:
		return "Exception/illegalAccess"
	case Rebooted:
		return "Operation/powerOn"
	case RemoteConfig, Exported:
		return "Operation/" + written(e)
	}
	return ""
}

// written is the minor type of a write.
func written(e Entry) string {
	if e.Path == configurationPath {
		return map[string]string{http.MethodGet: "remoteDownloadCfgFile", http.MethodPut: "remoteUploadCfgFile"}[e.Method]
	}
	for _, w := range []struct{ below, minor string }{
		{usersPath, "remoteUserManagement"}, {securityPath, "remoteCfgSecurity"}, {networkPath, "remoteCfgNetwork"}, {timePath, "remoteCfgTime"}, {rebootPath, "remoteReboot"},
	} {
		if e.Path == w.below || strings.HasPrefix(e.Path, w.below+"/") {
			return w.minor
		}
	}
	return "remoteConfig"
}

// searchLog answers a search of the log.
func (x *exchange) searchLog() reply {
	root, err := scan(x.q.body)
	if err != nil {
		return x.refuse(badXMLFormat)
	}
	id, wanted := root.value("searchID"), strings.TrimPrefix(root.value("metaId"), metaIDs)
	limit, errLimit := strconv.Atoi(root.value("maxResults"))
	if root.name != "CMSearchDescription" || id == "" || wanted == "" || errLimit != nil || limit < 0 {
		return x.refuse(badXMLContent)
	}
	position, _ := strconv.Atoi(root.value("searchResultPostion"))
	spans, err := timeSpans(root.child("timeSpanList"))
	if err != nil {
		return x.refuse(badParameters)
	}
	var found []Entry
	for _, e := range x.unit.core.Log.Entries() {
		e.Time = e.Time.Add(x.unit.clockOffset)
		if meta := metaID(e); meta != "" && (strings.EqualFold(wanted, "All") || strings.EqualFold(wanted, meta) || strings.HasPrefix(strings.ToLower(meta), strings.ToLower(wanted)+"/")) && within(e.Time, spans) {
			found = append(found, e)
		}
	}
	from := min(max(position, 0), len(found))
	return x.matches(id, found[from:], min(limit, maxMatches), len(found))
}

// matches are the first records of those that are left.
func (x *exchange) matches(id string, left []Entry, limit, total int) reply {
	said, more := left[:min(limit, len(left))], "OK"
	switch {
	case len(left) == 0:
		more = "NO MATCHES"
	case len(said) < len(left):
		more = "MORE"
	}
	zone := zoneOf(x.unit.storedTime().value("timeZone"))
	var b strings.Builder
	fmt.Fprintf(&b, "<CMSearchResult%s>\n<searchID>%s</searchID>\n<responseStatus>true</responseStatus>\n<responseStatusStrg>%s</responseStatusStrg>\n<totalMatches>%d</totalMatches>\n<numOfMatches>%d</numOfMatches>\n<matchList>\n",
		x.unit.model.attributes(), escape(id), more, total, len(said))
	for _, e := range said {
		source := ""
		if e.Source.IsValid() {
			source = e.Source.String()
		}
		fmt.Fprintf(&b, "<searchMatchItem>\n<logDescriptor>\n<metaId>%s%s</metaId>\n<StartDateTime>%s</StartDateTime>\n<userName>%s</userName>\n<ipAddress>%s</ipAddress>\n</logDescriptor>\n</searchMatchItem>\n",
			metaIDs, escape(metaID(e)), e.Time.In(zone).Format(offsetLayout), escape(e.User), source)
	}
	b.WriteString("</matchList>\n</CMSearchResult>\n")
	answer := x.unit.model.made(b.String())
	return x.unit.model.send(http.StatusOK, answer.contentType, answer.body)
}

// timeSpan is a time from and until.
type timeSpan struct{ from, until time.Time }

// timeSpans reads a list of them; none stands for all times.
func timeSpans(list *element) ([]timeSpan, error) {
	var spans []timeSpan
	for _, item := range list.items() {
		from, err := time.Parse(time.RFC3339, item.value("startTime"))
		if err != nil {
			return nil, err
		}
		until, err := time.Parse(time.RFC3339, item.value("endTime"))
		if err != nil {
			return nil, err
		}
		spans = append(spans, timeSpan{from, until})
	}
	return spans, nil
}

func within(at time.Time, spans []timeSpan) bool {
	for _, s := range spans {
		if !at.Before(s.from) && !at.After(s.until) {
			return true
		}
	}
	return len(spans) == 0
}
