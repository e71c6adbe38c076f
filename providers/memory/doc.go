// Package memory is a provider whose devices are maps: the engine is tested and measured on it, without a network and
// without XML.
//
// Rules:
//
//   - Devices behave. They check passwords and lock, enforce their limits, close the ports that a document closes, drop
//     peers that their filter does not name, and forget nothing of what happened: see [Device.Log].
//   - Sessions keep to the contract of package providers and insist that their callers do: nothing works before Identify,
//     nothing is sent after an error that ends the session, and a second goroutine in a session is a panic.
//   - What can go wrong is injected as data ([Fault]) or as a hook ([Device.BeforeWrite], [Device.AfterWrite]), and
//     never happens by chance. Time is the clock that was handed to [NewFleet].
//   - Recorders log in to the cameras of their channels and go on when they are refused, as real ones do; the state of a
//     channel is the document /channels/KEY/status, that of all /channels/status. The camera judges by its listeners, its
//     filter, its accounts and its digest algorithm; of a user "enabled" and "preview" count where they are false, and of the
//     filter "deny" where it is true. Channels
//     tell serial, model and firmware of the camera that last let the recorder in.
//   - A camera may be somewhere else for a recorder than for us: see [Fleet.Route] and [Options.Hidden].
//   - The document /sessions tells who is logged in: see [Device.OpenSession].
//   - A device can be put back to what it was: see [Device.Snapshot]. A harness branches there.
//   - A document is JSON text, {"items": {key: {attribute: value}}}, with sorted keys and no white space. Items and
//     attributes that no kind speaks of come back as they came.
//
// The example plans and applies by hand what the engine does with more care.
package memory
