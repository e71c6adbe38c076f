package isapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"camform/providers"
)

var _ providers.LogKeeper = (*Reader)(nil)

// The logs of a device: that of operations, and on some cameras one of security, which has what the first then lacks.
const (
	journalPath         = "/ISAPI/ContentMgmt/logSearch"
	securityJournalPath = "/ISAPI/ContentMgmt/security/logSearch"
	clockPath           = "/ISAPI/System/time"
)

const (
	journalPage  = 100 // entries in an answer; devices give no more
	journalPages = 20  // in all, so that a search ends
)

// resets are the names of entries about a reset of a password or of settings.
var resets = map[string]bool{
	"localresetloginpassword": true, "remoteresetloginpassword": true,
	"localparamfactorydefault": true, "remoteparamfactorydefault": true, "localparamsimpledefault": true, "remoteparamsimpledefault": true,
}

// Log searches the logs of a device for operations. A search is a POST that changes nothing.
func (r *Reader) Log(ctx context.Context, of providers.Span) (providers.Log, error) {
	if err := r.ready(); err != nil {
		return providers.Log{}, err
	}
	ahead, err := r.ahead(ctx)
	if err != nil {
		return providers.Log{}, r.end(fmt.Errorf("read %s: %w", clockPath, err))
	}
	log, err := r.journal(ctx, journalPath, of, ahead)
	if errors.Is(err, providers.ErrUnsupported) {
		log, err = r.journal(ctx, securityJournalPath, of, ahead)
	} else if err == nil {
		more, without := r.journal(ctx, securityJournalPath, of, ahead)
		if providers.EndsSession(without) {
			err = without
		}
		log.Entries, log.Pages = append(log.Entries, more.Entries...), append(log.Pages, more.Pages...)
		log.Complete = log.Complete && (without == nil && more.Complete || errors.Is(without, providers.ErrUnsupported))
	}
	if err != nil {
		return providers.Log{}, r.end(fmt.Errorf("search its log: %w", err))
	}
	return log, nil
}

// ahead is how far the clock of the device is ahead of ours; 0 where it does not tell.
func (r *Reader) ahead(ctx context.Context) (time.Duration, error) {
	doc, err := r.read(ctx, clockPath)
	if err != nil && (providers.EndsSession(err) || ctx.Err() != nil) {
		return 0, err
	}
	var clock struct {
		Local string `xml:"localTime"`
	}
	if xml.Unmarshal(doc.Body, &clock) != nil {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, clock.Local)
	if err != nil {
		return 0, nil
	}
	return time.Until(at), nil
}

// journalAnswer is a page of a log.
type journalAnswer struct {
	XMLName xml.Name `xml:"CMSearchResult"`
	Status  string   `xml:"responseStatusStrg"`
	Matches []struct {
		Meta   string `xml:"metaId"`
		Time   string `xml:"StartDateTime"`
		User   string `xml:"userName"`
		Source string `xml:"ipAddress"`
		Remote string `xml:"remoteHostIPAddress"`
	} `xml:"matchList>searchMatchItem>logDescriptor"`
}

// journal reads the log at a path, page by page.
func (r *Reader) journal(ctx context.Context, path string, of providers.Span, ahead time.Duration) (providers.Log, error) {
	var log providers.Log
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails
	id := fmt.Sprintf("%X-%X-%X-%X-%X", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
	for range journalPages {
		status, body, err := r.send(ctx, http.MethodPost, path, journalQuery(id, of, ahead, len(log.Entries)))
		if err != nil {
			return log, err
		}
		v := verdictOf(status, body)
		if v.http/100 != 2 || v.isapi {
			return log, fmt.Errorf("%s: %w", v.describe(r.hide.Blank), v.family())
		}
		var page journalAnswer
		if err := xml.Unmarshal(body, &page); err != nil {
			return log, fmt.Errorf("its answer is not a page of a log: %w", providers.ErrMalformed)
		}
		log.Pages = append(log.Pages, bytes.Clone(body))
		for _, m := range page.Matches {
			e := providers.LogEntry{Told: r.hide.Blank(m.Time), What: r.hide.Blank(m.Meta), User: r.hide.Blank(m.User), Source: r.hide.Blank(m.Source + m.Remote)}
			if at, err := time.Parse(time.RFC3339, m.Time); err == nil {
				e.At = at.Add(-ahead)
			}
			e.Resets = resets[strings.ToLower(m.Meta[strings.LastIndex(m.Meta, "/")+1:])]
			log.Entries = append(log.Entries, e)
		}
		if page.Status != "MORE" || len(page.Matches) == 0 {
			log.Complete = page.Status != "MORE"
			return log, nil
		}
	}
	return log, nil
}

// journalQuery asks for the operations of a time, from one of them on.
func journalQuery(id string, of providers.Span, ahead time.Duration, from int) []byte {
	stamp := func(t time.Time) string { return t.Add(ahead).UTC().Format("2006-01-02T15:04:05Z") }
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<CMSearchDescription><searchID>%s</searchID><metaId>log.std-cgi.com/Operation</metaId>`+
		`<timeSpanList><timeSpan><startTime>%s</startTime><endTime>%s</endTime></timeSpan></timeSpanList>`+
		`<searchResultPostion>%d</searchResultPostion><maxResults>%d</maxResults></CMSearchDescription>`, id, stamp(of.From), stamp(of.Until), from, journalPage)
}
