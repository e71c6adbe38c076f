package main

import (
	"crypto/tls"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icholy/digest"

	"camform/providers/hikvision/simulator"
)

// benchSite declares a dozen settings for every device; none differs on a second plan.
const benchSite = `
device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  system {
    name = "Gate"
  }
  accept_clock_jump = "it is a benchmark"

  time {
    mode = "NTP"
    zone = "EST5EDT,M3.2.0,M11.1.0"
  }
  ntp {
    server   = "192.0.2.123"
    interval = 120
  }
  upnp {
    enabled = false
  }
  cloud {
    enabled = false
  }
  login_lock {
    attempts = 6
  }
  web_auth {
    method = "digest"
  }
}
`

// bareLoop fetches documents of devices as directly as a program can: one connection and one challenge for each device, digest, and
// bodies that are read and thrown away. Its arguments are the inventory and a file of paths.
func bareLoop() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		panic(err)
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	paths := strings.Fields(string(text))
	address := slices.Index(rows[0], "address")
	slots := make(chan struct{}, 64)
	var all sync.WaitGroup
	for _, row := range rows[1:] {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			transport := &http.Transport{
				MaxConnsPerHost: 1, DisableCompression: true,
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- it asks simulated devices
			}
			defer transport.CloseIdleConnections()
			client := http.Client{Transport: &digest.Transport{Username: "admin", Password: os.Getenv("ADMIN_PASSWORD"), Transport: transport}}
			for _, path := range paths {
				resp, err := client.Get(row[address] + path)
				if err != nil {
					panic(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); err != nil || n == 0 || resp.StatusCode == http.StatusUnauthorized {
					panic(fmt.Sprintf("%s%s: %d, %d bytes, %v", row[address], path, resp.StatusCode, n, err))
				}
				_ = resp.Body.Close()
			}
		})
	}
	all.Wait()
}

// BenchmarkPlanAgainstTheBareLoop tells how many times the processor time of the bare loop a plan without changes takes for the
// same documents of 200 devices. Each is measured in turn, and the median of the ratios counts.
func BenchmarkPlanAgainstTheBareLoop(b *testing.B) {
	for _, over := range []struct {
		name string
		tls  bool
	}{{"TLS", true}, {"HTTP", false}} {
		b.Run(over.name, func(b *testing.B) {
			s := newSite(b, simulator.Options{Models: []string{"camera-v57"}, Count: 200, TLS: over.tls, Seed: 8}, benchSite)
			s.run(0, "apply", "-auto-approve")
			s.write("paths", []byte(strings.Join(s.reads(), "\n")))
			var ratios []float64
			for b.Loop() {
				bare := s.spent(s.command("bareloop", "inventory.csv", "paths"))
				ratios = append(ratios, float64(s.spent(s.program("plan")))/float64(bare))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var traced = regexp.MustCompile(`(?m)^debug: \S+: GET (\S+): 200 in`)

// reads are the documents of a device that a plan gets, in their order.
func (s *site) reads() []string {
	c := s.program("plan", "-target", `device.camera["`+s.fleet.Devices()[0].Name()+`"]`)
	c.Env = append(c.Env, "CAMFORM_LOG=debug")
	out, err := c.CombinedOutput()
	var paths []string
	for _, m := range traced.FindAllStringSubmatch(string(out), -1) {
		paths = append(paths, m[1])
	}
	if err != nil || len(paths) == 0 {
		s.t.Fatalf("%v\n%s", err, out)
	}
	return paths
}

// spent is the processor time of a program.
func (s *site) spent(c *exec.Cmd) time.Duration {
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}
