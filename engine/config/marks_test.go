package config

import (
	"strings"
	"testing"
)

// TestI15NoFunctionTakesTheMarkOff gives secrets and what is made of them to the places that show their values.
func TestI15NoFunctionTakesTheMarkOff(t *testing.T) {
	const why = "stays secret whatever is made of it"
	const shown = "must not contain a secret"
	tests := map[string]string{
		`nonsensitive(secret("env:ADMIN"))`:                           why,
		`nonsensitive(upper(secret("env:ADMIN")))`:                    why,
		`nonsensitive(strrev(secret("env:ADMIN")))`:                   why,
		`nonsensitive(base64encode(secret("env:ADMIN")))`:             why,
		`nonsensitive(join(" ", split("", secret("env:ADMIN"))))`:     why,
		`nonsensitive({ a = [substr(secret("env:ADMIN"), 0, 3)] })`:   why,
		`nonsensitive(length(secret("env:ADMIN")))`:                   why,
		`nonsensitive(sensitive(lower(secret("env:ADMIN"))))`:         why,
		`secret("env:${secret("env:ADMIN")}")`:                        shown,
		`secret("env:${upper(secret("env:ADMIN"))}")`:                 shown,
		`secret(secret("env:ADMIN"))`:                                 shown,
		`try(secret("file:${secret("env:ADMIN")}"), secret("env:X"))`: "",
		`file(secret("env:ADMIN"))`:                                   shown,
		`filebase64("x/${secret("env:ADMIN")}")`:                      shown,
		`fileexists(secret("env:ADMIN"))`:                             shown,
		`fileset(".", secret("env:ADMIN"))`:                           shown,
		`fileset(secret("env:ADMIN"), "*")`:                           shown,
		`templatefile(secret("env:ADMIN"), {})`:                       shown,
	}
	for expression, want := range tests {
		options := testOptions()
		options.Env = func(string) (string, bool) { return canary, true }
		options.Secrets = testVault{}.reader(options.Env, "")
		dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = " + expression + "\n}\n"})
		_, problems := Parse(dir, testVersion).Evaluate(options)
		var said strings.Builder
		for _, p := range problems {
			said.WriteString(p.Detail)
		}
		if want != "" && (len(problems) != 1 || problems[0].Code != secretExposed.code) || !strings.Contains(said.String(), want) {
			t.Errorf("%s: the problems are %v, want %q", expression, problems, want)
		}
		if strings.Contains(strings.ToLower(said.String()), strings.ToLower(canary)) {
			t.Errorf("%s: a problem shows the secret", expression)
		}
	}
}
