package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/learn"
	"camform/engine/render"
	"camform/schema"
)

func importCommand(a *app) *cobra.Command {
	flags := &surveyFlags{}
	var o importing
	cmd := &cobra.Command{
		Use:   "import [ADDRESS]...",
		Short: "Write the configuration of devices as they are now",
		Long: `Read devices and write the configuration that describes them exactly as they are. Nothing is changed on any device.

ADDRESS is a host, a host with a port, or a URL; without a scheme it means HTTPS. The text goes to standard output, or with
-out to a file that must not exist yet. It says where passwords come from, and never contains one. Without -out, camform records
nothing about the devices.

    export CAMERA_PASSWORD=...
    camform import -out gate.cam.hcl 192.0.2.7

Without an address, the import blocks of the configuration say which devices to read, and how to log in to them:

    import {
      to = device.gate
      id = "https://192.0.2.7"
      login {
        username = "admin"
        password = secret("env:CAMERA_PASSWORD")
      }
    }

An import block whose device is already declared is skipped.

With -deep, camform also looks for events that a device has although its list lacks them: it asks for every event that the device
claims to have. That takes one request each, and the output says what was found and what is still unknown.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && strings.HasPrefix(args[0], "device.") {
				return fmt.Errorf("camform import reads settings from devices and writes them as configuration: write an import block with to = %s and id = the address, and run camform import", args[0])
			}
			o.addresses = args
			return a.importDevices(cmd, flags, o)
		},
	}
	flags.add(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&o.name, "name", "", "call the device `NAME`; by default it gets the name that it has itself")
	cmd.Flags().StringVar(&o.out, "out", "", "write to this `FILE`, which must not exist yet")
	return cmd
}

// importing is what to import, and where to.
type importing struct {
	addresses []string
	name, out string
}

func (a *app) importDevices(cmd *cobra.Command, flags *surveyFlags, o importing) error {
	candidates, err := o.candidates(flags)
	if err != nil {
		return err
	}
	b, err := a.begin()
	if err != nil {
		return err
	}
	cfg, problems := b.judged(&flags.runFlags, config.SecretsUnknown)
	if len(o.addresses) == 0 {
		if candidates, err = b.declaredImports(cfg, problems); err != nil {
			return err
		}
	}
	if len(candidates) == 0 {
		fmt.Fprintln(a.out, "There is nothing to import: the device of every import block is already declared.")
		return nil
	}
	if err := vacant("-out", o.out, o.out); err != nil {
		return err
	}
	if err := b.settled(); err != nil {
		return err
	}
	s, err := b.openSurvey(cmd, flags, b.settings.StatePath, ".")
	if err != nil {
		return err
	}
	defer s.close()
	return s.importAll(cmd.Context(), candidates, taken(cfg), o.out)
}

// taken are the names of the device blocks of a configuration, whatever else is wrong with it.
func taken(cfg *config.Config) []string {
	var names []string
	for _, d := range cfg.Devices {
		names = append(names, d.Address.Name)
	}
	return names
}

// candidates are the devices at the addresses that were typed.
func (o importing) candidates(flags *surveyFlags) ([]engine.Candidate, error) {
	if o.name != "" && len(o.addresses) > 1 {
		return nil, errors.New("-name is for a single device; without it, every device gets the name that it has itself")
	}
	var candidates []engine.Candidate
	for _, address := range o.addresses {
		c, err := flags.candidate(address)
		if err != nil {
			return nil, err
		}
		c.Name, c.Device = o.name, schema.Device{Name: "import", Key: c.URL.Host, Each: true}
		candidates = append(candidates, c)
	}
	return candidates, distinct(candidates)
}

// declaredImports are the devices that import blocks of the configuration name and that are not declared yet. Problems are
// what is wrong with the configuration.
func (b *beginning) declaredImports(cfg *config.Config, problems diag.Problems) ([]engine.Candidate, error) {
	needsAddress := errors.New("camform import needs the address of a device, such as 192.0.2.7, or import blocks in the configuration")
	if present, err := hasConfiguration("."); err != nil || !present {
		return nil, cmp.Or(err, needsAddress)
	}
	if err := b.report(problems, cfg.Sources); err != nil {
		return nil, err
	}
	if len(cfg.Imports) == 0 {
		return nil, needsAddress
	}
	var candidates []engine.Candidate
	for _, wanted := range cfg.Imports {
		if wanted.Declared {
			continue
		}
		origin := schema.Origin(wanted.Login.Password)
		switch scheme, _ := schema.OriginScheme(origin); {
		case wanted.To.Each:
			return nil, fmt.Errorf("%s: %s is one of several devices of a block, which import cannot write; import it under its own name, such as device.%s",
				wanted.Range, wanted.To, wanted.To.Name)
		case scheme == "", scheme == config.DerivedScheme:
			return nil, fmt.Errorf("%s: the password of an import must come from secret(\"env:NAME\") or secret(\"file:PATH\"), so that the configuration can name it", wanted.Range)
		case wanted.TLS.Verify:
			return nil, fmt.Errorf("%s: an import pins the key that the device shows; leave verify out here, and add it to the device block afterwards", wanted.Range)
		}
		candidates = append(candidates, engine.Candidate{
			Device: wanted.To, Name: wanted.To.Name, URL: wanted.URL, Username: wanted.Login.Username, Origin: origin,
			Basic: wanted.Login.Basic, Legacy: wanted.TLS.Legacy,
		})
	}
	return candidates, distinct(candidates)
}

func (s *surveyor) importAll(ctx context.Context, candidates []engine.Candidate, taken []string, out string) error {
	survey, err := s.survey(ctx, candidates)
	if err != nil {
		return err
	}
	if len(survey.Devices) == 0 {
		return s.tolerated(survey, &learn.Result{})
	}
	r := learn.Import(survey.Devices, s.learning(taken))
	if err := s.keepSecrets(r); err != nil {
		return err
	}
	text := r.Files[learn.DevicesFile]
	if out == "" {
		if _, err := s.out.Write(text); err != nil {
			return err
		}
		if err := s.tell(survey, r, "the text"); err != nil {
			return err
		}
		return s.tolerated(survey, r)
	}
	if err := s.engine.Adopt(ctx, survey, r.Addresses); err != nil {
		return err
	}
	if err := atomicfile.Create(out, text, 0o644); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	fmt.Fprintf(s.out, "Wrote %s to %s.\n", render.Plural(r.Blocks, "device"), out)
	if err := s.tell(survey, r, out); err != nil {
		return err
	}
	s.next("see that there is nothing to change", "camform plan")
	return s.tolerated(survey, r)
}

// next says what to type next, to people.
func (s *surveyor) next(why, command string) {
	if !s.automated() {
		fmt.Fprintf(s.out, "\nNext, %s:\n    %s\n", why, command)
	}
}
