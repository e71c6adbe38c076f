package config

import (
	"slices"
	"strings"
)

// FunctionReference describes a function to people.
type FunctionReference struct {
	Call string // such as "join(separator, lists...)"
	Doc  string // sentences
}

// FunctionReferences describe the functions that expressions may call, ordered by name. Those that are refused are left out.
func FunctionReferences() []FunctionReference {
	all := Functions()
	var found []FunctionReference
	for _, name := range sortedKeys(all) {
		f := all[name]
		if slices.Contains(neverSettled, name) {
			continue
		}
		var parameters []string
		for _, p := range f.Params() {
			parameters = append(parameters, p.Name)
		}
		if p := f.VarParam(); p != nil {
			parameters = append(parameters, p.Name+"...")
		}
		doc := f.Description()
		if own, ok := functionDocs[name]; ok {
			doc = own
		}
		found = append(found, FunctionReference{name + "(" + strings.Join(parameters, ", ") + ")", doc})
	}
	return found
}

// functionDocs describe the functions that the library has no description of, or one that is not about configurations.
var functionDocs = map[string]string{
	"abs":      "The number without its sign.",
	"abspath":  "The path, made absolute from the directory of the configuration.",
	"alltrue":  "Whether all elements are true. True for an empty list.",
	"anytrue":  "Whether any element is true. False for an empty list.",
	"basename": "The last part of the path.",
	"can":      "Whether the expression can be evaluated without an error.",
	"ceil":     "The number, rounded up to a whole one.",
	"coalesce": "The first argument that is neither null nor an empty text.",
	"dirname":  "The path without its last part.",
	"distinct": "The elements of the list, each once.",
	"endswith": "Whether the text ends with the suffix.",
	"floor":    "The number, rounded down to a whole one.",
	"format":   "A text with values put in place of verbs, such as format(\"cam-%02d\", 7).",
	"index":    "The position of the value in the list. An error if it is not in it.",
	"length":   "How many elements, or characters.",
	"lookup":   "The element of the map with that key, or else the default.",
	"one":      "The only element of the list, or null if it is empty.",
	"range":    "A list of numbers, from a start to before a limit, by a step.",
	"replace":  "The text with each occurrence replaced. A search text between slashes is a regular expression.",
	"sum":      "The sum of the numbers.",
	"tobool":   "The value as true or false.",
	"tolist":   "The value as a list.",
	"tomap":    "The value as a map.",
	"tonumber": "The value as a number.",
	"toset":    "The value as a set, in which each element is once.",
	"tostring": "The value as a text.",
	"try":      "The first expression that can be evaluated without an error.",

	"startswith":  "Whether the text begins with the prefix.",
	"strcontains": "Whether the text contains the other one.",
	"matchkeys":   "The values whose keys, at the same positions, are in the search set.",
	"transpose":   "A map of lists turned around: from each element to the keys that have it.",
	"timecmp":     "-1, 0 or 1: whether the first time is before, at or after the second.",
	"urlencode":   "The text as it stands in a URL.",
	"uuidv5":      "The UUID of a name in a namespace: always the same one.",

	"cidrcontains": "Whether the address or the network lies in the network.",
	"cidrhost":     "The address with that number in the network.",
	"cidrnetmask":  "The network mask of an IPv4 network.",
	"cidrsubnet":   "The part with that number of the network, smaller by so many bits.",
	"cidrsubnets":  "Consecutive parts of the network, each smaller by so many bits.",

	"csvdecode":        "The rows of a CSV table, each as a map by the names of the first row. Columns have commas between them.",
	"base64decode":     "The text of a base64 text.",
	"base64encode":     "The text in base64.",
	"base64gzip":       "The text, compressed by gzip, in base64.",
	"base64sha256":     "The SHA-256 of the text, in base64.",
	"base64sha512":     "The SHA-512 of the text, in base64.",
	"md5":              "The MD5 of the text, in hexadecimal digits.",
	"sha1":             "The SHA-1 of the text, in hexadecimal digits.",
	"sha256":           "The SHA-256 of the text, in hexadecimal digits.",
	"sha512":           "The SHA-512 of the text, in hexadecimal digits.",
	"textdecodebase64": "The text of a base64 text in another encoding, such as UTF-16LE.",
	"textencodebase64": "The text in another encoding, in base64.",
	"yamldecode":       "The value of a YAML text.",
	"yamlencode":       "The value as YAML.",

	"file":             "The text of a file in the directory of the configuration.",
	"filebase64":       "A file, in base64.",
	"filebase64sha256": "The SHA-256 of a file, in base64.",
	"filebase64sha512": "The SHA-512 of a file, in base64.",
	"fileexists":       "Whether there is such a file.",
	"filemd5":          "The MD5 of a file, in hexadecimal digits.",
	"fileset":          "The names of the files below a folder that match a pattern, such as \"*.pem\".",
	"filesha1":         "The SHA-1 of a file, in hexadecimal digits.",
	"filesha256":       "The SHA-256 of a file, in hexadecimal digits.",
	"filesha512":       "The SHA-512 of a file, in hexadecimal digits.",
	"pathexpand":       "The path with ~ replaced by the home directory.",
	"templatefile":     "The text of a file, with the templates in it evaluated for the variables.",

	"ephemeralasnull": "The value as it is; Terraform's function of that name has nothing to do here.",
	"issensitive":     "Whether the value is secret.",
	"nonsensitive":    "A value computed from sensitive variables, to be shown. What comes of secret() stays secret.",
	"secret":          "The secret at an origin, such as secret(\"env:CAMERA_PASSWORD\"); see camform help secrets.",
	"sensitive":       "The value, to be hidden.",
}
