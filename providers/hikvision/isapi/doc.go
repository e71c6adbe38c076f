// Package isapi is the HTTP client of ISAPI devices: it logs in without ever locking an account, reads documents, sends
// requests that change the device, and turns what a device answers into the families of package providers.
//
// Rules:
//
//   - A credential goes to the device of the target only, after its pin was checked, and in no weaker scheme than the
//     device has shown before. Redirects are never followed.
//   - Every answer to a challenge that has not yet been proven is charged to the ledger before it is sent. There is one
//     function that puts a credential on a request. A refusal ends the session.
//   - A write is repeated only if it provably was not sent or the device said that it was not carried out. Otherwise its
//     outcome is ErrUnknown.
//   - Whatever a device sends is bounded in size and time, and its texts are quoted before they are shown. What is
//     traced contains no header, and no text of an element that is not known to be harmless.
//
// Where a comment says "recorded", the behaviour was seen on a real device; the rest is from vendor documents or is a
// precaution.
package isapi
