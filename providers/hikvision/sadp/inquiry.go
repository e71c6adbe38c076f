// Package sadp finds devices with the vendor's Search Active Device Protocol: an inquiry over UDP, which devices answer
// whether or not they can be reached over TCP and whether or not anybody has given them a password.
//
// Rules:
//
//   - Inquiries are all that is sent. Nothing here changes a device, and nothing here knows a password.
//   - Who answers has proven nothing. Whatever an answer says is a claim of somebody on the network.
//   - Devices can have the protocol switched off, and switches and bridges lose its packets: no answer proves nothing.
package sadp

import (
	"bytes"
	"encoding/xml"
)

// Port is the UDP port at which devices listen for inquiries.
const Port = 37020

// Inquiry makes the packet that asks every device who it is. Their answers repeat the id.
func Inquiry(id string) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>`)
	_ = xml.EscapeText(&b, []byte(id)) // a buffer takes everything
	b.WriteString(`</Uuid><Types>inquiry</Types></Probe>`)
	return b.Bytes()
}
