package hook

import (
	"regexp"
	"strings"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

var (
	timeMode  = xmlpatch.MustPath("timeMode")
	localTime = xmlpatch.MustPath("localTime")
	timeZone  = xmlpatch.MustPath("timeZone")

	utcOffset = regexp.MustCompile(`(Z|[+-]\d{2}:?\d{2})$`)
)

// finishTime prepares the clock in a document for sending. It is some seconds old by then. A device that asks a server
// gets none; one that is set by hand demands one, and takes it without an offset from UTC. In the other modes of devices,
// which are never set by us, it stays as it came.
func finishTime(doc *xmlpatch.Document) error {
	clock, ok := doc.Find(localTime)
	if !ok {
		return nil
	}
	mode, _ := doc.Find(timeMode)
	switch {
	case strings.EqualFold(mode.Text(), "NTP"):
		return document.InFamily(doc.Remove(localTime))
	case strings.EqualFold(mode.Text(), "manual"):
		return document.InFamily(doc.Set(localTime, utcOffset.ReplaceAllString(clock.Text(), "")))
	}
	return nil
}
