setting "enhanced_security" {
  summary        = "Whether a device rejects logins with old hashes"
  source         = "Official guide UD09761B, 15.7.4 and 16.1.113; what it does, from a manual of speed domes; no device was recorded to have it"
  confidence     = "unsure"
  phase          = "login"
  risk           = "lockout"
  drops_sessions = true

  doc = <<-EOT
    While it is on, clients log in by digest with SHA-256 only, never with MD5. Old recorders and programs know only MD5 and
    can no longer log in, so camform needs that accepted for each one that uses the device. camform itself knows both, tries
    a new connection, and restores the setting if that fails.

    Once a device has used SHA-256 with camform, camform never sends it a credential for MD5 again. So this setting stays
    on, unless the device keeps offering SHA-256 beside MD5.
  EOT

  document {
    path         = "/ISAPI/Security/advanced?format=json"
    root         = "SecurityAdvanced"
    capabilities = ["/ISAPI/Security/advanced/capabilities?format=json", "/ISAPI/Security/capabilities"]
  }

  guards "requirement" {
    by       = "enabled"
    harmless = "false"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device rejects logins with old hashes."
    element = "securityEnhanced"
    codec   = "boolean"
    example = "false"
  }
}
