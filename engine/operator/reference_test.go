package operator_test

import (
	"testing"

	"camform/engine/config"
	"camform/engine/operator"
)

func TestEveryRuleIsDescribed(t *testing.T) {
	blocks, arguments := 0, 0
	var walk func(b config.BlockReference)
	walk = func(b config.BlockReference) {
		blocks++
		for _, a := range b.Arguments {
			arguments++
			if a.Doc == "" || a.Takes == "" {
				t.Errorf("%s: %s is not described", b.Name, a.Name)
			}
		}
		for _, inner := range b.Blocks {
			walk(inner)
		}
	}
	walk(operator.Reference())
	if blocks != 6 || arguments != 16 {
		t.Errorf("%d blocks with %d arguments", blocks, arguments)
	}
}
