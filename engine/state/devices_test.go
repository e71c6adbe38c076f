package state

import (
	"context"
	"sync"
	"testing"

	"camform/providers"
)

// Ten thousand devices that report at once must not be a matter of minutes.
func BenchmarkSaveSeen(b *testing.B) {
	s, _ := newStore(b)
	parallel(b, 32, func(i int) error {
		return s.SaveSeen(context.Background(), Device{
			Address: device(name(i % 10_000)), Endpoint: "192.0.2.1:443",
			Identity: providers.Identity{Serial: name(i), MAC: "00:00:5e:00:53:01", Model: "M", Firmware: "V5.7.3"},
			Pin:      providers.Pin{SPKI: "sha256:00", Realm: "IP Camera(1)", Algorithm: "SHA-256"},
		})
	})
}

// parallel calls do b.N times from n goroutines.
func parallel(b *testing.B, n int, do func(i int) error) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}
