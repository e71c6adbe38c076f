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

// Port is the UDP port at which devices listen for inquiries.
const Port = 37020

// Inquiry makes the packet that asks every device who it is. Their answers repeat the id.
func Inquiry(id string) []byte { return probe(element{"Uuid", id}, element{"Types", "inquiry"}) }
