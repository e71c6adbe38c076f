package operator

import (
	"time"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/signers"
)

// snapshots are whose snapshots plans are made from, and how old those may be.
type snapshots struct {
	signers []signers.Signer
	people  int
	longest time.Duration // 0 for no limit
	lineage string        // of the state; empty for any
}

type snapshotsShape struct {
	Signers *hcl.Attribute `hcl:"signers" takes:"text" doc:"The whole path of a file that says who may sign snapshots."`
	MaxAge  *hcl.Attribute `hcl:"max_age,optional" takes:"text" doc:"How old a snapshot may be, such as 24h. Any age by default."`
	Lineage string         `hcl:"lineage,optional" takes:"text" doc:"The state that snapshots must be of. Any by default."`
}

func (p *parser) snapshots(shape *snapshotsShape) *snapshots {
	if shape == nil {
		return nil
	}
	s := &snapshots{lineage: shape.Lineage}
	path := p.path(shape.Signers)
	text, err := readOurs(path)
	if err != nil {
		p.wrong(shape.Signers.Expr.Range(), "%s: %s.", path, reason(err))
		return s
	}
	lines, people, errs := signers.ParseLines(string(text), signers.Snapshots)
	for _, err := range errs {
		p.wrong(shape.Signers.Expr.Range(), "%s:%s.", path, err)
	}
	if people == 0 && len(errs) == 0 {
		p.wrong(shape.Signers.Expr.Range(), "%s names nobody who may sign snapshots.", path)
	}
	for _, line := range lines {
		found, _ := signers.ParseLine(line, signers.Snapshots) // it was parsed before
		s.signers = append(s.signers, found...)
	}
	s.people = people
	var age string
	if shape.MaxAge != nil && p.decode(shape.MaxAge, &age) {
		if s.longest, err = time.ParseDuration(age); err != nil || s.longest <= 0 {
			p.wrong(shape.MaxAge.Expr.Range(), "%q is not a duration; write it like 24h or 90m.", age)
		}
	}
	return s
}

// SnapshotSigners are who may sign snapshots by each file that says so: somebody has to be in all of them.
func (r Rules) SnapshotSigners() [][]signers.Signer {
	var all [][]signers.Signer
	for _, f := range r.files {
		if f.snapshots != nil {
			all = append(all, f.snapshots.signers)
		}
	}
	return all
}

// SnapshotAge is how old the reading of a device may be at most, of the age that somebody asks for.
func (r Rules) SnapshotAge(asked time.Duration) time.Duration {
	for _, f := range r.files {
		if f.snapshots != nil && f.snapshots.longest > 0 {
			asked = min(asked, f.snapshots.longest)
		}
	}
	return asked
}

// SnapshotLineages are the states that snapshots may be of; none for any.
func (r Rules) SnapshotLineages() []string {
	var all []string
	for _, f := range r.files {
		if f.snapshots != nil && f.snapshots.lineage != "" {
			all = append(all, f.snapshots.lineage)
		}
	}
	return all
}
