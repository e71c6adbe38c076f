package simulator

import (
	"bytes"
	"strings"
)

// Items of some lists have a path of their own below that of the list.
var itemLists = []string{adminAccessesPath, ntpServersPath}

// itemPath splits a path into that of a list and the id of an item.
func itemPath(path string) (list, id string, found bool) {
	for _, list := range itemLists {
		if id, below := strings.CutPrefix(path, list+"/"); below && !strings.Contains(id, "/") && id != "capabilities" {
			return list, id, true
		}
	}
	return "", "", false
}

// itemWithID returns the item of that id, or nil.
func itemWithID(root *element, id string) *element {
	for _, item := range root.children {
		if item.value("id") == id {
			return item
		}
	}
	return nil
}

// readItem answers a GET of one item of a list.
func (d *Device) readItem(path string) (document, bool) {
	list, id, found := itemPath(path)
	if !found {
		return document{}, false
	}
	stored, _ := d.stored(list)
	root, err := scan(stored.body)
	if err != nil {
		return document{}, false
	}
	item := itemWithID(root, id)
	if item == nil {
		return document{}, false
	}
	return document{body: standalone(stored.body, root, stored.body[item.start:item.end]), contentType: contentXML}, true
}

// standalone makes an item of a list a document: the declaration of the list, and its attributes where the item has none.
func standalone(list []byte, root *element, item []byte) []byte {
	end := bytes.IndexAny(item, " />")
	if end > 0 && !bytes.Contains(item[:bytes.IndexByte(item, '>')], []byte("xmlns")) {
		attributes := strings.TrimPrefix(root.startTag(list), "<"+root.name)
		item = append(append(bytes.Clone(item[:end]), attributes...), item[end:]...)
	}
	return append(append(bytes.Clone(list[:root.start]), item...), '\n')
}

// itemWrite turns the write of one item into a write of the whole list, with the start tag that the item has there.
func (d *Device) itemWrite(list, id string, sent []byte) ([]byte, refusal) {
	stored, _ := d.stored(list)
	root, errRoot := scan(stored.body)
	item, errItem := scan(sent)
	if errRoot != nil || errItem != nil {
		return nil, d.refuse(badXMLFormat)
	}
	have := itemWithID(root, id)
	if have == nil {
		return nil, d.unknown()
	}
	if item.name != have.name {
		return nil, d.refuse(badXMLContent).about(item.name)
	}
	if given := item.value("id"); given != "" && given != id {
		return nil, d.refuse(badParameters).about("id")
	}
	markup := have.startTag(stored.body) + ">" + string(sent[item.inner:item.close]) + "</" + have.name + ">"
	return apply(stored.body, []edit{{have.start, have.end, markup}}), nil
}
