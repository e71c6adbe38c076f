package xmlpatch_test

import (
	"fmt"
	"strings"
	"testing"

	"camform/providers/hikvision/xmlpatch"
)

// BenchmarkParseAndSet reads a document of 40 KB, the size of a full list of triggers, and changes one text.
func BenchmarkParseAndSet(b *testing.B) {
	var list strings.Builder
	list.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<List version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\">\r\n")
	for i := range 210 {
		fmt.Fprintf(&list, "<Item version=\"2.0\">\r\n<id>%d</id>\r\n<enabled>true</enabled>\r\n<name>camera &amp; %d</name>\r\n"+
			"<Address>\r\n<ipAddress>192.0.2.%d</ipAddress>\r\n<portNo>8000</portNo>\r\n</Address>\r\n</Item>\r\n", i, i, i)
	}
	list.WriteString("</List>\r\n")
	body := []byte(list.String())
	p := xmlpatch.MustPath("Item[id=199]/Address/portNo")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		doc, err := xmlpatch.Parse(body)
		if err != nil {
			b.Fatal(err)
		}
		if err := doc.Set(p, "8080"); err != nil {
			b.Fatal(err)
		}
	}
}
