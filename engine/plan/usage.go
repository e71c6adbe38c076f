package plan

import (
	"encoding/json"
	"time"

	"camform/engine/consumer"
	"camform/schema"
)

// Usage is what was known when a plan was made about which devices use which others. Apply asks again before it changes anything
// that somebody might use. It is empty for a plan that can cut nobody off.
type Usage struct {
	Fleet []consumer.Device // every device of the configuration, ordered by address
	Lists []consumer.List   // what devices that use others told, now or last, ordered by address; without their own addresses
}

// The shapes of a usage in a plan file.
type (
	usageShape struct {
		Fleet []fleetShape `json:"fleet"`
		Lists []listShape  `json:"lists,omitempty"`
	}
	fleetShape struct {
		Address string `json:"address"`
		Site    string `json:"site,omitempty"`
		Host    string `json:"host"`
		Serial  string `json:"serial,omitempty"`
	}
	listShape struct {
		Address string          `json:"address"`
		Site    string          `json:"site,omitempty"`
		Host    string          `json:"host"`
		Told    json.RawMessage `json:"told"`
		Read    time.Time       `json:"read"`
		Away    string          `json:"away,omitempty"`
	}
)

func encodeUsage(u Usage) (*usageShape, error) {
	if len(u.Lists) == 0 {
		return nil, nil
	}
	shape := &usageShape{}
	for _, d := range u.Fleet {
		shape.Fleet = append(shape.Fleet, fleetShape{Address: d.Address.String(), Site: d.Site, Host: d.Host, Serial: d.Serial})
	}
	for _, l := range u.Lists {
		told, err := consumer.Encode(l.Uses)
		if err != nil {
			return nil, err
		}
		shape.Lists = append(shape.Lists, listShape{Address: l.Device.String(), Site: l.Site, Host: l.Host, Told: told, Read: l.Read.UTC(), Away: l.Away})
	}
	return shape, nil
}

// usage reads a usage; that of a file without one is empty.
func (shape *usageShape) usage() (u Usage, err error) {
	if shape == nil {
		return u, nil
	}
	for _, d := range shape.Fleet {
		address, err := schema.ParseDevice(d.Address)
		if err != nil {
			return u, err
		}
		u.Fleet = append(u.Fleet, consumer.Device{Address: address, Site: d.Site, Host: d.Host, Serial: d.Serial})
	}
	for _, l := range shape.Lists {
		address, err := schema.ParseDevice(l.Address)
		if err != nil {
			return u, err
		}
		uses, err := consumer.Decode(address, l.Told)
		if err != nil {
			return u, err
		}
		u.Lists = append(u.Lists, consumer.List{Device: address, Site: l.Site, Host: l.Host, Uses: uses, Read: l.Read, Away: l.Away})
	}
	return u, nil
}
