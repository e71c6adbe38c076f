package vault

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"go.yaml.in/yaml/v3"
)

// sopsLimit bounds the size of a SOPS file, in bytes.
const sopsLimit = 8 << 20

// errOtherSOPS says that a file is one of SOPS which only the program sops can read.
var errOtherSOPS = errors.New("only the program sops reads this file")

// sopsFile is a file of SOPS: YAML or JSON, of which each value is encrypted for itself by AES-256-GCM with the names on
// the way to it as additional data, and a code over all values in their order. See https://getsops.io/docs.
type sopsFile struct {
	root *yaml.Node // without the key sops
	meta sopsMeta
}

// sopsMeta is what stands below the key sops, as far as it matters to a reader with an age key.
type sopsMeta struct {
	Age []struct {
		Enc string `yaml:"enc"`
	} `yaml:"age"`
	LastModified string `yaml:"lastmodified"`
	MAC          string `yaml:"mac"`

	UnencryptedSuffix string `yaml:"unencrypted_suffix"`
	EncryptedSuffix   string `yaml:"encrypted_suffix"`
	UnencryptedRegex  string `yaml:"unencrypted_regex"`
	EncryptedRegex    string `yaml:"encrypted_regex"`
	MACOnlyEncrypted  bool   `yaml:"mac_only_encrypted"`

	// Those make it a file that is left to the program.
	KeyGroups               []yaml.Node `yaml:"key_groups"`
	UnencryptedCommentRegex string      `yaml:"unencrypted_comment_regex"`
	EncryptedCommentRegex   string      `yaml:"encrypted_comment_regex"`
}

// readSOPS reads FILE#KEY.
func (o *Origins) readSOPS(ctx context.Context, place string) (string, error) {
	path, key, _ := strings.Cut(place, "#")
	path = o.path(path)
	text, err := readBounded(path, sopsLimit)
	if err != nil {
		return "", err
	}
	value, err := o.decryptSOPS(text, strings.Split(key, "."))
	if errors.Is(err, errOtherSOPS) {
		return o.runSOPS(ctx, path, key, err)
	}
	if err != nil {
		return "", fmt.Errorf("%s#%s: %w", path, key, err)
	}
	return value, nil
}

// decryptSOPS returns a value of a SOPS file, after all of the file was proven to be as it was written.
func (o *Origins) decryptSOPS(text []byte, key []string) (string, error) {
	file, err := parseSOPS(text)
	if err != nil {
		return "", err
	}
	dataKey, err := o.sopsKey(file.meta)
	if err != nil {
		return "", err
	}
	reader, err := newSOPSReader(file.meta, dataKey)
	if err != nil {
		return "", err
	}
	if err := reader.read(file.root, nil); err != nil {
		return "", err
	}
	if err := reader.verify(file.meta); err != nil {
		return "", err
	}
	leaf, err := find(file.root, key)
	if err != nil {
		return "", err
	}
	value, ok := reader.values[leaf]
	switch {
	case !ok:
		return "", fmt.Errorf("%w: it is not a single value", ErrAbsent)
	case value == "":
		return "", fmt.Errorf("%w: it is empty", ErrAbsent)
	}
	return value, nil
}

func parseSOPS(text []byte) (sopsFile, error) {
	var document yaml.Node
	// What is wrong with the text is told without quoting it.
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return sopsFile{}, fmt.Errorf("%w: it is neither YAML nor JSON with names at the top", errOtherSOPS)
	}
	if decoder := yaml.NewDecoder(bytes.NewReader(text)); decoder.Decode(new(yaml.Node)) != nil || decoder.Decode(new(yaml.Node)) == nil {
		return sopsFile{}, fmt.Errorf("%w: it has several documents", errOtherSOPS)
	}
	root := document.Content[0]
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i].Value != "sops" {
			continue
		}
		file := sopsFile{root: root}
		if root.Content[i+1].Decode(&file.meta) != nil {
			return sopsFile{}, fmt.Errorf("%w: what stands below sops has another form", errOtherSOPS)
		}
		root.Content = append(root.Content[:i:i], root.Content[i+2:]...)
		m := file.meta
		if len(m.Age) == 0 || len(m.KeyGroups) > 0 || m.UnencryptedCommentRegex != "" || m.EncryptedCommentRegex != "" {
			return sopsFile{}, fmt.Errorf("%w: it has no age recipients, or other things that camform does not read", errOtherSOPS)
		}
		return file, nil
	}
	return sopsFile{}, errors.New("it is not encrypted by SOPS")
}

// sopsKey opens the data key of a file with the identities that SOPS would use.
func (o *Origins) sopsKey(meta sopsMeta) ([]byte, error) {
	identities, err := o.sopsIdentities()
	if err != nil {
		return nil, err
	}
	if len(identities) == 0 {
		return nil, fmt.Errorf("%w: there is no identity to open it; set SOPS_AGE_KEY_FILE or SOPS_AGE_KEY", errOtherSOPS)
	}
	for _, recipient := range meta.Age {
		sealed, err := age.Decrypt(armor.NewReader(strings.NewReader(recipient.Enc)), identities...)
		if err != nil {
			continue
		}
		key := new(bytes.Buffer)
		if _, err := key.ReadFrom(sealed); err == nil && key.Len() == sha256.Size {
			return key.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("%w: no identity of SOPS_AGE_KEY_FILE or SOPS_AGE_KEY opens it", errOtherSOPS)
}

func (o *Origins) sopsIdentities() ([]age.Identity, error) {
	var all []age.Identity
	if path := o.env("SOPS_AGE_KEY_FILE"); path != "" {
		text, err := readBounded(o.path(path), identityLimit)
		if err != nil {
			return nil, fmt.Errorf("SOPS_AGE_KEY_FILE: %w", err)
		}
		if all, err = parseIdentities(path, text); err != nil {
			return nil, fmt.Errorf("SOPS_AGE_KEY_FILE: %w", err)
		}
	}
	if text := o.env("SOPS_AGE_KEY"); text != "" {
		own, err := parseIdentities("SOPS_AGE_KEY", []byte(text))
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

// runSOPS lets the program sops read a value. It knows more keys than those of age.
func (o *Origins) runSOPS(ctx context.Context, path, key string, why error) (string, error) {
	if _, err := exec.LookPath("sops"); err != nil {
		return "", fmt.Errorf("%s#%s: %w; for other keys install sops (https://getsops.io), which is then run", path, key, why)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	printed, err := o.run(ctx, []string{"sops", "decrypt", "--extract", extracting(key), absolute})
	if err != nil {
		return "", fmt.Errorf("%s#%s: %w; sops was run: %w", path, key, why, err)
	}
	return withoutNewline(printed, path+"#"+key)
}

// extracting writes a key as sops wants it: ["gate"]["admin"], and [0] for an entry of a list.
func extracting(key string) string {
	var written strings.Builder
	for _, name := range strings.Split(key, ".") {
		if index, err := strconv.Atoi(name); err == nil {
			fmt.Fprintf(&written, "[%d]", index)
		} else {
			fmt.Fprintf(&written, "[%q]", name)
		}
	}
	return written.String()
}

// find goes down to a value.
func find(node *yaml.Node, key []string) (*yaml.Node, error) {
	for _, name := range key {
		next := child(node, name)
		if next == nil {
			return nil, fmt.Errorf("%w: there is no %s", ErrAbsent, name)
		}
		node = next
	}
	return node, nil
}

// child is the value of a name, or the entry of a list at an index; nil if there is none.
func child(node *yaml.Node, name string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if index, err := strconv.Atoi(name); err == nil && index >= 0 && index < len(node.Content) {
			return node.Content[index]
		}
	}
	return nil
}

// sopsReader decrypts the values of a file in their order.
type sopsReader struct {
	key       cipher.AEAD
	encrypted func(path []string) bool
	only      bool // encrypted values count for the code, and others do not
	sum       hash.Hash
	values    map[*yaml.Node]string
}

// sopsNonce is the size of a nonce of SOPS, in bytes: larger than what is common for AES-GCM.
const sopsNonce = 32

func newSOPSReader(meta sopsMeta, dataKey []byte) (*sopsReader, error) {
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return nil, err
	}
	key, err := cipher.NewGCMWithNonceSize(block, sopsNonce)
	if err != nil {
		return nil, err
	}
	encrypted, err := meta.chosen()
	if err != nil {
		return nil, err
	}
	r := &sopsReader{key: key, encrypted: encrypted, only: meta.MACOnlyEncrypted, sum: sha512.New(), values: map[*yaml.Node]string{}}
	if r.only {
		start := sha256.Sum256([]byte("sops")) // tells such a code from one over all values
		r.sum.Write(start[:])
	}
	return r, nil
}

// chosen tells which values are encrypted, by the names on the way to them. At most one rule is set, and all but those
// with the suffix _unencrypted are encrypted if none is.
func (m sopsMeta) chosen() (func(path []string) bool, error) {
	ends := func(suffix string) func(string) bool {
		return func(name string) bool { return strings.HasSuffix(name, suffix) }
	}
	switch {
	case m.EncryptedRegex != "" || m.UnencryptedRegex != "":
		expression, err := regexp.Compile(m.EncryptedRegex + m.UnencryptedRegex)
		if err != nil || m.EncryptedRegex != "" && m.UnencryptedRegex != "" {
			return nil, fmt.Errorf("%w: it says otherwise which values are encrypted", errOtherSOPS)
		}
		return matching(expression.MatchString, m.EncryptedRegex != ""), nil
	case m.EncryptedSuffix != "":
		return matching(ends(m.EncryptedSuffix), true), nil
	case m.UnencryptedSuffix != "":
		return matching(ends(m.UnencryptedSuffix), false), nil
	}
	return matching(ends("_unencrypted"), false), nil
}

// matching gives found for a path with a name that fits, and the opposite for others.
func matching(fits func(string) bool, found bool) func(path []string) bool {
	return func(path []string) bool {
		for _, name := range path {
			if fits(name) {
				return found
			}
		}
		return !found
	}
}

// read decrypts what is below a node. Entries of a list have the path of the list.
func (r *sopsReader) read(node *yaml.Node, path []string) error {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			if err := r.read(node.Content[i+1], append(path[:len(path):len(path)], node.Content[i].Value)); err != nil {
				return err
			}
		}
		return nil
	case yaml.SequenceNode:
		for _, entry := range node.Content {
			if err := r.read(entry, path); err != nil {
				return err
			}
		}
		return nil
	case yaml.ScalarNode:
		return r.leaf(node, path)
	default:
		return fmt.Errorf("%w: it has values that refer to others", errOtherSOPS)
	}
}

func (r *sopsReader) leaf(node *yaml.Node, path []string) error {
	if node.Tag == "!!null" {
		return nil
	}
	encrypted, read := r.encrypted(path), plainValue
	if encrypted {
		read = func(node *yaml.Node) (string, error) { return r.decrypt(node.Value, strings.Join(path, ":")+":") }
	}
	value, err := read(node)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(path, "."), err)
	}
	if encrypted || !r.only {
		r.sum.Write([]byte(value))
	}
	r.values[node] = value
	return nil
}

// plainValue is a value that is not encrypted, written as SOPS counts it.
func plainValue(node *yaml.Node) (string, error) {
	var err error
	switch node.Tag {
	case "!!int":
		var n int
		err = node.Decode(&n)
		return strconv.Itoa(n), err
	case "!!float":
		var f float64
		err = node.Decode(&f)
		return strconv.FormatFloat(f, 'f', -1, 64), err
	case "!!bool":
		var b bool
		err = node.Decode(&b)
		if b {
			return "True", err
		}
		return "False", err
	case "!!timestamp":
		return "", fmt.Errorf("%w: it has a date that is not encrypted", errOtherSOPS)
	}
	return node.Value, nil
}

var sopsValue = regexp.MustCompile(`^ENC\[AES256_GCM,data:([^,]*),iv:([^,]+),tag:([^,]+),type:(str|int|float|bytes|bool)\]$`)

// decrypt reads one value. An empty text is not encrypted.
func (r *sopsReader) decrypt(text, additional string) (string, error) {
	if text == "" {
		return "", nil
	}
	parts := sopsValue.FindStringSubmatch(text)
	if parts == nil {
		return "", fmt.Errorf("%w: a value is not encrypted", ErrDamaged)
	}
	var raw [3][]byte
	for i := range raw {
		var err error
		if raw[i], err = base64.StdEncoding.Strict().DecodeString(parts[i+1]); err != nil {
			return "", fmt.Errorf("%w: a value is not in base64", ErrDamaged)
		}
	}
	data, nonce, tag := raw[0], raw[1], raw[2]
	if len(nonce) != sopsNonce {
		return "", fmt.Errorf("%w: a nonce has the wrong size", ErrDamaged)
	}
	plain, err := r.key.Open(nil, nonce, append(data, tag...), []byte(additional))
	if err != nil {
		return "", fmt.Errorf("%w: a value was changed, or moved here from elsewhere", ErrDamaged)
	}
	return string(plain), nil
}

// verify proves that no value was exchanged, added or removed.
func (r *sopsReader) verify(meta sopsMeta) error {
	modified, err := time.Parse(time.RFC3339, meta.LastModified)
	if err != nil {
		return fmt.Errorf("%w: lastmodified is not a time", ErrDamaged)
	}
	want, err := r.decrypt(meta.MAC, modified.Format(time.RFC3339))
	if err != nil {
		return fmt.Errorf("mac: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(want), fmt.Appendf(nil, "%X", r.sum.Sum(nil))) != 1 {
		return fmt.Errorf("%w: the file was changed without sops", ErrDamaged)
	}
	return nil
}
