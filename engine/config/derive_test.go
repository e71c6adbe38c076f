package config

import (
	"errors"
	"strings"
	"testing"

	"camform/schema"
)

// derivedFiles are a configuration whose password is an expression.
func derivedFiles(expression string) map[string]string {
	return map[string]string{"site.txt": "north", "own.tpl": "${a}${secret(\"env:BASE\")}", "inventory.csv": "name,ip\ngate,192.0.2.1\n", "main.cam.hcl": `
variable "pin" {
  sensitive = true
}
variable "site" {
  default = "S-$${x}\"1"
}
locals {
  base  = secret("env:BASE")
  upper = upper(local.base)
  deep  = { pw = ["${local.upper}-${var.site}"], n = 3, names = toset(["b", "a"]) }
  data  = yamldecode("a: ${secret("env:BASE")}")
}
device "gate" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = "https://${each.value.ip}"
  login {
    username = "admin"
    password = ` + expression + `
  }
}
`}
}

func derivedOptions() Options {
	options := testOptions()
	options.Vars = []Var{{Name: "pin", Text: "1234-5678"}}
	options.Secrets = func(origin string) (schema.Secret, bool, error) {
		return schema.NewSecret("Geheim-" + origin[len(origin)-2:]), true, nil
	}
	return options
}

// TestDerivedSecretsAreComputedAgain computes passwords from their origins alone, as apply does with a plan.
func TestDerivedSecretsAreComputedAgain(t *testing.T) {
	for expression, want := range map[string]string{
		`"${secret("env:BASE")}-${each.key}"`:                            "Geheim-SE-gate",
		`upper(local.base)`:                                              "GEHEIM-SE",
		`"${local.upper}${secret("env:OTHER")}"`:                         "GEHEIM-SEGeheim-ER",
		`local.deep.pw[0]`:                                               `GEHEIM-SE-S-${x}"1`,
		`"${local.deep.pw[local.deep.n - 3]}!"`:                          `GEHEIM-SE-S-${x}"1!`,
		`join(",", [for n in local.deep.names : "${n}${local.base}"])`:   "aGeheim-SE,bGeheim-SE",
		`"${local.base}-${file("site.txt")}"`:                            "Geheim-SE-north",
		`"${var.pin}${each.value.ip}"`:                                   "1234-5678192.0.2.1",
		`"${local.data.a}!"`:                                             "Geheim-SE!",
		`"${local.base}-${filemd5("site.txt")}"`:                         "Geheim-SE-8d8d1437907bca79900ac5f0ea1f5c73",
		`var.site == "x" ? secret("env:OTHER") : lower(local.base)`:      "geheim-se",
		`base64encode("${var.pin}:${local.base}")`:                       "MTIzNC01Njc4OkdlaGVpbS1TRQ==",
		`"${try(secret("env:BASE"), "none")}%{if true}-x%{endif}-$${y}"`: "Geheim-SE-x-${y}",
	} {
		config, problems := Parse(write(t, derivedFiles(expression)), testVersion).Evaluate(derivedOptions())
		if len(problems) > 0 {
			t.Errorf("%s: %v", expression, problems)
			continue
		}
		password := config.Devices[0].Login.Password
		origin := schema.Origin(password)
		secret, _ := schema.SecretIn(password)
		if secret.Reveal() != want || strings.Contains(strings.ToLower(origin), "geheim") || strings.Contains(origin, "1234") {
			t.Errorf("%s is %q from %s, want %q", expression, secret.Reveal(), origin, want)
		}
		again, err := Derive(origin, func(origin string) (schema.Secret, error) {
			if known, ok := config.Secrets[origin]; ok {
				return known, nil
			}
			return schema.Secret{}, ErrSecretAbsent
		})
		if scheme, _ := schema.OriginScheme(origin); again != secret || err != nil || scheme != DerivedScheme || config.Secrets[origin] != secret {
			t.Errorf("%s, computed from %s, is %q, %v", expression, origin, again.Reveal(), err)
		}
		unread, problems := Parse(write(t, derivedFiles(expression)), testVersion).Evaluate(Options{Vars: derivedOptions().Vars})
		if have := schema.Origin(unread.Devices[0].Login.Password); have != origin || len(problems) > 0 {
			t.Errorf("%s, unread, comes from %s, want %s: %v", expression, have, origin, problems)
		}
	}
}

func TestWhatAPlanCannotRepeatIsNoSecret(t *testing.T) {
	for _, expression := range []string{
		`"${templatefile("own.tpl", { a = local.base })}"`,
		`templatefile("own.tpl", { a = "x" })`,
		`"${local.base}` + strings.Repeat("x", maxDerivation) + `"`,
		`join("", [for f in ["site.txt"] : "${local.base}${file(f)}"])`,
	} {
		_, problems := Parse(write(t, derivedFiles(expression)), testVersion).Evaluate(derivedOptions())
		if len(problems) != 1 || problems[0].Code != secretMixed.code || strings.Contains(problems[0].Detail, "Geheim") {
			t.Errorf("%.80s: %v", expression, problems)
		}
	}
}

// TestDerivedOriginsReachNothingElse computes origins that somebody wrote into a plan.
func TestDerivedOriginsReachNothingElse(t *testing.T) {
	gone := errors.New("it is gone")
	read := func(origin string) (schema.Secret, error) {
		if origin == "env:GONE" {
			return schema.Secret{}, gone
		}
		return schema.NewSecret(canary), nil
	}
	for _, text := range []string{
		`abspath(".")`, `pathexpand("~")`, `filesha256("derive.go")`, `file("derive.go")`, `filebase64("derive.go")`, `templatefile("derive.go", {})`, `join("", fileset(".", "*"))`, `tostring(fileexists("derive.go"))`,
		`local.a`, `"${secret("env:A")`, `secret("env:A") + 1`, `["a"]`, `null`, `join("", [for i in range(1000000) : join("", range(1000000))])`,
	} {
		secret, err := Derive(DerivedScheme+":"+text, read)
		if err == nil || !secret.IsZero() || strings.Contains(err.Error(), canary) {
			t.Errorf("%s is %q, %v", text, secret.Reveal(), err)
		}
	}
	if _, err := Derive(DerivedScheme+`:"${secret("env:GONE")}x"`, read); !errors.Is(err, gone) {
		t.Errorf("a secret that is gone: %v", err)
	}
}
