package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdSign signs a request for a certificate as an authority would, for some days from now. It sets
// subjectAltName to the address, if one is given.
//
//	sign REQUEST CHAIN DAYS [ADDRESS]
func (w *world) cmdSign(ts *testscript.TestScript, args []string) {
	if len(args) != 3 && len(args) != 4 {
		ts.Fatalf("usage: sign REQUEST CHAIN DAYS [ADDRESS]")
	}
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		ts.Fatalf("%s is no request", args[0])
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	ts.Check(err)
	ts.Check(request.CheckSignature())
	days, err := strconv.Atoi(args[2])
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	begin := w.now().Add(-48 * time.Hour)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Workshop CA"}, NotBefore: begin, NotAfter: begin.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: request.Subject, NotBefore: begin, NotAfter: w.now().AddDate(0, 0, days)}
	for _, address := range args[3:] {
		leaf.IPAddresses = append(leaf.IPAddresses, net.ParseIP(address))
	}
	var chain bytes.Buffer
	for _, c := range []struct {
		template *x509.Certificate
		key      any
	}{{leaf, request.PublicKey}, {authority, key.Public()}} {
		der, err := x509.CreateCertificate(rand.Reader, c.template, authority, c.key, key)
		ts.Check(err)
		ts.Check(pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), chain.Bytes(), 0o600))
}
