package isapi

import (
	"errors"
	"slices"
	"strings"
)

// challenge is one way to log in that a device offers in WWW-Authenticate.
type challenge struct {
	scheme    string // lower case: "digest", "basic"
	realm     string
	nonce     string
	opaque    string
	echo      bool     // whether opaque was there, so that an empty one is echoed too
	algorithm string   // as sent; empty if absent, which means MD5
	qop       []string // lower case; nil if absent or empty
	stale     bool
}

// algorithmName is "MD5" or "SHA-256", or empty for an algorithm that this package does not speak.
func (c challenge) algorithmName() string {
	switch strings.ToUpper(c.algorithm) {
	case "", "MD5":
		return "MD5"
	case "SHA-256":
		return "SHA-256"
	}
	return ""
}

// usable reports whether c is a digest challenge that can be answered. auth-int is not spoken: no device offers it alone.
func (c challenge) usable() bool {
	return c.scheme == "digest" && c.algorithmName() != "" && (c.qop == nil || slices.Contains(c.qop, "auth"))
}

// parseChallenges reads all challenges of the values of WWW-Authenticate headers, in order. One value may hold several.
// Devices write parameters in any case, quoted or not, and separate them with commas, blanks or tabs. A challenge with a
// parameter that cannot be read, or with two different values for one, is dropped as a whole: an answer to a realm that
// was guessed wrongly would cost a login attempt.
func parseChallenges(values []string) []challenge {
	var found []challenge
	for _, value := range values {
		found = append(found, parseChallenge(value)...)
	}
	return found
}

func parseChallenge(value string) []challenge {
	var found []challenge
	var params map[string]string // of the challenge being read; nil before the first and after a broken one
	var scheme string
	finish := func() {
		if c, err := newChallenge(scheme, params); err == nil {
			found = append(found, c)
		}
		params = nil
	}
	s := &scanner{rest: value}
	for {
		s.skip(" \t,")
		if s.rest == "" {
			finish()
			return found
		}
		word := s.word()
		switch {
		case word != "" && s.equals():
			text, ok := s.value()
			key := strings.ToLower(word)
			if old, twice := params[key]; !ok || twice && old != text {
				params = nil
			} else if params != nil {
				params[key] = text
			}
		case word != "":
			finish()
			scheme, params = strings.ToLower(word), map[string]string{}
		default:
			params = nil
			s.rest = s.rest[1:]
		}
	}
}

var errNoChallenge = errors.New("no challenge")

func newChallenge(scheme string, params map[string]string) (challenge, error) {
	realm, ok := params["realm"]
	if !ok || scheme == "digest" && params["nonce"] == "" {
		return challenge{}, errNoChallenge
	}
	c := challenge{
		scheme:    scheme,
		realm:     realm,
		nonce:     params["nonce"],
		algorithm: params["algorithm"],
		stale:     strings.EqualFold(params["stale"], "true"),
	}
	c.opaque, c.echo = params["opaque"]
	if qop := strings.FieldsFunc(strings.ToLower(params["qop"]), func(r rune) bool { return strings.ContainsRune(" \t,", r) }); len(qop) > 0 {
		c.qop = qop
	}
	return c, nil
}

// scanner cuts a header value into words, equal signs and values.
type scanner struct{ rest string }

func (s *scanner) skip(set string) { s.rest = strings.TrimLeft(s.rest, set) }

// word reads the name of a scheme or a parameter; it is empty if there is none.
func (s *scanner) word() string {
	end := strings.IndexFunc(s.rest, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	})
	if end < 0 {
		end = len(s.rest)
	}
	word := s.rest[:end]
	s.rest = s.rest[end:]
	return word
}

// equals reads an equal sign with the blanks around it.
func (s *scanner) equals() bool {
	after, ok := strings.CutPrefix(strings.TrimLeft(s.rest, " \t"), "=")
	if ok {
		s.rest = strings.TrimLeft(after, " \t")
	}
	return ok
}

// value reads what follows an equal sign. An unquoted value ends at a comma or blank, so that a nonce with "+/=" in it is
// read whole. It fails on a quoted text without its end.
func (s *scanner) value() (string, bool) {
	if !strings.HasPrefix(s.rest, `"`) {
		end := strings.IndexAny(s.rest, ", \t")
		if end < 0 {
			end = len(s.rest)
		}
		text := s.rest[:end]
		s.rest = s.rest[end:]
		return text, !strings.Contains(text, `"`)
	}
	var text strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return text.String(), true
		case c == '\\' && i+1 < len(s.rest):
			i++
			text.WriteByte(s.rest[i])
		default:
			text.WriteByte(c)
		}
	}
	s.rest = ""
	return "", false
}
