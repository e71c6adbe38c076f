// Package hook holds what is special about some kinds, and what rows of a setting file cannot say: accounts, the certificates of
// authorities and that for HTTPS, security questions, mail addresses and the number of logins, which are all sent as something else than the document that was read; and
// the clock, which is made ready before its document leaves.
package hook

import (
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Hook is Go code beside a setting file, for what rows cannot say. Setting files name hooks by the keys of All.
type Hook struct {
	// Compose takes the place of editing the document in one piece; nil for that.
	Compose func(document.Place, providers.Composition) ([]providers.Request, error)

	// Finish makes last edits to a document that was changed, by any kind; nil for none. Edits are the elements that
	// it changes.
	Finish func(*xmlpatch.Document) error
	Edits  []xmlpatch.Path

	// Check takes the place of asking the codecs; nil for that. Want is known, and null for a removal.
	Check func(kind *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError
}

// All are the hooks by the names that setting files have for them.
var All = map[string]Hook{
	"":      {},
	"time":  {Finish: finishTime, Edits: []xmlpatch.Path{localTime}},
	"users": {Compose: composeUsers, Check: checkUser},

	"security_questions": {Compose: composeQuestions, Check: checkQuestions},
	"security_email":     {Compose: composeEmail},
	"authority":          {Compose: composeAuthority, Check: checkAuthority},
	"certificate":        {Compose: composeCertificate, Check: checkCertificate},
	"login_limit":        {Compose: composeLoginLimit, Check: checkLoginLimit},
}
