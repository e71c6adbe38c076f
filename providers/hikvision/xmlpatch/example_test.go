package xmlpatch_test

import (
	"fmt"

	"camform/providers/hikvision/xmlpatch"
)

func Example() {
	doc, err := xmlpatch.Parse([]byte(`<?xml version='1.0' encoding="UTF-8" ?>
<IPFilter  version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
  <enabled opt="true,false"> false </enabled>
  <permissionType>deny</permissionType>
  <IPFilterAddressList size="32">
    <IPFilterAddress><id>1</id><ipAddress>192.0.2.1</ipAddress></IPFilterAddress>
  </IPFilterAddressList>
  <vendorTypo>flase</vendorTypo>
</IPFilter >`))
	if err != nil {
		fmt.Println(err)
		return
	}
	entry := xmlpatch.MustPath("IPFilterAddressList/IPFilterAddress").Where(xmlpatch.MustPath("id"), "1")
	for _, err := range []error{
		doc.Set(xmlpatch.MustPath("enabled"), "true"),
		doc.Set(entry.Child("ipAddress"), "192.0.2.7"),
		doc.Insert(entry.Child("bitMask"), "24", "ipAddress"),
		doc.Append(xmlpatch.MustPath("IPFilterAddressList"), []byte("<IPFilterAddress><id>2</id></IPFilterAddress>")),
	} {
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%s\n", doc.Bytes())
	// Output:
	// <?xml version='1.0' encoding="UTF-8" ?>
	// <IPFilter  version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
	//   <enabled opt="true,false"> true </enabled>
	//   <permissionType>deny</permissionType>
	//   <IPFilterAddressList size="32">
	//     <IPFilterAddress><id>1</id><ipAddress>192.0.2.7</ipAddress><bitMask>24</bitMask></IPFilterAddress>
	//     <IPFilterAddress><id>2</id></IPFilterAddress>
	//   </IPFilterAddressList>
	//   <vendorTypo>flase</vendorTypo>
	// </IPFilter >
}

func ExampleDocument_FindSuffix() {
	for _, body := range []string{
		`<Time><timeMode opt="NTP,manual">NTP</timeMode></Time>`,
		`<TimeCap><Time><timeMode opt="NTP,manual,satellite"/></Time></TimeCap>`,
	} {
		doc, err := xmlpatch.Parse([]byte(body))
		if err != nil {
			fmt.Println(err)
			continue
		}
		mode, _ := doc.FindSuffix(xmlpatch.MustPath("Time/timeMode"))
		fmt.Println(mode.Attr("opt"))
	}
	// Output:
	// NTP,manual true
	// NTP,manual,satellite true
}

func ExampleParseJSON() {
	doc, err := xmlpatch.ParseJSON([]byte(`{
	"SecurityAdvanced":	{
		"noOperationEnabled":	false,
		"noOperationTime":	10,
		"hosts":	[{"id":1, "name":"gate"}]
	}
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range []error{
		doc.Set(xmlpatch.MustPath("noOperationEnabled"), "true"),
		doc.Insert(xmlpatch.MustPath("mode"), "manual", "noOperationTime"),
		doc.Append(xmlpatch.MustPath("hosts"), []byte(`{"id":2}`)),
		doc.Set(xmlpatch.MustPath("hosts[id=1]/name"), "north"),
		doc.Set(xmlpatch.MustPath("noOperationTime"), "soon"),
	} {
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%s\n", doc.Bytes())
	// Output:
	// set noOperationTime: not writable as part of a JSON file: the document has a number there, and the text is not one
	// {
	// 	"SecurityAdvanced":	{
	// 		"noOperationEnabled":	true,
	// 		"noOperationTime":	10,
	// 		"mode":	"manual",
	// 		"hosts":	[{"id":1, "name":"north"},{"id":2}]
	// 	}
	// }
}
