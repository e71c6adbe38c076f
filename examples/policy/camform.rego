# Rules for plans of camform, in the language of Open Policy Agent. Their input is the document of `camform show -json FILE`.
#
# deny refuses a plan, and warn says what somebody should look at. Numbers and names stand in data.camform, so that a repository sets its
# own without changing this file: see README.md.
package camform

defaults := {
	"max_lockout_changes": 10,
	"min_tls": ["1.2", "1.3"],
	"kept_accounts": ["admin"],
}

setting(name) := data.camform.settings[name]

setting(name) := defaults[name] if not data.camform.settings[name]

# What a plan does to a setting.
changes := [c | some c in input.resource_changes; not "no-op" in c.change.actions]

# What a setting will be, also where it stays as it is: a rule about what devices have looks at these.
planned := [c | some c in input.resource_changes; c.change.after != null]

# A plan that says nothing of some devices is not to be applied by a program.
deny contains msg if {
	not input.complete
	msg := sprintf("The plan is not complete: %d devices could not be read, and %d settings are left alone.", [
		count(input.x_camform.unreachable),
		count(input.x_camform.skipped),
	])
}

# Changes that could close the way in are made in small numbers.
deny contains msg if {
	lockout := [c | some c in changes; c.x_camform.risk == "lockout"]
	count(lockout) > setting("max_lockout_changes")
	msg := sprintf("%d changes could close the way in, and %d are allowed at once. Apply it in parts with -target.", [count(lockout), setting("max_lockout_changes")])
}

# Somebody has to approve that a consumer is cut off, even where the configuration accepts it.
deny contains msg if {
	some cut in input.x_camform.cuts
	msg := sprintf("%s: %s may be cut off (%s).", [cut.device, cut.who, cut.reason])
}

deny contains msg if {
	some c in changes
	c.type == "user"
	"delete" in c.change.actions
	c.name in setting("kept_accounts")
	msg := sprintf("%s: this account is kept on every device.", [c.address])
}

# Doors that nobody needs stay closed.
deny contains msg if {
	some c in planned
	c.type in {"ssh", "telnet", "upnp"}
	c.change.after.enabled == true
	msg := sprintf("%s: %s is switched on.", [c.address, c.type])
}

deny contains msg if {
	some c in planned
	c.type == "https"
	c.change.after.min_tls != null
	not c.change.after.min_tls in setting("min_tls")
	msg := sprintf("%s: TLS %s is allowed.", [c.address, c.change.after.min_tls])
}

deny contains msg if {
	some c in changes
	c.type == "ip_filter"
	c.change.before.enabled == true
	c.change.after.enabled == false
	msg := sprintf("%s: the filter of addresses is switched off.", [c.address])
}

# No secret stands in a plan: what is sensitive is null.
deny contains msg if {
	some c in input.resource_changes
	some name, sensitive in c.change.after_sensitive
	sensitive == true
	c.change.after[name] != null
	msg := sprintf("%s: %s is shown although it is a secret.", [c.address, name])
}

# A check of the configuration that does not hold, or that could not be judged.
warn contains msg if {
	some check in input.checks
	check.status != "pass"
	msg := sprintf("%s: %s.", [check.address.to_display, check.status])
}

warn contains msg if {
	some c in changes
	c.x_camform.reboot == "required"
	msg := sprintf("%s: the device restarts.", [c.address])
}

# What somebody changed on a device, and this plan undoes.
warn contains msg if {
	some d in input.resource_drift
	msg := sprintf("%s: it was changed on the device, and the plan brings it back.", [d.address])
}
