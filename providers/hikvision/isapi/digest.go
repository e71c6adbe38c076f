package isapi

import (
	"crypto/md5" // #nosec G501 -- what devices speak; the only alternative they offer is a password in clear
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"camform/providers"
)

// key is a challenge with what is needed to answer it again and again. It is not safe for concurrent use: the answers of
// one nonce must leave in the order of their counts.
type key struct {
	challenge challenge
	count     uint32 // of answers made; each uses the next one, since a repeated or lower count is refused
	proven    bool   // whether the device has accepted an answer to it
}

// authorization is the header that answers the challenge for one request. Each call takes the next count.
func (k *key) authorization(method, uri string, credential providers.Credential) string {
	if k.challenge.scheme == "basic" {
		pair := credential.Username + ":" + credential.Password.Reveal()
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	k.count++
	return k.challenge.digest(proof{
		method:     method,
		uri:        uri,
		credential: credential,
		count:      k.count,
		cnonce:     newCnonce(),
	})
}

// proof is what a digest is made of beside the challenge.
type proof struct {
	method, uri string // uri as on the request line, with its query
	credential  providers.Credential
	count       uint32
	cnonce      string
}

// digest computes the header after RFC 7616, or RFC 2069 where the challenge has no qop. User name and password enter
// the hash as raw UTF-8.
func (c challenge) digest(p proof) string {
	hash := hashMD5
	if c.algorithmName() == "SHA-256" {
		hash = hashSHA256
	}
	ha1 := hash(p.credential.Username, c.realm, p.credential.Password.Reveal())
	ha2 := hash(p.method, p.uri)
	nc := fmt.Sprintf("%08x", p.count)

	var header strings.Builder
	fmt.Fprintf(&header, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`,
		escape(p.credential.Username), escape(c.realm), escape(c.nonce), escape(p.uri))
	if c.algorithm != "" {
		fmt.Fprintf(&header, `, algorithm=%s`, c.algorithm)
	}
	if c.qop == nil {
		fmt.Fprintf(&header, `, response="%s"`, hash(ha1, c.nonce, ha2))
	} else {
		response := hash(ha1, c.nonce, nc, p.cnonce, "auth", ha2)
		fmt.Fprintf(&header, `, response="%s", qop=auth, nc=%s, cnonce="%s"`, response, nc, p.cnonce)
	}
	if c.echo {
		fmt.Fprintf(&header, `, opaque="%s"`, escape(c.opaque))
	}
	return header.String()
}

func hashMD5(parts ...string) string {
	sum := md5.Sum([]byte(strings.Join(parts, ":"))) // #nosec G401
	return hex.EncodeToString(sum[:])
}

func hashSHA256(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(sum[:])
}

func newCnonce() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// escape makes text fit between the quotes of a header.
func escape(text string) string { return quotes.Replace(text) }
