setting "ssh" {
  summary    = "Remote shell over SSH"
  source     = "Recorded on a terminal V1.2, written and read back; a recorder DS-7104NI-Q1 answers too; the port from the official guide"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    The shell that the vendor's support uses. Nothing else needs it. Thermal cameras, terminals and recorders have it;
    optical cameras with recent firmware do not, and recorders have it although their capabilities do not list it.
  EOT

  document {
    path         = "/ISAPI/System/Network/ssh"
    root         = "SSH"
    capabilities = ["/ISAPI/System/Network/ssh/capabilities"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device answers SSH."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "port" {
    type       = number
    doc        = "TCP port of SSH. Not every device has a choice, and some accept one without showing it."
    source     = "Official guide for face terminals (Pro Series), 12.2: optional, and only in what is sent; no answer with it was recorded"
    element    = "port"
    codec      = "number"
    min        = 1
    max        = 65535
    example    = "22"
    confidence = "unsure"
  }
}
