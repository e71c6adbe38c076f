package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/shell"
	"camform/providers"
)

func certificateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: "Have devices request certificates",
		Long: `A device gets a certificate from an authority in three steps: camform certificate request has the device make a key and a request,
and writes the request to a file; an authority signs it; and you put the signed certificate into the configuration, from where plan
and apply install it on the device.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(certificateRequestCommand(a))
	return cmd
}

func certificateRequestCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var out string
	var of providers.Subject
	cmd := &cobra.Command{
		Use:   "request ADDR -out FILE",
		Short: "Have a device make a certificate request, and write it to a file",
		Long: `Have a device make a key, which never leaves it, and a request for a certificate, and write the request to a file in PEM form.
A request that is already pending on the device is written unchanged; with -new, the device makes another, which voids it. The
certificate that the device shows over HTTPS stays the same.

The request has no alternative names, which clients check in a certificate: the authority that signs it must set
subjectAltName to the address or the name of the device. Then put the signed certificate into the configuration:

  certificate {
    chain = file("gate.pem")
  }

The next plan checks that it belongs to the key of the request, and apply installs it. This works over https only.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := oneDevice(args[0], out)
			if err != nil {
				return err
			}
			flags.targets = []string{args[0]}
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			for _, d := range w.config.Devices {
				if aimedAtDevice(w.targets, d.Address) {
					return certificates{w}.request(cmd, d, of, out)
				}
			}
			return fmt.Errorf("there is no device %s", target)
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().StringVar(&out, "out", "", "write the request to this `FILE`, replacing an older one")
	cmd.Flags().StringVar(&of.CommonName, "name", "", "common `NAME` of the certificate; by default the host of the address")
	cmd.Flags().BoolVar(&of.Voids, "new", false, "make a new request even if one is pending, which becomes void")
	cmd.Flags().StringVar(&of.Country, "country", "", "two-letter `COUNTRY` of the certificate; by default that of the device's present certificate")
	return cmd
}

// certificates are the requests for certificates of devices.
type certificates struct{ *workspace }

func (w certificates) request(cmd *cobra.Command, d *config.Device, of providers.Subject, out string) error {
	_, ctx, release := w.interruptible(cmd.Context())
	defer release()
	if err := requestProduct.replaceable(out); err != nil { // before the device makes a key
		return fmt.Errorf("-out: %w", err)
	}
	host := d.URL.Hostname()
	r, err := w.engine.RequestCertificate(ctx, d, of, w.run, func(ctx context.Context) error {
		return w.auditLog.Audit(ctx, auditlog.Record{Run: w.run, Action: auditlog.SigningAsked, Device: d.Address.String(), Detail: cmp.Or(of.CommonName, host)})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.Address, err)
	}
	if err := requestProduct.write(out, pem.EncodeToMemory(&pem.Block{Type: requestType, Bytes: r.Request.Raw})); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return w.tell(d, r, host, out)
}

// requestType is what a request for a certificate is called in PEM form.
const requestType = "CERTIFICATE REQUEST"

func (w certificates) tell(d *config.Device, r engine.CertificateRequest, host, out string) error {
	sum := sha256.Sum256(r.Request.RawSubjectPublicKeyInfo)
	how := "already has a pending request"
	if r.Made {
		how = "made a request"
	}
	address := shell.Quoted(d.Address.String())
	_, err := fmt.Fprintf(w.out, `%s %s: %s, key sha256:%s.
Wrote it to %s. It has %s: the authority must set subjectAltName = %s when it signs.
Then put the signed certificate into the block of the device, certificate { chain = file("...") }, and run:
    camform plan -target %s
`, d.Address, how, r.Request.Subject, hex.EncodeToString(sum[:]), out, namesIn(r.Request), alternativeName(host), address)
	return err
}

// namesIn says which alternative names a request has. Devices have no place for any.
func namesIn(r *x509.CertificateRequest) string {
	names := slices.Concat(r.DNSNames, r.EmailAddresses)
	for _, address := range r.IPAddresses {
		names = append(names, address.String())
	}
	for _, url := range r.URIs {
		names = append(names, url.String())
	}
	if len(names) == 0 {
		return "no alternative names"
	}
	return fmt.Sprintf("the alternative names %q, which nobody asked for", names)
}

// alternativeName is what an authority has to set for a host.
func alternativeName(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return "IP:" + host
	}
	return "DNS:" + host
}
