package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/learn"
	"camform/engine/render"
	"camform/schema"
)

func learnCommand(a *app) *cobra.Command {
	flags := &surveyFlags{}
	var inventory, out string
	cmd := &cobra.Command{
		Use:   "learn -inventory FILE -out DIR",
		Short: "Write the shortest configuration of many devices as they are now",
		Long: `Read the devices of an inventory and write a short configuration that describes them exactly as they are: profiles for the
settings that they share, and a line in a table for each device. Nothing is changed on any device.

The inventory is a CSV file whose first line names its columns: name and address, and optionally username, password (its
origin, such as env:NAME), site, tags (separated by spaces), model and serial. Other columns are ignored.

    export CAMERA_PASSWORD=...
    camform learn -inventory inventory.csv -out fleet

With -deep, camform also looks for events that devices have although their lists lack them: it asks each device for every event
that it claims to have. That takes one request each, and the output says what was found and what is still unknown.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if inventory == "" || out == "" {
				return errors.New("camform learn needs -inventory FILE and -out DIR")
			}
			return a.learn(cmd, flags, inventory, out)
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringVar(&inventory, "inventory", "", "read the devices from this CSV `FILE`")
	cmd.Flags().StringVar(&out, "out", "", "write the configuration into this `DIR`ectory, which must not have one yet")
	cmd.Flags().Var(&flags.tolerate, "max-unreachable", "succeed even if up to `N` devices, or N%, could not be read")
	return cmd
}

func (a *app) learn(cmd *cobra.Command, flags *surveyFlags, inventory, out string) error {
	dir := filepath.Clean(out)
	candidates, err := a.readInventory(inventory, dir, flags)
	if err != nil {
		return fmt.Errorf("-inventory: %w", err)
	}
	if err := prepare(dir); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	b, err := a.begin()
	if err != nil {
		return err
	}
	path := cmp.Or(b.rules.State(), filepath.Join(dir, config.DefaultStatePath))
	s, err := b.openSurvey(cmd, flags, path, dir)
	if err != nil {
		return err
	}
	defer s.close()
	return s.learnAll(cmd.Context(), candidates, out)
}

// prepare makes a directory, unless it is there, and refuses one in which something would be overwritten or become part of
// what is learned.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	present, err := hasConfiguration(dir)
	if err != nil {
		return err
	}
	if present {
		return fmt.Errorf("%s already has a configuration; choose another directory", dir)
	}
	for _, name := range []string{learn.TableFile, learn.SecretsFile} {
		if err := vacant(name, name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *surveyor) learnAll(ctx context.Context, candidates []engine.Candidate, out string) error {
	survey, err := s.survey(ctx, candidates)
	if err != nil {
		return err
	}
	if len(survey.Devices) == 0 {
		return errors.New("no device could be read, and nothing was written")
	}
	r := learn.Learn(survey.Devices, s.learning(nil))
	if err := s.engine.Adopt(ctx, survey, r.Addresses); err != nil {
		return err
	}
	if err := s.keepSecrets(r); err != nil {
		return err
	}
	for name, text := range r.Files {
		if err := atomicfile.Create(filepath.Join(out, name), text, 0o644); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
	}
	fmt.Fprintf(s.out, "Wrote %s to %s: %s in %s, with %s.\n", render.Plural(r.Lines(), "line"), out,
		render.Plural(len(survey.Devices), "device"), render.Plural(r.Blocks, "block"), render.Plural(r.Profiles, "profile"))
	if err := s.tell(survey, r, filepath.Join(out, learn.DevicesFile)); err != nil {
		return err
	}
	s.next("see that there is nothing to change", "camform -chdir="+out+" plan")
	return s.tolerated(survey, r)
}

// readInventory reads the table of devices. Files with passwords that it names without a directory before them are looked
// up from where the program runs, and named as seen from dir.
func (a *app) readInventory(path, dir string, flags *surveyFlags) ([]engine.Candidate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	table, err := config.Table(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	rows := csv.NewReader(strings.NewReader(table))
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	i := deviceTable{flags: flags, dir: dir, columns: header, names: map[string]bool{}}
	if !slices.Contains(header, "address") {
		return nil, fmt.Errorf("%s has no column named address; its first line must name the columns", path)
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = i.add(row)
		}
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("%s, line %d: %w", path, line, err)
		}
	}
	if len(i.candidates) == 0 {
		return nil, fmt.Errorf("%s names no device", path)
	}
	return i.candidates, distinct(i.candidates)
}

// deviceTable is a table of devices that is being read.
type deviceTable struct {
	flags      *surveyFlags
	dir        string
	columns    []string
	names      map[string]bool
	candidates []engine.Candidate
}

func (i *deviceTable) add(row []string) error {
	cell := func(column string) string {
		if at := slices.Index(i.columns, column); at >= 0 {
			return strings.TrimSpace(row[at])
		}
		return ""
	}
	c, err := i.flags.candidate(cell("address"))
	if err != nil {
		return err
	}
	c.Name, c.Site, c.Tags = cell("name"), cell("site"), strings.Fields(cell("tags"))
	c.Want.Model, c.Want.Serial = cell("model"), cell("serial")
	c.Username, c.Origin = cmp.Or(cell("username"), c.Username), cmp.Or(cell("password"), c.Origin)
	if c.Origin, err = seenFrom(i.dir, c.Origin); err != nil {
		return err
	}
	if c.Name != "" && i.names[c.Name] {
		return fmt.Errorf("two devices are named %q", c.Name)
	}
	i.names[c.Name] = true
	c.Device = schema.Device{Name: "inventory", Key: cmp.Or(c.Name, c.URL.Host), Each: true}
	i.candidates = append(i.candidates, c)
	return nil
}

// seenFrom is the origin of a secret as a configuration in dir has to name it. The error says if it is none.
func seenFrom(dir, origin string) (string, error) {
	if err := schema.CheckOrigin(origin); err != nil {
		return "", fmt.Errorf("an inventory must not contain a password, only where it comes from: %w", err)
	}
	path, ok := strings.CutPrefix(origin, "file:")
	if !ok || filepath.IsAbs(path) {
		return origin, nil
	}
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		relative, err = filepath.Abs(path)
	}
	return "file:" + filepath.ToSlash(relative), err
}
