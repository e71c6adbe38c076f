package simulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/icholy/digest"

	"camform/providers/hikvision/simulator"
)

// BenchmarkGet is one authenticated request to a device, without a connection.
func BenchmarkGet(b *testing.B) {
	d := newFleet(b, simulator.Options{Models: []string{"camera-v57"}}).Devices()[0]
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, deviceInfo, nil))
	//lint:ignore SA1008 devices spell the header like this, and the simulated ones do too
	c, err := digest.ParseChallenge(w.Header()["WWW-Authenticate"][0])
	if err != nil {
		b.Fatal(err)
	}
	count := 0
	for b.Loop() {
		count++
		credentials, err := digest.Digest(c, digest.Options{Method: http.MethodGet, URI: deviceInfo, Count: count, Username: "admin", Password: password})
		if err != nil {
			b.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, deviceInfo, nil)
		r.Header.Set("Authorization", credentials.String())
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkPipe is one authenticated request over a connection in memory that is kept.
func BenchmarkPipe(b *testing.B) {
	f := newFleet(b, simulator.Options{Models: []string{"camera-v57"}})
	c := &http.Client{Transport: &digest.Transport{Username: "admin", Password: password, Transport: newTransport(b, f.DialContext)}}
	url := f.URL(f.Devices()[0]).String() + deviceInfo
	for b.Loop() {
		response, err := c.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// BenchmarkPut is one write through the checks of the strictest model.
func BenchmarkPut(b *testing.B) {
	f := newFleet(b, simulator.Options{Models: []string{"camera-v57"}})
	d := f.Devices()[0]
	c := &http.Client{Transport: &digest.Transport{Username: "admin", Password: password, Transport: newTransport(b, f.DialContext)}}
	doc := string(d.Document(adminAccesses))
	for b.Loop() {
		r, err := http.NewRequest(http.MethodPut, f.URL(d).String()+adminAccesses, strings.NewReader(doc))
		if err != nil {
			b.Fatal(err)
		}
		response, err := c.Do(r)
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatal(response, err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// BenchmarkFleet makes a fleet of ten thousand devices and tells what one of them weighs.
func BenchmarkFleet(b *testing.B) {
	var before, after runtime.MemStats
	var f *simulator.Fleet
	for b.Loop() {
		f = nil
		runtime.GC()
		runtime.ReadMemStats(&before)
		f = newFleet(b, simulator.Options{Count: 10_000})
		runtime.GC()
		runtime.ReadMemStats(&after)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/10_000, "bytes/device")
	runtime.KeepAlive(f)
}
