setting "private_protocol" {
  summary        = "Which versions of the vendor's own protocol a device speaks"
  source         = "Official guide UD09761B, 15.7.9, 15.7.10 and 16.1.31, for access controllers from V2.1.0; no answer of a device was recorded"
  confidence     = "unsure"
  phase          = "access"
  risk           = "lockout"
  drops_sessions = true

  doc = <<-EOT
    Security of the protocol at port 8000, which the vendor's clients and recorders use. `safeMode` refuses old ones of
    them: a recorder that does not know it shows no picture any more, so camform wants it accepted for each that uses the
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
    doc     = "Whether old clients get in: `compatibilityMode` or `safeMode`."
    element = "mode"
    codec   = "choice"
    values  = ["compatibilityMode", "safeMode"]
    example = "safeMode"
  }
}
