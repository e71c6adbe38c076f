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
	d.line(0, Strong, "Devices without a password, which get their first one, one device after the other:")
	found.write(d, Attention, fold)
	d.line(blockIndent, Quiet, "The identity of such a device is only what it claims: an impostor with your serial number and MAC address looks the same. Activate in a network that you trust.")
	d.line(blockIndent, Quiet, "The settings of such a device cannot be read before. Of those listed for it below, apply writes the ones that it does not have yet.")
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
		return text + ", and another one once camform has logged in with that and read its serial number"
	}
	return text + ", which is sent encrypted and stays, since another one would go over plain http"
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
