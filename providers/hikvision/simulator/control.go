package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Deed is what somebody does at a device.
type Deed string

// The deeds.
const (
	ResetIt  Deed = "reset"  // see [Device.Reset]
	RebootIt Deed = "reboot" // see [Device.Reboot]
	AskMail  Deed = "mail"   // see [Device.Mail]
)

// Act is what somebody does at a device of a fleet that runs in another process.
type Act struct {
	Device string `json:"device"` // its name
	Deed   Deed   `json:"deed"`
	Attempt
}

// Outcome is what came of an act: of AskMail where the code went, and the code.
type Outcome struct {
	Address string `json:"address,omitempty"`
	Code    string `json:"code,omitempty"`
	Error   string `json:"error,omitempty"` // why nothing came of it
}

// actPath is where acts are posted.
const actPath = "/act"

// Control lets somebody act at the devices of the fleet over HTTP: see [Perform]. It is for loopback only, and listens to no page in
// a browser.
func (f *Fleet) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+actPath, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		at, err := netip.ParseAddr(host)
		if err != nil || !at.IsLoopback() || r.Header.Get("Origin") != "" {
			http.Error(w, "only for programs on this machine", http.StatusForbidden)
			return
		}
		var a Act
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&a); err != nil {
			http.Error(w, "no act", http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(f.perform(a))
	})
	return mux
}

func (f *Fleet) perform(a Act) (o Outcome) {
	d := f.byName[a.Device]
	var err error
	switch {
	case d == nil:
		err = fmt.Errorf("there is no device %q", a.Device)
	case a.Deed == ResetIt:
		err = d.Reset(a.Attempt)
	case a.Deed == RebootIt:
		d.Reboot()
	case a.Deed == AskMail:
		o.Address, o.Code, err = d.Mail()
	default:
		err = fmt.Errorf("nobody can %q", a.Deed)
	}
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

// Perform acts at a device of the fleet whose Control is at a base URL. The error says why nothing came of it.
func Perform(ctx context.Context, base string, a Act) (Outcome, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return Outcome{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+actPath, bytes.NewReader(body))
	if err != nil {
		return Outcome{}, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return Outcome{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return Outcome{}, err
	}
	var o Outcome
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, &o) != nil {
		return Outcome{}, fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(text))
	}
	if o.Error != "" {
		return Outcome{}, errors.New(o.Error)
	}
	return o, nil
}
