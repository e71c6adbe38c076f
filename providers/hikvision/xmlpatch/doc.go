// Package xmlpatch edits XML, and the JSON of newer firmware, in place: the bytes that an edit is not about stay as they came.
//
// Some firmware rejects a document that was read and serialised again, because an attribute, a line break, a namespace or the
// order of elements is not what it sent. So a [Document] keeps the bytes of the device, knows where in them every element
// and its text lies, and an edit replaces just that span.
//
// A JSON document is the same tree of elements as an XML document, see [ParseJSON], so that nothing outside of this package
// needs to know which of the two it has.
//
// Rules of this package:
//
//   - A document that was not edited is returned byte for byte, with byte order mark, declaration, CRLF, comments and what
//     old web servers append.
//   - Names are local names. Devices differ in namespaces, mix them within a document, or have none.
//   - Texts are read trimmed and unescaped, and edits leave the white space around a text where it is. Strings in JSON are
//     not trimmed: what is between quotation marks is meant.
//   - What an edit would hit without being meant is an error: see [ErrAmbiguous].
//   - An edit that fails leaves the document as it was.
//   - The reader is strict where parsers disagree, so that the device and we cannot understand a document differently: it
//     refuses document types, custom entities, duplicate attributes, duplicate members of JSON objects and anything after the
//     root element. It is bounded, so that no answer can cost more than a moment.
//   - Errors name places and paths but never quote a document, and printing one shows none of its content: there may be
//     secrets in it.
package xmlpatch
