// Package sadp speaks the vendor's Search Active Device Protocol: messages over UDP, which devices answer whether or not they can
// be reached over TCP and whether or not anybody has given them a password.
//
// Rules:
//
//   - An inquiry changes nothing and is repeated. A command is sent once, since a device may carry out each packet that arrives:
//     a second request for a code voids the first one.
//   - Who answers has proven nothing. Whatever an answer says is a claim of somebody on the network.
//   - Devices can have the protocol switched off, and switches and bridges lose its packets: no answer proves nothing.
//   - Passwords of resets are no part of this: how they would be encrypted is not public.
package sadp

import (
	"crypto/rand"
	"fmt"
)

// Port is the UDP port at which devices listen for inquiries.
const Port = 37020

// NewID makes an id for a message.
func NewID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	return fmt.Sprintf("%X-%X-%X-%X-%X", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// Inquiry makes the packet that asks every device who it is. Their answers repeat the id.
func Inquiry(id string) []byte { return probe(element{"Uuid", id}, element{"Types", "inquiry"}) }
