setting "telnet" {
  summary    = "Remote shell over Telnet, unencrypted"
  source     = "Client programs for cameras before V5.3; no answer of a device was recorded"
  confidence = "likely"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    A shell without encryption, on firmware before about V5.3. Later devices do not have it, which is as good as having
    it off.
  EOT

  document {
    path = "/ISAPI/System/Network/telnetd"
    root = "Telnetd"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device answers to Telnet."
    element = "enabled|enable"
    codec   = "boolean"
    example = "false"
  }
}
