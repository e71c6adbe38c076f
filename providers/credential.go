package providers

import "camform/schema"

// Credential is a user name with its password.
type Credential struct {
	Username string
	Password schema.Secret
}
