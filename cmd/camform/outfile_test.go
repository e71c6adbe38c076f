package main

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is no file is not replaced by one: not a device, a pipe or a socket, also where a link leads to it.
func TestAnOutputReplacesRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	socket, link := filepath.Join(dir, "socket"), filepath.Join(dir, "link")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("SKIPPED: there are no sockets with names here: %v", err)
	}
	defer listener.Close()
	if err := os.Symlink(socket, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{socket, link} {
		if err := pageProduct.write(path, []byte("page")); err == nil || !strings.HasSuffix(err.Error(), " is not a regular file; name another one") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if info, err := os.Lstat(socket); err != nil || info.Mode()&fs.ModeSocket == 0 {
		t.Errorf("it is %v now (%v)", info, err)
	}
}
