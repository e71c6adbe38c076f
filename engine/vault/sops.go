package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"camform/schema"
)

// readSOPS reads FILE#KEY with the program sops, which knows how the file was encrypted, and with which keys it opens.
func (o *Origins) readSOPS(ctx context.Context, place string) (schema.Secret, error) {
	file, key, _ := strings.Cut(place, "#")
	path, err := filepath.Abs(o.path(file))
	if err != nil {
		return schema.Secret{}, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return schema.Secret{}, fmt.Errorf("%w: there is no file %s", ErrAbsent, o.path(file))
	}
	if _, err := exec.LookPath("sops"); err != nil {
		return schema.Secret{}, fmt.Errorf("only the program sops can read %s, and it is not on the PATH; install it from https://getsops.io", place)
	}
	printed, err := o.run(ctx, []string{"sops", "decrypt", "--output-type", "json", "--extract", extracting(key), path})
	if err != nil {
		return schema.Secret{}, fmt.Errorf("the program sops could not read %s: %w", place, err)
	}
	if !single(printed) {
		return schema.Secret{}, fmt.Errorf("%w: %s is not a single value", ErrAbsent, place)
	}
	return withoutNewline(printed, place)
}

// single reports whether sops printed one value, and neither null nor the JSON of what has parts. It prints text as it is.
func single(printed []byte) bool {
	var value any
	if json.Unmarshal(printed, &value) != nil {
		return true
	}
	switch value.(type) {
	case nil, map[string]any, []any:
		return false
	default:
		return true
	}
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
