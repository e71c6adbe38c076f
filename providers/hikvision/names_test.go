package hikvision

import (
	"errors"
	"testing"

	"camform/providers"
	"camform/providers/hikvision/isapi"
)

func TestNamesOfItemsBelongToTheirDocument(t *testing.T) {
	provider := New(isapi.Options{})
	kind := provider.Kinds().Lookup("user_permission")
	rights := providers.Document{Path: kind.Document.Path, Body: []byte(`<UserPermissionList>
<UserPermission><id>1</id><userID>2</userID><remotePermission><preview>true</preview></remotePermission></UserPermission></UserPermissionList>`)}
	for name, tc := range map[string]struct {
		users *providers.Document
		want  error
		items int
	}{
		"named":        {&providers.Document{Body: []byte("<UserList><User><id>2</id><userName>guard</userName></User></UserList>")}, nil, 1},
		"named twice":  {&providers.Document{Body: []byte("<UserList><User><id>2</id><userName>a</userName></User><User><id>2</id><userName>b</userName></User></UserList>")}, nil, 1},
		"not named":    {&providers.Document{Body: []byte("<UserList><User><id>2</id></User></UserList>")}, nil, 0},
		"no list":      {&providers.Document{Missing: "404"}, providers.ErrUnsupported, 0},
		"not read":     {nil, providers.ErrMalformed, 0},
		"no XML":       {&providers.Document{Body: []byte("users")}, providers.ErrMalformed, 0},
		"another root": {&providers.Document{Body: []byte("<userCheck/>")}, providers.ErrMalformed, 0},
	} {
		docs := providers.Documents{rights.Path: rights}
		if tc.users != nil {
			docs[kind.Item.Names.Path] = *tc.users
		}
		items, err := provider.Decode(kind, nil, docs)
		if !errors.Is(err, tc.want) || len(items) != tc.items {
			t.Errorf("%s: %d items, %v", name, len(items), err)
		}
	}
}
