package simulator

import (
	"bytes"
	"net/http"
)

// What devices do to the bytes of documents, by their quirks.

// gbkName is "书房" in GBK. Its last three bytes are a character of UTF-8, too. latin1Name is "Süd" in Latin-1.
const (
	gbkName    = "\xca\xe9\xb7\xbf"
	latin1Name = "S\xfcd"
)

// unescapedName is kept escaped, as all texts are.
const unescapedName = "Bar &amp; Grill"

// rename gives the device a name as its document has it.
func (d custody) rename(name string) {
	stored, _ := d.stored(deviceInfoPath)
	root, err := scan(stored.body)
	if element := root.child("deviceName"); err == nil && element != nil {
		d.own[deviceInfoPath] = apply(stored.body, []edit{element.setContent(stored.body, name)})
	}
}

// hosts is a document as a device keeps it that does not take alarm hosts by HTTPS.
func (w *write) hosts(path string, whole []byte) []byte {
	if w.unit.quirks.ResetsHosts && path == httpHostsPath {
		return withoutSecureHosts(whole)
	}
	return whole
}

// withoutSecureHosts is a list of alarm hosts in which those that are to be reached by HTTPS have become empty slots.
func withoutSecureHosts(list []byte) []byte {
	root, err := scan(list)
	if err != nil {
		return list
	}
	var edits []edit
	for _, host := range root.children {
		if host.value("protocolType") != "HTTPS" {
			continue
		}
		for name, text := range map[string]string{
			"url": "/", "protocolType": "HTTP", "addressingFormatType": "ipaddress", "ipAddress": "0.0.0.0", "portNo": "80",
		} {
			if e := host.child(name); e != nil {
				edits = append(edits, e.setText(list, text))
			}
		}
		if e := host.child("hostName"); e != nil {
			edits = append(edits, edit{e.start, e.end, "<ipAddress>0.0.0.0</ipAddress>"})
		}
	}
	return apply(list, edits)
}

const (
	debrisBefore = "\xef\xbb\xbf \r\n"
	debrisBehind = " \r\n\x00\x00"
)

// wrapped is a document as it is sent.
func (q Quirks) wrapped(doc document) document {
	if q.Unescaped && doc.contentType == contentXML {
		doc.body = bytes.ReplaceAll(doc.body, []byte("&amp;"), []byte("&"))
	}
	if q.CRLF && doc.contentType == contentXML {
		doc.body = bytes.ReplaceAll(withoutCR(doc.body), []byte("\n"), []byte("\r\n"))
	}
	if q.Debris && doc.contentType != contentText {
		doc.body = append(append([]byte(debrisBefore), doc.body...), debrisBehind...)
	}
	return doc
}

// unwrap takes the ends of lines out of a write that the device puts into its documents, or refuses it.
func (w *write) unwrap() refusal {
	body, quirks := w.q.body, w.unit.quirks
	wrapped := bytes.HasPrefix(body, []byte(debrisBefore[:3])) || !bytes.Equal(bytes.TrimLeft(body, " \t\r\n"), body) || bytes.IndexByte(body, 0) >= 0
	isXML := bytes.HasPrefix(body, []byte("<"))
	mixed := quirks.CRLF && isXML && w.q.method == http.MethodPut && bytes.Count(body, []byte("\n")) != bytes.Count(body, []byte("\r\n"))
	switch {
	case quirks.Debris && wrapped, mixed:
		return w.unit.model.refuse(badXMLFormat)
	case quirks.CRLF && isXML && !w.keepsCRLF():
		w.q.body = withoutCR(body)
	}
	if quirks.Unescaped && isXML {
		w.q.body = bytes.ReplaceAll(bytes.ReplaceAll(w.q.body, []byte("&amp;"), []byte("&")), []byte("&"), []byte("&amp;"))
	}
	return nil
}

// keepsCRLF reports whether the document has such ends of lines without the quirk, too.
func (w *write) keepsCRLF() bool {
	have, _ := w.unit.read(w.q.path)
	return bytes.Contains(have.body, []byte("\r\n"))
}

func withoutCR(body []byte) []byte { return bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")) }
