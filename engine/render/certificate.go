package render

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// inShort is a value as people judge it: of certificates in PEM form they read for whom, by whom, until when, and for which key.
// Any other value is as it is.
func inShort(v cty.Value) cty.Value {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || v.Type() != cty.String || !strings.HasPrefix(strings.TrimSpace(v.AsString()), "-----BEGIN CERTIFICATE-----") {
		return v
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode([]byte(v.AsString())); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return v
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return v
	}
	return cty.StringVal(certificateInShort(chain))
}

func certificateInShort(chain []*x509.Certificate) string {
	leaf := chain[0]
	names := leaf.DNSNames
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	sum, key := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	text := fmt.Sprintf("%s, valid until %s, issued by %s, names %s, fingerprint sha256:%s, key sha256:%s",
		leaf.Subject.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly), leaf.Issuer.CommonName, strings.Join(names, " "), hex.EncodeToString(sum[:]), hex.EncodeToString(key[:]))
	if len(names) == 0 {
		text = strings.Replace(text, ", names , ", ", without alternative names, ", 1)
	}
	if len(chain) > 1 {
		text += ", with " + Plural(len(chain)-1, "certificate") + " behind it"
	}
	return text
}
