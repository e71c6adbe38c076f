package view

import (
	"slices"
	"strings"
	"time"

	"camform/engine/discovery"
	"camform/engine/inventory"
	"camform/engine/render"
)

// Inventory prints what is owned.
type Inventory interface {
	// Show prints records. Photos are the SHA-256 of the photos of labels, by their paths.
	Show(records []inventory.Record, photos map[string]string) error
}

// NewInventory makes the view of the inventory.
func NewInventory(f Format, out Output) Inventory {
	switch f {
	case JSON:
		return inventoryJSON{out}
	case CSV:
		return inventoryCSV{out}
	case Markdown:
		return inventoryMarkdown{out}
	default:
		return inventoryText{out}
	}
}

// item is a record as programs read it. The names are those of the columns of the table, too, in this order.
type item struct {
	Device        string `json:"device"`
	Status        string `json:"status"`
	Duplicates    string `json:"duplicates,omitempty"`
	Address       string `json:"address,omitempty"`
	Model         string `json:"model,omitempty"`
	Serial        string `json:"serial,omitempty"`
	MAC           string `json:"mac,omitempty"`
	Firmware      string `json:"firmware,omitempty"`
	Site          string `json:"site,omitempty"`
	Location      string `json:"location,omitempty"`
	LastSeen      string `json:"last_seen,omitempty"`
	Owner         string `json:"owner,omitempty"`
	Custodian     string `json:"custodian,omitempty"`
	PurchasedFrom string `json:"purchased_from,omitempty"`
	Invoice       string `json:"invoice,omitempty"`
	LabelPhoto    string `json:"label_photo,omitempty"`
	LabelSHA256   string `json:"label_sha256,omitempty"`
	Warranty      string `json:"warranty,omitempty"`
	WarrantyUntil string `json:"warranty_until,omitempty"`
	Contract      string `json:"contract,omitempty"`
	ContractUntil string `json:"contract_until,omitempty"`
	Missing       string `json:"missing,omitempty"`
	HeardAt       string `json:"heard_at,omitempty"` // address
	Activated     string `json:"activated,omitempty"`
	Remarks       string `json:"remarks,omitempty"`
}

var itemColumns = []string{
	"device", "status", "duplicates", "address", "model", "serial", "mac", "firmware", "site", "location", "last_seen", "owner", "custodian",
	"purchased_from", "invoice", "label_photo", "label_sha256", "warranty", "warranty_until", "contract", "contract_until", "missing",
	"heard_at", "activated", "remarks",
}

func (i item) cells() []string {
	return []string{
		i.Device, i.Status, i.Duplicates, i.Address, i.Model, i.Serial, i.MAC, i.Firmware, i.Site, i.Location, i.LastSeen, i.Owner, i.Custodian,
		i.PurchasedFrom, i.Invoice, i.LabelPhoto, i.LabelSHA256, i.Warranty, i.WarrantyUntil, i.Contract, i.ContractUntil, i.Missing,
		i.HeardAt, i.Activated, i.Remarks,
	}
}

func itemOf(r inventory.Record, photos map[string]string) item {
	i := item{
		Address: r.URL, Model: r.Identity.Model, Serial: r.Identity.Serial, MAC: r.Identity.MAC, Firmware: r.Identity.Firmware,
		Site: r.Site, Location: r.Location, Owner: r.Owner, Custodian: r.Custodian, PurchasedFrom: r.PurchasedFrom, Invoice: r.Invoice,
		LabelPhoto: r.LabelPhoto, LabelSHA256: photos[r.LabelPhoto], Warranty: r.Warranty, WarrantyUntil: r.WarrantyUntil,
		Contract: r.Contract, ContractUntil: r.ContractUntil,
	}
	if !slices.Contains(r.Status, inventory.Unknown) {
		i.Missing = strings.Join(r.Missing(), " ")
	}
	if !r.Device.IsZero() {
		i.Device = r.Device.String()
	}
	if r.Heard != nil {
		e := r.Heard.Entry()
		i.HeardAt, i.Activated, i.Remarks = e.Address, string(e.Activated), strings.Join(e.Remarks, "; ")
	}
	if !r.LastSeen.IsZero() {
		i.LastSeen = r.LastSeen.UTC().Format(time.RFC3339)
	}
	var words, others []string
	for _, s := range r.Status {
		words = append(words, string(s))
	}
	for _, o := range r.Others {
		others = append(others, o.String())
	}
	i.Status, i.Duplicates = strings.Join(words, ", "), strings.Join(others, " ")
	return i
}

// inventoryHeader is what people see of a record; the rest is for programs.
var inventoryHeader = []string{"device", "status", "model", "serial number", "last seen (UTC)", "where", "owner", "missing for a proof"}

// inventoryTable are the rows of a table, its header the first. What was heard on the network has columns if something was.
func inventoryTable(records []inventory.Record) [][]string {
	heard := slices.ContainsFunc(records, func(r inventory.Record) bool { return r.Heard != nil })
	rows := [][]string{slices.Clone(inventoryHeader)}
	if heard {
		rows[0] = append(rows[0], "heard of at")
	}
	for _, r := range records {
		i := itemOf(r, nil)
		status := i.Status
		if i.Duplicates != "" {
			status += " of " + i.Duplicates
		}
		where := strings.Trim(r.Site+", "+r.Location, ", ")
		seen := ""
		if !r.LastSeen.IsZero() {
			seen = r.LastSeen.UTC().Format(time.DateTime)
		}
		row := []string{
			orDash(i.Device), status, orDash(i.Model), orDash(i.Serial), orDash(seen), orDash(where), orDash(i.Owner), orDash(strings.ReplaceAll(i.Missing, " ", ", ")),
		}
		if heard {
			row = append(row, orDash(i.HeardAt))
		}
		rows = append(rows, row)
	}
	return rows
}

type inventoryText struct{ Output }

func (v inventoryText) Show(records []inventory.Record, _ map[string]string) error {
	rows := inventoryTable(records)
	if err := render.Table(v, rows[0], rows[1:]); err != nil {
		return err
	}
	var heard []discovery.Finding
	for _, r := range records {
		if r.Heard != nil {
			heard = append(heard, *r.Heard)
		}
	}
	return v.remarks(heard)
}

type inventoryMarkdown struct{ Output }

func (v inventoryMarkdown) Show(records []inventory.Record, _ map[string]string) error {
	rows := inventoryTable(records)
	return v.markdownTable(rows[0], rows[1:])
}

type inventoryJSON struct{ Output }

func (v inventoryJSON) Show(records []inventory.Record, photos map[string]string) error {
	items := make([]item, len(records))
	for n, r := range records {
		items[n] = itemOf(r, photos)
	}
	return v.document(items)
}

type inventoryCSV struct{ Output }

func (v inventoryCSV) Show(records []inventory.Record, photos map[string]string) error {
	rows := [][]string{itemColumns}
	for _, r := range records {
		rows = append(rows, itemOf(r, photos).cells())
	}
	return v.csv(rows)
}
