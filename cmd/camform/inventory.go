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
		Short: "List the devices: what answered where, where each one is, and what proves ownership",
		Long: `List the devices of the configuration and those that are only in the state, no longer declared: model, serial number, MAC address
and firmware as they last answered, and what their ownership blocks say. Cameras that only recorders know are listed, too. No device
is contacted, and no secret is read.

With -found, add what a search found on the network:

    camform discover -interface eth0 -json >found.json
    camform inventory -found found.json


A device is "known" if it answered at its configured address with its own identity; "never seen" if it never answered; "moved" if it
answered at another address; "swapped" if a different device answers at its address; "duplicate" if another one has its serial
number, MAC or address; "undeclared" if it is only in the state; "not heard of" if the search found no device with its identity,
which does not prove that it is gone; and "unknown" if it was found and is neither declared nor in the state. The identity of found
devices is not proven, since camform did not log in. One column lists what is missing for a proof of ownership.

The columns of -csv never change, and new ones are added at the end, so the table can be kept elsewhere and read again with csvdecode.`,
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
	cmd.Flags().StringVar(&found, "found", "", "add what a search found: the `FILE` that camform discover -json wrote")
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(cmd.Flags(), &flags.format, view.CSV, "csv", "print a CSV table")
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
