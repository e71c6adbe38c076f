package simulator

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"camform/providers/device"
)

const (
	administrator = "Administrator"
	adminID       = 1
	maxUsers      = 32
)

// levels are the user levels that can be given. Case matters to devices.
var levels = []string{administrator, "Operator", "Viewer"}

// hasUsers reports whether the device serves a list of users at all.
func (b *blueprint) hasUsers() bool { return b.user.body != nil }

// userPath splits the id off a path below the list of users; found says that there is one.
func userPath(path string) (id int, found bool) {
	rest, below := strings.CutPrefix(path, usersPath+"/")
	id, err := strconv.Atoi(rest)
	return id, below && err == nil
}

// userList is the document with the users, in the words of the model.
func (d *unit) userList() []byte {
	list := d.model.documents[usersPath].body
	root, err := scan(list)
	if err != nil || root.child("User") == nil {
		return list
	}
	first, last := root.child("User"), root.children[len(root.children)-1]
	between := list[root.inner:first.start]
	out := slices.Clone(list[:root.inner])
	for _, u := range d.core.Accounts.All() {
		out = append(append(out, between...), d.userItem(&u)...)
	}
	return append(out, list[last.end:]...)
}

// userItem is one User element.
func (d *unit) userItem(u *device.Account) []byte {
	item := d.model.user.body
	root, err := scan(item)
	if err != nil {
		return item
	}
	var edits []edit
	for name, text := range map[string]string{"id": strconv.Itoa(u.ID), "userName": u.Name, "userLevel": u.Level} {
		if c := root.child(name); c != nil {
			edits = append(edits, c.setText(item, text))
		}
	}
	item = apply(item, edits)
	if d.quirks.MustChange {
		item = withChild(item, fmt.Sprintf("<userActivationStatus>%t</userActivationStatus>", !u.Asleep))
	}
	if u.Disabled {
		item = withChild(item, "<enabled>false</enabled>")
	}
	return item
}

// withChild is an element with one child more.
func withChild(item []byte, child string) []byte {
	root, err := scan(item)
	if err != nil {
		return item
	}
	return apply(item, []edit{root.appendChild(item, child)})
}

// readUsers answers a GET of the list or of one user.
func (d *unit) readUsers(path string) (document, bool) {
	id, single := userPath(path)
	if !single {
		if d.model.recorded && !d.usersChanged {
			return d.model.documents[usersPath], true
		}
		return document{body: d.userList(), contentType: contentXML}, true
	}
	u := d.core.Accounts.WithID(id)
	if u == nil {
		return document{}, false
	}
	list := d.model.documents[usersPath].body
	root, err := scan(list)
	if err != nil {
		return document{}, false
	}
	return document{body: standalone(list, root, d.userItem(u)), contentType: contentXML}, true
}

// changeUsers answers a write to the list or to one user.
func (w *write) changeUsers() result {
	id, single := userPath(w.q.path)
	switch {
	case !single && w.q.path != usersPath:
		return *w.unit.model.unknown()
	case w.q.method == http.MethodDelete && single:
		return w.deleteUser(id)
	case w.q.method == http.MethodDelete:
		return w.deleteAllUsers()
	case w.q.method == http.MethodPost && !single:
		return w.createUser()
	case w.q.method == http.MethodPut && single:
		return w.updateUser(id)
	case w.q.method == http.MethodPut:
		return w.updateUsers()
	}
	return *w.unit.model.wrongVerb()
}

// userRequest is what a write asks for; absent elements are empty.
type userRequest struct {
	id                                   string
	name, level, password, loginPassword string
	enabled                              string
}

// parseUser reads a User element, deciphering what the query says is ciphered.
func (w *write) parseUser(e *element) (userRequest, refusal) {
	if w.unit.quirks.BareUser && len(e.attrs) > 0 {
		return userRequest{}, w.unit.model.refuse(badXMLContent)
	}
	r := userRequest{e.value("id"), e.value("userName"), e.value("userLevel"), e.value("password"), e.value("loginPassword"), e.value("enabled")}
	if !ciphered(w.q.query) {
		return r, nil
	}
	key, err := w.cipherKey()
	if err != nil {
		return r, w.unit.model.refuse(passwordDecodeError)
	}
	for _, field := range []*string{&r.name, &r.password, &r.loginPassword} {
		if *field, err = decipher(*field, key, w.q.query.Get("iv")); err != nil {
			return r, w.unit.model.refuse(passwordDecodeError)
		}
	}
	return r, nil
}

// userElements parses the body of a write: one User, or a UserList.
func (b *blueprint) userElements(q request) (all []*element, list bool, no refusal) {
	root, err := scan(q.body)
	switch {
	case err != nil:
		return nil, false, b.refuse(badXMLFormat)
	case root.name == "User":
		return []*element{root}, false, nil
	case root.name == "UserList":
		return root.children, true, nil
	}
	return nil, false, b.refuse(badXMLContent)
}

// oneUser parses the body of a write that is about one user, and checks the password of who makes it.
func (w *write) oneUser() (userRequest, refusal) {
	elements, list, no := w.unit.model.userElements(w.q)
	if no != nil {
		return userRequest{}, no
	}
	if list {
		return userRequest{}, w.unit.model.refuse(badXMLContent)
	}
	r, no := w.parseUser(elements[0])
	if no != nil {
		return r, no
	}
	return r, w.checkLogin(r.loginPassword)
}

// checkLogin refuses a write that does not carry the password of who makes it, where the model wants it. A wrong one
// counts as a failed login.
func (w *write) checkLogin(password string) refusal {
	if !w.unit.model.asksLogin {
		return nil
	}
	return w.confirm(password, "loginPassword", loginPasswordError)
}

func (w *write) createUser() result {
	r, no := w.oneUser()
	if no != nil {
		return *no
	}
	if no := w.checkNewUser(r); no != nil {
		return *no
	}
	u := w.unit.core.Accounts.Set(r.name, r.level, r.password)
	w.unit.accountsChanged()
	return result{http: http.StatusOK, code: ok, id: strconv.Itoa(u.ID)}
}

func (w *write) checkNewUser(r userRequest) refusal {
	switch {
	case r.name == "" || r.level == "" || r.password == "":
		return w.unit.model.refuse(parametersLack)
	case !slices.Contains(levels, r.level):
		return w.unit.model.refuse(badParameters).about("userLevel")
	case r.level == administrator:
		return w.unit.model.refuse(userCannotCreatAdmin)
	case w.unit.core.Accounts.Named(r.name) != nil:
		return w.unit.model.refuse(userExist)
	case w.unit.core.Accounts.Len() >= maxUsers:
		return w.unit.model.refuse(userMaxNum)
	}
	return w.unit.model.checkPassword(r.name, r.password)
}

func (w *write) updateUser(id int) result {
	r, no := w.oneUser()
	if no != nil {
		return *no
	}
	if r.id != "" && r.id != strconv.Itoa(id) {
		return *w.unit.model.refuse(badParameters).about("id")
	}
	return w.replaceUser(w.unit.core.Accounts.WithID(id), r)
}

// replaceUser gives a user what the request names; empty fields stay.
func (w *write) replaceUser(u *device.Account, r userRequest) result {
	if no := w.checkUserChange(u, r); no != nil {
		return *no
	}
	if r.name != "" {
		u.Name = r.name
	}
	if r.level != "" {
		u.Level = r.level
	}
	if isBool(r.enabled) && u.ID != adminID {
		u.Disabled = !strings.EqualFold(r.enabled, "true")
	}
	if r.password != "" {
		if w.unit.quirks.MustChange {
			u.Asleep = w.by.ID != u.ID
		}
		w.unit.core.Accounts.Change(u, r.password, w.f.mishap(), w.unit.now())
	}
	w.unit.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

func (w *write) checkUserChange(u *device.Account, r userRequest) refusal {
	if u == nil {
		return w.unit.model.refuse(userInexistence)
	}
	renamed, moved := r.name != "" && r.name != u.Name, r.level != "" && r.level != u.Level
	switch {
	case w.by.Level != administrator && (renamed || moved):
		return w.unit.model.refuse(lowPrivilege)
	case renamed && u.ID == adminID:
		return w.unit.model.refuse(userNameMismatched)
	case renamed && w.unit.core.Accounts.Named(r.name) != nil:
		return w.unit.model.refuse(userExist)
	case moved && !slices.Contains(levels, r.level):
		return w.unit.model.refuse(badParameters).about("userLevel")
	case moved && u.ID == adminID:
		return w.unit.model.refuse(invalidOperation)
	case moved && r.level == administrator:
		return w.unit.model.refuse(userCannotCreatAdmin)
	case r.password == "":
		return nil
	case u.Asleep && w.by.ID == u.ID && same(u.Password, r.password):
		return w.unit.model.refuse(sameAsOldPassword)
	case w.unit.quirks.MasksSecrets && r.password == mask:
		return nil
	}
	return w.unit.model.checkPassword(u.Name, r.password)
}

// updateUsers answers a PUT of the collection: one User is changed where it stands; a list is what there will be, so that
// users that are not in it go, except for the administrator.
func (w *write) updateUsers() result {
	elements, list, no := w.unit.model.userElements(w.q)
	if no != nil {
		return *no
	}
	kept := map[int]bool{adminID: true}
	for _, e := range elements {
		r, no := w.parseUser(e)
		if no == nil && !list {
			no = w.checkLogin(r.loginPassword)
		}
		if no != nil {
			return *no
		}
		u := w.userRequested(r)
		if answer := w.replaceUser(u, r); answer.code != ok {
			return answer
		}
		kept[u.ID] = true
	}
	if list {
		w.unit.core.Accounts.Remove(func(u device.Account) bool { return !kept[u.ID] })
		w.unit.accountsChanged()
	}
	return result{http: http.StatusOK, code: ok}
}

// userRequested finds the user that a request of the collection means.
func (w *write) userRequested(r userRequest) *device.Account {
	if id, err := strconv.Atoi(r.id); err == nil {
		return w.unit.core.Accounts.WithID(id)
	}
	return w.unit.core.Accounts.Named(r.name)
}

func (w *write) deleteUser(id int) result {
	given, no := w.queried("loginPassword")
	if no == nil {
		no = w.checkLogin(given)
	}
	switch {
	case no != nil:
		return *no
	case w.unit.core.Accounts.WithID(id) == nil:
		return *w.unit.model.refuse(userInexistence)
	case id == adminID:
		return *w.unit.model.refuse(userCannotDelAdmin)
	}
	w.unit.core.Accounts.Remove(func(u device.Account) bool { return u.ID == id })
	w.unit.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

// queried is a parameter of the query, deciphered where that says that it is ciphered.
func (w *write) queried(name string) (string, refusal) {
	given := w.q.query.Get(name)
	if !ciphered(w.q.query) {
		return given, nil
	}
	key, err := w.cipherKey()
	if err == nil {
		given, err = decipher(given, key, w.q.query.Get("iv"))
	}
	if err != nil {
		return "", w.unit.model.refuse(passwordDecodeError)
	}
	return given, nil
}

// deleteAllUsers does what the guide says of a DELETE without an id. No client should ever send it.
func (w *write) deleteAllUsers() result {
	w.unit.core.Accounts.Remove(func(u device.Account) bool { return u.ID != adminID })
	w.unit.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

// The rules for passwords that manuals give. The capability document says 1 to 16, which is not what devices do.
const (
	minPassword     = 8
	maxPassword     = 16
	passwordClasses = 2
)

// checkPassword refuses passwords that are too short, too long, of one kind of characters, or made from the name.
func (b *blueprint) checkPassword(name, password string) refusal {
	lower, lowerName := strings.ToLower(password), strings.ToLower(name)
	switch {
	case len(password) > maxPassword:
		return b.refuse(passwordTooLong)
	case len(password) < minPassword, classes(password) < passwordClasses:
		return b.refuse(riskPassword)
	case lowerName != "" && (strings.Contains(lower, lowerName) || strings.Contains(lower, reversed(lowerName))):
		return b.refuse(riskPassword)
	}
	return nil
}

// characters are the kinds of characters: digits, lower case, upper case, others.
var characters = []*regexp.Regexp{
	regexp.MustCompile("[0-9]"), regexp.MustCompile("[a-z]"), regexp.MustCompile("[A-Z]"), regexp.MustCompile("[^0-9a-zA-Z]"),
}

// classes counts the kinds of characters in a password.
func classes(password string) int {
	n := 0
	for _, kind := range characters {
		if kind.MatchString(password) {
			n++
		}
	}
	return n
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// SetUser adds a user or changes the level and password of one, as somebody at the web page of the device would. No rule
// for passwords is applied.
func (d *Device) SetUser(name, level, password string) {
	defer d.enter()()
	d.unit.core.Accounts.Set(name, level, password)
	d.unit.accountsChanged()
}

// DisableUser leaves a user in the list and lets nobody in with it, as somebody at the web page would. A write with enabled
// true puts it in force again.
func (d *Device) DisableUser(name string) error {
	defer d.enter()()
	u := d.unit.core.Accounts.Named(name)
	if u == nil {
		return fmt.Errorf("%s has no user %q", d.unit.name, name)
	}
	u.Disabled = true
	d.unit.accountsChanged()
	return nil
}

// RemoveUser removes a user, as somebody at the web page would.
func (d *Device) RemoveUser(name string) error {
	defer d.enter()()
	if d.unit.core.Accounts.Named(name) == nil {
		return fmt.Errorf("%s has no user %q", d.unit.name, name)
	}
	d.unit.core.Accounts.Remove(func(u device.Account) bool { return u.Name == name })
	d.unit.accountsChanged()
	return nil
}

// Accepts reports whether the device would let the user in with the password. It is no login attempt.
func (d *Device) Accepts(name, password string) bool {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	d.unit.core.Accounts.Settle(d.unit.now())
	u := d.unit.core.Accounts.Named(name)
	return u != nil && !u.Disabled && same(u.Password, password)
}
