package hook

import (
	"bytes"
	"errors"

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
)

// order is what a device makes a certificate for itself from, as the official guide has it (16.2.89).
const order = "<CertificateReq><id>1</id><SubjectDN><countryName></countryName><commonName></commonName></SubjectDN><validity></validity></CertificateReq>"

// ordered is the order of a certificate, or of a request for one, which says nothing of its days.
func ordered(at document.Place, country, name, days string) ([]byte, error) {
	body, err := document.Standalone(at.Doc, []byte(order), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	err = errors.Join(doc.Set(orderCountry, country), doc.Set(orderCommonName, name))
	if days != "" {
		err = errors.Join(err, doc.Set(orderDays, days))
	} else {
		err = errors.Join(err, doc.Remove(orderDays))
	}
	if err != nil {
		return nil, document.InFamily(err)
	}
	return bytes.TrimSpace(doc.Bytes()), nil
}

func checkName(at document.Place, name string) []string {
	if l := orderLimit(at, orderCommonName); !l.Allows(int64(len(name))) {
		return document.Sentence("The name has %s; this device takes %s.", codec.BytesOf(name), l.Bounds())
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
