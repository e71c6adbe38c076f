package simulator

import (
	"bytes"
	"regexp"
	"strings"
)

// view is a path at which a part of a document has a life of its own. In the path, in that of the document and among the elements
// that lead to the part, {id} stands for an item and the text of its id. Those of the document come first.
type view struct {
	path, document, within string
}

const idMark = "{id}"

// views are the parts that devices show. A document that is kept under such a path itself comes before the view.
var views = []view{
	{adminAccessesPath + "/{id}", adminAccessesPath, "{id}"},
	{ntpServersPath + "/{id}", ntpServersPath, "{id}"},
	{userPermissionPath + "/{id}", userPermissionPath, "{id}"},
	{onvifUsersPath + "/{id}", onvifUsersPath, "{id}"},
	{interfacesPath + "/{id}", interfacesPath, "{id}"},
	{interfacesPath + "/{id}/ipAddress", interfacesPath, "{id}/IPAddress"},
	{interfacesPath + "/{id}/link", interfacesPath, "{id}/Link"},
	{interfacesPath + "/{id}/discovery", interfacesPath, "{id}/Discovery"},
	{interfacesPath + "/{id}/ipAddress", interfacesPath + "/{id}", "IPAddress"},
	{interfacesPath + "/{id}/link", interfacesPath + "/{id}", "Link"},
	{interfacesPath + "/{id}/discovery", interfacesPath + "/{id}", "Discovery"},
	{timeZonePath, timePath, "timeZone"},
	{ipFilterPath + "/filterAddress", ipFilterPath, "IPFilterAddressList"},
	{ipFilterPath + "/filterAddress/{id}", ipFilterPath, "IPFilterAddressList/{id}"},
	{"/ISAPI/System/Network/UPnP/ports", "/ISAPI/System/Network/UPnP", "ports"},
	{"/ISAPI/System/Network/UPnP/ports/{id}", "/ISAPI/System/Network/UPnP", "ports/portList/{id}"},
	{"/ISAPI/System/Network/DDNS/{id}", "/ISAPI/System/Network/DDNS", "{id}"},
	{"/ISAPI/System/Network/mailing/{id}", "/ISAPI/System/Network/mailing", "{id}"},
	{"/ISAPI/System/Network/ftp/{id}", "/ISAPI/System/Network/ftp", "{id}"},
	{"/ISAPI/System/Holidays/{id}", "/ISAPI/System/Holidays", "{id}"},
	{"/ISAPI/System/IO/inputs/{id}", "/ISAPI/System/IO/inputs", "{id}"},
	{"/ISAPI/System/IO/outputs/{id}", "/ISAPI/System/IO/outputs", "{id}"},
	{"/ISAPI/System/TwoWayAudio/channels/{id}", "/ISAPI/System/TwoWayAudio/channels", "{id}"},
	{videoInputsPath + "/{id}", videoInputsPath, "{id}"},
	{videoInputsPath + "/{id}/overlays/text", videoInputsPath + "/{id}/overlays", "TextOverlayList"},
	{videoInputsPath + "/{id}/overlays/text/{id}", videoInputsPath + "/{id}/overlays", "TextOverlayList/{id}"},
	{"/ISAPI/Image/channels/{id}", "/ISAPI/Image/channels", "{id}"},
	{streamsPath + "/{id}", streamsPath, "{id}"},
	{channelsPath + "/{id}", channelsPath, "{id}"},
	{"/ISAPI/ContentMgmt/record/tracks/{id}", "/ISAPI/ContentMgmt/record/tracks", "{id}"},
	{storagePath + "/hdd", storagePath, "hddList"},
	{storagePath + "/hdd/{id}", storagePath, "hddList/{id}"},
	{storagePath + "/hdd/{id}", storagePath + "/hdd", "{id}"},
	{httpHostsPath + "/{id}", httpHostsPath, "{id}"},
	{triggersPath + "/{id}", triggersPath, "{id}"},
	{triggersPath + "/{id}", triggersPath, "EventTriggerList/{id}"},
	{hiddenEventPath + "/notifications", hiddenEventPath, "EventTriggerNotificationList"},
	{triggersPath + "/{id}/notifications", triggersPath, "{id}/EventTriggerNotificationList"},
	{triggersPath + "/{id}/notifications/{id}", triggersPath, "{id}/EventTriggerNotificationList/{id}"},
}

// match reports whether the path is one of the view, and returns the ids in it.
func (v view) match(path string) (ids []string, found bool) {
	want, have := strings.Split(v.path, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	for i, segment := range want {
		if segment == idMark {
			ids = append(ids, have[i])
		} else if segment != have[i] {
			return nil, false
		}
	}
	return ids, true
}

// kept returns the path of the document that the part is of, and the ids that lead to the part within it.
func (v view) kept(ids []string) (document string, within []string) {
	document = v.document
	for strings.Contains(document, idMark) {
		document, ids = strings.Replace(document, idMark, ids[0], 1), ids[1:]
	}
	return document, ids
}

// find returns the part of the document with that root, or nil.
func (v view) find(root *element, ids []string) *element {
	for _, name := range strings.Split(v.within, "/") {
		switch {
		case root == nil:
			return nil
		case name != idMark:
			root = root.child(name)
		default:
			root, ids = itemWithID(root, ids[0]), ids[1:]
		}
	}
	return root
}

// itemWithID returns the item of that id, or of an id that others have, too, and that channel; nil if there is none.
func itemWithID(list *element, id string) *element {
	for _, item := range list.children {
		if item.value("id") == id {
			return item
		}
	}
	for _, item := range list.children {
		if channel := item.value("dynVideoInputChannelID"); channel != "" && item.value("id")+"-"+channel == id {
			return item
		}
	}
	return nil
}

// part is an element of a document, found by the path at which it is shown; or the root, at the path of the document.
type part struct {
	document string // path
	body     []byte
	root     *element
	element  *element
	id       string // of the item that the path ends in; empty for others
}

// partAt finds what a write of the path changes: a document, or a part of one.
func (d *unit) partAt(path string) (part, bool) {
	if stored, found := d.stored(path); found {
		root, err := scan(stored.body)
		return part{document: path, body: stored.body, root: root, element: root}, err == nil
	}
	for _, v := range views {
		ids, matches := v.match(path)
		if !matches {
			continue
		}
		document, within := v.kept(ids)
		stored, _ := d.stored(document)
		root, err := scan(stored.body)
		if err != nil {
			continue
		}
		p := part{document: document, body: stored.body, root: root, element: v.find(root, within)}
		if strings.HasSuffix(v.within, idMark) {
			p.id = ids[len(ids)-1]
		}
		if p.element != nil {
			return p, true
		}
	}
	return part{}, false
}

// whole reports whether the part is the whole document.
func (p part) whole() bool { return p.element == p.root }

// alone is the part as a document.
func (p part) alone() []byte {
	if p.whole() {
		return p.body
	}
	return standalone(p.body, p.root, p.body[p.element.start:p.element.end])
}

// replaced is the whole document with the content of another document in place of the part. The start tag stays.
func (p part) replaced(by []byte) []byte {
	root, err := scan(by)
	if p.whole() || err != nil {
		return by
	}
	return apply(p.body, []edit{p.element.setContent(p.body, string(by[root.inner:root.close]))})
}

// trail are the elements that lead from the root of the document to one below it, such as SNMPAdvanced/SNMPUserList/SNMPUser[1].
func trail(root, to *element) string {
	var lead []string
	for e := root; e != to; {
		e = e.towards(to)
		name := e.name
		if _, id := e.identity(); id != "" {
			name += "[" + id + "]"
		}
		lead = append(lead, name)
	}
	return strings.Join(lead, "/")
}

// sizeAttribute is the length of a list, which says nothing about an item of it.
var sizeAttribute = regexp.MustCompile(`\s+size\s*=\s*["'][^"']*["']`)

// standalone makes an item of a list a document: the declaration of the list, and its attributes where the item has none.
func standalone(list []byte, root *element, item []byte) []byte {
	end := bytes.IndexAny(item, " />\t\r\n")
	if end > 0 && !bytes.Contains(item[:bytes.IndexByte(item, '>')], []byte("xmlns")) {
		attributes := sizeAttribute.ReplaceAllString(strings.TrimPrefix(root.startTag(list), "<"+root.name), "")
		item = append(append(bytes.Clone(item[:end]), attributes...), item[end:]...)
	}
	return append(append(bytes.Clone(list[:root.start]), item...), '\n')
}
