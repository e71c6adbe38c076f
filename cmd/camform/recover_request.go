package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/recover"
	"camform/providers"
	"camform/providers/hikvision/sadp"
)

func recoverRequestCommand(a *app) *cobra.Command {
	flags, where := &caseFlags{}, &asking{}
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Have the device make the code that support needs, once",
		Long: `Ask the device once, with the vendor's discovery protocol, for the code that support needs for an authorised reset, and keep it byte
for byte. The attempt is recorded before it is made: each new code voids the one before it, so none must be made twice by mistake.
The request is valid for 48 hours, and the device must stay powered until then.

-target or -interface say where to ask. Where camform cannot ask, export the file once with the vendor's tool, and attach it:
camform recover attach FILE -as device_export.`,
		Args: noArgs,
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, _ []string) error {
			if _, err := r.may(recover.Code, flags.again); err != nil {
				return err
			}
			if where.target == "" && len(where.interfaces) == 0 {
				return errors.New("say where to ask with -target or -interface")
			}
			return r.request(ctx, *where, flags.again)
		}),
	}
	flags.add(cmd.Flags())
	flags.addAgain(cmd.Flags())
	where.add(cmd.Flags())
	return cmd
}

// request asks the device for its code. Which one that is, is found out before, and nothing is noted until that is certain.
func (r *recovery) request(parent context.Context, where asking, again string) error {
	_, stop, release := r.interruptible(parent)
	defer release()
	found, err := r.ask(stop, where)
	if err != nil {
		return err
	}
	mac := providers.NormalMAC(found[recover.MAC])
	want := r.facts.Expected(r.Case).Serial
	if mac == "" || want == "" || !strings.EqualFold(found[recover.Serial], want) {
		return fmt.Errorf("the device did not confirm that it is %s, so camform did not ask it for a code; make sure that it has power, and say where to ask", want)
	}
	search, err := (&discovering{interfaces: where.interfaces, target: where.target}).search(r.rules.Within("."))
	if err != nil {
		return err
	}
	over, others, err := search.sockets()
	if err != nil {
		return err
	}
	if err := r.happened(parent, recover.Event{Step: recover.Code, Kind: recover.Begun, Data: found, Remark: again}); err != nil {
		return err
	}
	answer, err := sadp.Tell(stop, over, others, sadp.GetCode(sadp.NewID(), mac))
	switch {
	case errors.Is(err, sadp.ErrUnsent):
		return r.unasked(parent, recover.Event{Data: map[string]string{recover.Spent: "no"}, Remark: err.Error()})
	case err != nil:
		return fmt.Errorf("%w: whether it made a code is uncertain. camform recover next -case %s says what to do", err, r.ID)
	case !answer.Succeeded() || answer.Code == "":
		return r.unasked(parent, recover.Event{Remark: fmt.Sprintf("the device answered %s", diag.Quote(answer.Result))})
	}
	return r.told(parent, recover.Event{Step: recover.Code, Kind: recover.Done, Data: found},
		engine.Attach("device-code.xml", "device_export", answer.Packet))
}

// unasked notes that no code was made.
func (r *recovery) unasked(ctx context.Context, e recover.Event) error {
	e.Step, e.Kind = recover.Code, recover.Failed
	if err := r.happened(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("the device made no code: %s", e.Remark)
}

// sockets are where a message to one device leaves, and where its answer may arrive.
func (s search) sockets() (over sadp.Socket, others []sadp.Socket, err error) {
	if s.target.IsValid() {
		over, err = sadp.Unicast(s.target)
		return over, nil, err
	}
	all, err := sadp.Multicast(s.interfaces...)
	i := slices.IndexFunc(all, func(s sadp.Socket) bool { return s.To != nil })
	if i < 0 {
		return over, nil, errors.Join(errors.New("no interface can be used"), err)
	}
	return all[i], slices.Delete(slices.Clone(all), i, i+1), nil
}

// attaching says what a file is, and how it came.
type attaching struct{ as, from, to, channel, ref string }

const maxAttachment = 16 << 20

func recoverAttachCommand(a *app) *cobra.Command {
	flags, file := &caseFlags{}, &attaching{}
	cmd := &cobra.Command{
		Use:   "attach FILE",
		Short: "Keep a file with a case: an export of the device, an answer of support, a letter, a photo",
		Long: `Keep a file with a case, sealed, byte for byte, with its hash and the channel by which it came or went: the record of the case has
all correspondence. Public channels are refused, since anybody who reads the files can open the device. Never attach a password.

    -as device_export    the file that the vendor's tool exported for support; a request to support starts with it
    -as answer           the answer of support
    -as device_log       the device's own log of its reset
    -as bundle, correspondence, photo, other`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, args []string) error {
			return r.attach(ctx, args[0], *file, flags.again)
		}),
	}
	flags.add(cmd.Flags())
	flags.addAgain(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&file.as, "as", "other", "what the file is: `WHAT`")
	sayVar(f, &file.from, "from", "who sent it: `NAME`")
	sayVar(f, &file.to, "to", "who it was sent to: `NAME`")
	f.StringVar(&file.channel, "channel", "", "how it came or went: "+strings.Join(recover.Channels, ", ")+" (`CHANNEL`)")
	sayVar(f, &file.ref, "ref", "`NUMBER` of the ticket")
	return cmd
}

// attach keeps a file, and says what that means for the case.
func (r *recovery) attach(ctx context.Context, path string, file attaching, again string) error {
	switch {
	case r.Custody != recover.Here:
		return fmt.Errorf("the case %s is %s", r.ID, r.Custody)
	case !slices.Contains(recover.Attachments, file.as):
		return fmt.Errorf("-as: %s is not one of %s", diag.Quote(file.as), strings.Join(recover.Attachments, ", "))
	case file.from == "" && file.to == "":
		return errors.New("say with -from who sent the file, or with -to who it was sent to")
	case !slices.Contains(recover.Channels, file.channel):
		return fmt.Errorf("-channel: %s is not allowed, since others could read the file on the way; use one of %s", diag.Quote(file.channel), strings.Join(recover.Channels, ", "))
	}
	content, err := limited(path)
	if err != nil {
		return err
	}
	e := recover.Event{Step: "files", Kind: recover.Told, Data: map[string]string{}}
	for name, value := range map[string]string{"from": file.from, "to": file.to, "channel": file.channel, "ref": file.ref} {
		if value != "" {
			e.Data[name] = value
		}
	}
	step := map[string]string{"device_export": recover.Code, "answer": recover.Answer, "device_log": recover.Log}[file.as]
	if step != "" {
		s, err := r.may(step, again)
		if err != nil && s.State == recover.Underway && step == recover.Code {
			err = nil // it is the end of what was begun
		}
		if err != nil {
			return err
		}
		if why := recover.Premature(r.Case, step); why != "" {
			return errors.New(why)
		}
		e.Step, e.Kind = step, recover.Done
	}
	if step == recover.Answer {
		if p, open := recover.PendingIn(r.Case, r.engine.Now()); !open || p.Over() {
			return fmt.Errorf("the request is no longer valid, so an answer to it will not work; camform recover next -case %s says what to do", r.ID)
		}
	}
	if p, open := recover.PendingIn(r.Case, r.engine.Now()); step == recover.Code && open && !p.Over() && again == "" && r.Last(recover.Code).Kind == recover.Done {
		return fmt.Errorf("the case has had a request since %s, which another export would void", diag.Time(p.Since))
	}
	return r.told(ctx, e, engine.Attach(filepath.Base(path), file.as, content))
}

// limited reads a file that is to be attached.
func limited(path string) ([]byte, error) {
	content, err := readBounded(path, maxAttachment)
	switch {
	case err != nil:
		return nil, err
	case len(content) == 0:
		return nil, fmt.Errorf("%s is empty", path)
	case len(content) > maxAttachment:
		return nil, fmt.Errorf("%s is larger than %d MB", path, maxAttachment>>20)
	}
	return content, nil
}
