setting "web_auth" {
  summary        = "How clients prove their password to the web interface and to ISAPI"
  source         = "Elements from recorded capabilities of cameras and recorders V4.62 to V5.8 and from tools in use; the root element was seen in client programs only"
  confidence     = "likely"
  phase          = "login"
  risk           = "lockout"
  reboot         = "maybe"
  drops_sessions = true

  doc = <<-EOT
    The scheme and the hash of HTTP authentication.

    `SHA256` alone shuts out every client that only knows MD5, which includes many recorders and management programs;
    `MD5/SHA256` offers both. Clients that only know Basic need `digest/basic`, which sends passwords readably unless the
    connection is encrypted.
  EOT

  document {
    path         = "/ISAPI/Security/webCertificate"
    root         = "WebCertificate"
    capabilities = ["/ISAPI/Security/capabilities", "/ISAPI/System/capabilities"]
  }

  guards "authentication" {
    schemes   = ["http", "https"]
    method    = "method"
    algorithm = "algorithm"
  }

  attribute "method" {
    type    = string
    doc     = "Scheme that the device accepts. A device without this setting accepts digest and Basic, and an audit says so."
    source  = "Recorded in capabilities; official guide for face terminals (Pro Series), 12.2: where the capability is missing, both are accepted"
    missing = "digest/basic"
    element = "CertificateType"
    codec   = "choice"
    values  = ["digest", "digest/basic"]
    map     = { "digest/basic" = "digest/basic|digest/baisc" }
    example = "digest"
  }

  attribute "algorithm" {
    type    = string
    doc     = "Hash of digest authentication. Cameras before V5.7 and many recorders have no choice."
    element = "SecurityAlgorithm/algorithmType"
    codec   = "choice"
    values  = ["MD5", "SHA256", "MD5/SHA256"]
    example = "MD5/SHA256"
  }
}
