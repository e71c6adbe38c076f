package simulator

import (
	"slices"
	"strconv"
	"strings"

	"camform/providers/device"
)

// permissionTypes are the words of UserPermission for the levels of users.
var permissionTypes = map[string]string{administrator: "admin", "Operator": "operator", "Viewer": "viewer"}

// accountsChanged is called after every change of the users.
func (d *unit) accountsChanged() {
	d.usersChanged = true
	d.syncPermissions()
}

// syncPermissions removes the rights of users that are gone, adds those of new ones, and resets those of users whose level
// changed: they are what the level has.
func (d *unit) syncPermissions() {
	if d.model.recorded {
		return // what was recorded stays
	}
	if d.own[userPermissionPath] == nil && d.core.Accounts.Len() == 1 && d.core.Accounts.WithID(adminID) != nil {
		return // the factory document is about the administrator
	}
	for _, u := range d.core.Accounts.All() {
		d.grant(&u)
	}
	stored, found := d.stored(userPermissionPath)
	root, err := scan(stored.body)
	if !found || err != nil {
		return
	}
	var edits []edit
	for _, entry := range root.children {
		if id, err := strconv.Atoi(entry.value("userID")); err == nil && d.core.Accounts.WithID(id) == nil {
			edits = append(edits, entry.remove(stored.body))
		}
	}
	d.keepPermissions(stored.body, edits)
}

// grant gives a user the rights of his level, unless he has rights of it.
func (d *unit) grant(u *device.Account) {
	stored, found := d.stored(userPermissionPath)
	root, err := scan(stored.body)
	if !found || err != nil || len(root.children) == 0 {
		return
	}
	var have *element
	for _, entry := range root.children {
		if entry.value("userID") == strconv.Itoa(u.ID) {
			have = entry
		}
	}
	level := permissionTypes[u.Level]
	switch {
	case have == nil:
		d.keepPermissions(stored.body, []edit{root.appendChild(stored.body, d.rights(u, level))})
	case have.value("userType") != level:
		d.keepPermissions(stored.body, []edit{{have.start, have.end, d.rights(u, level)}})
	}
}

func (d *unit) keepPermissions(body []byte, edits []edit) {
	if len(edits) == 0 {
		return
	}
	d.own[userPermissionPath] = apply(body, edits)
}

// rights is an entry with what the level has: the first one of the factory, which is the administrator's, with the texts of
// the capability document of the level.
func (d *unit) rights(u *device.Account, level string) string {
	list := d.model.documents[userPermissionPath].body
	root, err := scan(list)
	if err != nil || len(root.children) == 0 {
		return ""
	}
	entry := list[root.children[0].start:root.children[0].end]
	if caps := d.ceilings(level); caps != nil {
		m := &merger{have: entry, sent: d.model.documents[ceilingPath(level)].body}
		if old, err := scan(entry); err == nil {
			m.merge(old, caps)
		}
		entry = apply(entry, m.edits)
	}
	old, err := scan(entry)
	if err != nil {
		return ""
	}
	var edits []edit
	for name, text := range map[string]string{
		"id": strconv.Itoa(u.ID + d.model.PermissionOffset), "userID": strconv.Itoa(u.ID), "userType": level,
	} {
		if e := old.child(name); e != nil {
			edits = append(edits, e.setText(entry, text))
		}
	}
	return string(apply(entry, edits))
}

func ceilingPath(level string) string { return userPermissionPath + "/" + level + "Cap" }

// ceilings says which rights a level can have; nil if the model does not.
func (d *unit) ceilings(level string) *element { return d.scanned(ceilingPath(level)) }

// checkRights refuses rights that the level of a user cannot have, and takes none from the administrator.
func (d *unit) checkRights(root *element) refusal {
	for _, entry := range root.children {
		if no := d.checkRight(entry, d.ceilings(entry.value("userType"))); no != nil {
			return no
		}
	}
	return nil
}

func (d *unit) checkRight(e, ceiling *element) refusal {
	for _, child := range e.children {
		limit := ceiling.counterpart(child)
		if limit == nil {
			continue
		}
		options, limited := limit.attr("opt")
		if limited && child.leaf() && !slices.Contains(strings.Split(options, ","), strings.ToLower(child.text)) {
			return d.model.refuse(badParameters).about(child.name)
		}
		if no := d.checkRight(child, limit); no != nil {
			return no
		}
	}
	return nil
}
