package isapi

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers"
)

// logPage is an answer of a device to a search of its log.
func logPage(status string, entries ...string) string {
	var b strings.Builder
	for _, e := range entries {
		what, at, _ := strings.Cut(e, " ")
		fmt.Fprintf(&b, "<searchMatchItem><logDescriptor><metaId>log.std-cgi.com/Operation/%s</metaId><StartDateTime>%s</StartDateTime>"+
			"<userName>admin</userName><ipAddress>192.0.2.9</ipAddress></logDescriptor></searchMatchItem>", what, at)
	}
	return `<CMSearchResult version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"><searchID>1</searchID><responseStatus>true</responseStatus><responseStatusStrg>` + status +
		"</responseStatusStrg><matchList>" + b.String() + "</matchList></CMSearchResult>"
}

// A log is read page by page, kept as it came, and its times are those of our clock. What is no log is not taken for an empty one.
func TestTheLogOfADeviceIsReadToItsEnd(t *testing.T) {
	const at = "2026-05-01T12:00:00+02:00"
	for name, tt := range map[string]struct {
		status  int
		answers []string // one after the other, the last one for ever
		second  string   // of the log of security; empty where there is none
		entries string   // in the order of the log, those of a reset with a star
		whole   bool
		family  error
	}{
		"two pages":                      {200, []string{logPage("MORE", "remoteLogin "+at), logPage("OK", "localResetLoginPassWord "+at)}, "", "remoteLogin localResetLoginPassWord*", true, nil},
		"nothing":                        {200, []string{logPage("NO MATCHES")}, "", "", true, nil},
		"one without end":                {200, []string{logPage("MORE", "remoteLogin "+at)}, "", strings.TrimSpace(strings.Repeat("remoteLogin ", 20)), false, nil},
		"a page of nothing":              {200, []string{logPage("MORE")}, "", "", false, nil},
		"a second log":                   {200, []string{logPage("OK", "remoteLogin "+at)}, logPage("OK", "remoteResetLoginPassWord "+at), "remoteLogin remoteResetLoginPassWord*", true, nil},
		"a second log that breaks":       {200, []string{logPage("OK", "remoteLogin "+at)}, "<html>", "remoteLogin", false, nil},
		"a wipe":                         {200, []string{logPage("OK", "localParamFactoryDefault "+at, "remoteSetDeviceActive "+at)}, "", "localParamFactoryDefault* remoteSetDeviceActive", true, nil},
		"no log":                         {404, []string{""}, "", "", false, providers.ErrUnsupported},
		"a log of security alone":        {403, []string{responseStatus(4, "Invalid Operation", "notSupport")}, logPage("OK", "localResetLoginPassWord "+at), "localResetLoginPassWord*", true, nil},
		"an account that may not see it": {403, []string{responseStatus(4, "Invalid Operation", "lowPrivilege")}, "", "", false, providers.ErrDenied},
		"a page":                         {200, []string{"<html><body>Login</body></html>"}, "", "", false, providers.ErrMalformed},
		"a mere OK":                      {200, []string{responseStatus(1, "OK", "ok")}, "", "", false, providers.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.documents[clockPath] = "<Time><localTime>" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + "</localTime></Time>"
				asked := 0
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Header.Get("Authorization") == "" || r.Method != http.MethodPost {
						return false
					}
					query, _ := io.ReadAll(r.Body)
					switch from := fmt.Sprintf("<searchResultPostion>%d<", asked); {
					case r.URL.Path == securityJournalPath && tt.second == "":
						w.WriteHeader(http.StatusNotFound)
					case r.URL.Path == securityJournalPath:
						_, _ = io.WriteString(w, tt.second)
					default:
						if tt.family == nil && tt.status == 200 && !strings.Contains(string(query), from) {
							t.Errorf("page %d was asked for with %s", asked, query)
						}
						w.WriteHeader(tt.status)
						_, _ = io.WriteString(w, tt.answers[min(asked, len(tt.answers)-1)])
						asked++
					}
					return true
				}
				log, err := s.identified().Log(t.Context(), providers.Span{From: time.Now().Add(-time.Hour), Until: time.Now()})
				if wantFamily(t, err, tt.family); err != nil {
					return
				}
				var entries []string
				for _, e := range log.Entries {
					what := e.What[strings.LastIndex(e.What, "/")+1:]
					if e.Resets {
						what += "*"
					}
					entries = append(entries, what)
					if want := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC); e.At.Sub(want).Abs() > time.Second || e.Told != at || e.User != "admin" || e.Source != "192.0.2.9" {
						t.Errorf("an entry is of %s: %+v", e.At, e)
					}
				}
				if got := strings.Join(entries, " "); got != tt.entries || log.Complete != tt.whole || len(log.Pages) < len(tt.answers) {
					t.Errorf("it has %q, complete %t, on %d pages", got, log.Complete, len(log.Pages))
				}
			})
		})
	}
}

// A search asks for the time of the case by the clock of the device.
func TestALogIsSearchedByTheClockOfTheDevice(t *testing.T) {
	for clock, ahead := range map[string]time.Duration{"": 0, "soon": 0, "2h": 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			text := clock
			if ahead > 0 {
				text = time.Now().Add(ahead).UTC().Format(time.RFC3339)
			}
			s.device.documents[clockPath] = "<Time><localTime>" + text + "</localTime></Time>"
			var query string
			s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
				asked := r.URL.Path == journalPath && r.Header.Get("Authorization") != ""
				if asked {
					body, _ := io.ReadAll(r.Body)
					query = string(body)
					_, _ = io.WriteString(w, logPage("NO MATCHES"))
				}
				return asked
			}
			from := time.Now().Add(-time.Hour)
			_, err := s.identified().Log(t.Context(), providers.Span{From: from, Until: time.Now()})
			wantFamily(t, err, nil)
			if want := "<startTime>" + from.Add(ahead).UTC().Format("2006-01-02T15:04:05Z"); !strings.Contains(query, want) {
				t.Errorf("with the clock %q it asked %s, want %s", text, query, want)
			}
		})
	}
}
