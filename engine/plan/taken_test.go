package plan_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"camform/engine/consumer"
	"camform/engine/plan"
)

// Who made a plan, when, and from which lines is no part of what it does.
func TestTheHashOfTheContentIsWhatAPlanDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		want, err := plan.ContentHash(p, kinds)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := plan.Hash(p, kinds)
		other := retold(*p)
		have, err := plan.ContentHash(&other, kinds)
		if have != want || err != nil {
			t.Fatalf("told otherwise, the content is another one (%v)", err)
		}
		if after, _ := plan.Hash(p, kinds); after != before {
			t.Fatal("the plan was changed")
		}
		for i := range p.Devices {
			changed := *p
			changed.Devices = append([]plan.Device{}, p.Devices...)
			changed.Devices[i].Access.Username += "x"
			if have, _ := plan.ContentHash(&changed, kinds); have == want {
				t.Fatal("another plan has the same content")
			}
		}
	})
}

// retold is a plan that does the same, made by somebody else from other lines.
func retold(p plan.Plan) plan.Plan {
	p.Version, p.Author, p.Created, p.Taken = p.Version+"x", "somebody else", p.Created.Add(time.Hour), &plan.Taken{Signer: "x"}
	p.Configuration = plan.Configuration{Blocks: append(slices.Clone(p.Configuration.Blocks), plan.Declaration{Type: "profile", Name: "retold"})}
	p.Outputs = slices.Clone(p.Outputs)
	for i := range p.Outputs {
		p.Outputs[i].Mark += "x"
	}
	p.Devices = append([]plan.Device{}, p.Devices...)
	for i, d := range p.Devices {
		p.Devices[i].Steps = append([]plan.Step{}, d.Steps...)
		for n, s := range d.Steps {
			s.Range.Line++
			s.Why = append([]plan.Why{}, s.Why...)
			for k := range s.Why {
				s.Why[k].Source.File, s.Why[k].Profile = "other.cam.hcl", "other"
			}
			secrets := map[string]plan.SecretSource{}
			for name, secret := range s.Secrets {
				if secret.Generation > 0 {
					secret.Fingerprint = ""
				}
				secrets[name] = secret
			}
			s.Secrets = secrets
			p.Devices[i].Steps[n] = s
		}
		p.Devices[i].Skipped = append([]plan.Skipped{}, d.Skipped...)
		for n := range d.Skipped {
			p.Devices[i].Skipped[n].Source.Line++
		}
	}
	p.Usage.Lists = append([]consumer.List{}, p.Usage.Lists...)
	for i := range p.Usage.Lists {
		p.Usage.Lists[i].Read = p.Usage.Lists[i].Read.Add(time.Hour)
	}
	return p
}

func TestAPlanWithWhatIsUnknownUntilItIsAppliedIsNotComplete(t *testing.T) {
	p := small()
	if !p.Complete() || len(p.UntilApplied()) > 0 {
		t.Fatal("the plan was not complete before")
	}
	p.Devices[0].Skipped = append(p.Devices[0].Skipped, plan.Skipped{Reason: plan.UntilApply})
	if p.Complete() || len(p.UntilApplied()) != 1 || p.Devices[0].PartlyRead() {
		t.Errorf("complete: %v, %d unknown, partly read: %v", p.Complete(), len(p.UntilApplied()), p.Devices[0].PartlyRead())
	}
}
