package vault

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"camform/schema"
)

// kvServer answers like a KV engine of version 2 that is mounted at "secret".
type kvServer struct {
	token, namespace string
	sealed           bool
	secrets          map[string]map[string]any // nil for one whose last version was deleted
}

func (s kvServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	path, in := strings.CutPrefix(r.URL.Path, "/v1/secret/data/")
	data, known := s.secrets[path]
	switch {
	case s.sealed:
		answer(http.StatusServiceUnavailable, map[string]any{"errors": []string{"sealed: " + canary}})
	case r.Header.Get("X-Vault-Token") != s.token || r.Header.Get("X-Vault-Namespace") != s.namespace:
		answer(http.StatusForbidden, map[string]any{"errors": []string{"permission denied: " + canary}})
	case path == "elsewhere":
		http.Redirect(w, r, "/v1/secret/data/gate", http.StatusTemporaryRedirect)
	case path == "broken":
		answer(http.StatusBadRequest, map[string]any{"errors": []string{canary}})
	case !in || !known:
		answer(http.StatusNotFound, map[string]any{"errors": []string{}})
	case data == nil:
		answer(http.StatusNotFound, map[string]any{"data": map[string]any{"data": nil, "metadata": map[string]any{
			"created_time": "2026-03-01T12:00:00Z", "deletion_time": "2026-03-02T12:00:00Z", "destroyed": false, "version": 2,
		}}})
	default:
		answer(http.StatusOK, map[string]any{"data": map[string]any{"data": data, "metadata": map[string]any{
			"created_time": "2026-03-01T12:00:00Z", "deletion_time": "", "destroyed": false, "version": 1,
		}}})
	}
}

func newKV(t *testing.T, s kvServer) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return server.URL
}

func TestSecretsAreReadFromKV(t *testing.T) {
	// The variables of the process must not count where Origins has its own.
	t.Setenv("BAO_ADDR", "http://127.0.0.1:1")
	t.Setenv("VAULT_TOKEN", "of the process")
	address := newKV(t, kvServer{token: "t-" + canary, namespace: "site", secrets: map[string]map[string]any{
		"gate": {"admin": canary, "port": 80, "empty": ""}, "doors/front": {"x": canary + "-2"}, "gone": nil,
	}})
	for _, prefix := range []string{"BAO_", "VAULT_"} {
		o := &Origins{Env: lookup(map[string]string{prefix + "ADDR": address, prefix + "TOKEN": "t-" + canary, prefix + "NAMESPACE": "site"})}
		for origin, want := range map[string]string{"kv:secret/gate#admin": canary, "kv:secret/doors/front#x": canary + "-2"} {
			if got, err := o.Read(t.Context(), origin); got != schema.NewSecret(want) || err != nil {
				t.Errorf("%s: %q, %v", origin, got, err)
			}
		}
		for origin, test := range map[string]struct {
			family error
			want   string
		}{
			"kv:secret/gate#none":       {ErrAbsent, "secret/gate has no key none"},
			"kv:secret/none#admin":      {ErrAbsent, "has no secret/none"},
			"kv:other/gate#admin":       {ErrAbsent, "has no other/gate"},
			"kv:secret/gone#admin":      {ErrAbsent, "was deleted"},
			"kv:secret/gate#port":       {nil, "is not a string"},
			"kv:secret/gate#empty":      {ErrAbsent, "is empty"},
			"kv:secret/broken#x":        {nil, "status 400"},
			"kv:secret/elsewhere#admin": {nil, "cannot be read"},
			"kv:secret#admin":           {schema.ErrOrigin, "kv:MOUNT/PATH#KEY"},
		} {
			_, err := o.Read(t.Context(), origin)
			wantError(t, err, test.family, test.want)
		}
	}
}

func TestKVSaysWhatIsMissing(t *testing.T) {
	open, sealed := newKV(t, kvServer{token: "right"}), newKV(t, kvServer{sealed: true})
	for title, test := range map[string]struct {
		env    map[string]string
		family error
		want   string
	}{
		"no address":    {nil, ErrAbsent, "BAO_ADDR or VAULT_ADDR"},
		"no token":      {map[string]string{"BAO_ADDR": open}, ErrAbsent, "BAO_TOKEN or VAULT_TOKEN"},
		"wrong token":   {map[string]string{"BAO_ADDR": open, "BAO_TOKEN": canary}, nil, "does not let the token read"},
		"sealed":        {map[string]string{"BAO_ADDR": sealed, "BAO_TOKEN": canary}, nil, "sealed or starting"},
		"nobody there":  {map[string]string{"BAO_ADDR": "http://127.0.0.1:1", "BAO_TOKEN": canary}, nil, "cannot be read"},
		"in clear":      {map[string]string{"BAO_ADDR": "http://vault.example:8200", "BAO_TOKEN": canary}, nil, "use https"},
		"no URL":        {map[string]string{"BAO_ADDR": "vault.example", "BAO_TOKEN": canary}, nil, "not one such as"},
		"a user in it":  {map[string]string{"BAO_ADDR": "https://u:" + canary + "@vault.example", "BAO_TOKEN": canary}, nil, "not one such as"},
		"no such CA":    {map[string]string{"BAO_ADDR": open, "BAO_TOKEN": canary, "BAO_CACERT": "none"}, nil, "certificates"},
		"OpenBao first": {map[string]string{"BAO_ADDR": open, "VAULT_ADDR": sealed, "BAO_TOKEN": canary}, nil, "does not let the token read"},
	} {
		t.Run(title, func(t *testing.T) {
			_, err := (&Origins{Env: lookup(test.env)}).Read(t.Context(), "kv:secret/gate#admin")
			wantError(t, err, test.family, test.want)
		})
	}
}
