package hook

import (
	"bytes"
	"strconv"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

const (
	selfSignedAttribute = "self_signed"
	countryAttribute    = "country"
	commonNameAttribute = "common_name"
	daysAttribute       = "days"
	chainAttribute      = "chain"
)

var (
	selfSignPath       = "/selfSignCert" // below the folder of the document
	signingRequestPath = "/certSignReq"
	orderCountry       = xmlpatch.MustPath("SubjectDN/countryName")
	orderCommonName    = xmlpatch.MustPath("SubjectDN/commonName")
	orderDays          = xmlpatch.MustPath("validity")
	orderKeyLength     = xmlpatch.MustPath("RSAKeyLength")
)

// order is what a device makes a certificate for itself from, as the official guide has it (16.2.89).
const order = "<CertificateReq><id>1</id><SubjectDN><countryName></countryName><commonName></commonName></SubjectDN><validity></validity><RSAKeyLength></RSAKeyLength></CertificateReq>"

// orderedRequest is the order of a request for a certificate, which says nothing of its days. Authorities refuse short keys, and some
// devices make one if they are not told: the key is the longest that the device offers.
func orderedRequest(at document.Place, of providers.Subject) ([]byte, error) {
	longest := int64(0)
	for _, option := range orderLimit(at, orderKeyLength).Options {
		if bits, err := strconv.ParseInt(option, 10, 64); err == nil {
			longest = max(longest, bits)
		}
	}
	bits := ""
	if longest > 0 {
		bits = strconv.FormatInt(longest, 10)
	}
	return ordered(at, of.Country, of.CommonName, "", bits)
}

// ordered is an order with its parts; one that is empty is left out.
func ordered(at document.Place, country, name, days, bits string) ([]byte, error) {
	body, err := document.Standalone(at.Doc, []byte(order), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	for _, part := range []struct {
		path xmlpatch.Path
		text string
	}{{orderCountry, country}, {orderCommonName, name}, {orderDays, days}, {orderKeyLength, bits}} {
		change := func() error { return doc.Set(part.path, part.text) }
		if part.text == "" {
			change = func() error { return doc.Remove(part.path) }
		}
		if err := change(); err != nil {
			return nil, document.InFamily(err)
		}
	}
	return bytes.TrimSpace(doc.Bytes()), nil
}

func checkName(at document.Place, name string) []string {
	if l := orderLimit(at, orderCommonName); !l.Allows(int64(len(name))) {
		return document.Sentence("The name has %s; this device accepts %s.", codec.BytesOf(name), l.Bounds())
	}
	return nil
}

// orderLimit is what the device says about an element of the order to make a certificate for itself. Its capabilities list the
// parts of the name beside all others.
func orderLimit(at document.Place, element xmlpatch.Path) document.Limit {
	for _, path := range at.Capabilities {
		if doc, err := document.Parse(at.Limits.Docs[path].Body); err == nil {
			e, _ := doc.Find(xmlpatch.Path{}.Child(element.Name()))
			return document.LimitOf(e)
		}
	}
	return document.Limit{}
}
