setting "https" {
  summary        = "Encrypted access to the web interface and to ISAPI"
  source         = "Recorded on fifteen cameras and recorders V4.30 to V5.8; error codes from the official list"
  confidence     = "confirmed"
  phase          = "access"
  risk           = "lockout"
  reboot         = "maybe"
  drops_sessions = true

  doc = <<-EOT
    The HTTPS entry in the list of services. It is found by its name, because its number is 2 on cameras, 3 on recorders
    and 4 on terminals.

    HTTPS needs a certificate on the device; without a valid one the device does not switch it on. Devices come with a
    certificate that they made themselves. The first release of V5 (V5.2) and K2 recorders have neither the redirection nor
    a choice of TLS versions.

    All services are in one document, so this setting and every `service` of a device are changed in one request.
  EOT

  document {
    path         = "/ISAPI/Security/adminAccesses"
    root         = "AdminAccessProtocolList"
    capabilities = ["/ISAPI/Security/adminAccesses/capabilities"]
  }

  item {
    element  = "AdminAccessProtocol"
    key      = "protocol"
    equals   = "HTTPS"
    any_case = true
  }

  guards "tls" {
    minimum = "min_tls"
  }

  guards "redirect" {
    from    = "http"
    enabled = "redirect"
  }

  guards "listener" {
    scheme    = "https"
    called    = "HTTPS"
    enabled   = "enabled"
    port      = "port"
    delivered = 443
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device answers HTTPS. Switching it off closes the way in for a device whose address uses https."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of HTTPS. It must differ from the ports of all other services."
    element = "portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "443"
  }

  attribute "redirect" {
    type    = bool
    doc     = "Whether requests over HTTP are redirected to HTTPS."
    element = "redirectToHttps"
    codec   = "boolean"
    example = "true"
  }

  attribute "min_tls" {
    type     = string
    doc      = "Lowest version of TLS that the device accepts. camform switches lower versions off and this one on; higher ones stay as they are. It reads `none` when all are off."
    elements = ["TLS1_0Enable", "TLS1_1Enable", "TLS1_2Enable", "TLS1_3Enable"]
    codec    = "tls_minimum"
    values   = ["1.0", "1.1", "1.2", "1.3"]
    example  = "1.2"
  }
}
