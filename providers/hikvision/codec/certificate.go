package codec

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

// decodeIssuer: a certificate whose issuer is its subject is one that the device made for itself.
func decodeIssuer(f document.Field) (cty.Value, error) {
	issuer, ok := f.Doc.Find(f.Path(certificateIssuer))
	subject, has := f.Doc.Find(f.Path(certificateSubject))
	if !ok || !has || len(issuer.Children()) == 0 || len(subject.Children()) == 0 {
		return f.Null(), nil
	}
	return cty.BoolVal(maps.Equal(nameParts(issuer), nameParts(subject))), nil
}

// nameParts are the parts of a distinguished name that say something.
func nameParts(name xmlpatch.Element) map[string]string {
	parts := map[string]string{}
	for _, part := range name.Children() {
		if part.Text() != "" {
			parts[part.Name()] = part.Text()
		}
	}
	return parts
}

// decodeDays reads how long a certificate is valid in all.
func decodeDays(f document.Field) (cty.Value, error) {
	from, _ := f.Text(certificateStart)
	until, _ := f.Text(certificateEnd)
	begin, errBegin := parseDate(from)
	end, errEnd := parseDate(until)
	if errors.Join(errBegin, errEnd) != nil {
		return f.Null(), nil
	}
	return cty.NumberIntVal(int64(end.Sub(begin).Round(24*time.Hour) / (24 * time.Hour))), nil
}

// decodeChain says in short who the certificate is for, until when, and which one the device shows: all that can be compared.
func decodeChain(f document.Field) (cty.Value, error) {
	name, _ := f.Text(0)
	until, _ := f.Text(1)
	end, err := parseDate(until)
	if name == "" || err != nil {
		return f.Null(), nil
	}
	short := inShort(name, end) + shown(f.Limits.Docs[f.Limits.At.Path].Shown)
	if left := LeftOver(f.Limits.Docs); left != "" {
		short += fmt.Sprintf("; %s is left over from before", left)
	}
	return cty.StringVal(short), nil
}

// shown names the certificate that a device shows over TLS. Empty where it was not asked over TLS.
func shown(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(fingerprintMark+"%x", sha256.Sum256(c.Raw))
}

const fingerprintMark = ", fingerprint sha256:"

// TellsOf reports whether the certificate that a device reports is the first of a chain by its name and its end. Another one may be
// the same in these.
func TellsOf(doc *xmlpatch.Document, chain string) bool {
	leaf, err := FirstOf(chain)
	name, _ := doc.Find(shownName)
	until, _ := doc.Find(shownEnd)
	end, errEnd := parseDate(until.Text())
	return errors.Join(err, errEnd) == nil && inShort(name.Text(), end) == inShort(leaf.Subject.CommonName, leaf.NotAfter)
}

// Shows reports whether the certificate that a device reports, and shows if it was asked over TLS, is the first of a chain.
func Shows(doc *xmlpatch.Document, peer *x509.Certificate, chain string) bool {
	leaf, err := FirstOf(chain)
	return err == nil && TellsOf(doc, chain) && (peer == nil || leaf.Equal(peer))
}

var shownName, shownEnd = xmlpatch.MustPath("SubjectDN/commonName"), xmlpatch.MustPath("endDate")

// sameChain compares the first certificate of a chain with what the device shows of its own.
func sameChain(want, have cty.Value) bool {
	leaf, err := FirstOf(want.AsString())
	if err != nil {
		return false
	}
	short := inShort(leaf.Subject.CommonName, leaf.NotAfter)
	if strings.Contains(have.AsString(), fingerprintMark) {
		short += shown(leaf)
	}
	return short == have.AsString()
}

// decodeAuthority says in short whose certificate it is and until when, by the flat names in the lists of devices.
func decodeAuthority(f document.Field) (cty.Value, error) {
	subject, _ := f.Text(0)
	until, _ := f.Text(1)
	end, err := parseDate(until)
	if subject == "" || err != nil {
		return f.Null(), nil
	}
	return cty.StringVal(inShort(commonNameIn(subject), end)), nil
}

// sameAuthority compares a certificate with what the device shows of its own.
func sameAuthority(want, have cty.Value) bool {
	authority, err := FirstOf(want.AsString())
	return err == nil && inShort(commonNameIn("CN="+authority.Subject.CommonName), authority.NotAfter) == have.AsString()
}

// FirstOf is the first certificate of a PEM text, which must hold certificates and nothing else.
func FirstOf(chain string) (*x509.Certificate, error) {
	var first *x509.Certificate
	for block, rest := pem.Decode([]byte(chain)); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, errPrivateKey
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errNoCertificate
		}
		if first == nil {
			first = one
		}
	}
	if first == nil {
		return nil, errNoCertificate
	}
	return first, nil
}

// The elements of the attributes, in the order in which the setting file names them.
const (
	certificateIssuer = iota // of self_signed: issuer, subject
	certificateSubject
)

const (
	certificateStart = iota // of days: begin, end
	certificateEnd
)

var (
	errNoCertificate = errors.New("it contains no certificate in PEM form")
	errPrivateKey    = errors.New("it contains a private key, which must stay where it is")
)
