// Package snapshot is the file of camform snapshot: what devices said at one time and what the state remembers of them, for plans where
// there is neither a route to the devices nor a secret. It is pure: time, keys and files are handed in.
//
// Rules:
//
//   - There is no secret in a snapshot. Documents are as providers.Interpreter.Discreet leaves them; of secrets there are fingerprints
//     that the state made, and generations of the vault.
//   - Nothing of a file is believed before its signature is proven: by an SSH key, in the namespace camform-snapshot, that everybody
//     lists whom the reader trusts. Who that is never comes from the file, nor from the repository of a configuration.
//   - One that is damaged or not signed is refused as a whole. What is too old, or was never read, is a matter of each device.
//   - A device is read from a snapshot like a device: by a providers.Reader, which answers what the device answered. So there is one
//     way of the data, and a plan from a snapshot is the one that the devices would have given.
//
// The file is a line of JSON, the signature of that line with its line end, and then the content:
//
//	{"camform_snapshot":1,"lineage":"…","signed":"2026-03-01T12:00:00Z","devices":2,"size":81234,"hash":"sha256:…"}
//	-----BEGIN SSH SIGNATURE-----
//	…
//	-----END SSH SIGNATURE-----
//	the content: canonical JSON, see Content, compressed with gzip; the hash is that of the compressed bytes
//
// With recipients, all of that is in a file of age. OpenSSH, sha256sum and gzip read it without camform:
//
//	head -n 1 FILE > line
//	sed -n '2,/END SSH/p' FILE > line.sig
//	ssh-keygen -Y verify -f SIGNERS -I PRINCIPAL -n camform-snapshot -s line.sig < line
//	sed '1,/END SSH/d' FILE | gunzip
package snapshot
