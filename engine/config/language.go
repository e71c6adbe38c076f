package config

import "camform/schema"

// This file is the language as tables: which arguments and blocks there are, what each is for, and what it takes. The decoder,
// the manual and the schema for editors are made of them. What a setting block holds stands in the file of its kind.

// arg is what a body takes under a name.
type arg struct {
	name  string
	takes values
	doc   string // sentences, in Markdown
}

// values are what an argument takes.
type values struct {
	form  form
	words []string // all that there are, where these are few
}

// form is how the value of an argument is written, in words for people.
type form string

// The forms. Names are of what is declared or to be declared; they are not computed.
const (
	textForm   form = "text"
	flagForm   form = "true or false"
	numberForm form = "number"
	listForm   form = "list of texts"
	mapForm    form = "map"
	freeForm   form = "any value"
	nameForm   form = "name"
	namesForm  form = "list of names"
	typeForm   form = "type"
)

var (
	aText   = values{form: textForm}
	aFlag   = values{form: flagForm}
	aNumber = values{form: numberForm}
	aList   = values{form: listForm}
	aMap    = values{form: mapForm}
	aValue  = values{form: freeForm}
	aName   = values{form: nameForm}
	someOf  = values{form: namesForm}
	aType   = values{form: typeForm}
)

// computed reports whether an argument has a value, rather than naming something.
func (v values) computed() bool {
	return v.form != nameForm && v.form != namesForm && v.form != typeForm
}

// oneOf are a few words.
func oneOf(words ...string) values { return values{form: textForm, words: words} }

// languageOf has the shapes of the blocks that stand at the top of a file; nil where a block takes any argument.
func languageOf(kinds *schema.Kinds) map[string]*shape {
	return map[string]*shape{
		"camform": camformShape, "variable": variableShape, "locals": nil, "output": outputShape, "credential_policy": policyShape,
		"profile": profileShape(kinds), "device": deviceShape(kinds), "import": importShape, "removed": removedShape, "moved": movedShape,
	}
}

var camformShape = argumentsOf(
	arg{"required_version", aText, "The versions of camform that may be used, such as `>= 0.1` or `~> 0.2.0`. Any by default."},
	arg{"max_unreachable", aValue, "How many devices may be unreachable before a run ends with 1: a number, or a share such as `\"5%\"`. None by default."},
	arg{"schemas", aList, "Folders with setting files of your own, from the directory of the configuration."},
	arg{"compat", oneOf("terraform"), "Print the fixed sentences that programs for Terraform look for."},
).
	with("state", stateShape, "type").
	with("limits", limitsShape).
	with("approvals", approvalsShape)

var stateShape = argumentsOf(
	arg{"path", aText, "`sqlite`: the file, from the directory of the configuration. `.camform/state.db` by default."},
	arg{"host", aText, "`postgres`: the name of the server, or the folder of its socket."},
	arg{"port", aNumber, "`postgres`: 5432 by default."},
	arg{"database", aText, "`postgres`: the name of the database."},
	arg{"user", aText, "`postgres`: the role to log in as. Without it, `CAMFORM_STATE_USER` in the environment says it."},
	arg{"password", aText, "`postgres`: the origin of the password, such as `env:CAMFORM_STATE_PASSWORD`; `vault:` is not possible here."},
	arg{"ca_file", aText, "`postgres`: a PEM file of the authorities that sign the server's certificate. Those of the system by default."},
	arg{"key", aText, "`postgres`: the origin of the key that makes fingerprints of secrets, the same on every machine. `openssl rand -hex 32` makes one."},
)

var limitsShape = argumentsOf(
	arg{"max_changes", aNumber, "How many changes one run may make."},
	arg{"max_devices", aNumber, "How many devices one run may change."},
	arg{"risk", aMap, "How many changes of a risk one run may make: a map with the keys `none`, `service`, `login` and `lockout`."},
)

var approvalsShape = argumentsOf(
	arg{"required", aNumber, "How many people must sign. The person who made the plan does not count."},
	arg{"for", aList, "Which plans need it: those with changes of `credentials`, `lockout` or `login`, or `all`."},
	arg{"signers", aText, "A file that says who may sign with which key, in the format of `allowed_signers` of OpenSSH."},
)

var variableShape = argumentsOf(
	arg{"type", aType, "What it takes, as in Terraform: `string`, `number`, `bool`, `list(string)`, `map(string)`, `object({...})`. Anything by default."},
	arg{"default", aValue, "The value where none is given. Without it, one must be given."},
	arg{"description", aText, "What it is for."},
	arg{"sensitive", aFlag, "Keep the value out of plans, logs and the state. Leave out `default` then."},
	arg{"nullable", aFlag, "Whether the value may be null. True by default."},
).
	with("validation", argumentsOf(
		arg{"condition", aValue, "What must hold of the value."},
		arg{"error_message", aText, "What to say where it does not."},
	))

var outputShape = argumentsOf(
	arg{"value", aValue, "What to keep and print."},
	arg{"description", aText, "What it is for."},
	arg{"sensitive", aFlag, "Hide the value. Required where it contains a secret."},
)

var policyShape = argumentsOf(
	arg{"min_length", aNumber, "The fewest characters, from 8 to 16."},
	arg{"max_length", aNumber, "The most characters, from 8 to 16. As many as the device takes by default."},
	arg{"classes", aNumber, "How many of digits, lower case, upper case and other characters must occur: 0 to 4."},
	arg{"forbid", aList, "Texts that must not be part of a password, in upper or lower case."},
	arg{"max_age", aText, "The age at which a password is due, such as `90d`, `12w` or `2160h`. Never by default."},
	arg{"unique", aFlag, "Let no two accounts of the vault share a password."},
	arg{"history", aNumber, "How many earlier passwords of the account must not come back."},
	arg{"window", aText, "When due passwords may be changed, such as `01:00-05:00` or `sat,sun 02:00-05:00`. Any time by default."},
	arg{"consumers", aList, "Who else uses the passwords and has to get new ones, for people to read."},
	arg{"prove_old_refused", aFlag, "Prove after a change that the old password is refused. That costs one login attempt, which is spent only where enough are left."},
)

var managedBy = arg{policyArgument, aName, "Let camform make, keep and change the password by this policy: `credential_policy.NAME`."}

// loginArguments say how to log in; policies are for the logins of devices only.
var loginArguments = []arg{
	{"username", aText, "The account that camform logs in with. Required."},
	{"password", aText, "Its password, by origin: `secret(\"env:NAME\")`. With `password_policy` it is the first one, used until the vault has another."},
	{"basic", aFlag, "Log in by basic authentication where the device offers no digest; over https only."},
}

var loginShape = argumentsOf(loginArguments...)

var tlsShape = argumentsOf(
	arg{"verify", aFlag, "Demand a certificate of a known authority that names the address. By default camform remembers the key that the device shows first, and refuses another."},
	arg{"ca_file", aText, "A PEM file of the authorities to believe, from the directory of the configuration; with `verify`. Those of the system by default."},
	arg{"legacy", aFlag, "Accept TLS 1.0 and 1.1 and old ciphers, for firmware that knows nothing newer."},
	arg{"plain", aFlag, "Go to a device over http that was reached over https before."},
)

var identityShape = argumentsOf(
	arg{"serial", aText, "The serial number that must answer."},
	arg{"model", aText, "The model that must answer."},
	arg{"mac", aText, "The hardware address that must answer, such as `00:00:5e:00:53:01`."},
)

var ownershipShape = argumentsOf(
	arg{"owner", aText, "Whose the device is."},
	arg{"custodian", aText, "Who looks after it."},
	arg{"purchased_from", aText, "The shop, distributor or installer."},
	arg{"invoice", aText, "The number of the invoice, or where it is kept."},
	arg{"label_photo", aText, "A picture of the label, from the directory of the configuration."},
	arg{"warranty", aText, "The reference of the warranty."},
	arg{"warranty_until", aText, "Its last day, such as `2027-05-31`."},
	arg{"contract", aText, "The reference of the maintenance contract."},
	arg{"contract_until", aText, "Its last day."},
)

var consumerShape = argumentsOf(
	arg{"username", aText, "The account that it logs in with."},
	arg{"level", aText, "The least level that this account needs, such as `Operator`."},
	arg{"scheme", oneOf(consumerSchemes...), "What it speaks."},
	arg{"port", aNumber, "The port that it connects to."},
	arg{"address", aText, "Where it comes from: an IP address, or a network such as `192.0.2.0/26`."},
	arg{"algorithm", oneOf(consumerAlgorithms...), "The digest algorithm that it needs."},
	arg{"ignore", aFlag, "Let changes cut it off. Needs `reason`."},
	arg{"reason", aText, "Why changes may cut it off, for the reviewer of a plan."},
)

var importShape = argumentsOf(
	arg{"id", aText, "Its address, such as `https://192.0.2.7`."},
	arg{"to", aName, "The name that the device shall have: `device.NAME`, or `device.NAME[\"KEY\"]`."},
).
	with("login", loginShape).
	with("tls", tlsShape)

var removedShape = argumentsOf(
	arg{"from", aName, "The device that left: `device.NAME` for all of a block, or `device.NAME[\"KEY\"]`."},
	arg{"address", aText, "With `destroy = true`: where it is."},
).
	with("login", loginShape).
	with("tls", tlsShape).
	with("lifecycle", argumentsOf(
		arg{"destroy", aFlag, "Whether to delete the accounts and other items that camform made there before the device is forgotten. Required."},
	))

var movedShape = argumentsOf(
	arg{"from", aName, "The old name: `device.NAME` for all of a block, or `device.NAME[\"KEY\"]`."},
	arg{"to", aName, "The new name."},
)

// commonArguments are those of profiles and of devices, which have the last word.
var commonArguments = []arg{
	{"exclusive", aList, "Kinds such as `[\"user\"]` whose undeclared items are deleted. Otherwise they are left alone and counted."},
	{"allow_unproven", aValue, "Kinds, or arguments such as `\"system.location\"`, that camform may write although too little is known of them: a list, or a map of them to reasons. A change that could close the way in needs a reason."},
	{"accept_clock_jump", aText, "Why the clock may jump by more than five minutes. `apply` refuses that without a reason."},
	{"strict", aFlag, "Make it an error that the device lacks a setting or an argument that is wanted. Otherwise it is reported and left alone."},
}

func profileShape(kinds *schema.Kinds) *shape {
	return argumentsOf(
		arg{"extends", someOf, "Profiles whose settings it takes over, such as `[profile.base]`. Later ones win over earlier ones, and its own over all."},
	).and(commonArguments...).
		with("consumer", consumerShape, "name").
		withRules(kinds).
		withKinds(kinds)
}

func deviceShape(kinds *schema.Kinds) *shape {
	return argumentsOf(
		arg{"for_each", aValue, "A map, or a set of texts: one device comes of each element. `each.key` and `each.value` are the element."},
		arg{"address", aText, "Where it is: `https://192.0.2.10`, or `http://`, with a port if it is not the usual one. Required."},
		arg{"profiles", someOf, "Profiles that it follows, such as `[profile.hardened]`. Later ones win over earlier ones, and its own blocks over all."},
		arg{"location", aText, "Where it hangs, for reports."},
		arg{"site", aText, "The network that it is in. Which camera a recorder shows is found by address within a site."},
		arg{"tags", aList, "Words to find it by, in reports and checks."},
	).and(commonArguments...).
		with("identity", identityShape).
		with("login", argumentsOf(loginArguments...).and(managedBy)).
		with("tls", tlsShape).
		with("ownership", ownershipShape).
		with("consumer", consumerShape, "name").
		with("lifecycle", argumentsOf(
			arg{"protect", someOf, "Settings that a plan must not change, such as `[https]`."},
			arg{"ignore_changes", someOf, "Settings or arguments that are not compared, such as `[time.zone]`."},
		)).
		withRules(kinds).
		withKinds(kinds).
		advising(meantInDevice, `"camform settings" lists the kinds of settings; use a document block for anything else.`)
}

// ruleArguments are the arguments of rules and of checks.
var ruleArguments = []arg{
	{"level", oneOf(levels...), "For which devices it is meant: `basic` for all, `high` for those that need more, `site` where the site decides. Required."},
	{"reason", aText, "Why it is demanded."},
}

// withRules adds the blocks that say by what devices are judged.
func (s *shape) withRules(kinds *schema.Kinds) *shape {
	assert := argumentsOf(
		arg{"condition", aValue, "What must hold. `self` is the device, and `observed(PATH, ELEMENT)` reads an element of one of its documents."},
		arg{"error_message", aText, "What to say where it does not hold."},
	)
	assert.own = []string{"self"}
	check := argumentsOf(ruleArguments...).and(
		arg{"severity", oneOf(severities...), "Whether `apply` only warns where it does not hold, which is the default, or refuses."},
		arg{"manual", aText, "Instead of `assert`: what a person has to verify."},
	).with("assert", assert)
	check.generate = true
	return s.with("rule", argumentsOf(ruleArguments...).withKinds(kinds), "id").with("check", check, "id")
}
