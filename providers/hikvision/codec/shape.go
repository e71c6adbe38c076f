package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// Faults finds codecs of a kind that do not exist or that do not fit its attributes.
func Faults(kind *schema.Kind) []schema.Fault {
	var faults []schema.Fault
	for _, a := range kind.Attributes {
		wrong := func(part, summary, format string, args ...any) {
			faults = append(faults, schema.Fault{Part: part, Summary: summary, Detail: fmt.Sprintf(format, args...)})
		}
		part := "attribute." + a.Name
		c, ok := All[a.Codec]
		switch needs := shapeOf(a.Codec); {
		case !ok:
			wrong(part+".codec", "Unknown codec", "%q is not one of %s.", a.Codec, strings.Join(slices.Sorted(maps.Keys(All)), ", "))
		case c.encode == nil && kind.Hooks == "":
			wrong(part+".codec", "Codec not possible", "The codec %s is for kinds with their own hooks.", a.Codec)
		case !a.Type.Equals(needs.typ):
			wrong(part+".type", "Codec does not fit the type", "The codec %s is for %s; %q is %s.",
				a.Codec, typeexpr.TypeString(needs.typ), a.Name, typeexpr.TypeString(a.Type))
		case len(a.Elements) < needs.elements:
			wrong(strings.TrimSuffix(kind.Elements(a)[0].Part, ".0"), "Elements missing",
				"The codec %s needs %d elements; %q has %d.", a.Codec, needs.elements, a.Name, len(a.Elements))
		}
	}
	return faults
}

// shape is what an attribute must be like for a codec to work on it.
type shape struct {
	typ      cty.Type
	elements int // how many paths of elements the codec needs, at least
}

// shapeOf is the shape that a codec needs: a text in one element, unless it is in the list.
func shapeOf(name string) shape {
	if s, ok := shapes[name]; ok {
		return s
	}
	return shape{cty.String, 1}
}

var (
	listOfTexts = cty.List(cty.String)
	setOfTexts  = cty.Set(cty.String)
)

var shapes = map[string]shape{
	"address_list":       {setOfTexts, addressEntries + 1},
	"address_slots":      {listOfTexts, 2},
	"authority":          {cty.String, 2},
	"boolean":            {cty.Bool, 1},
	"certificate_chain":  {cty.String, 2},
	"certificate_days":   {cty.Number, 2},
	"certificate_issuer": {cty.Bool, 2},
	"channel_rights":     {setOfTexts, 1},
	"host":               {cty.String, hostIPv6 + 1},
	"host_slot":          {cty.String, hostIPv6 + 1},
	"interface_address":  {cty.String, interfaceMask + 1},
	"lock_time":          {cty.Number, 1},
	"mac_list":           {setOfTexts, addressEntries + 1},
	"masked_addresses":   {setOfTexts, 1},
	"notifications":      {setOfTexts, 2},
	"number":             {cty.Number, 1},
	"period":             {cty.String, periodWeek + 1},
	"questions":          {listOfTexts, 1},
	"receivers":          {setOfTexts, 1},
	"record_schedule":    {listOfTexts, 2},
	"rights":             {setOfTexts, 1},
	"time_zone":          {cty.String, ianaZone + 1},
	"tls_minimum":        {cty.String, 3},
	"wireless_key":       {cty.String, wirelessKeyLength + 1},
}
