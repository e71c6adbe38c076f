package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"camform/providers/hikvision/simulator"
)

// usualControl is the address at which camform simulate lets people act on devices if no other is given.
const usualControl = "127.0.0.1:8480"

func simulateCtlCommand(a *app) *cobra.Command {
	var control string
	cmd := &cobra.Command{
		Use:   "ctl",
		Short: "Act on simulated devices as if you stood in front of them, or had the vendor's tool",
		Long: `Act on the devices of a camform simulate that runs with -control, as if you stood in front of them or used the vendor's tool.

    export NEW_PASSWORD=Correct-Horse-8
    camform simulate ctl reset camera-v57-0003 guid -file gate.guid
    camform simulate ctl reset camera-v57-0003 questions -answer 1=green -answer 2=Ada -answer 3=Paris
    camform simulate ctl mail camera-v58-0004                        # prints the code that went to the reserved address
    camform simulate ctl reset camera-v58-0004 email -code 1f0c9a7e
    camform simulate ctl support request.zip -out answer.txt         # the vendor's support answers a request
    camform simulate ctl reset camera-v57-0003 support -file answer.txt
    camform simulate ctl reset recorder-v2-0007 wipe                 # or basic
    camform simulate ctl reboot camera-v57-0003`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&control, "control", usualControl, "`ADDR`:PORT that camform simulate printed")
	perform := func(ctx context.Context, act simulator.Act) (simulator.Outcome, error) {
		o, err := simulator.Perform(ctx, "http://"+control, act)
		if err != nil {
			return o, fmt.Errorf("%s: %w", act.Device, err)
		}
		return o, nil
	}
	cmd.AddCommand(a.ctlReset(perform), a.ctlMail(perform), a.ctlReboot(perform), a.ctlSupport())
	return cmd
}

// performer acts at a device.
type performer func(context.Context, simulator.Act) (simulator.Outcome, error)

func (a *app) ctlReset(perform performer) *cobra.Command {
	var file, code, from string
	var answers []string
	cmd := &cobra.Command{
		Use:   "reset DEVICE METHOD",
		Short: "Reset a device by guid, questions, email, support, basic or wipe",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			act := simulator.Act{Device: args[0], Deed: simulator.ResetIt}
			act.Method, act.Code = simulator.Method(args[1]), code
			if act.Method != simulator.Basic && act.Method != simulator.Wipe {
				if act.Password, err = a.simulatedPassword(cmd.Context(), newPasswordOption, from); err != nil {
					return err
				}
			}
			if act.Answers, err = answersByID(answers); err != nil {
				return err
			}
			if file != "" {
				if act.File, err = os.ReadFile(file); err != nil {
					return fmt.Errorf("-file: %w", err)
				}
			}
			if _, err := perform(cmd.Context(), act); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s was reset: %s.\n", act.Device, act.Method)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "the `FILE` that the device exported (guid), or the answer of the vendor's support (support)")
	f.StringVar(&code, "code", "", "the `CODE` that went to the reserved address (email)")
	f.StringArrayVar(&answers, "answer", nil, "`ID=TEXT`, the answer to a question (questions); once for each")
	f.StringVar(&from, newPasswordOption, "env:NEW_PASSWORD", "read the new password of the administrator from this `ORIGIN`, such as env:NAME or file:PATH")
	return cmd
}

// answersByID reads answers such as 1=green.
func answersByID(texts []string) (map[string]string, error) {
	answers := map[string]string{}
	for _, text := range texts {
		id, answer, found := strings.Cut(text, "=")
		if !found {
			return nil, fmt.Errorf("-answer: %q is not ID=TEXT, such as 1=green", text)
		}
		answers[id] = answer
	}
	return answers, nil
}

func (a *app) ctlMail(perform performer) *cobra.Command {
	return &cobra.Command{
		Use:   "mail DEVICE",
		Short: "Ask for a code, and print what arrives at the reserved address",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := perform(cmd.Context(), simulator.Act{Device: args[0], Deed: simulator.AskMail})
			if err == nil {
				fmt.Fprintf(a.out, "%s: %s\n", o.Address, o.Code)
			}
			return err
		},
	}
}

func (a *app) ctlReboot(perform performer) *cobra.Command {
	return &cobra.Command{
		Use:   "reboot DEVICE",
		Short: "Cut the power of a device and restore it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := perform(cmd.Context(), simulator.Act{Device: args[0], Deed: simulator.RebootIt})
			if err == nil {
				fmt.Fprintf(a.out, "%s starts.\n", args[0])
			}
			return err
		},
	}
}

// deviceCode is what a device gave out for support: a file, or the one that a request has of it.
func deviceCode(path string) ([]byte, error) {
	request, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) {
		return os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = request.Close() }() // it was only read
	names, err := fs.Glob(request, "device_export-*")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("%s contains nothing that a device issued for support", path)
	}
	return fs.ReadFile(request, names[0])
}

func (a *app) ctlSupport() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "support FILE",
		Short: "Answer a device code, as the vendor's support does",
		Long: `Answer a device code, as the vendor's support does. The file holds the code or the device's raw answer to getcode, or is the
request that camform recover bundle wrote.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := deviceCode(args[0])
			if err != nil {
				return err
			}
			var packet struct{ Code string }
			if xml.Unmarshal(bytes.TrimRight(text, "\x00"), &packet) == nil && packet.Code != "" {
				text = []byte(packet.Code)
			}
			if err := answerProduct.write(out, simulator.SupportAnswer(text)); err != nil {
				return fmt.Errorf("-out: %w", err)
			}
			fmt.Fprintf(a.out, "Wrote the answer of support to %s.\n", out)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "answer.txt", "write the answer to this `FILE`")
	return cmd
}
