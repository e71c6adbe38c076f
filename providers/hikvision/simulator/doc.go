// Package simulator holds devices that behave: network cameras and recorders that speak ISAPI over HTTP, demand digest
// authentication, lock whoever guesses passwords, keep what they are told and do what their documents say.
//
// It serves people who try out a configuration without hardware, and it is the fake of every test that needs a device.
// For that reason it shares no code with the client: a misreading of the protocol in one does not hide in the other.
//
// Rules:
//
//   - A document is bytes. What a device sends is what its model, its recording or the last accepted write holds, changed
//     only where real devices change it: read-only elements, running clocks, rewritten time zones.
//   - A personality is data. What distinguishes one firmware from another stands in the model.json of the model.
//   - Settings act. A device that is told to close a port, to refuse an address or to speak SHA-256 does it.
//   - The clock is handed in. A device never sleeps except for a fault that asks it to.
//   - Devices of one model share the bytes of their documents until they are written; an idle device has no goroutine.
//
// # Models
//
// A built-in model is a folder below models: a model.json, which the type personality describes, and one file for each
// document below ISAPI, in the place that its path says. Documents are sent as they stand in the file, line feeds included;
// {{name}}, {{serial}}, {{subserial}}, {{mac}}, {{id}}, {{salt}} and {{engine}} stand for what differs between devices.
// A folder of recordings has the same shape without model.json; a file with the extension .status holds the HTTP status
// with which the device refused the path.
//
// # Faults
//
// A fault file is JSON: an object with a list of rules. A device obeys every rule that matches a request.
//
//	{"rules": [
//	  {"device": "camera-*", "method": "PUT", "path": "/ISAPI/Security/*", "nth": 2, "action": "drop-reply"},
//	  {"probability": 0.01, "seed": 7, "action": "latency", "delay": "3s"},
//	  {"device": "recorder-v1-0003", "action": "status", "status": 503, "code": "deviceBusy", "times": 4}
//	]}
//
// Rule documents the selectors and Action the actions.
package simulator
