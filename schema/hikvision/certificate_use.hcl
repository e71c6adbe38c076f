setting "certificate_use" {
  summary        = "Certificates that a function of the device uses"
  source         = "Official guide UD09761B, 15.7.6 to 15.7.7, 16.1.16 and 16.1.25; flags recorded on six devices; no answer with the document was recorded"
  confidence     = "unsure"
  phase          = "access"
  risk           = "lockout"
  drops_sessions = true
  keyed          = true
  keys           = ["HTTPS", "WebSocketS", "SDK_OVER_TLS", "SRTP", "securityLog", "ieee802.1x"]
  key_doc        = "The function, as the device spells it: `HTTPS`, `WebSocketS`, `SDK_OVER_TLS`, `SRTP`, `securityLog` for the log server, `ieee802.1x`."
  key_example    = "securityLog"

  doc = <<-EOT
    On devices that name their certificates, each function can use a different one. The names are those of `authority`, and
    those that the device lists.

    The certificate of HTTPS is only read here. Choose it with `certificate`, which makes sure that camform knows the key by
    which it will recognize the device: another `server` for `HTTPS` is refused. A device that proves itself with 802.1X is
    cut off by a certificate that the switch does not accept, and only somebody on site or at the switch can bring it back.
  EOT

  document {
    path         = "/ISAPI/Security/certificate/select/{key}?format=json"
    root         = "CertificateSelect"
    capabilities = ["/ISAPI/Security/certificate/select/capabilities?format=json"]
  }

  guards "tls_identity" {
    key    = "HTTPS"
    renews = ["server"]
  }

  # Which certificates the switch accepts is unknown here, so no change can be called harmless.
  guards "link" {
    key    = "ieee802.1x"
    called = "port of the switch"
  }

  attribute "server" {
    type    = string
    doc     = "Name of the certificate that the device shows as a server."
    element = "serverCertificate"
    max     = 64
    example = "default"
  }

  attribute "client" {
    type    = string
    doc     = "Name of the certificate that the device shows as a client."
    element = "clientCertificate"
    max     = 64
    example = "switch-2026"
  }

  attribute "authority" {
    type    = string
    doc     = "Name of the authority's certificate with which the device verifies the other side."
    element = "CACertificate"
    max     = 64
    example = "workshop"
  }

  attribute "srtp_algorithm" {
    type    = string
    doc     = "How streams over SRTP are encrypted."
    element = "SRTPSecurityAlgorithm"
    codec   = "choice"
    values  = ["AES128", "AES256"]
    example = "AES256"
  }
}
