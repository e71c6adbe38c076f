package isapi

import (
	"fmt"
	"strings"

	"camform/providers"
)

// identityOf reads the answer to deviceInfo.
func identityOf(status int, body []byte) (providers.Identity, error) {
	a := parseAnswer(body)
	switch {
	case a.root != "DeviceInfo" && verdictOf(status, body).isapi:
		v := verdictOf(status, body)
		return providers.Identity{}, fmt.Errorf("it does not say who it is: to %s %s: %w", deviceInfoPath, v.describe(nil), v.readFamily())
	case a.root != "DeviceInfo" || status/100 != 2:
		form, _ := shapeOf(body)
		return providers.Identity{}, fmt.Errorf("it answers http status %d with %s instead of who it is: %w", status, form, providers.ErrMalformed)
	}
	identity := providers.Identity{
		Serial:   plain(a.field("serialNumber")),
		MAC:      providers.NormalMAC(plain(a.field("macAddress"))),
		Model:    plain(a.field("model")),
		Firmware: plain(strings.TrimSpace(a.field("firmwareVersion") + " " + a.field("firmwareReleasedDate"))),
	}
	if identity.Serial == "" && identity.MAC == "" {
		return providers.Identity{}, fmt.Errorf("it tells neither its serial number nor its MAC address: %w", providers.ErrMalformed)
	}
	return identity, nil
}
