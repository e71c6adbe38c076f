setting "stream_encryption" {
  summary    = "Encryption of the video streams with a separate key"
  source     = "Official guide UD09761B, 15.9.11 to 15.9.13 and 16.1.46 to 16.1.48; flags recorded on four devices; no answer with the document was recorded"
  confidence = "unsure"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    Whether a device encrypts its streams with a key of 6 to 12 characters, which every viewer has to know: a recorder or a
    player without it can no longer show anything, so camform needs that accepted for each one that uses the device. The key
    itself is set in the menu of the device.
  EOT

  document {
    path = "/ISAPI/Streaming/encryption?format=json"
    root = "enable" # the document has no wrapper and no other member
  }

  guards "requirement" {
    schemes  = ["http", "https", "rtsp", "sdk", "sdk_tls"]
    by       = "enabled"
    harmless = "false"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the streams are encrypted."
    element = "."
    codec   = "boolean"
    example = "true"
  }
}
