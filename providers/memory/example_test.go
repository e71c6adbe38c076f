package memory_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
)

// A plan by hand, and an apply by hand.
func Example() {
	ctx := context.Background()
	fleet := memory.NewFleet(time.Now)
	gate := fleet.Add("gate", "https://192.0.2.1", memory.Options{})
	provider := fleet.Provider()

	// Plan: a reader cannot write.
	reader := provider.OpenReader(gate.Target())
	defer reader.Close()
	if _, err := reader.Identify(ctx); err != nil {
		log.Fatal(err)
	}
	https := provider.Kinds().Lookup("https")
	path := https.Document.Path
	document, err := reader.Read(ctx, path)
	if err != nil {
		log.Fatal(err)
	}
	documents := providers.Documents{path: document}
	items, err := provider.Decode(https, nil, documents)
	if err != nil {
		log.Fatal(err)
	}
	before := items[""]
	after := cty.ObjectVal(map[string]cty.Value{
		"enabled":  cty.NullVal(cty.Bool), // keep
		"port":     cty.NullVal(cty.Number),
		"redirect": cty.True,
	})
	fmt.Println("redirect was", before.GetAttr("redirect").True())

	// Apply: a session can.
	requests, err := provider.Compose(providers.Composition{
		Documents: documents,
		Changes:   []providers.Change{{Kind: https, Before: before, After: after}},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := provider.Open(gate.Target())
	defer session.Close()
	if _, err := session.Identify(ctx); err != nil {
		log.Fatal(err)
	}
	for _, request := range requests {
		reply, err := session.Do(ctx, request)
		fmt.Println(request.Method, request.Path, reply.Outcome, err)
	}
	fmt.Println(gate.Document(path))

	// Output:
	// redirect was false
	// PUT /access applied <nil>
	// {"items":{"HTTP":{"enabled":true,"port":80},"HTTPS":{"enabled":true,"port":443,"redirect":true},"RTSP":{"enabled":true,"multicast":"239.0.0.1","port":554}}}
}
