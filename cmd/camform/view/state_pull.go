package view

import (
	"encoding/json"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/engine/render"
	"camform/engine/state"
)

// Pulled is all that a state remembers and that is no secret.
type Pulled struct {
	Lineage   string
	AuditLog  auditlog.Head
	Approvals json.RawMessage
	Devices   []render.Remembered // ordered by address
	Secrets   []state.SecretVersion
	Uses      []state.Uses
	Owed      []state.Owed
	Cases     []state.Case
	Held      []*state.HeldError
	Open      []state.Intent
	Runs      []state.Run
}

// pulledVersion is the version of the document.
const pulledVersion = "1.0"

// Pull prints what a state remembers as one document. The README has its fields.
func (o Output) Pull(p Pulled) error {
	d := pulledDoc{
		Version: pulledVersion, Lineage: p.Lineage, AuditLog: auditLogDoc{p.AuditLog.Seq, p.AuditLog.String()}, Approvals: p.Approvals,
		Devices: deviceDocs(p.Devices), Secrets: []secretDoc{}, Consumers: []consumerDoc{}, Owed: []owedDoc{}, Cases: []caseDoc{},
		Held: []heldDoc{}, Open: []requestDoc{}, Runs: []runDoc{},
	}
	for _, s := range p.Secrets {
		d.Secrets = append(d.Secrets, secretDoc{
			s.Name, s.Version, string(s.Status), s.Run, when(s.Created), when(s.Sent), when(s.Proven), when(s.Uncertain),
		})
	}
	for _, u := range p.Uses {
		d.Consumers = append(d.Consumers, consumerDoc{u.Device.String(), u.Told, when(u.Read)})
	}
	for _, w := range p.Owed {
		d.Owed = append(d.Owed, owedDoc{w.Item.String(), w.Account.String(), w.Origin, when(w.Since)})
	}
	for _, c := range p.Cases {
		d.Cases = append(d.Cases, caseDoc{c.ID, c.Device.String(), c.Custody, c.Generation})
	}
	for _, h := range p.Held {
		d.Held = append(d.Held, heldDoc{h.Device.String(), h.Run, h.Owner.Who, h.Owner.Operation, when(h.Acquired), when(h.Expires)})
	}
	for _, i := range p.Open {
		request := requestDoc{int64(i.ID), i.Run, i.Device.String(), i.Document, i.Method, []string{}, when(i.Begun)}
		for _, step := range i.Steps {
			request.Settings = append(request.Settings, step.Setting.String())
		}
		d.Open = append(d.Open, request)
	}
	for _, r := range p.Runs {
		d.Runs = append(d.Runs, runDoc{r.ID, r.Operation, r.PlanHash, r.Who, when(r.Started), when(r.Ended), r.Summary})
	}
	return o.document(d)
}

// when is a time for programs; empty for never.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return render.Moment(t)
}

// The shape of the document.
type (
	pulledDoc struct {
		Version   string          `json:"format_version"`
		Lineage   string          `json:"lineage"`
		AuditLog  auditLogDoc     `json:"audit_log"`
		Approvals json.RawMessage `json:"approvals"`
		Devices   []deviceDoc     `json:"devices"`
		Secrets   []secretDoc     `json:"secrets"`
		Consumers []consumerDoc   `json:"consumers"`
		Owed      []owedDoc       `json:"owed"`
		Cases     []caseDoc       `json:"cases"`
		Held      []heldDoc       `json:"held"`
		Open      []requestDoc    `json:"open_requests"`
		Runs      []runDoc        `json:"runs"`
	}
	auditLogDoc struct {
		Records int64  `json:"records"`
		Head    string `json:"head"`
	}
	secretDoc struct {
		Name      string `json:"name"`
		Version   int    `json:"version"`
		Status    string `json:"status"`
		Run       string `json:"run"`
		Created   string `json:"created"`
		Sent      string `json:"sent"`
		Proven    string `json:"proven"`
		Uncertain string `json:"uncertain"`
	}
	consumerDoc struct {
		Device string          `json:"device"`
		Uses   json.RawMessage `json:"uses"`
		Read   string          `json:"read"`
	}
	owedDoc struct {
		Item    string `json:"item"`
		Account string `json:"account"`
		Origin  string `json:"origin"`
		Since   string `json:"since"`
	}
	caseDoc struct {
		ID         string `json:"id"`
		Device     string `json:"device"`
		Custody    string `json:"custody"`
		Generation int    `json:"generation"`
	}
	heldDoc struct {
		Device    string `json:"device"`
		Run       string `json:"run"`
		Who       string `json:"who"`
		Operation string `json:"operation"`
		Since     string `json:"since"`
		Expires   string `json:"expires"`
	}
	requestDoc struct {
		ID       int64    `json:"id"`
		Run      string   `json:"run"`
		Device   string   `json:"device"`
		Document string   `json:"document"`
		Method   string   `json:"method"`
		Settings []string `json:"settings"`
		Begun    string   `json:"begun"`
	}
	runDoc struct {
		ID        string `json:"id"`
		Operation string `json:"operation"`
		PlanHash  string `json:"plan_hash"`
		Who       string `json:"who"`
		Started   string `json:"started"`
		Ended     string `json:"ended"`
		Summary   string `json:"summary"`
	}
)

func deviceDocs(all []render.Remembered) []deviceDoc {
	listed := []deviceDoc{}
	for _, r := range all {
		d := deviceDoc{
			Address: r.Device.Address.String(), Endpoint: r.Device.Endpoint, Identity: r.Device.Identity, Pin: r.Device.Pin,
			LastSeen: render.Moment(r.Device.LastSeen), Settings: []settingDoc{},
		}
		for _, s := range r.Settings {
			shown := settingDoc{
				Address: s.Address.String(), Applied: s.Applied, Observed: s.Observed, Created: s.Created,
				PendingReboot: s.PendingReboot, At: render.Moment(s.At),
			}
			for name := range s.Fingerprints {
				shown.Secrets = append(shown.Secrets, name)
			}
			slices.Sort(shown.Secrets)
			d.Settings = append(d.Settings, shown)
		}
		listed = append(listed, d)
	}
	return listed
}

// The shape of the record of a device.
type (
	deviceDoc struct {
		Address  string       `json:"address"`
		Endpoint string       `json:"endpoint"`
		Identity any          `json:"identity"`
		Pin      any          `json:"pin"`
		LastSeen string       `json:"last_seen"`
		Settings []settingDoc `json:"settings"`
	}
	settingDoc struct {
		Address       string          `json:"address"`
		Applied       json.RawMessage `json:"applied"`
		Observed      json.RawMessage `json:"observed"`
		Secrets       []string        `json:"secrets,omitempty"`
		Created       bool            `json:"created"`
		PendingReboot bool            `json:"pending_reboot"`
		At            string          `json:"at"`
	}
)
