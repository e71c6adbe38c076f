package hikvision_test

import (
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// Where a device takes a list and no item of it by itself, the list is written; not so if another item has a secret that nobody
// gives, and never for kinds whose file does not say that devices take it.
func TestAListTakesThePlaceOfAnItem(t *testing.T) {
	const (
		slot  = `<HttpHostNotification><id>1</id><url>/</url><portNo>80</portNo><userName></userName><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>`
		other = `<HttpHostNotification><id>2</id><url>/x</url><portNo>81</portNo><userName>u</userName><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>`
	)
	list := func(entries ...string) string {
		return "<HttpHostNotificationList>" + strings.Join(entries, "") + "</HttpHostNotificationList>"
	}
	for name, test := range map[string]struct{ body, want string }{
		"alone":                {list(slot), list(strings.Replace(slot, ">80<", ">85<", 1))},
		"beside a free one":    {list(slot, strings.Replace(other, ">u<", "><", 1)), list(strings.Replace(slot, ">80<", ">85<", 1), strings.Replace(other, ">u<", "><", 1))},
		"beside an account":    {list(slot, other), ""},
		"beside a masked text": {list(slot, strings.Replace(other, "<userName>u</userName>", "<userName></userName><password>******</password>", 1)), ""},
	} {
		provider, kind, docs := opened(t, "alarm_host", "1", test.body)
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
			{Kind: kind, Key: "1", Before: kind.Null(), After: object(kind, map[string]any{"port": 85})},
		}})
		if err != nil || len(requests) != 1 || requests[0].Path != kind.Document.Path+"/1" {
			t.Errorf("%s: %v, %v", name, err, requests)
			continue
		}
		have := ""
		if instead := requests[0].Instead; instead != nil && instead.Path == kind.Document.Path && instead.Method == "PUT" {
			have = string(instead.Body)
		}
		if have != test.want {
			t.Errorf("%s: have %s, want %s", name, have, test.want)
		}
		if back, err := provider.Revert(docs[kind.Document.Path], requests[0]); err == nil && back.Instead != nil {
			t.Errorf("%s: what puts it back would bring the change", name)
		}
	}
	// Two changed items share one list, which has both changes; their accounts are given, so none is lost.
	provider, kind, docs := opened(t, "alarm_host", "1", list(slot, other))
	var changes []providers.Change
	for _, key := range []string{"1", "2"} {
		changes = append(changes, providers.Change{Kind: kind, Key: key, Before: kind.Null(), After: object(kind, map[string]any{"port": 85})})
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: changes})
	switch {
	case err != nil || len(requests) != 2:
		t.Errorf("two items: %v, %v", err, requests)
	case requests[0].Instead == nil || requests[0].Instead != requests[1].Instead || len(requests[0].Instead.Keys) != 2:
		t.Errorf("two items have the lists %+v and %+v", requests[0].Instead, requests[1].Instead)
	case strings.Count(string(requests[0].Instead.Body), ">85<") != 2:
		t.Errorf("the list lacks a change: %s", requests[0].Instead.Body)
	}
	for _, kind := range hikvision.New(isapi.Options{}).Kinds().All() {
		if kind.Write != nil && kind.Write.List && kind.Name != "alarm_host" {
			t.Errorf("%s is written as a list", kind.Name)
		}
	}
}
