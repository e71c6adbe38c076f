package hikvision_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// The number of an item comes from the device and becomes a part of a path: nothing in it may lead a request elsewhere.
func TestANumberOfADeviceLeadsNoRequestElsewhere(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("stream_auth") // its label fills the path
	for _, c := range []struct {
		id   string
		path string // empty if it is refused
	}{
		{"101", "/ISAPI/Streaming/channels/101"},
		{"main-1", "/ISAPI/Streaming/channels/main-1"},
		{"1/../../System/reboot", ""},
		{"..", ""},
		{"1?mode=full", ""},
		{"1%2f2", ""},
		{strings.Repeat("1", 65), ""},
	} {
		docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: fmt.Appendf(nil,
			"<StreamingChannelList size='9'><StreamingChannel><id>%s</id><Transport><Multicast><enabled>true</enabled></Multicast></Transport>"+
				"</StreamingChannel></StreamingChannelList>", c.id)}}
		for _, path := range kind.Document.Capabilities {
			docs[path] = providers.Document{Path: path, Missing: "403 notSupport"}
		}
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{
			Kind: kind, Key: c.id, Before: kind.Null(), After: object(kind, map[string]any{"multicast": false}),
		}}})
		if c.path == "" {
			if !errors.Is(err, providers.ErrMalformed) {
				t.Errorf("%q: %v, %v", c.id, requests, err)
			}
			continue
		}
		if err != nil || len(requests) != 1 || requests[0].Path != c.path {
			t.Errorf("%q: %v, %v", c.id, requests, err)
			continue
		}
		if body := string(requests[0].Body); !strings.HasPrefix(body, "<StreamingChannel><id>") {
			t.Errorf("an item carries what belongs to its list: %s", body)
		}
	}
}

// The same goes for numbers that no label repeats.
func TestAnUnseenNumberOfADeviceLeadsNoRequestElsewhere(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("user_permission")
	for id, good := range map[string]bool{"102": true, "102/../../../System/reboot": false, "": false} {
		docs := providers.Documents{}
		for path, body := range map[string]string{
			kind.Document.Path: "<UserPermissionList><UserPermission><id>" + id + "</id><userID>2</userID>" +
				"<remotePermission><preview>false</preview></remotePermission></UserPermission></UserPermissionList>",
			"/ISAPI/Security/users": "<UserList><User><id>2</id><userName>guard</userName></User></UserList>",
		} {
			docs[path] = providers.Document{Path: path, Body: []byte(body)}
		}
		fill(docs, kind)
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{
			Kind: kind, Key: "guard", Before: kind.Null(), After: object(kind, map[string]any{"remote": []string{"preview"}}),
		}}})
		if good != (err == nil) || !good && !errors.Is(err, providers.ErrMalformed) || good && len(requests) != 1 {
			t.Errorf("%q: %v, %v", id, requests, err)
		}
	}
}
