package hikvision_test

import (
	"strings"
	"testing"

	"camform/providers"
)

// What a request changed is given back byte for byte, if the device shows all of what it had; not so beside an account whose password it
// never shows, a secret, or a mask.
func TestOnlyWhatIsWhollyKnownIsRestored(t *testing.T) {
	const slot = `<HttpHostNotification><id>1</id><url>/</url> <portNo>80</portNo><userName></userName><odd x="1"/><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>`
	list := func(entries ...string) string {
		return "<HttpHostNotificationList>" + strings.Join(entries, "") + "</HttpHostNotificationList>"
	}
	other := strings.Replace(slot, "<id>1<", "<id>2<", 1)
	account := func(s string) string { return strings.Replace(s, "<userName></userName>", "<userName>u</userName>", 1) }
	secret := func(text string) string {
		return strings.Replace(slot, `<odd x="1"/>`, "<accessToken>"+text+"</accessToken>", 1)
	}
	for name, c := range map[string]struct {
		kind, key, body string
		change          map[string]any
		want            string // what is sent; empty if nothing may be
		instead         bool   // whether the list may be sent in its place
	}{
		"a slot":                   {"alarm_host", "1", list(slot, other), map[string]any{"port": 85}, slot, true},
		"a slot beside an account": {"alarm_host", "1", list(slot, account(other)), map[string]any{"port": 85}, slot, false},
		"a slot with an account":   {"alarm_host", "1", list(account(slot)), map[string]any{"port": 85}, "", false},
		"a slot with a secret":     {"alarm_host", "1", list(secret("abc")), map[string]any{"port": 85}, "", false},
		"a slot with an empty one": {"alarm_host", "1", list(secret("")), map[string]any{"port": 85}, secret(""), true},
		"a whole document":         {"upnp", "", `<UPnP><enabled>true</enabled> <name>a</name></UPnP>`, map[string]any{"enabled": false}, `<UPnP><enabled>true</enabled> <name>a</name></UPnP>`, false},
	} {
		provider, kind, docs := opened(t, c.kind, c.key, c.body)
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
			{Kind: kind, Key: c.key, Before: kind.Null(), After: object(kind, c.change)},
		}})
		if err != nil || len(requests) != 1 {
			t.Errorf("%s: %v, %v", name, err, requests)
			continue
		}
		back, err := provider.Restore(docs, requests[0])
		sent := string(back.Body)
		if err != nil {
			sent = ""
		}
		if !strings.HasSuffix(sent, c.want) || (c.want == "") != (sent == "") || sent != "" && back.Path != requests[0].Path {
			t.Errorf("%s: %v, would send %s to %s, want %s", name, err, sent, back.Path, c.want)
		}
		if (back.Instead != nil) != c.instead || c.instead && string(back.Instead.Body) != c.body {
			t.Errorf("%s: in its place it would send %+v", name, back.Instead)
		}
	}
	provider, kind, docs := opened(t, "alarm_host", "1", list(slot))
	if _, err := provider.Restore(docs, providers.Request{Method: "DELETE", Path: kind.Document.Path + "/1", Keys: []providers.Key{{Kind: "alarm_host", Key: "1"}}}); err == nil {
		t.Error("what was removed would be put back")
	}
	_, _, docs = opened(t, "alarm_host", "1", list(strings.Replace(slot, `<odd x="1"/>`, "<label>****</label>", 1)))
	if _, err := provider.Restore(docs, providers.Request{Method: "PUT", Path: kind.Document.Path + "/1", Keys: []providers.Key{{Kind: "alarm_host", Key: "1"}}}); err == nil {
		t.Error("a mask would be put back")
	}
}
