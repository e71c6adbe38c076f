// Package device holds what devices that are not real have in common, whatever they speak: accounts with passwords, the
// lock after failed logins, sessions, faults, a log, restarts, and recorders that log in to cameras, with all that can shut
// them out ([Door]) and lead them there ([Routes]).
//
// Rules:
//
//   - A face turns what it speaks into calls: providers/hikvision/simulator is one on HTTP, providers/memory one within the
//     process. What only one face knows (digest, documents, certificates) stays there.
//   - What faces do alike is tested alike: see package devicetest.
//   - Nothing here speaks a protocol, has a clock or starts a goroutine. The caller says when it happens.
//   - Only [Recorders] and [Watch] are safe for concurrent use. The rest belongs to a device, which holds its own lock.
//   - It imports nothing of camform, so that a mistake in the program does not hide in its fakes.
package device
