package codec

import "github.com/zclconf/go-cty/cty"

// shape is what an attribute must be like for a codec to work on it.
type shape struct {
	Typ      cty.Type
	Elements int // how many paths of elements the codec needs, at least
}

// ShapeOf is the shape that a codec needs: a text in one element, unless it is in the list.
func ShapeOf(name string) shape {
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
	"address_list":       {setOfTexts, 2},
	"address_slots":      {listOfTexts, 2},
	"boolean":            {cty.Bool, 1},
	"certificate_chain":  {cty.String, 2},
	"certificate_days":   {cty.Number, 2},
	"certificate_issuer": {cty.Bool, 2},
	"channel_rights":     {setOfTexts, 1},
	"host":               {cty.String, 4},
	"host_slot":          {cty.String, 4},
	"interface_address":  {cty.String, 2},
	"lock_time":          {cty.Number, 1},
	"mac_list":           {setOfTexts, 2},
	"masked_addresses":   {setOfTexts, 1},
	"notifications":      {setOfTexts, 2},
	"number":             {cty.Number, 1},
	"period":             {cty.String, 4},
	"questions":          {listOfTexts, 1},
	"receivers":          {setOfTexts, 1},
	"record_schedule":    {listOfTexts, 2},
	"rights":             {setOfTexts, 1},
	"tls_minimum":        {cty.String, 3},
	"wireless_key":       {cty.String, 2},
}
