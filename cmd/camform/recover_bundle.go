package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/operator"
	"camform/engine/papers"
	"camform/engine/recover"
	"camform/engine/shell"
)

// bundleFlags are the options of bundle.
type bundleFlags struct {
	caseFlags
	by      papers.Requester
	to      string // contact that gets it
	channel string
}

func recoverBundleCommand(a *app) *cobra.Command {
	flags := &bundleFlags{}
	cmd := &cobra.Command{
		Use:   "bundle [FILE]",
		Short: "Assemble the request to support, and write it for the hand-over",
		Long: `Assemble the request to support: the form with the details that the vendor asks for, the photo of the label, and the code or file
that the device issued; never a password. It is kept with the case, sealed. -name and -email say who is asking.

With a FILE, the request is also written there as a zip archive that only you can read, to hand over to -to over -channel: the
vendor's portal (portal), encrypted e-mail (smime, pgp) or in person (in_person). If the operator's rules name contacts, -to must be
one of them. Delete the file after the hand-over, and record the hand-over: camform recover done handed_over.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: inCase(a, &flags.caseFlags, func(ctx context.Context, r *recovery, args []string) error {
			if len(args) == 1 {
				return r.writeBundle(ctx, args[0], flags)
			}
			if _, err := r.may(recover.Bundle, flags.again); err != nil {
				return err
			}
			return r.makeBundle(ctx, flags)
		}),
	}
	flags.add(cmd.Flags())
	flags.addAgain(cmd.Flags())
	f := cmd.Flags()
	sayVar(f, &flags.by.Name, "name", "who is asking (`NAME`)")
	sayVar(f, &flags.by.Email, "email", "where support should answer (`ADDRESS`)")
	sayVar(f, &flags.by.Phone, "phone", "telephone `NUMBER`")
	sayVar(f, &flags.by.Company, "company", "`NAME` of the company")
	sayVar(f, &flags.by.Country, "country", "`COUNTRY` of the device")
	sayVar(f, &flags.by.Role, "role", "`ROLE` of the person who is asking: owner, custodian, installer")
	sayVar(f, &flags.to, "to", "contact who gets it (`NAME`)")
	f.StringVar(&flags.channel, "channel", "", "how it gets there: portal, smime, pgp or in_person")
	return cmd
}

// part is a file of a bundle.
type part struct {
	name    string
	content []byte
}

// makeBundle puts the request together and keeps it with the case.
func (r *recovery) makeBundle(ctx context.Context, flags *bundleFlags) error {
	if flags.by.Name == "" || flags.by.Email == "" {
		return errors.New("-name and -email: say who is asking, and where support should answer")
	}
	blanks, err := r.blanks(ctx)
	if err != nil {
		return err
	}
	all, err := r.enclosures(ctx)
	if err != nil {
		return err
	}
	var parts []part
	var files []recover.File
	for _, a := range all {
		if blanks.Blank(string(a.Content)) != string(a.Content) {
			fmt.Fprintf(r.err, "%s is left out: it contains a password or a recovery file of the device, which a request must not.\n", a.Name)
			continue
		}
		parts, files = append(parts, part{a.As + "-" + filepath.Base(a.Name), a.Content}), append(files, a.File)
	}
	form := papers.Request(r.Case, r.facts, flags.by, files).Blanked(blanks.Blank)
	for name, format := range map[string]view.Format{"request.html": view.HTML, "request.json": view.JSON} {
		var text bytes.Buffer
		if err := view.NewPaper(format, view.Output{Writer: &text}).Paper(form); err != nil {
			return err
		}
		parts = append(parts, part{name, text.Bytes()})
	}
	archive, err := archiveOfParts(parts)
	if err != nil {
		return err
	}
	return r.told(ctx, recover.Event{Step: recover.Bundle, Kind: recover.Done, Remark: flags.again}, engine.Attach("request.zip", "bundle", archive))
}

// enclosures are what goes along with the form: what the device gave out last, since each new one voids the one before, and photos.
func (r *recovery) enclosures(ctx context.Context) (all []engine.Attachment, err error) {
	attached, err := r.engine.Attachments(ctx, r.Case)
	if err != nil {
		return nil, err
	}
	exported := false
	for _, a := range slices.Backward(attached) {
		if a.As == "photo" || a.As == "device_export" && !exported {
			all = append(all, a)
		}
		exported = exported || a.As == "device_export"
	}
	if photo := r.facts.Record.LabelPhoto; photo != "" {
		content, err := os.ReadFile(photo)
		if err != nil {
			return nil, fmt.Errorf("the photo of the label: %w", err)
		}
		all = append(all, engine.Attach("label"+filepath.Ext(photo), "photo", content))
	}
	return all, nil
}

func archiveOfParts(parts []part) ([]byte, error) {
	slices.SortFunc(parts, func(a, b part) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	var text bytes.Buffer
	w := zip.NewWriter(&text)
	for _, p := range parts {
		f, err := w.Create(p.name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(p.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return text.Bytes(), err
}

// writeBundle writes the request that the case has last, for its hand-over.
func (r *recovery) writeBundle(ctx context.Context, file string, flags *bundleFlags) error {
	channel, err := operator.ParseChannel(flags.channel)
	switch {
	case flags.to == "":
		return errors.New("-to and -channel: say who gets the request, and how")
	case err != nil:
		return err
	}
	if err := r.rules.MaySend(flags.to, channel); err != nil {
		return err
	}
	made := r.Last(recover.Bundle)
	if made == nil || made.Kind != recover.Done || len(made.Files) == 0 {
		return errors.New("the case has no request yet; camform recover bundle -name 'NAME' -email ADDRESS makes it")
	}
	attached, err := r.engine.Attachments(ctx, r.Case)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(attached, func(a engine.Attachment) bool { return a.SHA256 == made.Files[0].SHA256 })
	if i < 0 {
		return errors.New("the case no longer has the request; make it again with -again 'REASON'")
	}
	if err := r.happened(ctx, recover.Event{
		Step: recover.Bundle, Kind: recover.Told, Data: map[string]string{"to": flags.to, "channel": flags.channel}, Remark: "written for its hand-over",
	}); err != nil {
		return err
	}
	if err := atomicfile.Create(file, attached[i].Content, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "Wrote the request to %s, SHA-256 %s. Hand it to %s only over %s, delete the file, and record the hand-over:\n  camform recover done handed_over to=%s channel=%s ref='TICKET' -case %s\n",
		file, attached[i].SHA256, flags.to, flags.channel, shell.Quoted(flags.to), flags.channel, r.ID)
	return nil
}
