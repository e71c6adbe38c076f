package hikvision_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// told is a device that gets a change of one kind, and is asked again.
type told struct {
	t        *testing.T
	provider *hikvision.Provider
	kind     *schema.Kind
	key      string // of the item; empty for a kind that a device has once
	session  providers.Session
	docs     providers.Documents
}

func open(t *testing.T, kind string, harness *fleet, model string) *told {
	t.Helper()
	provider := hikvision.New(isapi.Options{})
	d := &told{t: t, provider: provider, kind: provider.Kinds().Lookup(kind), session: harness.Open(model)}
	t.Cleanup(d.session.Close)
	if _, err := d.session.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// read reads the setting.
func (d *told) read() cty.Value {
	d.t.Helper()
	d.session.Renew()
	d.docs = providers.Documents{}
	read := func(path string) (providers.Document, error) {
		doc, err := d.session.Read(d.t.Context(), path)
		d.docs[path] = doc
		return doc, err
	}
	if err := providers.ReadKind(d.kind, []string{d.key}, read, read); err != nil {
		d.t.Fatal(err)
	}
	items, err := d.provider.Decode(d.kind, []string{d.key}, d.docs)
	if err != nil {
		d.t.Fatal(err)
	}
	if item, there := items[d.key]; there {
		return item
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// tell has a change composed and sent, and returns how many requests that took.
func (d *told) tell(values map[string]any) (int, error) {
	d.t.Helper()
	before, want := d.read(), object(d.kind, values)
	if values == nil {
		want = cty.NullVal(cty.DynamicPseudoType)
	}
	if wrong := d.provider.Check(d.kind, d.docs, d.key, want); len(wrong) > 0 {
		d.t.Fatal(wrong)
	}
	requests, err := d.provider.Compose(providers.Composition{
		Documents: d.docs, Login: providers.Credential{Username: "admin", Password: schema.NewSecret(fleetPassword)},
		Changes: []providers.Change{{Kind: d.kind, Key: d.key, Before: before, After: want}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, request := range requests {
		if _, err := d.session.Do(d.t.Context(), request); err != nil {
			return len(requests), err
		}
	}
	return len(requests), nil
}

func strs(texts ...string) []cty.Value {
	var values []cty.Value
	for _, text := range texts {
		values = append(values, cty.StringVal(text))
	}
	return values
}

func TestADeviceTakesQuestionsAndAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, "security_questions", &fleet{t: t}, "camera-v58")
		want := map[string]any{
			"questions": cty.ListVal(strs("9", "1", "4")), "answer_1": "first " + userSecret, "answer_2": "second", "answer_3": "third",
		}
		if n, err := d.tell(want); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		questions := d.kind.Attribute("questions")
		if have := d.read().GetAttr("questions"); !d.provider.Same(d.kind, questions, cty.ListVal(strs("9", "1", "4")), have) {
			t.Errorf("the device has the questions %#v", have)
		}
		if have := d.read().GetAttr("questions"); d.provider.Same(d.kind, questions, cty.ListVal(strs("9", "1", "5")), have) {
			t.Error("other questions are the same")
		}
	})
}

// A device that has the questions already, of a state that never saw an answer: all that a plan looks at is what changes.
func TestAnswersToQuestionsThatADeviceHasAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, "security_questions", &fleet{t: t}, "camera-v58")
		answers := map[string]any{"answer_1": "first " + userSecret, "answer_2": "second", "answer_3": "third"}
		if n, err := d.tell(map[string]any{"questions": cty.ListVal(strs("9", "1", "4")), "answer_1": "first", "answer_2": "second", "answer_3": "third"}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := d.tell(answers); n != 1 || err != nil {
			t.Errorf("answers to the questions that it has: %d %v", n, err)
		}
	})
}

func TestADeviceTakesAddressesInFullAndShowsThemMasked(t *testing.T) {
	for _, model := range []string{"camera-v57", "camera-v58", "dvr-v47"} {
		synctest.Test(t, func(t *testing.T) {
			d := open(t, "security_email", &fleet{t: t}, model)
			want := map[string]any{"addresses": cty.SetVal(strs("guard@example.net", "second@example.org"))}
			if n, err := d.tell(want); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			for _, address := range d.read().GetAttr("addresses").AsValueSlice() {
				if !strings.Contains(address.AsString(), "*") {
					t.Errorf("%s shows %s", model, address.AsString())
				}
			}
			again := map[string]any{"addresses": cty.SetVal(strs("guard@example.net", "second@example.org"))}
			if n, _ := d.tell(again); n != 0 {
				t.Errorf("%s gets the change again", model)
			}
		})
	}
}

func TestADeviceMakesACertificateOnce(t *testing.T) {
	for _, model := range []string{"camera-v56", "camera-v57", "camera-v58", "recorder-v2", "thermal-v55"} {
		synctest.Test(t, func(t *testing.T) {
			d := open(t, "certificate", &fleet{t: t}, model)
			own := func() map[string]any {
				return map[string]any{"self_signed": true, "country": "NL", "common_name": "gate.example.com", "days": 730}
			}
			if n, err := d.tell(own()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			if n, _ := d.tell(own()); n != 0 {
				t.Errorf("%s makes the same certificate again", model)
			}
		})
	}
}

// TestADeviceTakesACertificateForItsRequest signs the request of a device, as an authority would. A name that camform did not give is
// left alone, and so is the place that has none.
func TestADeviceTakesACertificateForItsRequest(t *testing.T) {
	for model, requests := range map[string]int{"camera-v57": 1, "camera-v58": 2} {
		synctest.Test(t, func(t *testing.T) {
			d := open(t, "certificate", &fleet{t: t, options: simulator.Options{TLS: true}}, model)
			request := d.request()
			time.Sleep(time.Until(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))) // of the bubble, which begins in 2000
			good, other := signed(t, request.Subject, request.PublicKey), signed(t, request.Subject, newKey(t).Public())
			d.read()
			if wrong := d.provider.Check(d.kind, d.docs, "", object(d.kind, map[string]any{"chain": other})); len(wrong) != 1 || !strings.Contains(wrong[0].Detail, "for a different key") {
				t.Errorf("%s: a certificate for another key: %v", model, wrong)
			}
			if n, err := d.tell(map[string]any{"chain": good}); n != requests || err != nil {
				t.Fatal(model, n, err)
			}
			have := d.read()
			if !d.provider.Same(d.kind, d.kind.Attribute("chain"), cty.StringVal(good), have.GetAttr("chain")) || have.GetAttr("self_signed").True() {
				t.Errorf("%s shows %#v", model, have)
			}
			if n, _ := d.tell(map[string]any{"chain": good}); n != 0 {
				t.Errorf("%s: the same certificate is brought again", model)
			}
		})
	}
}

// request has the device make a request.
func (d *told) request() *x509.CertificateRequest {
	d.t.Helper()
	d.read()
	signing, err := d.provider.SigningRequest(d.kind, d.docs, providers.Subject{CommonName: "gate.example.com", Country: "NL"})
	if err != nil || signing.Open != nil {
		d.t.Fatal(signing.Open, err)
	}
	if body := string(signing.Request.Body); !strings.Contains(body, "<RSAKeyLength>2048</RSAKeyLength>") {
		d.t.Errorf("it is not asked for the longest key: %s", body)
	}
	if _, err := d.session.Do(d.t.Context(), signing.Request); err != nil {
		d.t.Fatal(err)
	}
	doc, err := d.session.Read(d.t.Context(), signing.Path)
	if err != nil {
		d.t.Fatal(err)
	}
	request, err := d.provider.ParseSigningRequest(doc)
	if err != nil {
		d.t.Fatal(err)
	}
	return request
}

// signed is a certificate of an authority that nobody needs to know.
func signed(t *testing.T, subject pkix.Name, key any) string {
	t.Helper()
	authority, from := newKey(t), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}, NotBefore: from, NotAfter: from.AddDate(9, 0, 0)}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: subject, NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, key, authority)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
