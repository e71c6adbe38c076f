setting "dot1x" {
  summary        = "How an interface proves itself to the switch (802.1X)"
  source         = "Official guide UD09761B, 16.2.161; client programs; flags in the capabilities of cameras and recorders; no answer of a device was recorded"
  confidence     = "unsure"
  phase          = "filter"
  risk           = "lockout"
  drops_sessions = true
  keyed          = true
  keys           = ["1", "2"]
  key_doc        = "Number of the interface: 1 where a device has one."

  doc = <<-EOT
    Authentication at the port of a switch. If it fails, the switch may cut the device off, and only somebody on site or at
    the switch can bring it back.

    Checking the server needs the certificate of its authority on the device, which is `authority`; EAP-TLS needs a
    certificate of the device itself, which camform does not install. Both are chosen with `certificate_use`.
  EOT

  document {
    path         = "/ISAPI/System/Network/interfaces/{key}/ieee802.1x"
    root         = "IEEE802_1x"
    capabilities = ["/ISAPI/System/Network/interfaces/{key}/ieee802.1x/capabilities"]
  }

  # Which values the switch accepts is unknown here, so no change can be called harmless.
  guards "link" {
    called = "port of the switch"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device authenticates itself."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "method" {
    type    = string
    doc     = "EAP method. Which ones exist depends on the device."
    element = "authenticationProtocolType"
    codec   = "choice"
    values  = ["EAP-MD5", "EAP-TLS", "EAP-PEAP", "EAP-TTLS", "EAP-LEAP", "EAP-FAST"]
    example = "EAP-PEAP"
  }

  attribute "peap_method" {
    type    = string
    doc     = "Method inside EAP-PEAP and EAP-FAST, as the device spells it: `MS-CHAPv2` or `EAP-POTP` in the official guide."
    element = "innerEAPProtocolType"
    codec   = "choice"
    when    = { authenticationProtocolType = "EAP-PEAP|EAP-FAST" }
    example = "MS-CHAPv2"
  }

  attribute "ttls_method" {
    type    = string
    doc     = "Method inside EAP-TTLS, as the device spells it: `MS-CHAP`, `MS-CHAPv2`, `PAP` or `EAP-MD5` in the official guide."
    element = "innerTTLSAuthenticationMethod"
    codec   = "choice"
    when    = { authenticationProtocolType = "EAP-TTLS" }
    example = "MS-CHAPv2"
  }

  attribute "provisioning" {
    type    = bool
    doc     = "Whether the device fetches its credential for EAP-FAST (PAC) from the server automatically."
    element = "autoPACProvisioningEnabled"
    codec   = "boolean"
    when    = { authenticationProtocolType = "EAP-FAST" }
    example = "true"
  }

  attribute "validate_server" {
    type    = bool
    doc     = "Whether the device checks the certificate of the authentication server."
    element = "validateServerEnabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "username" {
    type    = string
    doc     = "Name with which the device authenticates."
    element = "userName"
    max     = 32
    example = "camera-17"
  }

  attribute "password" {
    type       = string
    doc        = "Password for that name. It can be given while authentication is on."
    element    = "password"
    after      = ["userName"]
    max        = 16
    write_only = true
    holder     = "userName"
    when       = { enabled = "true" }
  }

  attribute "anonymous_id" {
    type    = string
    doc     = "Name that the device sends outside the protected part of the exchange."
    element = "anonymousID"
    max     = 64
    example = "anonymous"
  }

  attribute "eapol_version" {
    type    = string
    doc     = "EAPOL version, as the device spells it."
    element = "Extensions/EAPOLVersion"
    codec   = "choice"
    example = "1"
  }
}
