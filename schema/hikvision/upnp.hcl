setting "upnp" {
  summary    = "Ports opened in the router by the device"
  source     = "Recorded on a camera V5.7.30; the same addresses answer on recorders"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    With UPnP a device asks the router to forward ports from the internet to it. The list of forwarded ports has its own
    switch: ports are forwarded only when both are on. Its entries are `upnp_port`.
  EOT

  document {
    path = "/ISAPI/System/Network/UPnP"
    root = "UPnP"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device uses UPnP."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "forwarding" {
    type    = bool
    doc     = "Whether the ports of the list are forwarded, while the device uses UPnP."
    element = "ports/enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "mode" {
    type    = string
    doc     = "Whether the device chooses the ports on the router itself (`auto`), or uses those of its list (`manual`)."
    element = "ports/natType|ports/mapmode"
    codec   = "choice"
    values  = ["auto", "manual"]
    example = "manual"
  }
}
