package engine_test

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"testing"
)

// revealing are the functions that may take the text out of a schema.Secret, by what they do with it.
var revealing = map[string][]string{
	"write it into a request, or prove it to a device": {
		"providers/hikvision/codec.Encode", "providers/hikvision/hook.account.with", "providers/hikvision/hook.composeEmail", "providers/hikvision/hook.composeLoginLimit",
		"providers/hikvision/hook.composeQuestions", "providers/hikvision/isapi.challenge.digest", "providers/hikvision/isapi.Session.challenge", "providers/hikvision.newcomer.Activate",
		"providers/hikvision.newcomer.Move", "providers/memory.takeFirst",
		"providers/hikvision/isapi.key.authorization", "providers/memory.item.edit", "providers/memory.Device.login",
		"providers/hikvision/isapi.escaped", "providers/hikvision/cipher.Terms.Key", "providers/hikvision/isapi.Reader.archiveQuery", "providers/hikvision/isapi.enciphered",
	},
	"seal it, or open with it what is sealed": {
		"engine/vault.Vault.Keep", "engine/vault.merging.restore", "engine/vault.inClear.MarshalText",
		"engine/vault.passphraseRecipient", "engine/vault.Unlock.identity", "engine/vault.Unlock.parseSSH", "engine/backup.encode",
	},
	"make a keyed fingerprint of it": {
		"engine/vault.printer.print", "engine/state.Key.Fingerprint", "engine/state.Attempts.identify", "engine/state.Server.key",
	},
	"prove with it who asks for the state": {"engine/state.Server.config"},
	"blank it in what devices repeat":      {"providers.NewRedactor", "providers.IsWord"},
	"judge its letters, and repeat none": {
		"engine/credential.Check", "engine/vault.check", "engine/vault.checkPassphrase", "engine/config.scope.attribute",
		"engine/learn.impossible", "engine/learn.secrets.marked", "providers/hikvision/codec.Check", "providers/hikvision/codec.Form", "providers/hikvision/codec.quotes", "providers/hikvision/codec.Same",
		"providers/hikvision/hook.checkUser", "providers/hikvision/hook.checkQuestions", "providers/memory.limit.offence",
	},
	"give it to expressions, which compute with a marked text": {
		"engine/config.secretStore.function", "engine/config.Derive", "engine/config.Setting.declared", "engine/config.secretStore.whole", "engine/config.secretStore.revealed",
	},
	"show it to the caller who asked for just that": {"cmd/camform.vaultCommands.get", "cmd/camform.assignments", "engine.OpenRecoveryFile"},
	"give it to simulated devices":                  {"cmd/camform.app.simulatedPassword"},
	"test providers with it":                        {"providers/providertest.candidates"},
	"are what the others call":                      {"schema.Reveal"},
}

func TestI1SecretsAreRevealedInFewPlaces(t *testing.T) {
	used := map[string]bool{} // by place, whether it takes the text of a secret
	for _, places := range revealing {
		for _, place := range places {
			used[place] = false
		}
	}
	program(t, "..", func(path string, set *token.FileSet, file *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, d := range file.Decls {
			place := dir
			if f, ok := d.(*ast.FuncDecl); ok {
				place, f.Name = nameOf(dir, f), ast.NewIdent("_")
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if name, ok := n.(*ast.Ident); ok && name.Name == "Reveal" {
					if _, may := used[place]; !may {
						t.Errorf("%s: %s takes the text out of a secret; hand on the schema.Secret", set.Position(name.Pos()), place)
					}
					used[place] = true
				}
				return true
			})
		}
	})
	for place, reveals := range used {
		if !reveals {
			t.Errorf("%s takes no text out of a secret; remove it from the list", place)
		}
	}
}
