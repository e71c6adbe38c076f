package isapi

import (
	cmporder "cmp"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/icholy/digest"
	"pgregory.net/rapid"

	"camform/providers"
	"camform/schema"
)

func TestChallengesAreReadAsDevicesWriteThem(t *testing.T) {
	plainMD5 := challenge{scheme: "digest", realm: "r", nonce: "n"}
	withQop := challenge{scheme: "digest", realm: "r", nonce: "n", qop: []string{"auth"}}
	for name, test := range map[string]struct {
		values []string
		want   []challenge
	}{
		"recorder": {
			[]string{`Digest realm="fe12f37bd", domain="::", qop="auth", nonce="300b7e88:16854756", opaque="", algorithm="MD5", stale="FALSE"`},
			[]challenge{{scheme: "digest", realm: "fe12f37bd", nonce: "300b7e88:16854756", echo: true, algorithm: "MD5", qop: []string{"auth"}}},
		},
		"camera": {
			[]string{`Digest qop="auth", realm="IP Camera(C2183)", nonce="4e54", stale="FALSE"`},
			[]challenge{{scheme: "digest", realm: "IP Camera(C2183)", nonce: "4e54", qop: []string{"auth"}}},
		},
		"SHA-256 without qop": {
			[]string{`Digest realm="IP Camera(GH455)", nonce="n", algorithm="SHA-256", stale="FALSE"`},
			[]challenge{{scheme: "digest", realm: "IP Camera(GH455)", nonce: "n", algorithm: "SHA-256"}},
		},
		"stale":             {[]string{`Digest realm="r", nonce="n", stale="TRUE"`}, []challenge{{scheme: "digest", realm: "r", nonce: "n", stale: true}}},
		"stale, unquoted":   {[]string{`Digest realm="r", nonce="n", stale=true`}, []challenge{{scheme: "digest", realm: "r", nonce: "n", stale: true}}},
		"upper case":        {[]string{`DIGEST REALM="r", NONCE="n", QOP="AUTH"`}, []challenge{withQop}},
		"unquoted":          {[]string{`Digest realm=r, nonce=a+/b==, qop=auth`}, []challenge{{scheme: "digest", realm: "r", nonce: "a+/b==", qop: []string{"auth"}}}},
		"tabs":              {[]string{"Digest\trealm=\"r\",\tnonce\t=\t\"n\""}, []challenge{plainMD5}},
		"no commas":         {[]string{`Digest realm="r" nonce="n" qop="auth"`}, []challenge{withQop}},
		"underscore":        {[]string{`Digest x_y="1", realm="r", nonce="n"`}, []challenge{plainMD5}},
		"list of qop":       {[]string{`Digest realm="r", nonce="n", qop="auth-int, auth"`}, []challenge{{scheme: "digest", realm: "r", nonce: "n", qop: []string{"auth-int", "auth"}}}},
		"empty qop":         {[]string{`Digest realm="r", nonce="n", qop=""`}, []challenge{plainMD5}},
		"escapes":           {[]string{`Digest realm="a\"b\\c", nonce="n"`}, []challenge{{scheme: "digest", realm: `a"b\c`, nonce: "n"}}},
		"comma in realm":    {[]string{`Digest realm="a, Basic realm=b", nonce="n"`}, []challenge{{scheme: "digest", realm: "a, Basic realm=b", nonce: "n"}}},
		"two in one header": {[]string{`Basic realm="b", Digest realm="r", nonce="n"`}, []challenge{{scheme: "basic", realm: "b"}, plainMD5}},
		"two headers":       {[]string{`Digest realm="r", nonce="n"`, `Basic realm="b"`}, []challenge{plainMD5, {scheme: "basic", realm: "b"}}},
		"behind a token":    {[]string{`Negotiate abc==, Digest realm="r", nonce="n"`}, []challenge{plainMD5}},
		"no end quote":      {[]string{`Digest realm="r", nonce="n`}, nil},
		"no nonce":          {[]string{`Digest realm="r"`}, nil},
		"no realm":          {[]string{`Digest nonce="n"`}, nil},
		"two realms":        {[]string{`Digest realm="r", realm="s", nonce="n"`}, nil},
		"realm with blanks": {[]string{`Digest realm=IP Camera(C2183), nonce="n"`}, nil},
		"quote inside":      {[]string{`Digest realm=a"b, nonce="n"`}, nil},
		"nothing":           {[]string{"", " , ,"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, parseChallenges(test.values), cmp.AllowUnexported(challenge{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// oracle is the header that an independent library makes.
func oracle(c challenge, p proof) digest.Credentials {
	offered := &digest.Challenge{Realm: c.realm, Nonce: c.nonce, Opaque: c.opaque, Algorithm: c.algorithm, QOP: c.qop}
	made, err := digest.Digest(offered, digest.Options{
		Method: p.method, URI: p.uri, Count: int(p.count), Cnonce: p.cnonce,
		Username: p.credential.Username, Password: p.credential.Password.Reveal(),
	})
	if err != nil {
		panic(err)
	}
	return *made
}

func TestDigestsAreThoseOfAnotherImplementation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~äé€]{1,20}`)
		c := challenge{
			scheme:    "digest",
			realm:     text.Draw(t, "realm"),
			nonce:     text.Draw(t, "nonce"),
			opaque:    rapid.StringMatching(`[a-z=+/]{1,8}`).Draw(t, "opaque"),
			echo:      true,
			algorithm: rapid.SampledFrom([]string{"", "MD5", "md5", "SHA-256", "sha-256"}).Draw(t, "algorithm"),
			qop:       rapid.SampledFrom([][]string{nil, {"auth"}}).Draw(t, "qop"),
		}
		p := proof{
			method:     rapid.SampledFrom([]string{"GET", "PUT"}).Draw(t, "method"),
			uri:        "/ISAPI/" + rapid.StringMatching(`[a-z?=&]{0,10}`).Draw(t, "uri"),
			count:      rapid.Uint32Range(1, 1<<31-1).Draw(t, "count"),
			cnonce:     rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "cnonce"),
			credential: providers.Credential{Username: text.Draw(t, "username"), Password: schema.NewSecret(text.Draw(t, "password"))},
		}
		header := c.digest(p)
		have, err := digest.ParseCredentials(header)
		if err != nil {
			t.Fatalf("%s: %v", header, err)
		}
		want := oracle(c, p)
		if have.Response != want.Response || have.QOP != want.QOP || have.Algorithm != want.Algorithm || have.Username != want.Username || have.Opaque != want.Opaque {
			t.Fatalf("have %+v\nwant %+v", *have, want)
		}
		if c.qop != nil && (have.Nc != want.Nc || have.Cnonce != want.Cnonce) {
			t.Fatalf("have %+v\nwant %+v", *have, want)
		}
	})
}

func TestTheHeaderQuotesWhatDevicesExpect(t *testing.T) {
	c := challenge{scheme: "digest", realm: `a"b`, nonce: "n", echo: true, algorithm: "MD5", qop: []string{"auth"}}
	header := c.digest(proof{method: "GET", uri: "/x?y=1", count: 17, cnonce: "c", credential: providers.Credential{Username: "admin", Password: schema.NewSecret("p")}})
	want := `Digest username="admin", realm="a\"b", nonce="n", uri="/x?y=1", algorithm=MD5, response="` +
		hashMD5(hashMD5("admin", `a"b`, "p"), "n", "00000011", "c", "auth", hashMD5("GET", "/x?y=1")) + `", qop=auth, nc=00000011, cnonce="c", opaque=""`
	if header != want {
		t.Errorf("have %s\nwant %s", header, want)
	}
}

func TestCountsRiseByOne(t *testing.T) {
	k := &key{challenge: challenge{scheme: "digest", realm: "r", nonce: "n", qop: []string{"auth"}}}
	for i := 1; i <= 3; i++ {
		header := k.authorization("GET", "/", providers.Credential{Username: "u", Password: schema.NewSecret("p")})
		if !strings.Contains(header, fmt.Sprintf("nc=%08x", i)) {
			t.Errorf("header %d is %s", i, header)
		}
	}
}

func TestI11NoWeakerSchemeThanBefore(t *testing.T) {
	const (
		md5    = `Digest realm="r", nonce="m", qop="auth", algorithm=MD5`
		md5old = `Digest realm="r", nonce="o"`
		sha    = `Digest realm="r", nonce="s", qop="auth", algorithm=SHA-256`
		shaOld = `Digest realm="r", nonce="t", algorithm=SHA-256`
		sess   = `Digest realm="r", nonce="x", qop="auth", algorithm=MD5-sess`
		authi  = `Digest realm="r", nonce="y", qop="auth-int"`
		basic  = `Basic realm="r"`
	)
	type offer []string
	for name, test := range map[string]struct {
		offer  offer
		pin    providers.Pin
		qop    bool // whether it has offered qop before
		basic  bool
		scheme string
		want   string // nonce of the chosen challenge, or "basic"
		family error
	}{
		"MD5":                                {offer: offer{md5}, want: "m"},
		"SHA-256":                            {offer: offer{sha}, want: "s"},
		"both headers":                       {offer: offer{md5, sha}, want: "s"},
		"both headers, turned":               {offer: offer{sha, md5}, want: "s"},
		"both in one header":                 {offer: offer{md5 + ", " + sha}, want: "s"},
		"with and without qop":               {offer: offer{md5old, md5}, want: "m"},
		"without qop":                        {offer: offer{md5old}, want: "o"},
		"SHA-256 without qop":                {offer: offer{shaOld}, want: "t"},
		"without qop after it":               {offer: offer{md5old}, qop: true, family: providers.ErrIdentity},
		"MD5 after SHA-256":                  {offer: offer{md5}, pin: providers.Pin{Algorithm: "SHA-256"}, family: providers.ErrIdentity},
		"MD5 and Basic after SHA-256":        {offer: offer{md5, basic}, pin: providers.Pin{Algorithm: "SHA-256"}, basic: true, scheme: "https", family: providers.ErrIdentity},
		"SHA-256 after MD5":                  {offer: offer{sha}, pin: providers.Pin{Algorithm: "MD5"}, want: "s"},
		"another realm":                      {offer: offer{md5}, pin: providers.Pin{Realm: "q"}, family: providers.ErrIdentity},
		"unknown algorithm":                  {offer: offer{sess}, family: providers.ErrUnsupported},
		"unknown algorithm and Basic":        {offer: offer{sess, basic}, basic: true, scheme: "https", family: providers.ErrUnsupported},
		"auth-int alone":                     {offer: offer{authi}, family: providers.ErrUnsupported},
		"nothing known":                      {offer: offer{`Negotiate realm="r"`}, family: providers.ErrUnsupported},
		"Basic, not allowed":                 {offer: offer{basic}, scheme: "https", family: providers.ErrUnsupported},
		"Basic, in clear":                    {offer: offer{basic}, basic: true, family: providers.ErrUnsupported},
		"Basic":                              {offer: offer{basic}, basic: true, scheme: "https", want: "basic"},
		"Basic after digest":                 {offer: offer{basic}, basic: true, scheme: "https", pin: providers.Pin{Algorithm: "MD5"}, family: providers.ErrIdentity},
		"digest and Basic":                   {offer: offer{basic + ", " + md5}, basic: true, scheme: "https", want: "m"},
		"Basic, and digest only for clients": {offer: offer{basic, md5old}, basic: true, scheme: "https", qop: true, family: providers.ErrIdentity},
	} {
		t.Run(name, func(t *testing.T) {
			peer, err := newPeer(providers.Trust{}, test.pin, nil)
			if err != nil {
				t.Fatal(err)
			}
			origin, err := originOf(parseURL(t, cmporder.Or(test.scheme, "http")+"://192.0.2.5"))
			if err != nil {
				t.Fatal(err)
			}
			l := &login{origin: origin, basic: test.basic, usesQop: test.qop, peer: peer}
			k, err := l.choose(parseChallenges(test.offer))
			if test.family != nil {
				wantFamily(t, err, test.family)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if have := cmporder.Or(k.challenge.nonce, k.challenge.scheme); have != test.want {
				t.Errorf("chose %s, want %s", have, test.want)
			}
		})
	}
}

func TestI11NoCredentialToAnotherRealm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.target.Pin = providers.Pin{Realm: "IP Camera(C9999)"}
		session := s.open()
		_, err := session.Identify(t.Context())
		wantFamily(t, err, providers.ErrIdentity)
		if n := withCredential(s.device.seen()); n != 0 || len(s.ledger.charged) != 0 {
			t.Errorf("%d credentials sent", n)
		}
		if session.Pin() != s.target.Pin {
			t.Errorf("the pin became %+v", session.Pin())
		}
	})
}

func TestI11NoWeakerSchemeInTheMiddle(t *testing.T) {
	for name, header := range map[string]string{
		"MD5":         `Digest realm="IP Camera(C2183)", qop="auth", nonce="%s"`,
		"no qop":      `Digest realm="IP Camera(C2183)", nonce="%s", algorithm=SHA-256`,
		"other realm": `Digest realm="other", qop="auth", nonce="%s", algorithm=SHA-256`,
		"Basic":       `Basic realm="%s"`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.offer = offerSHA256
				s.target.Basic = true
				session := s.identified()
				s.device.forget()
				s.device.change(func() {
					s.device.offer = func(n string) []string { return []string{fmt.Sprintf(header, n)} }
				})
				if _, err := session.Read(t.Context(), "/ISAPI/a"); err == nil {
					t.Error("the weaker scheme was answered")
				}
				if n := withCredential(s.device.seen()); n != 1 || s.device.basics != 0 {
					t.Errorf("%d credentials sent, want only the one of the old nonce", n)
				}
			})
		})
	}
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		`Digest realm="fe12", domain="::", qop="auth", nonce="300b:168", opaque="", algorithm="MD5", stale="FALSE"`,
		`Basic realm="b", Digest realm="r", nonce="n"`, `Negotiate abc==`, `Digest realm="a\"`, "Digest\trealm=r",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, c := range parseChallenges([]string{header}) {
			if c.scheme == "digest" && c.nonce == "" {
				t.Fatal("a digest challenge without a nonce")
			}
			again := fmt.Sprintf(`%s realm="%s", nonce="%s", opaque="%s", stale=%t`, c.scheme, escape(c.realm), escape(c.nonce), escape(c.opaque), c.stale)
			if len(c.qop) > 0 {
				again += fmt.Sprintf(`, qop="%s"`, escape(strings.Join(c.qop, ",")))
			}
			if c.algorithm != "" {
				again += fmt.Sprintf(`, algorithm="%s"`, escape(c.algorithm))
			}
			second := parseChallenges([]string{again})
			c.echo = true
			if diff := cmp.Diff([]challenge{c}, second, cmp.AllowUnexported(challenge{})); diff != "" {
				t.Fatalf("%q, written again as %q: %s", header, again, diff)
			}
		}
	})
}

func TestRecordedChallengesCanBeAnswered(t *testing.T) {
	found := 0
	for _, file := range recorded(t, "*401*.headers") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				header.Add(name, strings.TrimSpace(value))
			}
		}
		if _, ok := strongest(parseChallenges(header.Values("WWW-Authenticate"))); !ok {
			t.Errorf("%s: no usable challenge in %v", file, header)
		}
		found++
	}
	if found == 0 {
		t.Error("no recorded challenge was found")
	}
}
