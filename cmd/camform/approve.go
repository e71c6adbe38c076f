package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"camform/engine/approval"
	"camform/engine/auditlog"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/shell"
)

// approveFlags are the options of approve.
type approveFlags struct {
	runFlags
	key, as, comment, out string
	expires               time.Duration
	verify                bool
}

func approveCommand(a *app) *cobra.Command {
	flags := &approveFlags{}
	cmd := &cobra.Command{
		Use:   "approve PLANFILE [APPROVALFILE]...",
		Short: "Sign a saved plan to approve it",
		Long: `Show a saved plan and sign it with an SSH key. The signature is written to a file beside the plan, where "camform apply
PLANFILE" finds it. The approvals block of the configuration says which plans need signatures, how many, and who may sign
with which key. You cannot approve a plan that you made.

The key is a private key file, or a key in ssh-agent: the one that -key names by its .pub file, or the only one there that
may sign. With -verify, nothing is signed, and you can name more approval files.

Exit code: 0 if the plan was signed, or with -verify if enough people have signed; 1 if not.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !flags.verify && len(args) > 1 {
				return errors.New("approve signs one plan; add -verify to check approvals")
			}
			ap, err := a.openApprover(cmd, flags, args[0])
			if err != nil {
				return err
			}
			defer ap.close()
			if flags.verify {
				return ap.verify(cmd.Context(), args[1:])
			}
			return ap.sign(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.key, "key", "", "sign with the private key in this `FILE`, or with the key in ssh-agent that this .pub file names")
	f.StringVar(&flags.as, "as", "", "sign as this `PERSON`, if the key is listed for several people")
	f.DurationVar(&flags.expires, "expires", 0, "how long the approval is valid (`TIME`): by default 24h, or 2h if the plan can lock everybody out of a device; at most 168h")
	f.StringVar(&flags.comment, "comment", "", "put this `TEXT` into the approval")
	f.StringVar(&flags.out, "out", "", "write the approval to this `FILE` instead of PLANFILE.approval-PERSON")
	f.BoolVar(&flags.verify, "verify", false, "show who has signed and what is missing")
	f.BoolVar(&flags.full, "full", false, "show every device, even where many have the same change")
	for _, name := range []string{"key", "as", "expires", "comment", "out"} {
		cmd.MarkFlagsMutuallyExclusive("verify", name)
	}
	return cmd
}

// approver is a workspace with the plan that is looked at. It has no store where there is no state, as on the machine of
// somebody who only approves.
type approver struct {
	*workspace
	flags   *approveFlags
	file    string // of the plan
	subject approval.Subject
	lines   *bufio.Reader // of the standard input
}

func (a *app) openApprover(cmd *cobra.Command, flags *approveFlags, file string) (*approver, error) {
	b, err := a.begin()
	if err != nil {
		return nil, err
	}
	p, err := a.readPlan(file, b.provider.Kinds())
	if err != nil {
		return nil, err
	}
	if err := b.settled(); err != nil {
		return nil, err
	}
	m, err := b.recall(cmd.Context(), cmd.Name(), b.settings.StatePath, nil)
	if err != nil {
		return nil, err
	}
	w := b.viewer(&flags.runFlags)
	if m.store != nil {
		if w, err = b.workspace(cmd.Context(), &flags.runFlags, m, nil); err != nil {
			return nil, err
		}
	}
	subject, err := w.subject(cmd.Context(), p)
	if err != nil {
		w.close()
		return nil, err
	}
	return &approver{w, flags, file, subject, bufio.NewReader(a.in)}, nil
}

// subject finds the rule that a plan falls under.
func (w *workspace) subject(ctx context.Context, p *plan.Plan) (approval.Subject, error) {
	var remembered *plan.Approvals
	if w.store != nil {
		text, err := w.approvals.LoadApprovals(ctx)
		if err != nil {
			return approval.Subject{}, err
		}
		if text != nil {
			if err := json.Unmarshal(text, &remembered); err != nil {
				return approval.Subject{}, fmt.Errorf("the approvals in the state could not be read: %w", err)
			}
		}
	}
	return approval.For(p, w.engine.Provider.Kinds(), remembered, w.rules.Approvals()...)
}

// clock is the time by which approvals are judged.
func (w *workspace) clock(ctx context.Context) (approval.Clock, error) {
	clock := approval.Clock{Now: w.engine.Now()}
	if w.store == nil {
		return clock, nil
	}
	var err error
	clock.Seen, err = w.approvals.LatestTime(ctx)
	return clock, err
}

// approved refuses a plan that not enough people have signed. The files of approvals are those that are named, and those
// beside the file of the plan; file is empty for a plan that was not saved, which nobody can have signed. The approvals of a
// plan that passes are recorded, so that a later plan cannot loosen them on its own.
func (w *workspace) approved(ctx context.Context, p *plan.Plan, file string, approvals []string) error {
	subject, err := w.subject(ctx, p)
	if err != nil {
		return err
	}
	if subject.Required() > 0 && file == "" {
		return blocked(fmt.Errorf("this plan needs the signatures of %s (%s): save it with camform plan -out=FILE, have it approved with camform approve FILE, and apply the file",
			persons(subject.Required()), reasonsFor(subject)))
	}
	verdict, err := w.judge(ctx, subject, file, approvals)
	if err != nil {
		return err
	}
	if err := blocked(w.report(verdict.Problems(), nil)); err != nil {
		return err
	}
	for _, s := range verdict.Signed {
		if err := w.auditLog.Audit(ctx, auditlog.Record{
			Run: w.run, Who: s.Principal, Action: auditlog.PlanApproved, Plan: subject.Hash, Detail: "with the key " + s.Key, Reason: s.Comment,
		}); err != nil {
			return err
		}
	}
	return w.rememberApprovals(ctx, p.Approvals)
}

func (w *workspace) judge(ctx context.Context, subject approval.Subject, file string, named []string) (approval.Verdict, error) {
	if subject.Required() == 0 {
		return approval.Verdict{}, nil
	}
	files, err := w.approvalFiles(file, named)
	if err != nil {
		return approval.Verdict{}, err
	}
	clock, err := w.clock(ctx)
	if err != nil {
		return approval.Verdict{}, err
	}
	return approval.Verify(subject, files, clock), nil
}

func (w *workspace) rememberApprovals(ctx context.Context, approvals *plan.Approvals) error {
	if approvals == nil {
		return w.approvals.SaveApprovals(ctx, nil)
	}
	text, err := json.Marshal(approvals)
	if err != nil {
		return fmt.Errorf("record the approvals: %w", err)
	}
	return w.approvals.SaveApprovals(ctx, text)
}

// approvalInfix stands between the name of a plan file and the person who signed it.
const approvalInfix = ".approval-"

// approvalFiles reads the approvals that are named and those beside a plan file, each once.
func (w *workspace) approvalFiles(file string, named []string) ([]approval.File, error) {
	paths := slices.Clone(named)
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(file)+approvalInfix) {
			paths = append(paths, filepath.Join(filepath.Dir(file), e.Name()))
		}
	}
	for i, path := range paths {
		paths[i] = filepath.Clean(path)
	}
	slices.Sort(paths)
	var files []approval.File
	for _, path := range slices.Compact(paths) {
		text, err := readBounded(path, approval.MaxFile)
		if err != nil {
			return nil, fmt.Errorf("approval: %w", err)
		}
		files = append(files, approval.File{Name: path, Text: text})
	}
	return files, nil
}

// readBounded reads a file, and of one that is too long one byte more than is allowed. Devices such as /dev/zero are refused: they have
// no end. A pipe is read, since a shell passes the output of a program as one.
func readBounded(path string, most int64) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeDevice != 0 {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, most+1))
}

// verify tells who has signed and what is missing.
func (ap *approver) verify(ctx context.Context, named []string) error {
	ap.explain()
	verdict, err := ap.judge(ctx, ap.subject, ap.file, named)
	if err != nil {
		return err
	}
	for _, s := range verdict.Signed {
		fmt.Fprintf(ap.out, "%s signed with the key %s. The approval is valid until %s.%s\n", s.Principal, s.Key, diag.Time(s.Expires), said(s.Comment))
	}
	if err := ap.report(verdict.Problems(), nil); err != nil {
		return err
	}
	fmt.Fprintf(ap.out, "The plan may be applied: camform apply %s\n", shell.Word(ap.file))
	return nil
}

// said quotes what somebody wrote into an approval.
func said(comment string) string {
	if comment == "" {
		return ""
	}
	return " Comment: " + diag.Quote(comment)
}

// explain tells what is approved and by which rule.
func (ap *approver) explain() {
	p, s := ap.subject.Plan, ap.subject
	fmt.Fprintf(ap.out, "Plan %s\nmade at %s by %s: %s, %s.\n", s.Hash, diag.Time(p.Created), diag.Quote(p.Author),
		render.Plural(approval.Changes(p), "change"), render.Plural(approval.Devices(p), "device"))
	for _, sentence := range whoSigns(s) {
		fmt.Fprintln(ap.out, sentence)
	}
}

// whoSigns says who must sign a plan.
func whoSigns(s approval.Subject) []string {
	var sentences []string
	for _, way := range s.Looser() {
		sentences = append(sentences, fmt.Sprintf("It loosens the rule for approvals: %s. So the rule of the last applied plan decides.", way))
	}
	if s.Required() == 0 {
		return append(sentences, "Judging by what is known here, it needs no signature.")
	}
	return append(sentences, fmt.Sprintf("It must be signed by %s (%s), from this list: %s.", persons(s.Required()), reasonsFor(s), strings.Join(s.People(), ", ")))
}

func persons(n int) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.Itoa(n) + " people"
}

// reasonsFor says why people must sign: "credentials: 3 changes, lockout: 1 change".
func reasonsFor(s approval.Subject) string {
	var reasons []string
	for _, c := range s.Classes() {
		reasons = append(reasons, c.Name+": "+render.Plural(c.Steps, "change"))
	}
	if len(s.Looser()) > 0 {
		reasons = append(reasons, "a looser rule for approvals")
	}
	return strings.Join(reasons, ", ")
}

// sign shows the plan, asks, and signs it.
func (ap *approver) sign(ctx context.Context) error {
	if err := whole(ap.subject.Plan); err != nil { // nobody could apply it
		return err
	}
	signer, release, err := ap.signer()
	if err != nil {
		return err
	}
	defer release()
	statement, err := ap.statement(ctx, signer.PublicKey())
	if err != nil {
		return err
	}
	if err := ap.plans().Plan(ap.subject.Plan, nil); err != nil {
		return err
	}
	fmt.Fprintln(ap.out)
	ap.explain()
	if err := ap.confirm(statement.Principal, signer.PublicKey()); err != nil {
		return err
	}
	text, err := approval.Sign(statement, signer)
	if err != nil {
		return err
	}
	return ap.saveApproval(text, statement)
}

// statement is what is to be signed with a key. One that would not count is refused, so that nobody waits for it. Where
// there is no state the rule of the last plan that was applied is not known, so that it might count nevertheless.
func (ap *approver) statement(ctx context.Context, key ssh.PublicKey) (approval.Statement, error) {
	principal, err := ap.principal(key)
	if err != nil {
		return approval.Statement{}, err
	}
	statement, err := approval.Draft(ap.subject, principal, ap.flags.comment, ap.engine.Now(), ap.flags.expires)
	if err != nil || ap.subject.Required() == 0 {
		return statement, err
	}
	clock, err := ap.clock(ctx)
	if err != nil {
		return approval.Statement{}, err
	}
	err = ap.subject.Check(statement, key, clock)
	if err != nil && ap.store == nil {
		fmt.Fprintf(ap.err, "Judging by what is known here, the approval will be refused: %s.\n", err)
		return statement, nil
	}
	return statement, err
}

func (ap *approver) saveApproval(text []byte, s approval.Statement) error {
	path := ap.flags.out
	if path == "" {
		path = ap.file + approvalInfix + url.PathEscape(s.Principal)
	}
	if err := approvalProduct.write(path, text); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Fprintf(ap.out, "Signed as %s until %s: %s\n", s.Principal, diag.Time(s.Expires), path)
	return nil
}

// confirm wants the number of devices for a plan that can lock everybody out of one, so that somebody has looked, and the
// word yes for others.
func (ap *approver) confirm(principal string, key ssh.PublicKey) error {
	fmt.Fprintf(ap.out, "\nDo you, %s, approve this plan? You are signing with the key %s.\n", principal, ssh.FingerprintSHA256(key))
	want := "yes"
	if ap.subject.LocksOut() {
		want = strconv.Itoa(approval.Devices(ap.subject.Plan))
		fmt.Fprint(ap.out, "  It can lock everybody out of a device.\n  Only the number of devices that it changes will be accepted to approve.\n\n  Enter a value: ")
	} else {
		fmt.Fprint(ap.out, "  Only 'yes' will be accepted to approve.\n\n  Enter a value: ")
	}
	answer, err := ap.lines.ReadString('\n')
	fmt.Fprintln(ap.out)
	switch {
	case strings.TrimSpace(answer) == want:
		return nil
	case err != nil && answer == "":
		return errors.New("there was no answer, so nothing was signed; somebody must look at the plan and approve it")
	default:
		return errors.New("not approved, nothing was signed")
	}
}

// principal is the person who signs with a key.
func (ap *approver) principal(key ssh.PublicKey) (string, error) {
	if ap.flags.as != "" {
		return ap.flags.as, nil
	}
	switch names := ap.subject.Principals(key); len(names) {
	case 1:
		return names[0], nil
	case 0:
		return "", fmt.Errorf("the key %s is not listed among those that may sign this plan; choose another with -key, or name yourself with -as",
			ssh.FingerprintSHA256(key))
	default:
		return "", fmt.Errorf("the key %s is listed for several people; say with -as who you are: %s",
			ssh.FingerprintSHA256(key), strings.Join(names, ", "))
	}
}

// signer finds the key to sign with. Release must be called when it is not needed any more.
func (ap *approver) signer() (key ssh.Signer, release func(), err error) {
	return signing{ap.app, ap.flags.key, ap.lines}.signer(ap.mayCount, "of those who may sign this plan")
}

// mayCount reports whether somebody other than the author of the plan may sign with a key.
func (ap *approver) mayCount(key ssh.PublicKey) bool {
	return slices.ContainsFunc(ap.subject.Principals(key), func(name string) bool {
		return slices.Contains(ap.subject.People(), name)
	})
}

// author names the person who makes plans, as approvals know people: CAMFORM_AUTHOR, or the e-mail address that git has for
// commits in the directory, or user@host.
func author(env func(string) (string, bool)) string {
	if name, ok := env("CAMFORM_AUTHOR"); ok && strings.TrimSpace(name) != "" {
		return strings.TrimSpace(name)
	}
	return cmp.Or(git("config", "user.email"), who())
}
