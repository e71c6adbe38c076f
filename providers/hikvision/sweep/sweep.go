// Package sweep asks every address of a range whether a device is there.
//
// Rules:
//
//   - An address gets at most one request of a sweep: a GET of the document that says whether the device was activated, which devices
//     answer without a login. No credential is sent, and none is known here.
//   - Connections are opened at a pace that no network notices.
//   - Who answers has proven nothing: certificates are not checked, since nothing is entrusted to anybody.
package sweep

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Path is the document that is asked for.
const Path = "/SDK/activateStatus"

// PerSecond is how many connections are opened in a second.
const PerSecond = 50

const (
	dialPatience = 2 * time.Second
	patience     = 5 * time.Second // for a connection and its answer
	maxAnswer    = 4 << 10
)

// Sweep says how to ask. The zero value asks at the usual ports over the network.
type Sweep struct {
	// Port is where to ask, over TLS and, if nothing there speaks TLS, without. If it is 0, that is 443 for TLS and 80 without.
	Port uint16
	// Dial opens connections; nil for those of package net.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Answer is what came of one address.
type Answer struct {
	Address   netip.Addr
	URL       string // where something answered; empty where nothing did
	Device    bool   // it answers as a device does
	Activated bool   // somebody gave it a password; meaningless if Device is false
}

// Ask asks all addresses and calls told for each of them, by one goroutine at a time and in the order in which they answer. It
// returns when that is done. When ctx is done, no further address is asked, and those without an answer yet are not told of;
// the error is that of ctx.
func (s Sweep) Ask(ctx context.Context, addresses []netip.Addr, told func(Answer)) error {
	pace := time.NewTicker(time.Second / PerSecond)
	defer pace.Stop()
	client := s.client()
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, address := range addresses {
		if !await(ctx, pace.C) {
			break
		}
		asking.Go(func() {
			answer := s.ask(ctx, client, address, pace.C)
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() == nil {
				told(answer)
			}
		})
	}
	asking.Wait()
	return ctx.Err()
}

// await waits for its turn, and reports whether it came before ctx was done.
func await(ctx context.Context, turn <-chan time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-turn:
		return ctx.Err() == nil
	}
}

func (s Sweep) client() *http.Client {
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	bounded := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialPatience) // package http lets a connection go on that nobody waits for any more
		defer cancel()
		return dial(ctx, network, address)
	}
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: bounded, DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS10, InsecureSkipVerify: true}, // #nosec G402 -- see the rules of the package
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask asks one address, over TLS first. It asks without only where no request has left.
func (s Sweep) ask(ctx context.Context, client *http.Client, address netip.Addr, turn <-chan time.Time) Answer {
	secure, plain := s.Port, s.Port
	if s.Port == 0 {
		secure, plain = 443, 80
	}
	a, asked := get(ctx, client, "https", netip.AddrPortFrom(address, secure))
	if !asked && await(ctx, turn) {
		a, _ = get(ctx, client, "http", netip.AddrPortFrom(address, plain))
	}
	return a
}

// usual are the ports that URLs leave out.
var usual = map[string]string{"https": ":443", "http": ":80"}

// get asks at one port. Asked reports whether the request may have left.
func get(ctx context.Context, client *http.Client, scheme string, at netip.AddrPort) (a Answer, asked bool) {
	a.Address = at.Addr()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { asked = true }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+at.String()+Path, nil)
	if err != nil {
		return a, false
	}
	answer, err := client.Do(r)
	if err != nil {
		return a, asked
	}
	defer answer.Body.Close()
	a.URL = strings.TrimSuffix(scheme+"://"+at.String(), usual[scheme])
	var status struct {
		XMLName   xml.Name
		Activated *string
	}
	body := io.LimitReader(answer.Body, maxAnswer)
	if answer.StatusCode == http.StatusOK && xml.NewDecoder(body).Decode(&status) == nil && status.XMLName.Local == "ActivateStatus" && status.Activated != nil {
		a.Device, a.Activated = true, strings.TrimSpace(*status.Activated) == "true"
	}
	return a, true
}
