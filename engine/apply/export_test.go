package apply

// Unrestorable is why the old values of a setting are not put back, for tests.
var Unrestorable = unrestorable
