package document

import (
	"regexp"
	"strings"
)

// secretNames match the local names of elements that hold a secret, in any document. Setting files mark further ones. The
// names of facts about a secret, such as passwordStrength, LoginPasswordLenLimit and keyIterateNum, are not among them.
var secretNames = []*regexp.Regexp{
	// Passwords of accounts, of mail, FTP, NAS, DDNS and PPPoE servers, of SNMP, 802.1X, WebDAV, platforms and archives.
	regexp.MustCompile(`(?i)(pass_?word|passwd|pass_?phrase|pwd)s?` + part),
	// Communities of SNMP, and what else is called a secret.
	regexp.MustCompile(`(?i)(community|secret)` + part),
	// Keys of wireless networks, platforms, streams, files and web services.
	regexp.MustCompile(`(?i)key` + part),
	// Codes that give access: to the cloud of the vendor, to an account, to an alarm panel, to a SIM card.
	regexp.MustCompile(`(?i)(verif(y|ication)|operat(e|ion)|access|activ(e|ation)|auth(entication|orization)?|safe(ty)?|security|` +
		`recovery|reset|duress|ezviz|invit(e|ation)|pin|puk|qr|dynamic)_?code` + part),
	regexp.MustCompile(`(^|[a-z_])(PIN|Pin|PUK|Puk)$|^(?i:pin|puk)$`),
	// What proves a login or a recovery.
	regexp.MustCompile(`(?i)(token|answer|salt|challenge|credential|cipher_?text|session_?id|cookie)s?` + part),
	// The login of a track of a recorder, with the password of its camera.
	regexp.MustCompile(`^SrcLogin$`),
}

// part ends the name of an element that holds a secret, or a part or form of one.
const part = `(old|new|text|value|string|list|confirm|hash|encrypt(ed)?|base64)?[0-9]*$`

// IsSecret reports whether elements of that local name hold a secret.
func IsSecret(name string) bool {
	for _, secret := range secretNames {
		if secret.MatchString(name) {
			return true
		}
	}
	return false
}

var localName = regexp.MustCompile(`[\pL_][\pL\pN_.-]*`)

// LeadsToSecret reports whether a path, or one of its spellings, leads to a secret, through one, or chooses by one: anyone who may
// ask which entry has a password can guess it.
func LeadsToSecret(path string) bool {
	for _, name := range localName.FindAllString(path, -1) {
		if IsSecret(name) {
			return true
		}
	}
	return false
}

// SaysNothing reports whether the text of an element gives no secret away whatever the element is called: isDefaultPassword is
// true or false.
func SaysNothing(text string) bool {
	return text == "" || strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}
