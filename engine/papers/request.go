package papers

import (
	"camform/engine/diag"
	"camform/engine/recover"
)

// Requester is who asks support for a reset.
type Requester struct {
	Name    string // needed
	Email   string // needed: support answers there
	Phone   string
	Company string
	Country string
	Role    string // of the owner, the custodian, the installer
}

// Request is the form with which an owner asks support for a reset, with what its vendor wants to know. Files are those that
// go along.
func Request(c recover.Case, f recover.Facts, by Requester, files []recover.File) Paper {
	b := sheet{c, f}
	who := Section{ID: "requester", Title: "Who asks"}
	who.add("name", "name", by.Name)
	who.add("email", "e-mail address", by.Email)
	who.add("phone", "telephone", by.Phone)
	who.add("company", "company", by.Company)
	who.add("country", "country", by.Country)
	who.add("role", "role", by.Role)
	device := b.device()
	started := ""
	for _, e := range c.Events {
		if text := e.Data[recover.BootTime]; text != "" {
			started = text + " by the clock of the device"
		}
	}
	device.add("started", "started", started)
	pending, open := recover.PendingIn(c, f.Now)
	code := ""
	if open {
		code = diag.Time(pending.Since) + ", good until " + diag.Time(pending.Until)
	}
	device.add("code", "code or file made", code)
	owner := Section{ID: "ownership", Title: "Whose it is"}
	o := f.Record.Ownership
	owner.add("owner", "owner", o.Owner)
	owner.add("custodian", "custodian", o.Custodian)
	owner.add("purchased_from", "purchased from", o.PurchasedFrom)
	owner.add("invoice", "invoice", o.Invoice)
	owner.add("warranty", "warranty", joinedUntil(o.Warranty, o.WarrantyUntil))
	owner.add("contract", "contract of maintenance", joinedUntil(o.Contract, o.ContractUntil))
	reason := Section{ID: "reason", Title: "What happened"}
	reason.add("reason", "in the owner's words", c.Reason)
	along := Section{ID: "files", Title: "Enclosed files", Columns: []string{"file", "SHA-256"}}
	for _, f := range files {
		along.Rows = append(along.Rows, []string{f.Name, f.SHA256})
	}
	return Paper{
		Kind: "request", Title: "Request to reset the password of a device", Case: c.ID,
		Lead: []string{
			"The owner requests a reset of the administrator's password by the vendor's own method, which keeps the settings.",
			"The device stays powered, and nobody generates another code, until your answer arrives. Please answer on the same channel.",
		},
		Sections: []Section{
			who, device, owner, reason, along,
		},
	}
}
