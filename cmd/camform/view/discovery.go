package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"camform/engine/diag"
	"camform/engine/discovery"
	"camform/engine/learn"
	"camform/engine/render"
)

// Discovery prints which devices were found on the network.
type Discovery interface {
	// Found prints what was found. Taken are the names of device blocks that the configuration has.
	Found(r discovery.Report, taken []string) error
}

// NewDiscovery makes the view of what was found.
func NewDiscovery(f Format, out Output) Discovery {
	switch f {
	case JSON:
		return discoveryJSON{out}
	case CSV:
		return discoveryCSV{out}
	case HCL:
		return discoveryHCL{out}
	default:
		return discoveryText{out}
	}
}

type discoveryText struct{ Output }

func (v discoveryText) Found(r discovery.Report, _ []string) error {
	if len(r.Findings) == 0 {
		fmt.Fprintln(v, "No device was found.")
	} else if err := v.table(r.Findings); err != nil {
		return err
	}
	if err := v.remarks(r.Findings); err != nil {
		return err
	}
	fmt.Fprintln(v)
	if slices.ContainsFunc(r.Findings, func(f discovery.Finding) bool { return f.Declared.IsZero() }) {
		fmt.Fprintln(v, "With -hcl, blocks of the devices that the configuration lacks are printed, to paste into it.")
	}
	if n := len(r.Missing); n > 0 {
		names := make([]string, n)
		for i, d := range r.Missing {
			names[i] = d.String()
		}
		fmt.Fprintf(v, "Not heard of %s of the configuration: %s.\n", render.Plural(n, "device"), diag.CleanText(diag.FirstOf(names)))
	}
	_, err := fmt.Fprintln(v, "A device that does not answer may still be there: it can be set not to answer, and networks lose inquiries. "+
		"The identity of a device that answers is not proven.")
	return err
}

func (v discoveryText) table(findings []discovery.Finding) error {
	rows := [][]string{{"address", "MAC address", "model", "serial number", "firmware", "activated", "password reset by", "started", "in the configuration"}}
	for _, f := range findings {
		device := ""
		if !f.Declared.IsZero() {
			device = f.Declared.String()
		}
		rows = append(rows, []string{
			orDash(addressText(f.Address)), orDash(f.Identity.MAC), orDash(f.Identity.Model), orDash(f.Identity.Serial), orDash(f.Identity.Firmware),
			string(f.Activated), orDash(strings.ReplaceAll(strings.Join(f.Resets, ", "), "_", " ")), orDash(f.BootTime), orDash(device),
		})
	}
	rows = told(rows)
	return render.Table(v, rows[0], rows[1:])
}

// told are the columns of a table, its header among the rows, in which something is said.
func told(rows [][]string) [][]string {
	shown := make([][]string, len(rows))
	for column := range rows[0] {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "-" }) {
			continue
		}
		for i, row := range rows {
			shown[i] = append(shown[i], row[column])
		}
	}
	return shown
}

// remarks prints each remark once, with the devices that it is about.
func (v Output) remarks(findings []discovery.Finding) error {
	var order []string
	about := map[string][]string{}
	for _, f := range findings {
		name := addressText(f.Address)
		if f.Identity.MAC != "" && (f.Sharing > 1 || name == "") {
			name = strings.TrimSpace(name + " " + f.Identity.MAC)
		}
		for _, remark := range f.Remarks() {
			if about[remark] == nil {
				order = append(order, remark)
			}
			about[remark] = append(about[remark], name)
		}
	}
	if len(order) > 0 {
		fmt.Fprintln(v)
	}
	for _, remark := range order {
		if _, err := fmt.Fprintf(v, "%s: %s.\n", diag.CleanText(diag.FirstOf(about[remark])), diag.CleanText(remark)); err != nil {
			return err
		}
	}
	return nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

type discoveryJSON struct{ Output }

func (v discoveryJSON) Found(r discovery.Report, _ []string) error {
	return v.document(r.Document())
}

type discoveryCSV struct{ Output }

func (v discoveryCSV) Found(r discovery.Report, _ []string) error {
	rows := [][]string{{"address", "mac", "model", "serial", "firmware", "activated", "resets", "boot_time", "network", "source", "device", "remarks"}}
	for _, f := range r.Findings {
		e := f.Entry()
		rows = append(rows, []string{
			e.Address, e.MAC, e.Model, e.Serial, e.Firmware, string(e.Activated), strings.Join(e.Resets, " "), e.BootTime, e.Network, string(e.Source), e.Device,
			strings.Join(e.Remarks, "; "),
		})
	}
	return v.csv(rows)
}

type discoveryHCL struct{ Output }

// Found prints blocks of the devices that the configuration lacks. A device that another one claims to be as well gets none, nor
// does one without an address.
func (v discoveryHCL) Found(r discovery.Report, taken []string) error {
	var blocks []learn.Found
	left := 0
	for _, f := range r.Findings {
		switch {
		case !f.Declared.IsZero():
		case len(f.ClaimedTwice) > 0 || !f.Address.IsValid():
			left++
		default:
			remarks := slices.DeleteFunc(f.Remarks(), func(remark string) bool { return remark == discovery.Undeclared })
			if guess := f.Guess(); guess != "" {
				remarks = append(remarks, guess)
			}
			blocks = append(blocks, learn.Found{Address: f.Reach(), Identity: f.Identity, Remarks: remarks})
		}
	}
	if left > 0 {
		fmt.Fprintf(v, "# Left out, because another device claims the same identity or the address is missing: %s.\n", render.Plural(left, "device"))
	}
	if len(blocks) == 0 {
		_, err := fmt.Fprintln(v, "# There is nothing to add to the configuration.")
		return err
	}
	_, err := fmt.Fprintf(v, "# Found by camform discover, identity not proven. Give each device a login, then run \"camform plan\".\n\n%s", learn.Blocks(blocks, taken))
	return err
}
