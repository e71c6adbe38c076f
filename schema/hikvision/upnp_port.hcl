setting "upnp_port" {
  summary    = "A port that the device asks the router to open"
  source     = "Recorded on a camera V5.7.30; official guide UD09761B, 15.10.140 and 16.2.229 to 16.2.234; writing it was not recorded"
  confidence = "likely"
  phase      = "services"
  risk       = "service"
  keyed      = true
  keys       = ["http", "admin", "rtsp", "https", "WebSocket", "WebSocketS", "SDK_OVER_TLS", "SRTP"]
  key_doc    = "The port of the device, as the device spells it; `admin` is the port of the vendor's own clients, 8000 by default."

  doc = <<-EOT
    One entry in the list of ports that `upnp` is about. A port is open to the internet when its own switch is on and both
    switches of `upnp` are.

    Which ports are in the list depends on the device, and none can be added. While the device chooses the ports on the
    router itself (`mode` of `upnp`), the number here is not used.
  EOT

  document {
    path = "/ISAPI/System/Network/UPnP"
    root = "UPnP"
  }

  item {
    element = "ports/portList/port"
    key     = "internalPort"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the port is forwarded."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "external_port" {
    type    = number
    doc     = "Port on the internet side."
    element = "externalPort"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "8443"
  }
}
