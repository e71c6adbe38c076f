package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"camform/providers"
	"camform/schema"
)

// Document is a report as programs read it.
type Document struct {
	At      time.Time `json:"at"` // when the search ended, in UTC
	Devices []Entry   `json:"devices"`
	Missing []string  `json:"not_heard_of"` // devices of the configuration that nobody says to be
}

// Entry is a finding as programs read it. Its fields are those of Finding and Device.
type Entry struct {
	Address          string   `json:"address,omitempty"`
	MAC              string   `json:"mac,omitempty"`
	Model            string   `json:"model,omitempty"`
	Serial           string   `json:"serial,omitempty"`
	Firmware         string   `json:"firmware,omitempty"`
	Activated        Verdict  `json:"activated"`
	BeforeActivation bool     `json:"before_activation,omitempty"`
	Resets           []string `json:"resets,omitempty"`
	BootTime         string   `json:"boot_time,omitempty"`
	Network          string   `json:"network,omitempty"`
	HTTPPort         uint16   `json:"http_port,omitempty"`
	HTTPSPort        uint16   `json:"https_port,omitempty"`
	URL              string   `json:"url,omitempty"`
	Source           Source   `json:"source"`
	Device           string   `json:"device,omitempty"` // of the configuration
	MatchedBy        Match    `json:"matched_by,omitempty"`
	Remarks          []string `json:"remarks,omitempty"`
}

// Document is the report as programs read it.
func (r Report) Document() Document {
	d := Document{At: r.At.UTC().Truncate(time.Second), Devices: make([]Entry, len(r.Findings)), Missing: make([]string, len(r.Missing))}
	for i, f := range r.Findings {
		d.Devices[i] = f.Entry()
	}
	for i, missing := range r.Missing {
		d.Missing[i] = missing.String()
	}
	return d
}

// Entry is the finding as programs read it.
func (f Finding) Entry() Entry {
	e := Entry{
		MAC: f.Identity.MAC, Model: f.Identity.Model, Serial: f.Identity.Serial, Firmware: f.Identity.Firmware,
		Activated: f.Activated, BeforeActivation: f.BeforeActivation, Resets: f.Resets, BootTime: f.BootTime, URL: f.URL,
		HTTPPort: f.HTTPPort, HTTPSPort: f.HTTPSPort, Source: f.Source, MatchedBy: f.By, Remarks: f.Remarks(),
	}
	if f.Address.IsValid() {
		e.Address = f.Address.String()
	}
	if f.Network.IsValid() {
		e.Network = f.Network.String()
	}
	if !f.Declared.IsZero() {
		e.Device = f.Declared.String()
	}
	return e
}

// ErrDocument is the error of a text that is no document of a search.
var ErrDocument = errors.New("not what camform discover -json printed")

// Read reads the devices of a document, and when they were found. How they compare with a configuration is left out: that may
// have changed since. So is what recorders told, which the state knows better. Errors belong to ErrDocument.
func Read(text []byte) ([]Device, time.Time, error) {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if d.At.IsZero() {
		return nil, time.Time{}, fmt.Errorf("%w: it does not say when", ErrDocument)
	}
	var all []Device
	for i, e := range d.Devices {
		if e.Source == Recorder {
			continue
		}
		one, err := e.device()
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("%w: device %d: %w", ErrDocument, i+1, err)
		}
		all = append(all, one)
	}
	return all, d.At, nil
}

func (e Entry) device() (Device, error) {
	d := Device{
		Identity: providers.Identity{MAC: providers.NormalMAC(e.MAC), Model: e.Model, Serial: e.Serial, Firmware: e.Firmware},
		HTTPPort: e.HTTPPort, HTTPSPort: e.HTTPSPort, URL: e.URL, BootTime: e.BootTime, Resets: e.Resets, Activated: e.Activated, BeforeActivation: e.BeforeActivation, Source: e.Source,
	}
	if e.Source != Inquired && e.Source != Swept {
		return d, fmt.Errorf("%q is no source", e.Source)
	}
	if e.Activated != Yes && e.Activated != No && e.Activated != Unknown {
		return d, fmt.Errorf("%q does not say whether it is active", e.Activated)
	}
	var err error
	if e.Address != "" {
		if d.Address, err = netip.ParseAddr(e.Address); err != nil {
			return d, err
		}
	}
	if e.Network != "" {
		if d.Network, err = netip.ParsePrefix(e.Network); err != nil {
			return d, err
		}
	}
	return d, nil
}

// Of is the finding that says to be a device of the configuration, nil if none does. Of several it is the one known best.
func (r Report) Of(d schema.Device) *Finding {
	for _, match := range []Match{BySerial, ByMAC, ByAddress} {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Declared == d && f.By == match && f.Source != Recorder {
				return f
			}
		}
	}
	return nil
}

// Says is the only finding that says to be the device of an identity; nil if there is none, or more than one.
func (r Report) Says(id providers.Identity) *Finding {
	var said *Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		serial := id.Serial != "" && strings.EqualFold(id.Serial, f.Identity.Serial)
		mac := id.MAC != "" && f.Identity.MAC == providers.NormalMAC(id.MAC)
		if !serial && !mac {
			continue
		}
		if said != nil {
			return nil
		}
		said = f
	}
	return said
}
