// Package hikvision holds the setting files of Hikvision cameras and recorders: one file per kind of setting, which is all
// that the decoder, the composer, the limits, the reference documentation and the editor know about it. schema.Read
// turns them into kinds.
package hikvision

import "embed"

// Files are the setting files, *.hcl at the top level.
//
//go:embed *.hcl
var Files embed.FS
