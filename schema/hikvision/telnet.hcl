setting "telnet" {
  summary    = "Remote shell over Telnet, unencrypted"
  source     = "Client programs for cameras before V5.3; official guide UD09761B, 15.10.138 and 16.2.290, for radars; no answer of a device was recorded"
  confidence = "likely"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    A shell without encryption, on firmware before about V5.3. Later devices do not have it, which is as good as having it
    off.
  EOT

  document {
    path = "/ISAPI/System/Network/telnetd"
    root = "Telnetd"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device answers Telnet."
    element = "enabled|enable"
    codec   = "boolean"
    example = "false"
  }
}
