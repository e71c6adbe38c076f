setting "certificate" {
  summary        = "Certificate that the device shows over HTTPS"
  source         = "Official guide UD09761B, 15.7.38 to 15.7.47, 16.1.119 and 16.2.88 to 16.2.92; addresses from the menu of devices; no document and no request was recorded"
  confidence     = "unsure"
  phase          = "login"
  risk           = "lockout"
  drops_sessions = true
  hooks          = "certificate"

  doc = <<-EOT
    The certificate for HTTPS: one that the device makes itself, or one that an authority issued for the device's request.
    Devices report the owner and the dates of a certificate, but nothing about its key: camform compares the common name,
    the dates and the certificate that the device shows over TLS. Over plain HTTP it cannot tell apart two certificates that
    agree in the first two.

    A certificate that the device makes itself comes with a new key. Where camform trusts the device by the key that it saw
    first, it then refuses to talk to the device until somebody confirms the new one.

    For one from an authority, `camform certificate request ADDRESS -out gate.csr` has the device make a key, which never
    leaves it, and writes the request to a file. An authority signs it, and `chain = file("gate.pem")` installs the result.
    The request has no alternative names, which clients check: the authority must set subjectAltName when it signs. A plan
    checks that the certificate is for the key of the request and valid by the clock of the device; apply records the key
    before it sends anything, over https only, and accepts both the old and the new key until it has seen the new one.

    Devices that name their certificates get the new one beside the old one, under `camform-1` or `camform-2`. camform
    selects it, and selects the old one again if the device cannot be reached with it. Once the device shows it, camform
    deletes the one that it brought before, if the device says that nothing else uses it. Where there is only one place, the
    old certificate cannot be put back: HTTP has to be open in the meantime, without a redirect. While a device does not
    show the new one, apply changes nothing else on it, so that whatever is open beside HTTPS stays open.
  EOT

  document {
    path         = "/ISAPI/Security/serverCertificate/certificate"
    root         = "CertificateInfo"
    capabilities = ["/ISAPI/Security/serverCertificate/capabilities?format=json"]
    beside = [
      "/ISAPI/Security/serverCertificate/certificates?format=json",
      "/ISAPI/Security/certificate/select/HTTPS?format=json",
      "/ISAPI/Security/serverCertificate/downloadCertSignReq",
      "/ISAPI/Security/serverCertificate/downloadCertSignReq?customID=camform-1",
      "/ISAPI/Security/serverCertificate/downloadCertSignReq?customID=camform-2",
      "/ISAPI/Security/adminAccesses",
      "/ISAPI/System/time",
    ]
  }

  write {
    path = "/ISAPI/Security/serverCertificate/certificate"
  }

  guards "tls_identity" {
    renews = ["self_signed", "country", "common_name", "days"]
    keeps  = "chain"
  }

  attribute "self_signed" {
    type     = bool
    doc      = "Whether the device made the certificate itself. It can only be set to true, together with `common_name` and `days`."
    elements = ["IssuerDN", "SubjectDN"]
    codec    = "certificate_issuer"
    example  = "true"
  }

  attribute "country" {
    type    = string
    doc     = "Country in the certificate that the device makes itself, in two letters. It may be left out if the present certificate has one, which the new one then takes over."
    element = "SubjectDN/countryName"
    codec   = "certificate_text"
    min     = 2
    max     = 2
    example = "NL"
  }

  attribute "common_name" {
    type    = string
    doc     = "Name in the certificate that the device makes itself."
    element = "SubjectDN/commonName"
    codec   = "certificate_text"
    min     = 1
    max     = 64
    example = "gate.example.com"
  }

  attribute "days" {
    type     = number
    doc      = "How long a certificate that the device makes itself is valid. It is not renewed automatically."
    elements = ["startDate", "endDate"]
    codec    = "certificate_days"
    min      = 1
    max      = 5000
    unit     = "days"
    example  = "730"
  }

  attribute "chain" {
    type     = string
    doc      = "The certificate that an authority issued for the device's open request, as PEM text, followed by those of the intermediate authorities, such as `file(\"gate.pem\")`. It must not contain a private key."
    elements = ["SubjectDN/commonName", "endDate"]
    codec    = "certificate_chain"
    example  = "-----BEGIN CERTIFICATE-----"
  }
}
