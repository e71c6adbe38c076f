package state

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"camform/schema"
)

// Server says where a database of PostgreSQL is, and who asks it.
type Server struct {
	Host        string // name, address, or the folder of a socket
	Port        int
	Database    string
	User        string
	Password    schema.Secret // empty where the server knows who asks by other means
	Authorities []byte        // PEM of the certificates that may sign that of the server; nil for those of the system

	Key    schema.Secret // of the state: 64 hexadecimal digits
	KeyAt  string        // where that comes from, for people
	Folder string        // where this machine keeps what it notes of the state
}

// location distinguishes a database from others, for people, as that of the configuration does.
func (s Server) location() string {
	if s.isSocket() {
		return (&url.URL{Scheme: "postgres", Path: "/" + s.Database, RawQuery: url.Values{"host": {s.Host}, "port": {strconv.Itoa(s.Port)}}.Encode()}).String()
	}
	return (&url.URL{Scheme: "postgres", Host: net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), Path: "/" + s.Database}).String()
}

func (s Server) key() ([]byte, error) {
	key, ok := decodeKey(s.Key.Reveal())
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a line of %d hexadecimal digits; for a new state, create one with: openssl rand -hex %d", ErrKey, s.KeyAt, 2*keySize, keySize)
	}
	return key, nil
}

// How long things may take.
const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 2 * busyTimeout // for one statement; the longest one waits for the lock

	// idleTimeout is how long a transaction may stay open without a statement: a process that was stopped in one would keep all
	// others from writing. It is shorter than they wait.
	idleTimeout = busyTimeout * 2 / 3
)

// config is how to connect. Nothing of the environment counts, as it does for other programs: neither the place nor how the
// server is known may come from there.
func (s Server) config(owner Owner) (*pgx.ConnConfig, error) {
	secure, err := s.tls()
	if err != nil {
		return nil, err
	}
	c, err := pgx.ParseConfig("host=localhost user=x database=x sslmode=disable passfile='' target_session_attrs=any channel_binding=prefer require_auth='' " +
		"sslnegotiation=postgres min_protocol_version=3.0 max_protocol_version=3.0 connect_timeout=10")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL settings, including those from the environment (PGSERVICE and PGSERVICEFILE must not be set): %w", err)
	}
	c.Host, c.Port, c.Database, c.User, c.Password = s.Host, uint16(s.Port), s.Database, s.User, s.Password.Reveal()
	c.TLSConfig, c.Fallbacks, c.ConnectTimeout = secure, nil, connectTimeout
	c.RequireAuth = "scram-sha-256" // the server must know the password too, and does not get to see it
	if c.Password == "" {
		c.RequireAuth = "none"
	}
	c.RuntimeParams = map[string]string{
		"application_name":                    fmt.Sprintf("camform %s %s %d", owner.Operation, owner.Who, owner.PID),
		"search_path":                         Schema,
		"client_encoding":                     "UTF8",
		"synchronous_commit":                  "on",
		"lock_timeout":                        strconv.FormatInt(busyTimeout.Milliseconds(), 10),
		"idle_in_transaction_session_timeout": strconv.FormatInt(idleTimeout.Milliseconds(), 10),
		"default_transaction_isolation":       "read committed",
	}
	c.DialFunc = s.dial
	return c, nil
}

// tls is how the server proves who it is: by a certificate for its name, always. Without TLS is only what does not leave this
// machine; nil then.
func (s Server) tls() (*tls.Config, error) {
	if s.isSocket() || s.isHere() && s.Authorities == nil {
		return nil, nil
	}
	c := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.Authorities != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(s.Authorities) {
			return nil, errors.New("the ca_file in the state block contains no PEM certificate")
		}
	}
	return c, nil
}

func (s Server) isSocket() bool { return filepath.IsAbs(s.Host) }

// isHere reports whether the name of the server is that of this machine. What a name stands for is checked when it is connected to.
func (s Server) isHere() bool {
	ip := net.ParseIP(s.Host)
	return s.Host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok && s.isHere() && !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is %s, which is not this machine", s.Host, tcp.IP), conn.Close())
	}
	return &patient{Conn: conn}, nil
}

// patient is a connection that does not wait for ever: a server that is gone without a word would keep a run waiting.
type patient struct {
	net.Conn
	mu    sync.Mutex
	until time.Time // as others set it
}

// Read reads what comes within answerTimeout.
func (p *patient) Read(to []byte) (int, error) {
	if err := p.wait(); err != nil {
		return 0, err
	}
	return p.Conn.Read(to)
}

func (p *patient) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(answerTimeout)
	if !p.until.IsZero() && p.until.Before(until) {
		until = p.until
	}
	return p.Conn.SetReadDeadline(until)
}

// SetDeadline keeps an earlier time than that of Read.
func (p *patient) SetDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = t
	return p.Conn.SetDeadline(t)
}

// SetReadDeadline is SetDeadline for what is read.
func (p *patient) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = t
	return p.Conn.SetReadDeadline(t)
}
