// Package schema holds the vocabulary of camform: addresses of settings, kinds of settings with their attributes, and
// secrets. It also reads setting files, in which a kind of setting is described once for every part of the program.
//
// Rules of this package:
//
//   - Null means "keep what the device has", unknown means "known later".
//   - A secret is a Secret, in cty values one of SecretType, and its mark says where it comes from. Only expressions of the
//     language see its text, in a value with the mark.
//   - Addresses are small comparable structs, so that they serve as map keys, sort keys and log fields.
//   - Everything here is data. How a value is read from a document or written into one is the business of a provider.
package schema
