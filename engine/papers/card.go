package papers

import (
	"fmt"
	"slices"
	"strings"

	"camform/engine/diag"
	"camform/engine/recover"
)

// Card is one page for the staff on site: what to do and what not to do while a case is open.
func Card(c recover.Case, f recover.Facts) Paper {
	b := sheet{c, f}
	people := Section{ID: "people", Title: "Whom to call"}
	people.add("owner", "owner", f.Record.Owner)
	people.add("custodian", "who looks after it", f.Record.Custodian)
	people.add("opened_by", "who leads the case", c.By)
	var contacts []string
	for _, contact := range f.Contacts {
		contacts = append(contacts, fmt.Sprintf("%s (%s)", contact.Name, strings.Join(contact.Channels, ", ")))
	}
	people.add("support", "support, which only the owner writes to", strings.Join(contacts, "; "))
	device := b.device()
	device.Entries = slices.DeleteFunc(device.Entries, func(e Entry) bool { return e.Name == "url" || e.Name == "firmware" })
	do := []string{
		"Compare the serial number above with the label before you touch the device. If they differ, stop and call.",
		"Do only the step you were asked to do, and write down when you started and finished it.",
		"Keep the device powered, and do not restart it unless asked to.",
	}
	if p, open := recover.PendingIn(c, f.Now); open && !p.Over() {
		do = append(do, fmt.Sprintf("A request to support is open until %s. If the device restarts before then, or anybody exports another file, the request is void.", diag.Time(p.Until)))
	}
	return Paper{
		Kind: "card", Title: "Recovery of a device: card for the staff on site", Case: c.ID,
		Lead: []string{"The owner is having this device reset by the methods its vendor offers. There is no other method, and no hurry justifies one."},
		Sections: []Section{
			device, people,
			{ID: "do", Title: "Do", Sentences: do},
			{ID: "files", Title: "Files, codes and photos", Sentences: []string{
				"Anybody with a recovery file, a device code, an answer from support or a photo of the label can open this device. Treat them like its key.",
				"Carry them on the medium you were given. Never send them by messenger, plain e-mail or a shared folder, and never put them in a chat or a ticket that others read.",
				"Give the medium back, and delete what you copied, as soon as the step is done.",
				"Never import another device's file: seven wrong files lock this method for half an hour.",
			}},
			{ID: "passwords", Title: "Passwords", Sentences: []string{
				"Do not say, write down, photograph or send a password. Anybody who needs one already has it.",
				"Do not try passwords, not even those printed in manuals or used in the past: a few wrong ones lock the device.",
				"If a tool offers to set the new password on other cameras too, decline.",
			}},
			{ID: "tools", Title: "Tools", Sentences: []string{
				"Use only the device itself or the vendor's own tool, in the version you were given.",
				"No code generators, no services that promise to unlock devices, no firmware from elsewhere.",
				"Do not press a reset button or open the device unless that is this step.",
			}},
		},
		Signed: "I have read this card and will follow it.",
	}
}
