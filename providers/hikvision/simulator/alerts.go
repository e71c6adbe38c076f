package simulator

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"
)

const alertStreamPath = "/ISAPI/Event/notification/alertStream"

// usualHeartbeat is how often cameras tell that nothing happens; those up to V5.5.0 do it three times a second.
const usualHeartbeat = 10 * time.Second

// heartbeat is how often the model tells that nothing happens.
func (b *blueprint) heartbeat() time.Duration {
	return cmp.Or(time.Duration(b.HeartbeatMillis)*time.Millisecond, usualHeartbeat)
}

// alerts answers a client that listens to events: with a part for each event, and for the time in between with heartbeats, until it
// goes, or the device.
func (x *exchange) alerts() (reply, bool) {
	if x.q.path != alertStreamPath || x.q.method != http.MethodGet || x.unit.model.recorded {
		return reply{}, false
	}
	d := x.unit
	if d.down == nil {
		d.down = make(chan struct{})
	}
	down := d.down
	head := d.model.send(http.StatusOK, "multipart/mixed; boundary=boundary", nil)
	head.header["Transfer-Encoding"] = []string{"identity"} // clients read the stream as it comes
	head.stream = func(ctx context.Context, w http.ResponseWriter) {
		beat := time.NewTicker(d.model.heartbeat())
		defer beat.Stop()
		for {
			if !tell(w, listeners{d}.quiet()) {
				return
			}
			select {
			case <-beat.C:
			case <-ctx.Done():
				return
			case <-down:
				panic(http.ErrAbortHandler)
			}
		}
	}
	return head, true
}

// tell sends a part of a stream: its header and its body by themselves, as cameras do, and some clients expect.
func tell(w http.ResponseWriter, alert document) bool {
	header := fmt.Sprintf("--boundary\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", alert.contentType, len(alert.body))
	for _, text := range [][]byte{[]byte(header), alert.body, []byte("\r\n")} {
		if _, err := w.Write(text); err != nil || http.NewResponseController(w).Flush() != nil {
			return false
		}
	}
	return true
}

// listeners are those who hear what happens at a device.
type listeners struct{ *unit }

// hangUp ends the connections of those who listen.
func (d listeners) hangUp() {
	if d.down != nil {
		close(d.down)
		d.down = nil
	}
}

// quiet tells that nothing happens.
func (d listeners) quiet() document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.model.made(fmt.Sprintf("<EventNotificationAlert%s>\n<ipAddress>%s</ipAddress>\n<portNo>%d</portNo>\n<protocol>HTTP</protocol>\n<macAddress>%s</macAddress>\n<channelID>1</channelID>\n"+
		"<dateTime>%s</dateTime>\n<activePostCount>0</activePostCount>\n<eventType>videoloss</eventType>\n<eventState>inactive</eventState>\n<eventDescription>videoloss alarm</eventDescription>\n</EventNotificationAlert>\n",
		d.model.attributes(), d.address, d.running.http.port, d.identity.mac, d.localTime()))
}
