package render

import (
	"strings"

	"camform/engine/plan"
	"camform/schema"
)

// activations is the title of the devices that get their first password.
const activations = "Activated"

// writeActivations tells which devices get their first password.
func writeActivations(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Activated() {
		found.add(device.Address, "", activationWords(device), "")
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Changes, activations)
	d.line(0, Strong, "Devices without a password, which get one first, one device after the other:")
	found.write(d, Attention, fold)
	d.line(blockIndent, Quiet, "Who such a device is, is what it says: one that imitates serial number and MAC address of yours is not told apart. Activate in a network that you trust.")
	d.line(blockIndent, Quiet, "What such a device is set to cannot be read before. Of what is listed for it below, apply writes what it does not have already.")
}

// activationWords complete "DEVICE ...".
func activationWords(device plan.Device) string {
	scheme, rest, _ := strings.Cut(device.Access.URL, "://")
	text := "will be activated over " + scheme + " (flow " + device.Activation.Flow + ")"
	if device.Activation.Found {
		text = "will be activated by its hardware address " + device.Access.Want.MAC + " and moved to " + rest
		if why := device.Activation.Unproven["activation"]; why != "" {
			text += " (allow_unproven: " + why + ")"
		}
	}
	text += ": it gets a password by credential_policy." + device.Activation.Password.Policy.Name
	if scheme == "https" {
		return text + ", and another one once it has logged in with that and told its serial number"
	}
	return text + ", which is encrypted on its way and stays, since another one would go over plain http"
}

// activationDoc is a device that gets its first password.
type activationDoc struct {
	Address string `json:"address"`
	URL     string `json:"url"`
	Flow    string `json:"flow"`
	Policy  string `json:"policy"`
	Origin  string `json:"origin"` // of the password, once there is one
}

func activationDocs(p *plan.Plan) []activationDoc {
	var all []activationDoc
	for _, d := range p.Activated() {
		all = append(all, activationDoc{
			d.Address.String(), d.Access.URL, d.Activation.Flow, d.Activation.Password.Policy.Name, schema.OriginVault + ":" + d.Access.Managed,
		})
	}
	return all
}
