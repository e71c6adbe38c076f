setting "private_protocol" {
  summary        = "Versions of the vendor's own protocol that a device accepts"
  source         = "Official guide UD09761B, 15.7.9, 15.7.10 and 16.1.31, for access controllers from V2.1.0; no answer of a device was recorded"
  confidence     = "unsure"
  phase          = "access"
  risk           = "lockout"
  drops_sessions = true

  doc = <<-EOT
    Security of the protocol on port 8000, which the vendor's clients and recorders use. `safeMode` rejects old ones: a
    recorder that does not know it can no longer show a picture, so camform needs that accepted for each one that uses the
    device.
  EOT

  document {
    path         = "/ISAPI/Security/CommuMode?format=json"
    root         = "CommuMode"
    capabilities = ["/ISAPI/Security/CommuMode/capabilities?format=json"]
  }

  guards "requirement" {
    schemes  = ["sdk", "sdk_tls"]
    by       = "mode"
    harmless = "compatibilityMode"
  }

  attribute "mode" {
    type    = string
    doc     = "Whether old clients can connect: `compatibilityMode` or `safeMode`."
    element = "mode"
    codec   = "choice"
    values  = ["compatibilityMode", "safeMode"]
    example = "safeMode"
  }
}
