package hook

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The elements of an account.
var (
	userList      = xmlpatch.MustPath("User")
	userID        = xmlpatch.MustPath("id")
	userName      = xmlpatch.MustPath("userName")
	userLevel     = xmlpatch.MustPath("userLevel")
	userPassword  = xmlpatch.MustPath("password")
	loginPassword = xmlpatch.MustPath("loginPassword")
	userInherent  = xmlpatch.MustPath("attribute/inherent")

	mostUsers      = xmlpatch.MustPath("supportUserNums")
	wantsLogin     = xmlpatch.MustPath("isSupportUserCheck")
	passwordLength = xmlpatch.MustPath("LoginPasswordLenLimit")
)

// What the setting file says of an account.
const (
	levelAttribute    = "level"
	passwordAttribute = "password"
	administrator     = "Administrator"
)

// account is an account that is about to be sent.
type account struct {
	name  string
	body  []byte        // the element User as a document
	login schema.Secret // password of the account that is logged in, if the device demands it with every change; else empty
}

// composeUsers makes one request for each account. What the device has is decided by its list: an account in it is
// updated, another one is created, and an account that is gone already needs no removal. The own account comes last, since
// its password is needed for the others.
//
// A request never goes to the collection, but for the creation of an account: PUT and DELETE there would replace or remove
// all of them.
func composeUsers(at document.Place, c providers.Composition) ([]providers.Request, error) {
	var requests []providers.Request
	for _, change := range ownLast(c.Changes, c.Login.Username) {
		request, err := composeUser(at, change, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", change.Name(), err)
		}
		if request.Method != "" {
			request.Keys = []providers.Key{change.Item()}
			requests = append(requests, request)
		}
	}
	return requests, nil
}

func ownLast(changes []providers.Change, own string) []providers.Change {
	sorted := slices.Clone(changes)
	rank := func(c providers.Change) int {
		if c.Key == own {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(sorted, func(a, b providers.Change) int { return rank(a) - rank(b) })
	return sorted
}

// composeUser makes the request for a change; one without a method if there is nothing to do.
func composeUser(at document.Place, change providers.Change, c providers.Composition) (providers.Request, error) {
	doc, collection := at.Doc, at.Path
	user, exists := doc.Find(userList.Where(userName, change.Key))
	var login schema.Secret
	confirmed := demandsLogin(at.Limits)
	if confirmed {
		login = c.Login.Password
	}
	switch {
	case !exists && change.After.IsNull():
		return providers.Request{}, nil
	case !exists:
		body, err := account{name: change.Key, body: newUser(doc), login: login}.with(change.After)
		return discreet(providers.Request{Method: http.MethodPost, Path: collection, Body: body}, change, confirmed), err
	}
	id, err := idOf(user)
	if err != nil {
		return providers.Request{}, err
	}
	path := collection + "/" + id
	switch {
	case change.After.IsNull() && IsBuiltIn(user):
		return providers.Request{}, fmt.Errorf("the account is built in and cannot be removed: %w", providers.ErrInvalid)
	case change.After.IsNull():
		return providers.Request{Method: http.MethodDelete, Path: path, Confirm: confirmation(confirmed)}, nil
	case !alters(user, change.After):
		return providers.Request{}, nil
	}
	body, err := account{name: change.Key, body: existingUser(doc, user), login: login}.with(change.After)
	return discreet(providers.Request{Method: http.MethodPut, Path: path, Body: body}, change, confirmed), err
}

// discreet says how the passwords of a request leave. That of the login leaves in clear to nobody; that of the account, which a
// device without TLS and ciphers gets in no other way, as its owner has it.
func discreet(request providers.Request, change providers.Change, confirmed bool) providers.Request {
	if confirmed || !change.After.GetAttr(passwordAttribute).IsNull() {
		request.Sensitive, request.InClear = change.Kind.Enciphers, !confirmed
	}
	return request
}

// confirmation is the parameter that confirms a removal, if the device demands the password of the login.
func confirmation(demanded bool) string {
	if !demanded {
		return ""
	}
	return loginPassword.Name()
}

// with writes the account with the level and the password of want, unless they are null.
func (a account) with(want cty.Value) ([]byte, error) {
	doc, err := xmlpatch.Parse(a.body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	level, password := want.GetAttr(levelAttribute), schema.Reveal(want.GetAttr(passwordAttribute))
	parts := []struct {
		path  xmlpatch.Path
		text  string
		after xmlpatch.Path
	}{
		{userName, a.name, userID},
		{userLevel, textOf(level), userName},
		{userPassword, textOf(password), userLevel},
		{loginPassword, a.login.Reveal(), userPassword},
	}
	for _, part := range parts {
		if part.text == "" {
			continue
		}
		if err := setOrInsert(doc, part.path, part.text, part.after.Name()); err != nil {
			return nil, document.InFamily(err)
		}
	}
	return doc.Bytes(), nil
}

func setOrInsert(doc *xmlpatch.Document, path xmlpatch.Path, text, after string) error {
	if _, ok := doc.Find(path); ok {
		return doc.Set(path, text)
	}
	return doc.Insert(path, text, after)
}

// textOf is the text of an attribute; empty for null.
func textOf(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

// alters reports whether want differs from the account. A password is always sent: whether it is new is not to be seen
// here.
func alters(user xmlpatch.Element, want cty.Value) bool {
	level, _ := user.Find(userLevel)
	wanted := want.GetAttr(levelAttribute)
	return !want.GetAttr(passwordAttribute).IsNull() || !wanted.IsNull() && wanted.AsString() != level.Text()
}

// demandsLogin reports whether the device wants the password of the account that is logged in with every change.
func demandsLogin(l *document.Limits) bool {
	flag, _ := l.Element(xmlpatch.Path{}, wantsLogin)
	return strings.EqualFold(flag.Text(), "true")
}

// idOf is the number of an account. Anything else in its place would lead a request elsewhere.
func idOf(user xmlpatch.Element) (string, error) {
	id, _ := user.Find(userID)
	digits := strings.Trim(id.Text(), "0123456789") == ""
	if id.Text() == "" || !digits {
		return "", fmt.Errorf("its id is %s, not a number: %w", document.Quote(id.Text()), providers.ErrMalformed)
	}
	return id.Text(), nil
}

// IsBuiltIn reports whether an account is the one that every device comes with.
func IsBuiltIn(user xmlpatch.Element) bool {
	id, _ := user.Find(userID)
	inherent, _ := user.Find(userInherent)
	return id.Text() == "1" || strings.EqualFold(inherent.Text(), "true")
}

// existingUser is an account of the list as a document of its own, byte for byte.
func existingUser(doc *xmlpatch.Document, user xmlpatch.Element) []byte {
	raw := user.Raw()
	if refusesAttributes(doc) {
		raw = withoutAttributes(raw)
	}
	return append(document.Prolog(doc), raw...)
}

// newUser is a new account as a document, with the attributes that accounts of the list have.
func newUser(doc *xmlpatch.Document) []byte {
	tag := "<User>"
	if first, ok := doc.Find(userList); ok && !refusesAttributes(doc) {
		raw := first.Raw()
		tag = string(document.StartTag(raw))
	}
	return append(document.Prolog(doc), tag+"<userName></userName><userLevel></userLevel></User>"...)
}

// refusesAttributes: neutral firmware, known by its namespace, refuses accounts that carry a namespace or version, though
// its own list has them.
func refusesAttributes(doc *xmlpatch.Document) bool {
	namespace, _ := doc.Root().Attr("xmlns")
	return strings.Contains(namespace, "std-cgi")
}

// withoutAttributes rewrites an element up to the end of its start tag.
func withoutAttributes(raw []byte) []byte {
	name := raw[:bytes.IndexAny(raw, " \t\r\n>")]
	return slices.Concat(name, []byte(">"), raw[len(document.StartTag(raw)):])
}

// checkUser checks an account. Whether the level is one that exists was checked with the configuration.
func checkUser(_ *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError {
	doc, limits := at.Doc, at.Limits
	user, exists := doc.Find(userList.Where(userName, key))
	if want.IsNull() {
		if IsBuiltIn(user) {
			return document.About("", document.Sentence("The account %s is built into the device and cannot be removed.", document.Show(key)))
		}
		return nil
	}
	var wrong []providers.AttributeError
	if most, ok := accounts(limits); !exists && ok && len(doc.All(userList)) >= most {
		wrong = append(wrong, document.About("", document.Sentence("This device holds %d accounts, and all places are taken.", most))...)
	}
	wrong = append(wrong, document.About(levelAttribute, checkLevel(user, key, want.GetAttr(levelAttribute)))...)
	if password, ok := schema.SecretIn(want.GetAttr(passwordAttribute)); ok {
		wrong = append(wrong, document.About(passwordAttribute, checkPassword(limits, key, password.Reveal()))...)
	}
	return wrong
}

// checkLevel: the built-in account keeps its level, and devices make nobody else its equal. One that is already is left in
// peace.
func checkLevel(user xmlpatch.Element, key string, want cty.Value) []string {
	if !want.IsKnown() || want.IsNull() {
		return nil
	}
	level, _ := user.Find(userLevel)
	switch {
	case IsBuiltIn(user) && want.AsString() != administrator:
		return document.Sentence("The account %s is built into the device and stays %s.", document.Show(key), administrator)
	case !IsBuiltIn(user) && want.AsString() == administrator && level.Text() != administrator:
		return document.Sentence("Devices reject a second %s.", administrator)
	}
	return nil
}

// accounts is how many accounts the device can hold.
func accounts(l *document.Limits) (int, bool) {
	element, _ := l.Element(xmlpatch.Path{}, mostUsers)
	var n int
	_, err := fmt.Sscanf(element.Text(), "%d", &n)
	return n, err == nil && n > 0
}

// checkPassword knows the rules that all guides agree on. Devices say in their capability documents that a password may
// have a single character, and refuse it nevertheless; there is no evidence that more than 16 characters work.
func checkPassword(l *document.Limits, user, password string) []string {
	length := passwordBounds(l)
	n := int64(len([]rune(password)))
	lower, name := strings.ToLower(password), strings.ToLower(user)
	switch {
	case strings.ContainsFunc(password, codec.NotPrintable) || strings.TrimSpace(password) != password:
		return document.Sentence("The password has a character that devices do not accept. Use printable ASCII only, without a blank at either end.")
	case !length.Allows(n):
		return document.Sentence("The password has %d characters; this device accepts %s.", n, length.Bounds())
	case classes(password) < 2:
		return document.Sentence("The password has characters of one class only. Devices require two of: digits, lower case letters, upper case letters, others.")
	case name != "" && (strings.Contains(lower, name) || strings.Contains(lower, mirrored(name))):
		return document.Sentence("The password contains the name of the account or its mirror image, which devices reject.")
	}
	return nil
}

func passwordBounds(l *document.Limits) document.Limit {
	least, most := int64(8), int64(16)
	if element, ok := l.Element(xmlpatch.Path{}, passwordLength); ok {
		told := document.LimitOf(element)
		if told.Min != nil {
			least = max(least, *told.Min)
		}
		if told.Max != nil {
			most = min(most, *told.Max)
		}
	}
	return document.Limit{Min: &least, Max: &most}
}

// classes counts which of digits, lower case, upper case and other characters a password has.
func classes(password string) int {
	found := map[string]bool{}
	for _, r := range password {
		switch {
		case unicode.IsDigit(r):
			found["digit"] = true
		case unicode.IsLower(r):
			found["lower"] = true
		case unicode.IsUpper(r):
			found["upper"] = true
		default:
			found["other"] = true
		}
	}
	return len(found)
}

func mirrored(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}
