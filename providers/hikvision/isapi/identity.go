package isapi

import (
	"fmt"
	"strings"

	"camform/providers"
)

// identityOf reads the answer to deviceInfo. Hide blanks what it repeats.
func identityOf(status int, body []byte, hide *providers.Redactor) (providers.Identity, error) {
	a := parseAnswer(body)
	switch {
	case a.root != "DeviceInfo" && verdictOf(status, body).isapi:
		v := verdictOf(status, body)
		return providers.Identity{}, fmt.Errorf("it does not identify itself: to %s %s: %w", deviceInfoPath, v.describe(hide.Blank), v.readFamily())
	case a.root != "DeviceInfo" || status/100 != 2:
		form, _ := shapeOf(body)
		return providers.Identity{}, fmt.Errorf("it answers http status %d with %s instead of its identity: %w", status, form, providers.ErrMalformed)
	}
	told := func(name string) string { return plain(hide.Blank(a.field(name))) }
	identity := providers.Identity{
		Serial:   told("serialNumber"),
		MAC:      providers.NormalMAC(told("macAddress")),
		Model:    told("model"),
		Firmware: strings.TrimSpace(told("firmwareVersion") + " " + told("firmwareReleasedDate")),
		Type:     told("deviceType"),
	}
	if identity.Serial == "" && identity.MAC == "" {
		return providers.Identity{}, fmt.Errorf("it reports neither its serial number nor its MAC address: %w", providers.ErrMalformed)
	}
	return identity, nil
}
