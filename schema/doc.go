// Package schema holds the vocabulary of camform: addresses of settings, kinds of settings with their attributes, and
// secrets. It also reads setting files, in which a kind of setting is described once for every part of the program.
//
// Rules of this package:
//
//   - Null means "keep what the device has", unknown means "known later", and the mark SecretMark means "never show".
//   - Addresses are small comparable structs, so that they serve as map keys, sort keys and log fields.
//   - Everything here is data. How a value is read from a document or written into one is the business of a provider.
package schema
