package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"

	"camform/schema"
)

// Postgres says where a state on a server of PostgreSQL is. Whatever is secret is an origin.
type Postgres struct {
	Host     string // name, address, or the folder of a socket
	Port     int
	Database string
	User     string // empty where the environment says it
	Password string // origin; empty for none
	Key      string // origin of the key of the state
	CAFile   string // PEM; absolute or below Dir; empty for the authorities of the system
}

// Location tells a database from others, without who asks it.
func (p Postgres) Location() string {
	if filepath.IsAbs(p.Host) {
		return (&url.URL{Scheme: "postgres", Path: "/" + p.Database, RawQuery: url.Values{"host": {p.Host}, "port": {strconv.Itoa(p.Port)}}.Encode()}).String()
	}
	return (&url.URL{Scheme: "postgres", Host: net.JoinHostPort(p.Host, strconv.Itoa(p.Port)), Path: "/" + p.Database}).String()
}

// postgresPort is the port of a server unless its block says another one.
const postgresPort = 5432

// readPostgres reads a state block of PostgreSQL.
func readPostgres(l *loader, s scope, section *section) {
	p := &Postgres{Port: postgresPort}
	required := map[string]*string{"host": &p.Host, "database": &p.Database, "key": &p.Key}
	optional := map[string]*string{"user": &p.User, "password": &p.Password, "ca_file": &p.CAFile}
	for name, to := range required {
		text, ok := s.text(section.attributes[name])
		if !ok || text == "" {
			l.add(invalidState.at(section.block.DefRange, "A state in \"postgres\" needs %s.", name))
			return
		}
		*to = text
	}
	for name, to := range optional {
		*to, _ = s.text(section.attributes[name])
	}
	if attr := section.attributes["port"]; attr != nil {
		limit := s.limit(attr)
		if limit.Count < 1 || limit.Count > 65535 {
			l.add(invalidState.at(attr.Expr.Range(), "port must be a port, such as %d.", postgresPort))
			return
		}
		p.Port = limit.Count
	}
	for _, name := range []string{"password", "key"} {
		origin, _ := s.text(section.attributes[name])
		if err := schema.CheckOrigin(origin); origin != "" && err != nil {
			l.add(invalidState.at(section.attributes[name].Expr.Range(), "%s must say where the secret is, such as \"env:CAMFORM_STATE_%s\", and never contain it.", name, map[string]string{"password": "PASSWORD", "key": "KEY"}[name]))
			return
		}
	}
	if p.CAFile != "" && !filepath.IsAbs(p.CAFile) {
		p.CAFile = filepath.Join(l.source.dir, p.CAFile)
	}
	l.config.Settings.Postgres, l.config.Settings.StatePath, l.config.Settings.StateRange = p, p.Location(), &section.block.DefRange
}
