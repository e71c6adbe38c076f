package providertest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
)

// again makes the last entry of a list again, with all that it had, after somebody deleted it: one request brings it, under its own
// number, and all else stays as it was. A device that keeps its entries is left alone.
func (w *trial) again(losing Losing) error {
	keys := w.keys()
	slices.SortStableFunc(keys, func(a, b string) int { return len(a) - len(b) })
	key, before := keys[len(keys)-1], w.independent()
	had := w.items[w.kind.Name][key]
	if !losing.Lose(w.kind, key) {
		return nil
	}
	if err := w.refresh(); err != nil {
		return err
	}
	if _, ok := w.items[w.kind.Name][key]; ok {
		return errors.New("it is still there")
	}
	values, err := w.taken(key, had)
	if err != nil {
		return err
	}
	want := w.want(values, cty.EmptyObjectVal)
	requests, err := w.compose(w.docs, key, want)
	if err != nil {
		return err
	}
	if len(requests) != 1 || requests[0].Method != http.MethodPost || requests[0].Instead != nil {
		return fmt.Errorf("it composes to %d requests, or to no POST", len(requests))
	}
	if err := w.send(requests); err != nil {
		return err
	}
	if err := w.refresh(); err != nil {
		return err
	}
	var all []string
	for _, a := range w.kind.Attributes {
		all = append(all, a.Name)
		if value, ok := values[a.Name]; ok {
			if err := w.reads(key, a, value); err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
		}
	}
	if err := unchanged(before, w.items, w.kind.Name, key, all...); err != nil {
		return err
	}
	for _, a := range w.kind.Attributes {
		if a.WriteOnly {
			delete(values, a.Name)
		}
	}
	return w.nothingToDo(key, w.want(values, cty.EmptyObjectVal))
}

// taken is what an entry had, without what the device does not accept for a new one: its delivered values can be outside its own limits.
// A secret is given where the provider wants one.
func (w *trial) taken(key string, had cty.Value) (map[string]cty.Value, error) {
	values := map[string]cty.Value{}
	for _, a := range w.kind.Attributes {
		if value := had.GetAttr(a.Name); !value.IsNull() && !a.Secret {
			values[a.Name] = value
		}
	}
	for range w.kind.Attributes {
		wrong := slices.DeleteFunc(w.check(key, w.want(values, cty.EmptyObjectVal)), func(e providers.AttributeError) bool {
			return e.Attribute == "" && e.Unproven
		})
		if len(wrong) == 0 {
			return values, nil
		}
		for _, e := range wrong {
			a := w.kind.Attribute(e.Attribute)
			switch {
			case a == nil || a.Required:
				return nil, fmt.Errorf("it is refused: %s", sprint(wrong))
			case a.WriteOnly && values[a.Name] == cty.NilVal:
				values[a.Name] = cty.StringVal("Sample-2468")
			default:
				delete(values, a.Name)
			}
		}
	}
	return nil, errors.New("it is refused, whatever is left out of it")
}
