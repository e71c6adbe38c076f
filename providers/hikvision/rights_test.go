package hikvision_test

import (
	"context"
	"testing"
	"testing/synctest"

	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/providers/providertest"
	"camform/schema"
)

// some is a provider with a few of its kinds.
type some struct {
	*hikvision.Provider
	kinds *schema.Kinds
}

func only(names ...string) some {
	provider := hikvision.New(isapi.Options{})
	var kinds []*schema.Kind
	for _, name := range names {
		kinds = append(kinds, provider.Kinds().Lookup(name))
	}
	return some{provider, schema.NewKinds(kinds...)}
}

func (s some) Kinds() *schema.Kinds { return s.kinds }

// manned is a fleet whose devices have an account more.
type manned struct{ *fleet }

func (m manned) Open(model string) providers.Session { return guarded{m.fleet.Open(model), m.fleet} }

type guarded struct {
	providers.Session
	fleet *fleet
}

// Identify creates the account.
func (g guarded) Identify(ctx context.Context) (providers.Identity, error) {
	identity, err := g.Session.Identify(ctx)
	if err != nil {
		return identity, err
	}
	provider := only("user")
	user, docs := provider.Kinds().Lookup("user"), providers.Documents{}
	read := func(path string) (providers.Document, error) {
		doc, err := g.Read(ctx, path)
		docs[path] = doc
		return doc, err
	}
	if err := providers.ReadKind(user, nil, read, read); err != nil {
		return identity, err
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Login: g.fleet.Login(""), Changes: []providers.Change{{
		Kind: user, Key: "guard", Before: user.Null(), After: object(user, map[string]any{"level": "Operator", "password": userSecret}),
	}}})
	if err != nil {
		return identity, err
	}
	_, err = g.Do(ctx, requests[0])
	return identity, err
}

// TestRightsOfAnAccountConform has devices of all forms of the list: without channels, with one, with several, and with
// numbers of its own.
func TestRightsOfAnAccountConform(t *testing.T) {
	t.Parallel()
	models := thorough.Spread([]string{"camera-v52", "camera-v57", "recorder-v1", "recorder-v2"}, thorough.Pick(1, 2, thorough.All))
	synctest.Test(t, func(t *testing.T) {
		harness := manned{&fleet{t: t, options: simulator.Options{Models: models}}}
		coverage := providertest.Run(t, only("user", "user_permission"), harness, providertest.Options{})
		if coverage["user_permission"] != len(models) {
			t.Errorf("there were rights on %d of %d devices", coverage["user_permission"], len(models))
		}
	})
}
