package plan

import "encoding/json"

// Configuration is what a plan keeps of the configuration that it was made from, for those who read it. Nothing of it is carried out, and
// no secret is in it.
type Configuration struct {
	Variables []Variable    `json:"variables,omitempty"` // ordered by name
	Blocks    []Declaration `json:"blocks,omitempty"`    // variables, outputs, profiles and devices, ordered by type and name
}

// Variable is a variable with the value that the plan was made with.
type Variable struct {
	Name      string          `json:"name"`
	Value     json.RawMessage `json:"value,omitempty"`     // empty where it is sensitive or not known
	Sensitive bool            `json:"sensitive,omitempty"` // whether the value is left out for that
}

// Declaration is a block as it is written, before a for_each makes several of it.
type Declaration struct {
	Type      string                `json:"type"`
	Name      string                `json:"name,omitempty"` // its label; empty if it has none
	Arguments map[string]Expression `json:"arguments,omitempty"`
	Blocks    []Declaration         `json:"blocks,omitempty"` // in the order of the source
	Source    Source                `json:"source"`
}

// Expression is what an argument is set to: a constant, or something that is computed, from what it refers to. Where a constant is
// sensitive, both are empty.
type Expression struct {
	Constant   json.RawMessage `json:"constant,omitempty"`
	References []string        `json:"references,omitempty"` // sorted
}
