package simulator

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
)

// algorithm is a digest algorithm that a device offers.
type algorithm struct {
	name string // as in WWW-Authenticate
	hash func(string) string
}

var (
	md5Digest = algorithm{"MD5", func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }}
	shaDigest = algorithm{"SHA-256", func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }}
)

// algorithms are the digest algorithms by the text of algorithmType in webCertificate.
var algorithms = map[string][]algorithm{
	"MD5":        {md5Digest},
	"SHA256":     {shaDigest},
	"MD5/SHA256": {md5Digest, shaDigest},
}

// verdict is what a device makes of the credentials of a request.
type verdict int

const (
	anonymous verdict = iota // none were sent, or in a scheme that is not offered
	wrong                    // they are not right: a failed login
	stale                    // they are right, but for a nonce that does not count any more
	replayed                 // they are right, but the counter was used before
	accepted
)

// authenticate judges the Authorization header of a request, and the session of one that has none.
func (x *exchange) authenticate() (*device.Account, verdict) {
	scheme, rest, _ := strings.Cut(x.q.authorization, " ")
	if u := x.session(); u != nil && scheme == "" {
		return u, accepted
	}
	switch {
	case strings.EqualFold(scheme, "Basic") && x.unit.running.basic:
		return x.basic(rest)
	case strings.EqualFold(scheme, "Digest"):
		return x.digest(parseParameters(rest))
	}
	return nil, anonymous
}

func (x *exchange) basic(encoded string) (*device.Account, verdict) {
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	name, password, found := strings.Cut(string(decoded), ":")
	if err != nil || !found {
		return nil, wrong
	}
	u := x.unit.core.Accounts.Named(name)
	if u == nil || u.Disabled || !same(u.Password, password) {
		return nil, wrong
	}
	return u, accepted
}

func (x *exchange) digest(p map[string]string) (*device.Account, verdict) {
	offered := x.offered(p["algorithm"])
	if offered == nil {
		return nil, anonymous
	}
	u := x.unit.core.Accounts.Named(p["username"])
	if u == nil || u.Disabled || p["uri"] != x.q.uri || p["qop"] != "auth" {
		return nil, wrong
	}
	secret := offered.hash(u.Name + ":" + x.unit.identity.realm + ":" + u.Password)
	request := offered.hash(x.q.method + ":" + p["uri"])
	want := offered.hash(strings.Join([]string{secret, p["nonce"], p["nc"], p["cnonce"], "auth", request}, ":"))
	if !same(want, strings.ToLower(p["response"])) {
		return nil, wrong
	}
	if !x.nonceFresh(p["nonce"], x.q.path) {
		return u, stale
	}
	count, err := strconv.ParseUint(p["nc"], 16, 32)
	if err != nil || uint32(count) <= x.unit.nonces[p["nonce"]].count {
		return u, replayed
	}
	x.useNonce(p["nonce"], uint32(count))
	return u, accepted
}

// offered returns the algorithm of that name if the device offers it. No name means MD5.
func (x *exchange) offered(name string) *algorithm {
	if name == "" {
		name = "MD5"
	}
	for i, a := range x.unit.running.algorithms {
		if strings.EqualFold(a.name, name) {
			return &x.unit.running.algorithms[i]
		}
	}
	return nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// parseParameters reads the name="value" pairs of a digest header. Values may be quoted or not.
func parseParameters(text string) map[string]string {
	parameters := make(map[string]string)
	for text != "" {
		name, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		name = strings.ToLower(strings.Trim(name, ", \t"))
		parameters[name], text = parameterValue(rest)
	}
	return parameters
}

// parameterValue splits the first value off text, without its quotes.
func parameterValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// A nonce says when it was made and carries a keyed hash, so that challenges that nobody answers cost no memory.

// newNonce makes a nonce for a request of path.
func (x *exchange) newNonce(path string) string {
	x.unit.issued++
	millis := x.unit.now().UnixMilli()
	sum := x.nonceSum(x.unit.issued, millis, path)
	if x.unit.model.Challenge == recorderChallenge {
		return fmt.Sprintf("%08x%s:%d", x.unit.issued, sum, millis)
	}
	return fmt.Sprintf("%08x%012x%s", x.unit.issued, millis, sum)
}

func (x *exchange) nonceSum(serial uint32, millis int64, path string) string {
	if !x.unit.quirks.NonceBoundToURL {
		path = ""
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%x|%d|%d|%d|%d|%s", x.unit.identity.key, x.unit.core.Starts, x.unit.webStarts, serial, millis, path))
	return hex.EncodeToString(h[:12])
}

// nonceFresh reports whether the device made the nonce since its last start, for this path where that matters, and not
// too long ago.
func (x *exchange) nonceFresh(nonce, path string) bool {
	var serial uint32
	var millis int64
	var sum string
	var err error
	if x.unit.model.Challenge == recorderChallenge {
		head, tail, _ := strings.Cut(nonce, ":")
		if len(head) < 8 {
			return false
		}
		_, err = fmt.Sscanf(head[:8]+" "+tail, "%x %d", &serial, &millis)
		sum = head[8:]
	} else {
		if len(nonce) < 20 {
			return false
		}
		_, err = fmt.Sscanf(nonce[:8]+" "+nonce[8:20], "%x %x", &serial, &millis)
		sum = nonce[20:]
	}
	if err != nil || !same(sum, x.nonceSum(serial, millis, path)) {
		return false
	}
	return x.unit.now().Sub(time.UnixMilli(millis)) <= x.unit.quirks.nonceLifetime()
}

// nonceUse is what a device remembers of a nonce that was used.
type nonceUse struct {
	count uint32
	since time.Time
}

// maxNonces is how many nonces are kept before expired ones are forgotten.
const maxNonces = 64

// useNonce remembers the counter of a nonce. The first use of a nonce is what a device calls a login.
func (x *exchange) useNonce(nonce string, count uint32) {
	use, known := x.unit.nonces[nonce]
	if !known {
		x.unit.newLogin, use.since = true, x.unit.now()
		x.forgetNonces()
	}
	use.count = count
	x.unit.nonces[nonce] = use
}

func (x *exchange) forgetNonces() {
	if len(x.unit.nonces) < maxNonces {
		return
	}
	for nonce, use := range x.unit.nonces {
		if x.unit.now().Sub(use.since) > x.unit.quirks.nonceLifetime() {
			delete(x.unit.nonces, nonce)
		}
	}
}

// challenge makes an answer 401 with a header for each algorithm.
func (x *exchange) challenge(isStale bool, body []byte) reply {
	r := x.unit.model.send(http.StatusUnauthorized, contentXML, body)
	said := "FALSE"
	if isStale && !x.unit.quirks.StaleFalse {
		said = "TRUE"
	}
	var headers []string
	for _, a := range x.unit.running.algorithms {
		headers = append(headers, x.challengeHeader(a, x.newNonce(x.q.path), said))
	}
	if x.unit.running.basic {
		headers = append(headers, fmt.Sprintf("Basic realm=%q", x.unit.identity.realm))
	}
	r.header["WWW-Authenticate"] = headers
	patience := 10 // seconds; recorded like the rest
	if x.unit.model.Challenge == recorderChallenge {
		patience = 60
	}
	r.header.Set("Connection", "keep-alive")
	r.header.Set("Keep-Alive", fmt.Sprintf("timeout=%d, max=99", patience))
	return r
}

func (x *exchange) challengeHeader(a algorithm, nonce, stale string) string {
	if x.unit.model.Challenge == recorderChallenge {
		return fmt.Sprintf(`Digest realm=%q, domain="::", qop="auth", nonce=%q, opaque="", algorithm=%q, stale=%q`, x.unit.identity.realm, nonce, a.name, stale)
	}
	if a.name == md5Digest.name {
		return fmt.Sprintf(`Digest qop="auth", realm=%q, nonce=%q, stale=%q`, x.unit.identity.realm, nonce, stale)
	}
	return fmt.Sprintf(`Digest qop="auth", realm=%q, nonce=%q, algorithm=%q, stale=%q`, x.unit.identity.realm, nonce, a.name, stale)
}
