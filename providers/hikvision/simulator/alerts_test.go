package simulator_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers/hikvision/simulator"
)

const alertStream = "/ISAPI/Event/notification/alertStream"

func readAll(t testing.TB, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// hear opens the stream of events.
func hear(ctx context.Context, t *testing.T, c *client) (*multipart.Reader, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+alertStream, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	kind, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", response.StatusCode, kind, err)
	}
	return multipart.NewReader(response.Body, parameters["boundary"]), response
}

type alert struct {
	XMLName    xml.Name
	MAC        string `xml:"macAddress"`
	Event      string `xml:"eventType"`
	State      string `xml:"eventState"`
	Count      int    `xml:"activePostCount"`
	DateTime   string `xml:"dateTime"`
	ChannelID  int    `xml:"channelID"`
	PortNumber int    `xml:"portNo"`
}

func next(t *testing.T, stream *multipart.Reader) (alert, error) {
	t.Helper()
	part, err := stream.NextPart()
	if err != nil {
		return alert{}, err
	}
	body, err := io.ReadAll(io.LimitReader(part, 1<<16))
	if err != nil {
		return alert{}, err
	}
	var a alert
	if err := xml.Unmarshal(body, &a); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return a, nil
}

func TestHeartbeatsOfTheStreamOfEvents(t *testing.T) {
	for model, period := range map[string]time.Duration{"camera-v52": 300 * time.Millisecond, "camera-v57": 10 * time.Second, "recorder-v2": 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f, d := one(t, model, time.Now)
			c := connect(t, f, d, "admin", password)
			ctx, leave := context.WithCancel(t.Context())
			stream, _ := hear(ctx, t, c)
			begin := time.Now()
			for i := range 4 {
				a, err := next(t, stream)
				if err != nil || a.XMLName.Local != "EventNotificationAlert" || a.Event != "videoloss" || a.State != "inactive" || a.Count != 0 || !strings.EqualFold(a.MAC, d.MAC()) {
					t.Fatalf("%s: %v %+v", model, err, a)
				}
				// The reader of parts wants the boundary behind a part before it says that it ends.
				if after := time.Since(begin); after > time.Duration(i+1)*period || i == 0 && after > period {
					t.Errorf("%s: heartbeat %d after %s", model, i+1, after)
				}
			}
			if time.Since(begin) < 3*period {
				t.Errorf("%s: four heartbeats within %s", model, time.Since(begin))
			}
			leave()
			synctest.Wait() // nobody is left who sends: a bubble does not end with one
		})
	}
}

func TestTheStreamOfEventsEndsWithTheDevice(t *testing.T) {
	for name, end := range map[string]func(*simulator.Device){
		"reboot": (*simulator.Device).Reboot,
		"unplug": (*simulator.Device).Unplug,
		"wipe":   func(d *simulator.Device) { d.Reset(simulator.Attempt{Method: simulator.Wipe}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			f, d := one(t, "camera-v57", time.Now)
			stream, _ := hear(t.Context(), t, connect(t, f, d, "admin", password))
			begin := time.Now()
			go func() {
				time.Sleep(15 * time.Second)
				end(d)
			}()
			var err error
			for err == nil {
				_, err = next(t, stream)
			}
			if after := time.Since(begin); after != 15*time.Second || errors.Is(err, context.Canceled) {
				t.Errorf("%s: it ended after %s: %v", name, after, err)
			}
		})
	}
}

// Nobody listens without a login, and the stream is of no other method.
func TestTheStreamOfEventsNeedsALogin(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	if a := anonymousClient(t, f, d).do(http.MethodGet, alertStream, ""); a.status != http.StatusUnauthorized {
		t.Errorf("%d", a.status)
	}
	if a := connect(t, f, d, "admin", password).do(http.MethodPut, alertStream, "x"); a.status < 400 {
		t.Errorf("PUT: %d", a.status)
	}
}

func TestPictures(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, clock *made) {
		c := connect(t, f, d, "admin", password)
		shot := func(path string) (width, height int, picture string) {
			t.Helper()
			a := c.do(http.MethodGet, path, "")
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/jpeg" {
				t.Fatalf("%s: %d\n%s", path, a.status, a.body)
			}
			decoded, err := jpeg.Decode(bytes.NewReader([]byte(a.body)))
			if err != nil {
				t.Fatal(err)
			}
			return decoded.Bounds().Dx(), decoded.Bounds().Dy(), a.body
		}
		if d.Kind() == "dvr" {
			return // its channels are analogue, and none is connected
		}
		_, _, one := shot(streams + "/101/picture")
		if w, h, _ := shot(streams + "/102/picture?snapShotImageType=JPEG&videoResolutionWidth=320&videoResolutionHeight=180"); w != 320 || h != 180 {
			t.Errorf("%d by %d", w, h)
		}
		clock.advance(20 * time.Second)
		if _, _, later := shot(streams + "/101/picture"); later == one {
			t.Error("the picture stands still")
		}
		if a := c.do(http.MethodGet, streams+"/9901/picture", ""); a.status < 400 {
			t.Errorf("a stream that is not there: %d", a.status)
		}
	})
}

func TestVideoInputsOfModels(t *testing.T) {
	const inputs = "/ISAPI/System/Video/inputs/channels"
	for model, channels := range map[string]int{"camera-v52": 1, "camera-v56": 1, "camera-v57": 1, "camera-v58": 1, "thermal-v55": 2, "dvr-v47": 4} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		if n := strings.Count(c.get(inputs), "<inputPort>"); n != channels {
			t.Errorf("%s has %d inputs", model, n)
		}
		named := strings.Replace(c.get(inputs+"/1"), "<name>", "<name>North ", 1)
		c.put(inputs+"/1", named, "ok")
		if list := c.get(inputs); !strings.Contains(list, "<name>North ") {
			t.Errorf("%s:\n%s", model, list)
		}
	}
}
