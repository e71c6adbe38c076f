package memory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
)

// BenchmarkRotation is a new password as a harness makes millions of them: identify, read the accounts, write, prove.
func BenchmarkRotation(b *testing.B) {
	w := newWorld(b, memory.Options{})
	w.device.SetUser("operator", "Operator", "operator-0")
	kind := w.kind("user")
	ctx := context.Background()
	n := 0
	for b.Loop() {
		n++
		password := fmt.Sprintf("Secret-%08d", n)
		s := w.provider.Open(w.device.Target())
		if _, err := s.Identify(ctx); err != nil {
			b.Fatal(err)
		}
		doc, err := s.Read(ctx, kind.Document.Path)
		if err != nil {
			b.Fatal(err)
		}
		requests, err := w.provider.Compose(providers.Composition{
			Documents: providers.Documents{doc.Path: doc},
			Changes:   []providers.Change{{Kind: kind, Key: "operator", After: w.want("user", map[string]cty.Value{"password": cty.StringVal(password)})}},
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Do(ctx, requests[0]); err != nil {
			b.Fatal(err)
		}
		if err := s.(providers.Authenticator).Authenticate(ctx, credential("operator", password)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	w := newWorld(b, memory.Options{})
	w.device.SetUser("operator", "Operator", "operator-0")
	w.open()
	for b.Loop() {
		w.device.Restore(w.device.Snapshot())
	}
}
