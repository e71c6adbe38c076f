package config

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

// digest is a hash, written as text.
type digest struct {
	hash func() hash.Hash
	text func([]byte) string
}

func (d digest) of(content []byte) string {
	h := d.hash()
	h.Write(content) // never fails: see hash.Hash
	return d.text(h.Sum(nil))
}

// digests are the hashes that functions make of a text, by the names of these functions. Behind "file" each is a function that makes it
// of a file.
var digests = map[string]digest{
	"base64sha256": {sha256.New, base64.StdEncoding.EncodeToString},
	"base64sha512": {sha512.New, base64.StdEncoding.EncodeToString},
	"md5":          {md5.New, hex.EncodeToString},
	"sha1":         {sha1.New, hex.EncodeToString},
	"sha256":       {sha256.New, hex.EncodeToString},
	"sha512":       {sha512.New, hex.EncodeToString},
}

var (
	base64EncodeFunc = textFunc("str", always(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }))
	base64DecodeFunc = textFunc("str", func(s string) (string, error) {
		text, err := fromBase64(s)
		if err != nil {
			return "", err
		}
		if !utf8.Valid(text) {
			return "", errors.New("the decoded bytes are not UTF-8 text")
		}
		return string(text), nil
	})
	base64GzipFunc = textFunc("str", func(s string) (string, error) {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write([]byte(s))
		err = errors.Join(err, w.Flush(), w.Close()) // the first ends a block, as Terraform does: the bytes are the same
		return base64.StdEncoding.EncodeToString(packed.Bytes()), err
	})
	urlEncodeFunc = textFunc("str", always(url.QueryEscape))
)

func fromBase64(s string) ([]byte, error) {
	content, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("this is not base64")
	}
	return content, nil
}

// encodingFunc makes a function of a text and of the name of an encoding.
func encodingFunc(parameter string, f func(text string, e encoding.Encoding) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: parameter, Type: cty.String}, {Name: "encoding_name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			e, err := ianaindex.IANA.Encoding(args[1].AsString())
			if err != nil || e == nil { // one that has a name, and no more
				return cty.NilVal, function.NewArgErrorf(1, "the encoding is unknown; write its IANA name, such as UTF-16LE")
			}
			text, err := f(args[0].AsString(), e)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(text), nil
		},
	})
}

var (
	textEncodeBase64Func = encodingFunc("string", func(s string, e encoding.Encoding) (string, error) {
		content, err := e.NewEncoder().Bytes([]byte(s))
		if err != nil {
			return "", errors.New("the text has characters that the encoding does not have")
		}
		return base64.StdEncoding.EncodeToString(content), nil
	})
	textDecodeBase64Func = encodingFunc("source", func(s string, e encoding.Encoding) (string, error) {
		content, err := fromBase64(s)
		if err != nil {
			return "", err
		}
		text, err := e.NewDecoder().Bytes(content)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return "", errors.New("the decoded bytes are not text in the encoding")
		}
		return string(text), nil
	})
)

// namespaces are what the names are unique in that uuidv5 makes something of, as RFC 4122 assigns them.
var namespaces = map[string]uuid.UUID{
	"dns": uuid.NameSpaceDNS, "url": uuid.NameSpaceURL, "oid": uuid.NameSpaceOID, "x500": uuid.NameSpaceX500,
}

// uuidV5Func makes the same UUID of the same name every time.
var uuidV5Func = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "namespace", Type: cty.String}, {Name: "name", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		namespace, ok := namespaces[args[0].AsString()]
		if !ok {
			var err error
			if namespace, err = uuid.Parse(args[0].AsString()); err != nil {
				known := strings.Join(sortedKeys(namespaces), ", ")
				return cty.NilVal, function.NewArgError(0, fmt.Errorf("a namespace is one of %s, or a UUID", known))
			}
		}
		return cty.StringVal(uuid.NewSHA1(namespace, []byte(args[1].AsString())).String()), nil
	},
})
