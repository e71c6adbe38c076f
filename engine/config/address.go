package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"camform/engine/diag"
)

// hostPattern is a host name as DNS has them, with underscores, which some sites use.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?$`)

// parseAddress reads the address of a device: scheme, host and perhaps a port. The result always has a port, and its host
// is in lower case. The error goes on the sentence "The address ..." and shows no part that could be a password.
func parseAddress(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		return nil, fmt.Errorf("has no scheme. Write %s, or http:// where the device has no HTTPS yet", diag.Quote("https://"+afterAt(text)))
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a URL. Write it like \"https://192.0.2.1\" or \"https://camera.example.com:8443\"")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("begins with %s. Addresses of devices begin with http or https", diag.Quote(u.Scheme))
	case u.User != nil:
		return nil, errors.New("contains a user name. Put that into the login block")
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("has more after the host. Write only %s://%s", u.Scheme, u.Host)
	case !validHost(u.Hostname()):
		return nil, fmt.Errorf("has the host %s, which is neither an IP address nor a host name", diag.Quote(u.Hostname()))
	}
	port := u.Port()
	switch {
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return nil, fmt.Errorf("has the port %s. Ports are 1 to 65535", port)
	}
	host := net.JoinHostPort(canonicalHost(u.Hostname()), strconv.FormatUint(number, 10))
	return &url.URL{Scheme: u.Scheme, Host: host}, nil
}

// afterAt drops what stands in front of the last @, where people put names and passwords.
func afterAt(text string) string { return text[strings.LastIndex(text, "@")+1:] }

func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	onlyDigits := strings.Trim(host, "0123456789.") == ""
	return !onlyDigits && len(host) <= 253 && hostPattern.MatchString(host)
}

// canonicalHost spells a host in one way, so that equal addresses are equal strings.
func canonicalHost(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
