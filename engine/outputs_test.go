package engine

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
)

func TestI1SensitiveOutputsAreNotKept(t *testing.T) {
	kept, err := rememberedOutput(plan.Output{Name: "x", Sensitive: true, Value: cty.StringVal("Right-Horse-1"), Mark: "m"})
	if err != nil || kept.Value != nil || kept.Type != nil || kept.Mark != "m" {
		t.Errorf("%+v, %v", kept, err)
	}
	if kept, err = rememberedOutput(plan.Output{Name: "x", Value: cty.StringVal("shown")}); err != nil || string(kept.Value) != `"shown"` || string(kept.Type) != `"string"` {
		t.Errorf("%+v, %v", kept, err)
	}
}
