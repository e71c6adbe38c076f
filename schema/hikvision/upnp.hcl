setting "upnp" {
  summary    = "Ports opened in the router by the device"
  source     = "Recorded on a camera V5.7.30; the same addresses answer on recorders"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    With UPnP a device asks the router to forward ports from the internet to it. The list of forwarded ports has a
    switch of its own, which is left alone: ports are forwarded only when both are on.
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
}
