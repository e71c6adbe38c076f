package simulator

import (
	"fmt"
	"net/http"
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
func (d *Device) hasUsers() bool { return d.model.user.body != nil }

// userPath splits the id off a path below the list of users; found says that there is one.
func userPath(path string) (id int, found bool) {
	rest, below := strings.CutPrefix(path, usersPath+"/")
	id, err := strconv.Atoi(rest)
	return id, below && err == nil
}

// userList is the document with the users, in the words of the model.
func (d *Device) userList() []byte {
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
func (d *Device) userItem(u *device.Account) []byte {
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
	if root, err = scan(item); err == nil && d.quirks.MustChange {
		item = apply(item, []edit{root.appendChild(item, fmt.Sprintf("<userActivationStatus>%t</userActivationStatus>", !u.Asleep))})
	}
	return item
}

// readUsers answers a GET of the list or of one user.
func (d *Device) readUsers(path string) (document, bool) {
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
func (d *Device) changeUsers(q request, by *device.Account, f fault) result {
	id, single := userPath(q.path)
	switch {
	case !single && q.path != usersPath:
		return *d.unknown()
	case q.method == http.MethodDelete && single:
		return d.deleteUser(q, id, by)
	case q.method == http.MethodDelete:
		return d.deleteAllUsers()
	case q.method == http.MethodPost && !single:
		return d.createUser(q, by)
	case q.method == http.MethodPut && single:
		return d.updateUser(q, id, by, f)
	case q.method == http.MethodPut:
		return d.updateUsers(q, by, f)
	}
	return *d.wrongVerb()
}

// userRequest is what a write asks for; absent elements are empty.
type userRequest struct {
	id                                   string
	name, level, password, loginPassword string
}

// parseUser reads a User element, deciphering what the query says is ciphered.
func (d *Device) parseUser(q request, by *device.Account, e *element) (userRequest, refusal) {
	if d.quirks.BareUser && len(e.attrs) > 0 {
		return userRequest{}, d.refuse(badXMLContent)
	}
	r := userRequest{e.value("id"), e.value("userName"), e.value("userLevel"), e.value("password"), e.value("loginPassword")}
	if !ciphered(q.query) {
		return r, nil
	}
	key, err := d.cipherKey(by)
	if err != nil {
		return r, d.refuse(passwordDecodeError)
	}
	for _, field := range []*string{&r.name, &r.password, &r.loginPassword} {
		if *field, err = decipher(*field, key, q.query.Get("iv")); err != nil {
			return r, d.refuse(passwordDecodeError)
		}
	}
	return r, nil
}

// userElements parses the body of a write: one User, or a UserList.
func (d *Device) userElements(q request) (all []*element, list bool, no refusal) {
	root, err := scan(q.body)
	switch {
	case err != nil:
		return nil, false, d.refuse(badXMLFormat)
	case root.name == "User":
		return []*element{root}, false, nil
	case root.name == "UserList":
		return root.children, true, nil
	}
	return nil, false, d.refuse(badXMLContent)
}

// oneUser parses the body of a write that is about one user, and checks the password of who makes it.
func (d *Device) oneUser(q request, by *device.Account) (userRequest, refusal) {
	elements, list, no := d.userElements(q)
	if no != nil {
		return userRequest{}, no
	}
	if list {
		return userRequest{}, d.refuse(badXMLContent)
	}
	r, no := d.parseUser(q, by, elements[0])
	if no != nil {
		return r, no
	}
	return r, d.checkLogin(q, r.loginPassword, by)
}

// checkLogin refuses a write that does not carry the password of who makes it, where the model wants it. A wrong one
// counts as a failed login.
func (d *Device) checkLogin(q request, password string, by *device.Account) refusal {
	switch {
	case !d.model.asksLogin:
		return nil
	case password == "":
		return d.refuse(parametersLack).about("loginPassword")
	case password != by.Password:
		d.failed(q, by.Name)
		return d.refuse(loginPasswordError)
	}
	return nil
}

func (d *Device) createUser(q request, by *device.Account) result {
	r, no := d.oneUser(q, by)
	if no != nil {
		return *no
	}
	if no := d.checkNewUser(r); no != nil {
		return *no
	}
	u := d.core.Accounts.Set(r.name, r.level, r.password)
	d.accountsChanged()
	return result{http: http.StatusOK, code: ok, id: strconv.Itoa(u.ID)}
}

func (d *Device) checkNewUser(r userRequest) refusal {
	switch {
	case r.name == "" || r.level == "" || r.password == "":
		return d.refuse(parametersLack)
	case !slices.Contains(levels, r.level):
		return d.refuse(badParameters).about("userLevel")
	case r.level == administrator:
		return d.refuse(userCannotCreatAdmin)
	case d.core.Accounts.Named(r.name) != nil:
		return d.refuse(userExist)
	case d.core.Accounts.Len() >= maxUsers:
		return d.refuse(userMaxNum)
	}
	return d.checkPassword(r.name, r.password)
}

func (d *Device) updateUser(q request, id int, by *device.Account, f fault) result {
	r, no := d.oneUser(q, by)
	if no != nil {
		return *no
	}
	if r.id != "" && r.id != strconv.Itoa(id) {
		return *d.refuse(badParameters).about("id")
	}
	return d.replaceUser(d.core.Accounts.WithID(id), r, by, f)
}

// replaceUser gives a user what the request names; empty fields stay.
func (d *Device) replaceUser(u *device.Account, r userRequest, by *device.Account, f fault) result {
	if no := d.checkUserChange(u, r, by); no != nil {
		return *no
	}
	if r.name != "" {
		u.Name = r.name
	}
	if r.level != "" {
		u.Level = r.level
	}
	if r.password != "" {
		if d.quirks.MustChange {
			u.Asleep = by.ID != u.ID
		}
		d.core.Accounts.Change(u, r.password, f.mishap, d.now())
	}
	d.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

func (d *Device) checkUserChange(u *device.Account, r userRequest, by *device.Account) refusal {
	if u == nil {
		return d.refuse(userInexistence)
	}
	renamed, moved := r.name != "" && r.name != u.Name, r.level != "" && r.level != u.Level
	switch {
	case by.Level != administrator && (renamed || moved):
		return d.refuse(lowPrivilege)
	case renamed && u.ID == adminID:
		return d.refuse(userNameMismatched)
	case renamed && d.core.Accounts.Named(r.name) != nil:
		return d.refuse(userExist)
	case moved && !slices.Contains(levels, r.level):
		return d.refuse(badParameters).about("userLevel")
	case moved && u.ID == adminID:
		return d.refuse(invalidOperation)
	case moved && r.level == administrator:
		return d.refuse(userCannotCreatAdmin)
	case r.password == "":
		return nil
	case u.Asleep && by.ID == u.ID && same(u.Password, r.password):
		return d.refuse(sameAsOldPassword)
	}
	return d.checkPassword(u.Name, r.password)
}

// updateUsers answers a PUT of the collection: one User is changed where it stands; a list is what there will be, so that
// users that are not in it go, except for the administrator.
func (d *Device) updateUsers(q request, by *device.Account, f fault) result {
	elements, list, no := d.userElements(q)
	if no != nil {
		return *no
	}
	kept := map[int]bool{adminID: true}
	for _, e := range elements {
		r, no := d.parseUser(q, by, e)
		if no == nil && !list {
			no = d.checkLogin(q, r.loginPassword, by)
		}
		if no != nil {
			return *no
		}
		u := d.userRequested(r)
		if answer := d.replaceUser(u, r, by, f); answer.code != ok {
			return answer
		}
		kept[u.ID] = true
	}
	if list {
		d.core.Accounts.Remove(func(u device.Account) bool { return !kept[u.ID] })
		d.accountsChanged()
	}
	return result{http: http.StatusOK, code: ok}
}

// userRequested finds the user that a request of the collection means.
func (d *Device) userRequested(r userRequest) *device.Account {
	if id, err := strconv.Atoi(r.id); err == nil {
		return d.core.Accounts.WithID(id)
	}
	return d.core.Accounts.Named(r.name)
}

func (d *Device) deleteUser(q request, id int, by *device.Account) result {
	if given := q.query.Get("loginPassword"); given != "" && !ciphered(q.query) {
		if no := d.checkLogin(q, given, by); no != nil {
			return *no
		}
	}
	switch {
	case d.core.Accounts.WithID(id) == nil:
		return *d.refuse(userInexistence)
	case id == adminID:
		return *d.refuse(userCannotDelAdmin)
	}
	d.core.Accounts.Remove(func(u device.Account) bool { return u.ID == id })
	d.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

// deleteAllUsers does what the guide says of a DELETE without an id. No client should ever send it.
func (d *Device) deleteAllUsers() result {
	d.core.Accounts.Remove(func(u device.Account) bool { return u.ID != adminID })
	d.accountsChanged()
	return result{http: http.StatusOK, code: ok}
}

// The rules for passwords that manuals give. The capability document says 1 to 16, which is not what devices do.
const (
	minPassword     = 8
	maxPassword     = 16
	passwordClasses = 2
)

// checkPassword refuses passwords that are too short, too long, of one kind of characters, or made from the name.
func (d *Device) checkPassword(name, password string) refusal {
	lower, lowerName := strings.ToLower(password), strings.ToLower(name)
	switch {
	case len(password) > maxPassword:
		return d.refuse(passwordTooLong)
	case len(password) < minPassword, classes(password) < passwordClasses:
		return d.refuse(riskPassword)
	case lowerName != "" && (strings.Contains(lower, lowerName) || strings.Contains(lower, reversed(lowerName))):
		return d.refuse(riskPassword)
	}
	return nil
}

// classes counts the kinds of characters: digits, lower case, upper case, others.
func classes(password string) int {
	seen := make(map[string]bool)
	for _, r := range password {
		switch {
		case r >= '0' && r <= '9':
			seen["digit"] = true
		case r >= 'a' && r <= 'z':
			seen["lower"] = true
		case r >= 'A' && r <= 'Z':
			seen["upper"] = true
		default:
			seen["other"] = true
		}
	}
	return len(seen)
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// SetUser adds a user or changes the level and password of one, as somebody at the web page of the device would. No rule
// for passwords is applied.
func (d *Device) SetUser(name, level, password string) {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.Accounts.Set(name, level, password)
	d.accountsChanged()
}

// RemoveUser removes a user, as somebody at the web page would.
func (d *Device) RemoveUser(name string) error {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.core.Accounts.Named(name) == nil {
		return fmt.Errorf("%s has no user %q", d.name, name)
	}
	d.core.Accounts.Remove(func(u device.Account) bool { return u.Name == name })
	d.accountsChanged()
	return nil
}

// Accepts reports whether the device would let the user in with the password. It is no login attempt.
func (d *Device) Accepts(name, password string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.Accounts.Settle(d.now())
	u := d.core.Accounts.Named(name)
	return u != nil && same(u.Password, password)
}
