package apply

import (
	"context"

	"camform/providers"
)

// line is the connection to a device, with the session on it.
type line struct {
	provider providers.Connector
	target   providers.Target // with the credential that the device accepted last
	session  providers.Session
	identity providers.Identity  // of who answered last
	limits   providers.Documents // that give limits: they belong to the firmware, so each is read once
}

// readLimits reads a document that gives limits, or has it from before.
func (l *line) readLimits(ctx context.Context, path string) (providers.Document, error) {
	if doc, known := l.limits[path]; known {
		return doc, nil
	}
	doc, err := l.session.Read(ctx, path)
	if err == nil && doc.Missing == "" {
		l.limits[path] = doc
	}
	return doc, err
}

// Login ends the session and begins one with another credential, over a new connection.
func (l *line) Login(ctx context.Context, credential providers.Credential) error {
	l.close()
	target := l.target
	target.Login = credential
	l.session = l.provider.Open(target)
	identity, err := l.session.Identify(ctx)
	l.identity = identity
	if err == nil {
		l.target = target
	}
	return err
}

// Credential is the one that the session logs in with.
func (l *line) Credential() providers.Credential { return l.target.Login }

// Authenticate logs in as another account. A session that cannot do that has nothing to say against it.
func (l *line) Authenticate(ctx context.Context, credential providers.Credential) error {
	authenticator, ok := l.session.(providers.Authenticator)
	if !ok {
		return nil
	}
	return authenticator.Authenticate(ctx, credential)
}

// MayAuthenticate fails as the next login with a credential would.
func (l *line) MayAuthenticate(ctx context.Context, credential providers.Credential) error {
	authenticator, ok := l.session.(providers.Authenticator)
	if !ok {
		return nil
	}
	return authenticator.MayAuthenticate(ctx, credential)
}

func (l *line) close() {
	if l.session != nil {
		l.session.Close()
	}
}
