package learn

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// secrets are the origins that stand for secrets which devices show. Within one attribute equal values have one origin.
type secrets struct {
	taken   map[string]bool          // variables of the environment
	origins map[secretKey]string     // by what they stand for
	values  map[string]schema.Secret // by origin
}

type secretKey struct {
	kind, attribute string
	value           schema.Secret
}

func newSecrets(devices []Device) secrets {
	s := secrets{taken: map[string]bool{}, origins: map[secretKey]string{}, values: map[string]schema.Secret{}}
	for _, d := range devices {
		if name, ok := strings.CutPrefix(schema.Origin(d.Password), "env:"); ok {
			s.taken[name] = true
		}
	}
	return s
}

// marked marks a secret with its origin. It is null if no variable of the environment can hold the value.
func (s *secrets) marked(kind *schema.Kind, a *schema.Attribute, v cty.Value) cty.Value {
	secret, ok := schema.SecretIn(v)
	if !ok || secret.IsZero() || strings.ContainsRune(secret.Reveal(), 0) {
		return cty.NullVal(a.Type)
	}
	key := secretKey{kind.Name, a.Name, secret}
	origin, ok := s.origins[key]
	if !ok {
		origin = "env:" + s.free(strings.ToUpper("camform_"+word(kind.Name)+"_"+word(a.Name)))
		s.origins[key], s.values[origin] = origin, secret
	}
	return schema.MarkSecret(v, origin)
}

// free takes a variable: name itself, or with a number behind it.
func (s *secrets) free(name string) string {
	free := name
	for n := 2; s.taken[free]; n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	s.taken[free] = true
	return free
}

// uses are the origins that the configuration names, with what they are for.
func (c *collection) uses() map[string]string {
	uses := map[string]string{}
	for _, v := range c.values {
		if v.origin != "" {
			uses[v.origin] = c.slots[v.slot].kind.Name + "." + c.slots[v.slot].attribute.Name
		}
	}
	for _, d := range c.devices {
		if origin := schema.Origin(d.Password); origin != "" {
			uses[origin] = "login of " + d.Username
		}
	}
	return uses
}

// shown are the values of those secrets that the configuration names and the devices show, by origin.
func (c *collection) shown() map[string]schema.Secret {
	shown := map[string]schema.Secret{}
	for origin := range c.uses() {
		if secret, ok := c.secrets.values[origin]; ok {
			shown[origin] = secret
		}
	}
	return shown
}

// variables are the variables of the environment that the configuration reads, sorted.
func (c *collection) variables() []string {
	var names []string
	for origin := range c.uses() {
		if name, ok := strings.CutPrefix(origin, "env:"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// secretsText lists the variables without their values.
func (c *collection) secretsText() []byte {
	var b bytes.Buffer
	uses := c.uses()
	for _, name := range c.variables() {
		fmt.Fprintf(&b, "# %s\n%s=\n", strings.Join(strings.Fields(uses["env:"+name]), " "), name)
	}
	return b.Bytes()
}
