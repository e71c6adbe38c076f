package simulator

import "strings"

// lowerWords makes a device with the quirk LowerWords write its words as it does, in its documents and in their limits.
func (d custody) lowerWords() {
	for path, name := range map[string]string{
		adminAccessesPath: "protocol", adminAccessesPath + "/capabilities": "protocol", triggersPath: "id",
	} {
		stored, found := d.stored(path)
		root, err := scan(stored.body)
		if !found || err != nil {
			continue
		}
		var edits []edit
		root.walk(func(e *element) {
			word := e.child(name)
			switch {
			case word == nil || e.name == "EventTriggerNotification":
			case word.text == "DEV_MANAGE":
				edits = append(edits, word.setText(stored.body, "SDK"))
			default:
				edits = append(edits, word.setText(stored.body, strings.ToLower(word.text)))
			}
		})
		d.own[path] = apply(stored.body, edits)
	}
}
