// Package live reads devices: who they are, and what their settings are now.
//
// Rules:
//
//   - It holds readers, which have no method that writes.
//   - Each document of a device is read once. Documents that only give limits are the same on every device of a model
//     and firmware, and are not read again once one of them has told.
//   - One dead device costs its own snapshot and nothing else. A refused login ends the session at once.
package live

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"camform/engine/graph"
	"camform/engine/report"
	"camform/engine/shell"
	"camform/providers"
	"camform/schema"
)

// Request says what to read from one device.
type Request struct {
	Target providers.Target
	Site   string // devices of one site share a limit
	Wants

	Blocked error                                           // why the device is not asked for anything that takes a login; nil if it is
	Dormant bool                                            // whether one that is blocked is asked whether it has a password at all
	Sought  bool                                            // whether one that does not answer is searched for next, which tells how it ends
	Renew   func(context.Context) (providers.Target, error) // the target when its turn has come, if that may differ; nil if not. The error is why it is not asked.
	Explain func(error) error                               // adds to an error what else is known about why; nil for nothing
	Take    func(*Snapshot)                                 // is given a snapshot without Err before the device counts as done, in its own goroutine, and may empty it; nil for nobody
}

// Wants are the parts of a device that somebody wants to read.
type Wants struct {
	Kinds []*schema.Kind
	Keys  map[string][]string // items to read, by kind, of kinds whose items live in documents of their own
	Extra []string            // further documents to read, by path
	Deep  []*schema.Kind      // kinds whose items are asked for where their lists lack them, if the device mentions them

	Archive bool            // the configuration in the form that the device alone reads; see providers.Archiver
	Log     *providers.Span // the time for which the log of the device is searched; nil for none
}

// Snapshot is what a device said. It is complete or has Err, apart from single kinds that could not be read.
type Snapshot struct {
	Device          schema.Device
	Identity        providers.Identity
	Pin             providers.Pin
	Kinds           map[string]*schema.Kind    // the kinds that were asked for, by name
	Keys            map[string][]string        // the items that were asked for, as in Wants
	Documents       providers.Documents        // as they came, with those that give limits
	Items           map[string]providers.Items // settings by kind; a kind that could not be read is missing
	Missing         map[string]string          // kinds that the device does not have, with the reason
	Unreadable      map[string]error           // kinds whose document could not be read or understood
	UnreadDocuments map[string]error           // further documents that could not be read, by path
	Source          string                     // our own address, as the connection to the device shows it; empty if not known
	Seen            []string                   // addresses at which the device says that it sees us, or itself
	Searches        map[string]*Search         // what came of asking for items that lists lack, by kind; kinds that the device does not have are missing
	Err             error                      // why the device could not be read at all

	// Activation is what the device says of its first password, with ErrInactive in Err; nil where it has one, or did not say.
	Activation *providers.Activation

	Certificate *x509.Certificate // that the device showed; nil if it was not reached over TLS

	Archive    *providers.Archive // nil if nobody asked for one, or with ArchiveErr
	ArchiveErr error              // why the device gave none; ErrUnsupported where it has none

	Log    *providers.Log // nil if nobody asked for it, or with LogErr
	LogErr error          // why the device gave none; ErrUnsupported where it has none
}

// Cache keeps documents that give limits, by what determines them. Methods are safe for concurrent use.
type Cache interface {
	Lookup(model, firmware, path string) (providers.Document, bool)
	Store(model, firmware string, doc providers.Document)
}

// Options say how to read.
type Options struct {
	Stage       report.Stage // what the reading is called in events
	Open        func(providers.Target) providers.Reader
	Interpreter providers.Interpreter
	Parallelism graph.Parallelism
	Cache       Cache
	Event       func(report.Event) // called from several goroutines
}

// Refresh reads all devices and returns a snapshot for each, in the order of the requests. When ctx ends, requests in
// flight end too, and devices that were not begun have the cause as their Err.
func Refresh(ctx context.Context, requests []Request, o Options) []*Snapshot {
	begun := time.Now()
	o.Event(report.Event{Kind: report.StageStarted, Stage: o.Stage, Total: len(requests)})
	snapshots := make([]*Snapshot, len(requests))
	indexes := make([]int, len(requests))
	for i := range indexes {
		indexes[i] = i
	}
	left := graph.Walk(ctx, indexes, func(i int) string { return requests[i].Site }, o.Parallelism, func(i int) {
		snapshots[i] = refreshOne(ctx, requests[i], o)
	})
	for _, i := range left {
		snapshots[i] = &Snapshot{Device: requests[i].Target.Device, Err: fmt.Errorf("not read: %w", context.Cause(ctx))}
	}
	o.Event(report.Event{Kind: report.StageDone, Stage: o.Stage, Elapsed: time.Since(begun)})
	return snapshots
}

func refreshOne(ctx context.Context, r Request, o Options) *Snapshot {
	begun := time.Now()
	event := report.Event{Kind: report.DeviceStarted, Stage: o.Stage, Device: r.Target.Device}
	o.Event(event)
	s := readSafely(ctx, r, o)
	if s.Err != nil && r.Explain != nil {
		s.Err = r.Explain(s.Err)
	}
	if s.Err == nil && r.Take != nil {
		r.Take(s)
	}
	event.Kind, event.Result, event.Elapsed = report.DeviceDone, ResultOf(s.Err), time.Since(begun)
	if s.Activation != nil || r.Sought && errors.Is(s.Err, providers.ErrUnreachable) {
		event.Result = report.Done // it said all that it can say, or may yet
	} else if s.Err != nil {
		event.Detail = providers.Reason(s.Err)
	}
	o.Event(event)
	return s
}

// readSafely opens a reader for Read. A panic costs the device only.
func readSafely(ctx context.Context, r Request, o Options) (s *Snapshot) {
	defer func() {
		if cause := recover(); cause != nil {
			s = &Snapshot{Device: r.Target.Device, Err: fmt.Errorf("this is a bug: %v", cause)}
		}
	}()
	if r.Blocked != nil {
		s := &Snapshot{Device: r.Target.Device, Err: r.Blocked}
		if r.Dormant {
			reader := o.Open(r.Target)
			defer reader.Close()
			s.askActivation(ctx, reader)
		}
		return s
	}
	if r.Renew != nil {
		target, err := r.Renew(ctx)
		if err != nil {
			return &Snapshot{Device: r.Target.Device, Err: err}
		}
		r.Target = target
	}
	reader := o.Open(r.Target)
	defer reader.Close()
	return Read(ctx, reader, r, o)
}

// Read takes the snapshot of one device over an open session on which nothing was sent yet.
func Read(ctx context.Context, reader providers.Reader, r Request, o Options) *Snapshot {
	s := &Snapshot{
		Device: r.Target.Device, Kinds: map[string]*schema.Kind{}, Keys: r.Keys, Documents: providers.Documents{},
		Items: map[string]providers.Items{}, Missing: map[string]string{}, Unreadable: map[string]error{}, UnreadDocuments: map[string]error{},
	}
	s.Identity, s.Err = reader.Identify(ctx)
	s.Pin = reader.Pin()
	if errors.Is(s.Err, providers.ErrInactive) {
		s.askActivation(ctx, reader)
	}
	if s.Err != nil {
		return s
	}
	for _, kind := range r.Kinds {
		s.Kinds[kind.Name] = kind
		err := s.readKind(ctx, reader, kind, r.Keys[kind.Name], o)
		if err != nil && (providers.EndsSession(err) || ctx.Err() != nil) {
			s.Err = err
			return s
		}
	}
	for _, path := range r.Extra {
		_, err := s.readDocument(ctx, reader, path)
		if err != nil && (providers.EndsSession(err) || ctx.Err() != nil) {
			s.Err = err
			return s
		}
		if err != nil {
			s.UnreadDocuments[path] = err
		}
	}
	if r.Archive {
		if s.readArchive(ctx, reader); providers.EndsSession(s.ArchiveErr) || ctx.Err() != nil {
			s.Err = s.ArchiveErr
			return s
		}
	}
	if r.Log != nil {
		if s.readLog(ctx, reader, *r.Log); providers.EndsSession(s.LogErr) || ctx.Err() != nil {
			s.Err = s.LogErr
			return s
		}
	}
	if err := s.seek(ctx, reader, r.Deep, o); err != nil {
		s.Err = err
		return s
	}
	s.Pin = reader.Pin()
	if certified, ok := reader.(providers.Certified); ok {
		s.Certificate = certified.Certificate()
	}
	return s
}

// askActivation asks a device whether it has a password, which takes no login. One that has a password, or does not say, keeps
// the error that is there; one that cannot be asked has that as its error.
func (s *Snapshot) askActivation(ctx context.Context, reader providers.Reader) {
	dormant, ok := reader.(providers.Dormant)
	if !ok {
		return
	}
	said, err := dormant.Activation(ctx)
	switch {
	case providers.EndsSession(err):
		s.Err = err
	case err == nil && !said.Activated:
		s.Activation, s.Err = &said, fmt.Errorf("it has no password yet: %w", providers.ErrInactive)
	}
}

func (s *Snapshot) readArchive(ctx context.Context, reader providers.Reader) {
	archiver, ok := reader.(providers.Archiver)
	if !ok {
		s.ArchiveErr = providers.ErrUnsupported
		return
	}
	archive, err := archiver.Archive(ctx)
	if err != nil {
		s.ArchiveErr = err
		return
	}
	s.Archive = &archive
}

func (s *Snapshot) readLog(ctx context.Context, reader providers.Reader, of providers.Span) {
	keeper, ok := reader.(providers.LogKeeper)
	if !ok {
		s.LogErr = providers.ErrUnsupported
		return
	}
	log, err := keeper.Log(ctx, of)
	if err != nil {
		s.LogErr = err
		return
	}
	s.Log = &log
}

// readKind fills in one kind. The error it returns is recorded in the snapshot already. An item whose own document cannot be read
// leaves the others as they are.
func (s *Snapshot) readKind(ctx context.Context, reader providers.Reader, kind *schema.Kind, keys []string, o Options) error {
	var withheld error
	document := func(path string) (providers.Document, error) { return s.readDocument(ctx, reader, path) }
	item := func(path string) (providers.Document, error) {
		doc, err := document(path)
		if err != nil && !providers.EndsSession(err) && ctx.Err() == nil {
			withheld = err
			doc, err = providers.Document{Path: path, Missing: providers.Reason(err), Unsure: true}, nil
			s.Documents[path] = doc
		}
		return doc, err
	}
	read := document
	if kind.Document.PerItem() {
		read = item
	}
	err := providers.ReadKind(kind, keys, read,
		func(path string) (providers.Document, error) { return s.readLimits(ctx, reader, path, o.Cache) })
	var items providers.Items
	if err == nil {
		err = providers.ReadAlone(kind, keys, s.Documents, o.Interpreter, item)
	}
	if err == nil {
		items, err = o.Interpreter.Decode(kind, keys, s.Documents)
	}
	switch {
	case errors.Is(err, providers.ErrUnsupported) && withheld != nil:
		s.Unreadable[kind.Name] = withheld
		return nil
	case errors.Is(err, providers.ErrUnsupported):
		s.Missing[kind.Name] = providers.Reason(err)
		return nil
	case err != nil:
		s.Unreadable[kind.Name] = err
		return err
	}
	s.Items[kind.Name] = items
	s.Seen = append(s.Seen, providers.SeenAt(kind, s.Documents, o.Interpreter)...)
	return nil
}

func (s *Snapshot) readDocument(ctx context.Context, reader providers.Reader, path string) (providers.Document, error) {
	if doc, ok := s.Documents[path]; ok {
		return doc, nil
	}
	doc, err := reader.Read(ctx, path)
	if err != nil {
		return doc, err
	}
	s.Documents[path] = doc
	if doc.Source != "" {
		s.Source = doc.Source
	}
	return doc, nil
}

// readLimits reads a document that gives limits. A device that refuses it has no known limits, which is no error.
func (s *Snapshot) readLimits(ctx context.Context, reader providers.Reader, path string, cache Cache) (providers.Document, error) {
	if doc, ok := s.Documents[path]; ok {
		return doc, nil
	}
	if doc, ok := cache.Lookup(s.Identity.Model, s.Identity.Firmware, path); ok {
		s.Documents[path] = doc
		return doc, nil
	}
	doc, err := reader.Read(ctx, path)
	switch {
	case err == nil:
		doc.Source = ""
		cache.Store(s.Identity.Model, s.Identity.Firmware, doc)
	case providers.EndsSession(err) || ctx.Err() != nil:
		return doc, err
	default:
		doc = providers.Document{Path: path, Missing: providers.Reason(err), Unsure: true}
	}
	s.Documents[path] = doc
	return doc, nil
}

// Fault says with what the device answered where it should have told an item of a kind, if that may as well be a fault that
// passes; empty if it is known whether there is the item. The key is empty for a kind that a device has once, and does not matter
// for one with all its items in one document.
func (s *Snapshot) Fault(kind *schema.Kind, key string) string {
	fault := ""
	for _, place := range kind.Documents() {
		doc, read := s.Documents[place.For(key).Path]
		if read && doc.Missing == "" {
			fault = ""
			break
		}
		if doc.Unsure {
			fault = doc.Missing
		}
	}
	if kind.Item != nil && kind.Item.Names != nil {
		if doc := s.Documents[kind.Item.Names.Path]; doc.Unsure {
			fault = doc.Missing
		}
	}
	if kind.Item != nil && kind.Item.Alone != "" && key != "" {
		if doc := s.Documents[kind.Item.AloneAt(key)]; doc.Unsure {
			fault = doc.Missing
		}
	}
	return fault
}

// Unread are the settings that the device may have or not (it is unknown), with the reason. Those of a kind that could not be
// read at all are one without a key.
func (s *Snapshot) Unread() map[schema.Setting]string {
	unread := map[schema.Setting]string{}
	for name, kind := range s.Kinds {
		if err := s.Unreadable[name]; err != nil {
			unread[schema.Setting{Kind: name}] = providers.Reason(err)
			continue
		}
		for _, key := range append(slices.Clone(s.Keys[name]), "") {
			if fault := s.Fault(kind, key); fault != "" && (key == "" || kind.Document.PerItem()) {
				unread[schema.Setting{Kind: name, Key: key}] = fault
			}
		}
	}
	return unread
}

// KindsOf are the kinds with the given names, each once, in the order of the names of all kinds.
func KindsOf(kinds *schema.Kinds, names []string) []*schema.Kind {
	var found []*schema.Kind
	for _, kind := range kinds.All() {
		if slices.Contains(names, kind.Name) {
			found = append(found, kind)
		}
	}
	return found
}

// ResultOf says how a device ended that stopped with err, or without one.
func ResultOf(err error) report.Result {
	switch {
	case err == nil:
		return report.Done
	case errors.Is(err, context.Canceled):
		return report.NotRun
	case errors.Is(err, providers.ErrDowngraded):
		return report.Failed
	case errors.Is(err, providers.ErrIdentity):
		return report.Mistaken
	case errors.Is(err, providers.ErrRefused), errors.Is(err, providers.ErrLocked), errors.Is(err, providers.ErrBudget):
		return report.Refused
	case errors.Is(err, providers.ErrUnreachable), errors.Is(err, providers.ErrInactive):
		return report.Unreachable
	default:
		return report.Failed
	}
}

func isElsewhere(err error) bool {
	_, is := errors.AsType[*providers.ElsewhereError](err)
	return is
}

func isMisdeclared(err error) bool {
	_, is := errors.AsType[*providers.MisdeclaredError](err)
	return is
}

// Explain says why a device could not be read, and what to do about it where the reason alone does not tell.
func Explain(err error, device schema.Device) string {
	text := providers.Reason(err)
	switch {
	case errors.Is(err, providers.ErrDowngraded):
		text += "; anybody on the path could read and change everything that is sent. Write the address with https://. If the device no longer has HTTPS, " +
			"say so in its block: tls { plain = true }"
	case errors.Is(err, providers.ErrInactive):
		text += "; activate it with the vendor's tool, or declare it with a login that has a password_policy, and camform apply sets its first password"
	case isElsewhere(err):
		text += "; if it is the same device, add a moved block; if it is a different one, add a removed block"
	case isMisdeclared(err):
		text += "; if this is the right device, correct its identity block"
	case errors.Is(err, providers.ErrUntrusted):
		text += "; for a private issuer, name the file with its certificate in the device's block: tls { ca_file = \"FILE\" }. " +
			"Without verify and ca_file, camform pins the device's key on first contact instead"
	case errors.Is(err, providers.ErrIdentity):
		text += fmt.Sprintf("; if the device was replaced or reset on purpose, run: camform state forget %s", shell.Quoted(device.String()))
	}
	return text
}
