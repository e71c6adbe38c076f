package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Ownership is what a device block says of whose the device is, for the day on which somebody has to prove it. Fields that are not
// given are empty.
type Ownership struct {
	Owner         string // whose it is
	Custodian     string // who looks after it
	PurchasedFrom string // the shop, distributor or installer
	Invoice       string // its number, or where it is kept
	LabelPhoto    string // path of a picture of the label, as seen from the working directory
	Warranty      string // its reference
	WarrantyUntil string // a date such as "2027-05-31"
	Contract      string // of maintenance: its reference
	ContractUntil string
	Range         hcl.Range
}

// Missing are the arguments that a proof of ownership needs and that are not given.
func (o Ownership) Missing() []string {
	var missing []string
	for _, field := range []struct{ name, text string }{
		{"owner", o.Owner}, {"custodian", o.Custodian}, {"purchased_from", o.PurchasedFrom}, {"invoice", o.Invoice}, {"label_photo", o.LabelPhoto},
	} {
		if field.text == "" {
			missing = append(missing, field.name)
		}
	}
	return missing
}

// ownershipOf reads an ownership block.
func ownershipOf(s scope, section *section) Ownership {
	if section == nil {
		return Ownership{}
	}
	o := Ownership{Range: section.block.DefRange}
	for name, to := range map[string]*string{
		"owner": &o.Owner, "custodian": &o.Custodian, "purchased_from": &o.PurchasedFrom, "invoice": &o.Invoice, "warranty": &o.Warranty, "contract": &o.Contract,
	} {
		*to, _ = s.text(section.attributes[name])
	}
	for name, to := range map[string]*string{"warranty_until": &o.WarrantyUntil, "contract_until": &o.ContractUntil} {
		text, given := s.text(section.attributes[name])
		if _, err := time.Parse(time.DateOnly, text); given && text != "" && err != nil {
			s.add(invalidOwnership.at(section.attributes[name].Expr.Range(), "%q is not a date. Write it like 2027-05-31.", text))
			continue
		}
		*to = text
	}
	name, _ := s.text(section.attributes["label_photo"])
	if name == "" {
		return o
	}
	at := section.attributes["label_photo"].Expr.Range()
	path, problems := s.files.picture(name, at)
	s.add(problems...)
	o.LabelPhoto = path
	return o
}
