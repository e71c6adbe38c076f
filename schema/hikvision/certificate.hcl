setting "certificate" {
  summary        = "Certificate that the device shows over HTTPS"
  source         = "Addresses from official guides and the menu of devices; no document and no request was recorded, so the elements are a guess"
  confidence     = "unsure"
  phase          = "login"
  risk           = "lockout"
  drops_sessions = true
  hooks          = "certificate"

  doc = <<-EOT
    The certificate in the place for HTTPS: one that the device makes for itself, or one that an authority made for the
    request of the device. Devices say who a certificate is for and how long it is valid, and nothing of its key: camform
    compares the common name and the dates, and cannot tell two certificates apart that agree in these.

    A certificate that the device makes for itself comes with a new key. Where camform trusts the device by the key that it
    saw first, it refuses to talk to the device afterwards until somebody confirms the new one. A certificate of an
    authority keeps the key, which never leaves the device: the request is made and fetched in the menu of the device.
  EOT

  document {
    path         = "/ISAPI/Security/serverCertificate/certificate"
    root         = "Certificate"
    capabilities = ["/ISAPI/Security/serverCertificate/capabilities"]
  }

  write {
    path = "/ISAPI/Security/serverCertificate/certificate"
  }

  guards "tls_identity" {
    renews = ["self_signed", "common_name", "days"]
    keeps  = "chain"
  }

  attribute "self_signed" {
    type     = bool
    doc      = "Whether the device made the certificate for itself. It can be set to true only, together with `common_name` and `days`."
    elements = ["issuerDN", "subjectDN"]
    codec    = "certificate_issuer"
    example  = "true"
  }

  attribute "common_name" {
    type    = string
    doc     = "Name for which the device makes a certificate for itself."
    element = "subjectDN"
    codec   = "certificate_name"
    min     = 1
    max     = 64
    example = "gate.example.com"
  }

  attribute "days" {
    type     = number
    doc      = "How long a certificate is valid that the device makes for itself. It is not renewed by itself."
    elements = ["startDate", "endDate"]
    codec    = "certificate_days"
    min      = 1
    max      = 5000
    unit     = "days"
    example  = "730"
  }

  attribute "chain" {
    type     = string
    doc      = "A certificate of an authority for the key of the device as PEM text, with those of the authorities in between behind it, such as `file(\"gate.pem\")`. No private key must be in it."
    elements = ["subjectDN", "endDate"]
    codec    = "certificate_chain"
    example  = "-----BEGIN CERTIFICATE-----"
  }
}
