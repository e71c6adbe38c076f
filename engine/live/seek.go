package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// A device is asked for at most maxSought items of a kind that its list lacks, and for no more after maxTroubles of them got no clear
// answer: each of those takes the patience of a whole request.
const (
	maxSought   = 256
	maxTroubles = 3
)

// Search is what came of asking a device for items of a kind that its list lacks.
type Search struct {
	Asked    int               // items that were asked for
	Found    []string          // keys of those that the device has
	Left     int               // items that were not asked for any more
	Why      string            // why they were not, as the end of a sentence; empty if Left is 0
	Silent   bool              // the device tells nowhere which items it has
	Strange  []string          // words of the device that stand for no item that is known
	Unread   map[string]string // documents that may tell of items and could not be read, by path, with the reason
	Troubles map[string]string // items that the device may have or not (it is uncertain), by key, with the reason
}

// Whole reports whether it is known which items the device has.
func (s *Search) Whole() bool {
	return s.Left == 0 && !s.Silent && len(s.Unread) == 0 && len(s.Troubles) == 0
}

// seek asks for the items of the kinds that their lists lack, at last: the snapshot is whole without them, and what goes wrong with
// them costs nothing but them. The error is that of a run that ends.
func (s *Snapshot) seek(ctx context.Context, reader providers.Reader, kinds []*schema.Kind, o Options) error {
	for _, kind := range kinds {
		if _, listed := s.Items[kind.Name]; !listed || kind.Item == nil || len(kind.Item.Hints) == 0 {
			continue
		}
		if s.Searches == nil {
			s.Searches = map[string]*Search{}
		}
		found := &Search{Unread: map[string]string{}, Troubles: map[string]string{}}
		s.Searches[kind.Name] = found
		ended := s.hints(ctx, reader, kind, found, o)
		sought := o.Interpreter.Sought(kind, s.Documents)
		found.Silent, found.Strange = !sought.Told && len(found.Unread) == 0, sought.Strange
		if ended == nil {
			ended = s.ask(ctx, reader, kind, sought.Keys, found, o)
		}
		if found.Left = len(sought.Keys) - found.Asked; ended != nil && found.Left > 0 {
			found.Why = providers.Reason(ended)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// hints reads the documents that may tell of items. The error is one that ends the session.
func (s *Snapshot) hints(ctx context.Context, reader providers.Reader, kind *schema.Kind, found *Search, o Options) error {
	for {
		next := o.Interpreter.Hints(kind, s.Documents)
		if len(next) == 0 {
			return nil
		}
		for _, hint := range next {
			var doc providers.Document
			var err error
			if hint.OfModel {
				doc, err = s.readLimits(ctx, reader, hint.Path, o.Cache)
			} else {
				doc, err = s.readDocument(ctx, reader, hint.Path)
			}
			if err != nil || doc.Missing != "" && !o.Interpreter.Absent(doc) {
				found.Unread[hint.Path] = reasonOf(hint.Path, doc, err)
			}
			if providers.EndsSession(err) || ctx.Err() != nil {
				return err
			}
			if err != nil {
				s.Documents[hint.Path] = providers.Document{Path: hint.Path, Missing: providers.Reason(err), Unsure: true}
			}
		}
	}
}

// ask asks for items by their own addresses, and adds those that the device has to those of the kind. The error is why it did not ask
// for all of them.
func (s *Snapshot) ask(
	ctx context.Context, reader providers.Reader, kind *schema.Kind, keys []string, found *Search, o Options,
) (ended error) {
	asked := keys
	if len(keys) > maxSought {
		asked, ended = keys[:maxSought], fmt.Errorf("camform asks a device for at most %d", maxSought)
	}
	if len(asked) > 0 {
		o.Event(report.Event{Kind: report.Asking, Stage: o.Stage, Device: s.Device, Setting: schema.Setting{Device: s.Device, Kind: kind.Name}, Total: len(asked)})
	}
	for _, key := range asked {
		path := kind.Item.AloneAt(key)
		doc, err := s.readDocument(ctx, reader, path)
		found.Asked++
		if !isClear(o.Interpreter, doc, err) {
			found.Troubles[key] = reasonOf(path, doc, err)
		}
		if providers.EndsSession(err) {
			ended = err
			break
		}
		if len(found.Troubles) == maxTroubles {
			ended = fmt.Errorf("it gave no clear answer for %d of them", maxTroubles)
			break
		}
	}
	s.take(kind, asked, found, o)
	return ended
}

// isClear reports whether an answer tells if the device has an item.
func isClear(i providers.Interpreter, doc providers.Document, err error) bool {
	if err != nil {
		return errors.Is(err, providers.ErrUnsupported) || errors.Is(err, providers.ErrInvalid)
	}
	return doc.Missing == "" || i.Absent(doc)
}

// take adds the items that the device has to those of the kind.
func (s *Snapshot) take(kind *schema.Kind, asked []string, found *Search, o Options) {
	found.Found = o.Interpreter.Served(kind, asked, s.Documents)
	for _, key := range asked {
		if !slices.Contains(found.Found, key) {
			delete(s.Documents, kind.Item.AloneAt(key))
		}
	}
	if len(found.Found) == 0 {
		return
	}
	all := slices.Concat(s.Keys[kind.Name], found.Found)
	items, err := o.Interpreter.Decode(kind, all, s.Documents)
	if err != nil {
		for _, key := range found.Found {
			found.Troubles[key] = providers.Reason(err)
			delete(s.Documents, kind.Item.AloneAt(key))
		}
		found.Found = nil
		return
	}
	s.Items[kind.Name], s.Keys = items, maps.Clone(s.Keys)
	if s.Keys == nil {
		s.Keys = map[string][]string{}
	}
	s.Keys[kind.Name] = all
}

// reasonOf is why nothing could be read at a path, which the caller names when reporting it.
func reasonOf(path string, doc providers.Document, err error) string {
	reason := doc.Missing
	if err != nil {
		reason = providers.Reason(err)
	}
	return strings.TrimPrefix(reason, "read "+path+": ")
}
