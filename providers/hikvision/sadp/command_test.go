package sadp

import (
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const mac = "44:47:cc:00:00:01"

func TestAPasswordIsProvenAsFirmwareWithoutASaltWantsIt(t *testing.T) {
	if name, text := Proof(id, "admin", "password", ""); name != "Password" || text != "X03MO1qnZdYdgyfeuILPmQ==" {
		t.Error(name, text)
	}
}

// What proves a password to newer firmware names the one message that it is for.
func TestAProofWithASaltHoldsForOneMessage(t *testing.T) {
	salt := strings.Repeat("0123456789abcdef", 4)
	name, text := Proof(id, "admin", "Example-Pass1", salt)
	sealed, err := base64.StdEncoding.DecodeString(text)
	if name != `Password bSalt="true"` || err != nil || len(sealed) != 64 {
		t.Fatal(name, text, err)
	}
	opened := func(sealed, key []byte) string {
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		plain := make([]byte, len(sealed))
		for at := 0; at < len(sealed); at += aes.BlockSize {
			block.Decrypt(plain[at:], sealed[at:])
		}
		return string(plain)
	}
	key := []byte{0x26, 0xd5, 0x0f, 0x7e, 0xfd, 0xd3, 0x6a, 0xa0, 0x91, 0x75, 0xa4, 0x18, 0x51, 0x3f, 0x72, 0x2b}
	if want := string(key) + ";" + id + strings.Repeat("\x00", 64-16-1-len(id)); opened(sealed, key) != want {
		t.Errorf("%q", opened(sealed, key))
	}
	if _, other := Proof("another", "admin", "Example-Pass1", salt); other == text {
		t.Error("it holds for every message")
	}
}

func TestAFirstPasswordIsSentAsInTheVector(t *testing.T) {
	random := []byte("c8059b41126bd480f684b6a46d48804c")
	c, err := Activate(id, mac, random, "Example-Pass1")
	want := `<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>` + id + `</Uuid><MAC>44-47-cc-00-00-01</MAC><Types>activate</Types>` +
		`<Password>Pfx+txle8iGTsGB0iIeyvOkqU46KOlj2NQCJszmZBsY=</Password></Probe>`
	if err != nil || string(c.Packet) != want || c.Type != "activate" || c.MAC != mac {
		t.Errorf("%s, %v", c.Packet, err)
	}
	for length := range 20 {
		if _, err := Activate(id, mac, random, strings.Repeat("x", length)); (err == nil) != (length >= 1 && length <= 16) || err != nil && !errors.Is(err, ErrPassword) {
			t.Errorf("%d characters: %v", length, err)
		}
	}
	if _, err := Activate(id, mac, random[:15], "Example-Pass1"); !errors.Is(err, ErrPassword) {
		t.Errorf("a short random text: %v", err)
	}
}

func TestTheExchangedCodeIsForOurKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // #nosec G403 -- what the protocol asks for
	if err != nil {
		t.Fatal(err)
	}
	var sent struct{ Types, MAC, Code string }
	if err := xml.Unmarshal(ExchangeCode(id, mac, &key.PublicKey).Packet, &sent); err != nil || sent.Types != "exchangecode" || sent.MAC != "44-47-cc-00-00-01" {
		t.Fatalf("%+v, %v", sent, err)
	}
	raw, err := base64.StdEncoding.DecodeString(sent.Code)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKCS1PublicKey(raw)
	if err != nil || !public.Equal(&key.PublicKey) {
		t.Fatal(err)
	}
	const random = "c8059b41126bd480f684b6a46d48804c"
	//lint:ignore SA1019 devices do so
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, public, []byte(random))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := OpenCode(key, base64.StdEncoding.EncodeToString(sealed)); err != nil || string(opened) != random {
		t.Errorf("%q, %v", opened, err)
	}
	for _, wrong := range []string{"", "-", "AAAA", base64.StdEncoding.EncodeToString(make([]byte, 128))} {
		if opened, err := OpenCode(key, wrong); err == nil {
			t.Errorf("%q is opened as %q", wrong, opened)
		}
	}
}

func TestAnUpdateRepeatsWhatItLeaves(t *testing.T) {
	c := Update(id, mac, "admin", "password", "", Network{Address: netip.MustParsePrefix("192.0.2.40/26"), CommandPort: 8000, HTTPPort: 80})
	want := `<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>` + id + `</Uuid><MAC>44-47-cc-00-00-01</MAC><Types>update</Types><PWErrorParse>true</PWErrorParse>` +
		`<Password>X03MO1qnZdYdgyfeuILPmQ==</Password><IPv4Address>192.0.2.40</IPv4Address><CommandPort>8000</CommandPort>` +
		`<IPv4SubnetMask>255.255.255.192</IPv4SubnetMask><IPv4Gateway>0.0.0.0</IPv4Gateway><IPv6Address>::</IPv6Address><IPv6Gateway>::</IPv6Gateway>` +
		`<IPv6MaskLen>64</IPv6MaskLen><DHCP>false</DHCP><HttpPort>80</HttpPort></Probe>`
	if string(c.Packet) != want {
		t.Errorf("%s", c.Packet)
	}
	salted := Update(id, mac, "admin", "password", "salt", Network{Address: netip.MustParsePrefix("192.0.2.40/26"), Gateway: netip.MustParseAddr("192.0.2.1")})
	if text := string(salted.Packet); !strings.Contains(text, `<Password bSalt="true">`) || !strings.Contains(text, `</Password>`) || !strings.Contains(text, "<IPv4Gateway>192.0.2.1<") {
		t.Error(text)
	}
}

// coded is the answer of the device to getcode.
func coded(mac, types, uuid, rest string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><ProbeMatch><Uuid>` + uuid + `</Uuid><MAC>` + mac + `</MAC><Types>` + types + `</Types>` + rest + `</ProbeMatch>`
}

func TestTheCodeOfADeviceIsKeptAsItCame(t *testing.T) {
	code := strings.Repeat("AwAAAGV4YW1wbGU9", 40)
	packet := coded("44-47-CC-00-00-01", "getcode ", id, "<Result>success</Result><Code>"+code+"</Code>")
	a, err := ParseAnswer([]byte(packet))
	if err != nil || a.Code != code || string(a.Packet) != packet || !a.Succeeded() || !a.answers(GetCode(id, mac)) {
		t.Errorf("%+v, %v", a, err)
	}
	for _, result := range []string{"<Result>failed</Result>", "<Result>denied</Result>", ""} {
		if a, err := ParseAnswer([]byte(coded("44-47-cc-00-00-01", "getcode", id, result))); err != nil || a.Succeeded() {
			t.Errorf("%q: %+v, %v", result, a, err)
		}
	}
	for _, packet := range []string{"", "<Hello><MAC>44-47-cc-00-00-01</MAC></Hello>", "<ProbeMatch><Uuid>1</Uuid></ProbeMatch>"} {
		if a, err := ParseAnswer([]byte(packet)); err == nil {
			t.Errorf("%q: %+v", packet, a)
		}
	}
}

// A second packet would void the code that the first one brought.
func TestACommandIsSentOnceAndAnsweredByItsDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := GetCode(id, mac)
		others := []string{
			"noise", "", coded("44-47-cc-00-00-02", "getcode", id, ""), coded("44-47-cc-00-00-01", "inquiry", id, ""),
			coded("44-47-cc-00-00-01", "getcode", "another", ""),
		}
		w := newWire(func(packet string, _ int) []string {
			if packet != string(c.Packet) {
				t.Errorf("sent %s", packet)
			}
			return append(others, coded("44-47-cc-00-00-01", "getcode", id, "<Code>first</Code>"), coded("44-47-cc-00-00-01", "getcode", id, "<Code>second</Code>"))
		})
		a, err := Tell(t.Context(), w.socket(), nil, c)
		if err != nil || a.Code != "first" || len(w.sent) != 1 {
			t.Errorf("%+v, %v, sent %d", a, err, len(w.sent))
		}
		silent := newWire(func(string, int) []string { return others })
		begin := time.Now()
		if _, err := Tell(t.Context(), silent.socket(), nil, c); !errors.Is(err, ErrUnanswered) || len(silent.sent) != 1 || time.Since(begin) != answerWithin {
			t.Errorf("%v, sent %d, after %s", err, len(silent.sent), time.Since(begin))
		}
	})
}

func TestTheAnswerToACommandMayGoToEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newWire(nil)
		w := newWire(func(string, int) []string {
			shared.arriving <- coded("44-47-cc-00-00-01", "getcode", id, "<Code>it</Code>")
			return nil
		})
		if a, err := Tell(t.Context(), w.socket(), []Socket{{Conn: shared}}, GetCode(id, mac)); err != nil || a.Code != "it" || len(shared.sent) != 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestWhetherACommandLeftIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := newWire(nil)
		broken.broken = os.ErrPermission
		if _, err := Tell(t.Context(), broken.socket(), nil, GetCode(id, mac)); !errors.Is(err, ErrUnsent) || !errors.Is(err, os.ErrPermission) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		silent := newWire(func(string, int) []string { return nil })
		if _, err := Tell(ctx, silent.socket(), nil, GetCode(id, mac)); !errors.Is(err, ErrUnanswered) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
