package config

import (
	"errors"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/credential"
	"camform/schema"
)

// policyArgument is the argument that names the policy of an account. The policy manages the attribute that a login proves.
const policyArgument = "password_policy"

// manage makes the password of an account one that a policy manages, if its block says so. The value is not known before
// the device is on which the account is; see withPasswords.
func (s scope) manage(account *Setting, section *section, from origin) {
	attr := section.attributes[policyArgument]
	policy := s.policy(attr)
	if policy == nil {
		return
	}
	password := account.Kind.Account().Password
	if _, given := account.Attributes[password]; given {
		s.add(invalidPolicy.at(attr.NameRange, "A password is either given or managed. Remove %s, or remove %s and camform makes one.", policyArgument, password))
		return
	}
	account.Attributes[password] = Attribute{
		Value: cty.UnknownVal(cty.String), Range: attr.Expr.Range(), Profile: from.profile, Rule: from.rule, Policy: policy,
	}
}

// withPasswords gives managed passwords their values on the device that the scope is about. Settings without any stay
// shared.
func (s scope) withPasswords(settings []*Setting) []*Setting {
	all := slices.Clone(settings)
	for i, setting := range settings {
		declared := setting.password()
		if declared.Policy == nil {
			continue
		}
		declared.Value = s.managedPassword(setting.Address.Key, declared.Range)
		all[i] = setting.With(setting.Kind.Account().Password, declared)
	}
	return all
}

// password is the password of the account that a setting is; the zero value where none is declared, or for another setting.
func (s *Setting) password() Attribute { return s.Attributes[s.Kind.Account().Password] }

// With is the setting with another value for one attribute.
func (s *Setting) With(name string, a Attribute) *Setting {
	changed := *s
	changed.Attributes = maps.Clone(s.Attributes)
	changed.Attributes[name] = a
	return &changed
}

// rulesWithPasswords is withPasswords for the settings of rules, which devices share otherwise.
func (s scope) rulesWithPasswords(rules []Rule) []Rule {
	managed := func(setting *Setting) bool { return setting.password().Policy != nil }
	if !slices.ContainsFunc(rules, func(r Rule) bool { return slices.ContainsFunc(r.Settings, managed) }) {
		return rules
	}
	own := slices.Clone(rules)
	for i := range own {
		own[i].Settings = s.withPasswords(own[i].Settings)
	}
	return own
}

// managedPassword is the password of an account that the vault has, with its mark: unknown if there is none yet, and not
// marked either if the vault cannot tell.
func (s scope) managedPassword(account string, at hcl.Range) cty.Value {
	v, err := s.kept(account)
	switch {
	case errors.Is(err, ErrSecretAbsent), errors.Is(err, ErrSecretSealed):
		return schema.MarkSecret(cty.UnknownVal(cty.String), schema.Origin(v))
	case err != nil:
		s.add(secretUnavailable.from(err, at))
		return cty.UnknownVal(cty.String)
	}
	return v
}

// kept is what the vault has for an account of the device, with its mark.
func (s scope) kept(account string) (cty.Value, error) {
	origin := credential.Origin(s.vaultName(account))
	secret, known, err := s.secrets.fetch(origin)
	if err != nil || !known {
		return schema.MarkSecret(cty.UnknownVal(cty.String), origin), err
	}
	return schema.MarkSecret(secret.Value(), origin), nil
}

func (s scope) vaultName(account string) string { return credential.Name(s.about.Device, account) }

// unmanaged is for logins that name no policy.
func unmanaged(*hcl.Attribute, string) *credential.Policy { return nil }

// accountPolicy is by what the account is managed that the login of a device names: what the login says, or else the block
// of the account, since a password that changes there would shut the login out.
func (s scope) accountPolicy(device *Device, attr *hcl.Attribute, username string) *credential.Policy {
	named := s.policy(attr)
	account := device.account(username)
	if account == nil {
		return named
	}
	declared, given := account.Attributes[account.Kind.Account().Password]
	switch {
	case named == nil:
		return declared.Policy
	case given && declared.Policy == nil:
		s.add(invalidPolicy.at(attr.Expr.Range(), "The password of the login is managed, but %s has one at %s. Remove one of the two.",
			account.Address.Local(), line(declared.Range)))
	case given && declared.Policy != named:
		s.add(invalidPolicy.at(attr.Expr.Range(), "The login names credential_policy.%s, but %s names credential_policy.%s at %s. Name the same one, or remove one of the two.",
			named.Name, account.Address.Local(), declared.Policy.Name, line(declared.Range)))
	}
	return named
}

// account is the setting of an account of the device, nil if nobody declares it.
func (d *Device) account(name string) *Setting {
	i := slices.IndexFunc(d.Settings, func(s *Setting) bool { return s.Kind.IsAccount() && s.Address.Key == name })
	if i < 0 {
		return nil
	}
	return d.Settings[i]
}

// loginPassword is the password of a login. Where it is managed, what the vault has counts, and the argument is the first
// one: it need not be there any more once the vault has another.
func (s scope) loginPassword(attr *hcl.Attribute, login Login) cty.Value {
	if login.Policy == nil {
		return s.secret(attr, cty.String)
	}
	if login.Username == "" {
		return cty.UnknownVal(cty.String)
	}
	kept, err := s.kept(login.Username)
	if err == nil && kept.IsKnown() || errors.Is(err, ErrSecretSealed) {
		_ = s.unread().secret(attr, cty.String) // what is wrong with it is wrong still
		return kept
	}
	if first := s.secret(attr, cty.String); !first.IsNull() {
		return first
	}
	if err != nil && !errors.Is(err, ErrSecretAbsent) { // which the setting of the account says
		return cty.UnknownVal(cty.String)
	}
	return kept // a device that nobody has activated needs no password yet
}

// unread is the scope in which the values of secrets are not known.
func (s scope) unread() scope {
	s.ctx = s.ctx.NewChild()
	s.ctx.Functions = map[string]function.Function{"secret": discreet(s.secrets.function(SecretsUnknown))}
	return s
}

// declareLogin gives a device the setting of the account that it logs in with, if that is managed and not declared yet.
func (s scope) declareLogin(device *Device, section *section) {
	if device.Login.Policy == nil || device.Login.Username == "" {
		return
	}
	at := device.Login.Range
	if attr := section.attributes[policyArgument]; attr != nil {
		at = attr.Expr.Range()
	}
	password := Attribute{Range: at, Policy: device.Login.Policy, Value: s.managedPassword(device.Login.Username, at)}
	account := device.account(device.Login.Username)
	if account == nil {
		s.addAccount(device, password)
		return
	}
	name := account.Kind.Account().Password
	if _, given := account.Attributes[name]; !given {
		device.Settings[slices.Index(device.Settings, account)] = account.With(name, password)
	}
}

// addAccount declares the account of the login. Where no kind is about accounts there is nothing to declare.
func (s scope) addAccount(device *Device, password Attribute) {
	kinds := s.options.Kinds.All()
	i := slices.IndexFunc(kinds, (*schema.Kind).IsAccount)
	if i < 0 {
		return
	}
	device.Settings = append(device.Settings, &Setting{
		Address:    schema.Setting{Device: device.Address, Kind: kinds[i].Name, Key: device.Login.Username},
		Kind:       kinds[i],
		Attributes: map[string]Attribute{kinds[i].Account().Password: password},
		Range:      device.Login.Range,
	})
	slices.SortFunc(device.Settings, func(a, b *Setting) int { return a.Address.Compare(b.Address) })
}
