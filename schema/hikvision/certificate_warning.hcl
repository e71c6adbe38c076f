setting "certificate_warning" {
  summary    = "Warning before a certificate of the device expires"
  source     = "Official guide UD09761B, 15.7.13 and 16.1.23 to 16.1.24; a flag recorded on one device; no answer with the document was recorded"
  confidence = "unsure"
  phase      = "services"

  doc = <<-EOT
    When and how often a device warns that a certificate is about to expire. Who gets the warning is set with
    `event_trigger` and the event `certificateRevocation-1`: that is the vendor's name for the warning, though nothing is
    revoked.
  EOT

  document {
    path         = "/ISAPI/Security/deviceCertificate/certificateRevocation?format=json"
    root         = "CertificateRevocation"
    capabilities = ["/ISAPI/Security/deviceCertificate/certificateRevocation/capabilities?format=json"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device warns."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "days" {
    type    = number
    doc     = "How long before a certificate expires the warnings begin."
    element = "expireAlarmTime"
    codec   = "number"
    min     = 1
    max     = 30
    unit    = "days"
    example = "14"
  }

  attribute "time" {
    type    = string
    doc     = "Time of day at which the device checks, such as `10:00`."
    element = "detecteTime"
    min     = 5
    max     = 8
    example = "10:00"
  }

  attribute "interval" {
    type    = number
    doc     = "How often the device repeats the warning."
    element = "intervalTime"
    codec   = "number"
    min     = 1
    max     = 30
    unit    = "days"
    example = "1"
  }
}
