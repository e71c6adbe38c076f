package apply

import (
	"context"
	"errors"
	"time"

	"camform/providers"
)

// line is the connection to a device, with the session on it.
type line struct {
	provider providers.Connector
	target   providers.Target // with the credential that the device accepted last
	session  providers.Session
	identity providers.Identity  // of who answered last
	limits   providers.Documents // that give limits: they belong to the firmware, so each is read once

	// awaiting learns that the device is waited for, and since when: as soon as it does not answer, and each awaitBeat after that.
	awaiting func(waited time.Duration)
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

// restart is how long a device is waited for that went away after a write: web servers restart for many settings.
const restart = 180 * time.Second

// awaitBeat is how often it is reported that a device is waited for, at most.
const awaitBeat = 20 * time.Second

// isAway reports whether an error after a write may be that of a device whose web server restarts. One that forbids everything
// is starting as well, or has locked the login: that the password is wrong is never a reason.
func isAway(err error) bool {
	return errors.Is(err, providers.ErrUnreachable) || errors.Is(err, providers.ErrBusy) || errors.Is(err, providers.ErrLocked)
}

// await asks the device without a login until it answers again, as long as a restart may take. The error says why it does not.
func (l *line) await(ctx context.Context, sleep func(context.Context, time.Duration) error) error {
	reader := l.provider.Open(l.target)
	defer reader.Close()
	awaited, ok := reader.(providers.Awaited)
	if !ok {
		return providers.ErrUnsupported
	}
	begun, next := time.Now(), time.Duration(0)
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		err := awaited.Awake(ctx)
		waited := time.Since(begun)
		if err == nil || !isAway(err) || waited+pause > restart {
			return err
		}
		if waited >= next {
			l.awaiting(waited)
			next = waited + awaitBeat
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
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
