package sweep

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
)

// WaysPath is the document in which some devices say, without a login, how a forgotten password can be reset.
const WaysPath = "/ISAPI/Security/extern/capabilities"

// Ways are the ways to a new password that a device says it has, and those that it says it lacks. It does not speak of others.
type Ways struct{ Has, Lacks []string }

// ways are the elements that tell, in the order in which Ways lists them, with the words for them.
var ways = []struct{ element, way string }{
	{"isSupportWithGUIDFileData", "guid_file"}, {"isSupportWithSecurityQuestion", "questions"}, {"isSupportWithSecurityEmail", "email"}, {"isSupportWithHCApp", "app"},
}

// Ways asks the device that answered at an address which ways to a new password it has. No credential is sent. It is zero where the device
// does not tell.
func (s Sweep) Ways(ctx context.Context, at Answer) Ways {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL+WaysPath, nil)
	if err != nil {
		return Ways{}
	}
	answer, err := s.client().Do(r)
	if err != nil {
		return Ways{}
	}
	defer answer.Body.Close()
	var said struct {
		XMLName xml.Name `xml:"externSecurityCap"`
		Reset   struct {
			Ways []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"RestAdminPassWord"` // so devices write it
	}
	if answer.StatusCode != http.StatusOK || xml.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&said) != nil {
		return Ways{}
	}
	var found Ways
	for _, w := range ways {
		for _, e := range said.Reset.Ways {
			switch text := strings.TrimSpace(e.Text); {
			case e.XMLName.Local != w.element:
			case text == "true":
				found.Has = append(found.Has, w.way)
			case text == "false":
				found.Lacks = append(found.Lacks, w.way)
			}
		}
	}
	return found
}
