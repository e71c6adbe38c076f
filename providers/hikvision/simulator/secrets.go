package simulator

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// mask is what a device with the quirk MasksSecrets shows in place of a secret.
const mask = "******"

// maskable are elements that most devices show in clear.
var maskable = map[string]bool{
	"communityString": true, "readCommunity": true, "writeCommunity": true, "sharedKey": true, "encryptionKey": true, "verificationCode": true,
}

// revealing is a document as a GET of the path shows it, with the secrets that the quirks show, masked or in clear.
func (d *unit) revealing(path string, doc document) document {
	if !d.quirks.MasksSecrets && !d.quirks.ShowsSecrets || doc.contentType != contentXML {
		return doc
	}
	root, err := scan(doc.body)
	if err != nil {
		return doc
	}
	place := secretPlace(part{document: path})
	if p, found := d.partAt(path); found {
		place = secretPlace(p)
	}
	var edits []edit
	show := func(e *element, name, secret string) {
		if d.quirks.MasksSecrets {
			secret = mask
		}
		edits = append(edits, e.appendChild(doc.body, "<"+name+">"+escape(secret)+"</"+name+">"))
	}
	root.walk(func(e *element) {
		if maskable[e.name] && e.leaf() && e.text != "" && d.quirks.MasksSecrets {
			edits = append(edits, e.setText(doc.body, mask))
		}
		if e.name == "User" && (path == usersPath || strings.HasPrefix(path, usersPath+"/")) {
			if account := d.core.Accounts.Named(e.value("userName")); account != nil {
				show(e, "password", account.Password)
			}
			return
		}
		at := place
		if e != root {
			at += trail(root, e) + "/"
		}
		for _, name := range []string{"password", "snmpAuthenticationPassword", "snmpPrivacyPassword", "key"} {
			if secret := d.secrets[at+name]; secret != "" && e.child(name) == nil {
				show(e, name, secret)
			}
		}
	})
	doc.body = apply(doc.body, edits)
	return doc
}

// SetSecret makes the device hold a write-only value, as if somebody had set it in its menu: see Device.Secret.
func (d *Device) SetSecret(path, trail, text string) {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	d.unit.secrets[path+"#"+trail] = text
}

// echo is a refusal in words that repeat a secret: as it is and in capitals, escaped once and twice, in hexadecimal digits and
// base64.
func echo(secret string) result {
	once := html.EscapeString(secret)
	words := strings.Join([]string{
		"bad", secret, strings.ToUpper(secret), once, html.EscapeString(once), strconv.Quote(secret), url.QueryEscape(secret),
		hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("admin:" + secret)),
	}, " ")
	return result{http: http.StatusBadRequest, code: subCode(escape(words)), class: 6, statusString: escape(words), detail: words}
}
