package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/discovery"
	"camform/engine/inventory"
	"camform/engine/state"
	"camform/schema"
)

func inventoryCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	found := ""
	cmd := &cobra.Command{
		Use:   "inventory [ADDRESS]...",
		Short: "List what is owned: who answered, where it is, and what proves whose it is",
		Long: `List the devices of the configuration with what is remembered of them, and those that are remembered and not declared any more:
model, serial number, MAC address and firmware as they answered last, and what their ownership blocks say. Cameras that only
recorders know are listed, too. No device is asked, and no secret is read.

With -found, what a search found on the network is joined to that:

    camform discover -interface eth0 -json >found.json
    camform inventory -found found.json


A device is "known" if it answered where the configuration has it, and as whom; "never seen" if it never did; "moved" if it answered
at another address, "swapped" if another device is there than the one that is declared, "duplicate" if another one has its serial
number, MAC or address, "undeclared" if it is remembered only, "not heard of" if the search found nothing that says to be it, which does
not prove that it is gone, and "unknown" if it was found and is neither declared nor remembered. What was found is not proven to be
what it says: nobody logged in. One column names what a proof of ownership would lack.

The columns of -csv stay as they are, and new ones come behind them, so that the table can live elsewhere and be read again with csvdecode.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, flags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			remembered, err := w.store.AllDevices(cmd.Context())
			if err != nil {
				return err
			}
			heard, err := heard(cmd.Context(), w, found, remembered)
			if err != nil {
				return err
			}
			records := inventory.Join(w.config.Devices, remembered, heard)
			records = slices.DeleteFunc(records, func(r inventory.Record) bool {
				return len(w.targets) > 0 && !slices.ContainsFunc(w.targets, func(t schema.Setting) bool { return t.Covers(schema.Setting{Device: r.Device}) })
			})
			photos, err := photosOf(records)
			if err != nil {
				return err
			}
			return view.NewInventory(flags.format, w.stdout()).Show(records, photos)
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().StringVar(&found, "found", "", "join what a search found: the `FILE` that camform discover -json wrote")
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(cmd.Flags(), &flags.format, view.CSV, "csv", "print a table of values separated by commas")
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a page")
	cmd.MarkFlagsMutuallyExclusive("json", "csv", "markdown")
	return cmd
}

// maxFound is how large a file of a search may be, in bytes.
const maxFound = 64 << 20

// heard is what a search found, compared with the configuration and the state as they are now; without a file, what recorders told.
func heard(ctx context.Context, w *workspace, file string, remembered []state.Device) (discovery.Report, error) {
	want := discovery.Expected{Devices: w.config.Devices, Remembered: remembered}
	var err error
	if want.Told, err = w.store.AllUses(ctx); err != nil {
		return discovery.Report{}, err
	}
	var devices []discovery.Device
	var at time.Time
	if file != "" {
		text, err := readBounded(file, maxFound)
		if err != nil {
			return discovery.Report{}, fmt.Errorf("-found: %w", err)
		}
		if len(text) > maxFound {
			return discovery.Report{}, fmt.Errorf("-found: %s is larger than %d MB", file, maxFound>>20)
		}
		if devices, at, err = discovery.Read(text); err != nil {
			return discovery.Report{}, fmt.Errorf("-found: %s is %w", file, err)
		}
	}
	r, err := discovery.Make(devices, want)
	r.At = at
	return r, err
}

// photosOf are the SHA-256 of the photos of labels, by their paths, in hexadecimal digits.
func photosOf(records []inventory.Record) (map[string]string, error) {
	photos := map[string]string{}
	for _, r := range records {
		if r.LabelPhoto == "" || photos[r.LabelPhoto] != "" {
			continue
		}
		sum, err := sumOf(r.LabelPhoto)
		if err != nil {
			return nil, fmt.Errorf("the photo of the label of %s: %w", r.Device, err)
		}
		photos[r.LabelPhoto] = sum
	}
	return photos, nil
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
