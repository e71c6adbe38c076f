setting "authority" {
  summary     = "Certificate of an authority that the device trusts"
  source      = "Official guide UD09761B, 15.7.15, 15.7.22 to 15.7.23 and 16.1.34; types of content from the guide for cameras; flags recorded on seven devices; no list and no upload was recorded"
  confidence  = "unsure"
  phase       = "services"
  hooks       = "authority"
  keyed       = true
  key_pattern = "[A-Za-z0-9_-]{1,64}"
  key_doc     = "Name of the certificate on the device."
  key_example = "workshop"

  doc = <<-EOT
    The certificate of an authority that a device uses to verify servers: the 802.1X switch (`dot1x`), a log server over
    TLS, and other servers to which the device is the client. Nothing uses it until it is chosen with `certificate_use`.

    Devices list the owner and the expiry of a certificate, but nothing about its key: camform compares the common name and
    the date, and cannot tell apart two certificates that agree in both. A certificate is not replaced under its name: give
    the new one another name, choose it, then remove the old one.

    camform sends only certificates of authorities. It does not bring a certificate or a key of the device itself from
    outside: see `certificate`.
  EOT

  document {
    path         = "/ISAPI/Security/deviceCertificate/certificates?format=json"
    root         = "DeviceCertificates"
    capabilities = ["/ISAPI/Security/deviceCertificate/capabilities?format=json"]
  }

  item {
    element = "CertificateInfoList/CertificateInfo"
    key     = "customID"
  }

  write {
    path   = "/ISAPI/Security/deviceCertificate?customID={key}"
    create = "/ISAPI/Security/deviceCertificate?customID={key}"
    delete = "/ISAPI/Security/deviceCertificate/certificates/{key}?format=json"
  }

  attribute "certificate" {
    type     = string
    doc      = "The certificate as PEM text, such as `file(\"workshop-ca.pem\")`: one, of an authority, without a private key."
    elements = ["subjectDN", "endDate"]
    codec    = "authority"
    required = true
    example  = "-----BEGIN CERTIFICATE-----"
  }
}
