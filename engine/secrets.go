package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"camform/engine/config"
	"camform/schema"
)

// readers bounds how many secrets are read at the same time: some are printed by commands.
const readers = 8

// withSecrets are devices with those of the secrets left unread by evaluation that are needed: what camform logs in
// with, and the values of the attributes that are wanted. Of a device that lacks one there is an error, with the place that asks for it.
// Each origin is read once, before any device is asked.
func withSecrets(
	ctx context.Context, devices []*config.Device, secret func(origin string) (schema.Secret, error), wanted func(*schema.Attribute) bool,
) ([]*config.Device, map[schema.Device]error) {
	u := unread{wanted: wanted, answers: map[string]answer{}}
	for _, d := range devices {
		u.complete(d)
	}
	if len(u.answers) == 0 {
		return devices, nil
	}
	u.read(ctx, secret)
	complete, lacking := make([]*config.Device, len(devices)), map[schema.Device]error{}
	for i, d := range devices {
		u.lacks = nil
		complete[i] = u.complete(d)
		if len(u.lacks) > 0 {
			lacking[d.Address] = lacked(u.lacks)
		}
	}
	return complete, lacking
}

// unread are the secrets that evaluation left unread.
type unread struct {
	wanted  func(*schema.Attribute) bool
	answers map[string]answer // by origins
	lacks   []absence         // the unavailable secrets of the device that is completed
}

// absence is an unavailable secret, with the place that asks for it.
type absence struct {
	answer
	at hcl.Range
}

// lacked is why a device is not asked: all about the first secret that it lacks, and the names of the others.
func lacked(lacks []absence) error {
	first := lacks[0]
	err := first.err
	if first.at.Filename != "" {
		err = fmt.Errorf("%w (%s:%d)", err, first.at.Filename, first.at.Start.Line)
	}
	var others []string
	for _, l := range lacks[1:] {
		if l.origin != first.origin && !slices.Contains(others, l.origin) {
			others = append(others, l.origin)
		}
	}
	if len(others) > 0 {
		err = fmt.Errorf("%w; it also lacks %s", err, strings.Join(others, ", "))
	}
	return err
}

// answer is what an origin gave.
type answer struct {
	origin string
	secret schema.Secret
	err    error
}

// read asks all origins. One that takes long does not hold up an interrupt.
func (u *unread) read(ctx context.Context, secret func(origin string) (schema.Secret, error)) {
	answers := make(chan answer, len(u.answers))
	origins := slices.Sorted(maps.Keys(u.answers))
	go func() {
		var group errgroup.Group
		group.SetLimit(readers)
		for _, origin := range origins {
			group.Go(func() error {
				a := answer{origin: origin, err: context.Cause(ctx)}
				if a.err == nil {
					a.secret, a.err = secret(origin)
				}
				answers <- a
				return nil
			})
		}
	}()
	for range origins {
		select {
		case a := <-answers:
			u.answers[a.origin] = a
		case <-ctx.Done():
			return
		}
	}
}

// complete is a device with the secrets that are there. What it needs and was not read yet is noted.
func (u *unread) complete(d *config.Device) *config.Device {
	complete := *d
	complete.Login.Password = u.value(d.Login.Password, d.Login.Source)
	complete.Settings = slices.Clone(d.Settings)
	for i, s := range d.Settings {
		for _, a := range s.Kind.Attributes {
			declared, ok := s.Attributes[a.Name]
			if !ok || declared.Policy != nil || !u.wanted(a) {
				continue
			}
			if v := u.value(declared.Value, declared.Range); v.IsKnown() && !declared.Value.IsKnown() {
				declared.Value = v
				complete.Settings[i] = complete.Settings[i].With(a.Name, declared)
			}
		}
	}
	return &complete
}

// value is a value that an expression gives. One that is known, or that only the vault will have, stays as it is.
func (u *unread) value(v cty.Value, at hcl.Range) cty.Value {
	origin := schema.Origin(v)
	if scheme, _ := schema.OriginScheme(origin); v.IsKnown() || origin == "" || scheme == schema.OriginVault {
		return v
	}
	a := u.answers[origin]
	switch {
	case a.origin == "":
		u.answers[origin] = a
	case a.err != nil:
		u.lacks = append(u.lacks, absence{a, at})
	default:
		return schema.MarkSecret(a.secret.Value(), origin)
	}
	return v
}
