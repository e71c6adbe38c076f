setting "network_discovery" {
  summary    = "How an interface announces the device on the local network"
  source     = "Recorded as part of the interfaces of an alarm panel; a recorder DS-7104NI-Q1 answers at this address; elements from the official guide; writing it was not recorded"
  confidence = "likely"
  phase      = "services"
  keyed      = true
  keys       = ["1", "2"]
  key_doc    = "Number of the interface: 1 where a device has one."

  doc = <<-EOT
    The announcements by which computers on the same network find a device without knowing its address. They are not needed
    to reach it. UPnP here is the announcement; the setting upnp is about ports opened in the router, and discovery about
    the vendor's own search.

    Recent cameras have Bonjour in the list of services as well.
  EOT

  document {
    path = "/ISAPI/System/Network/interfaces/{key}/discovery"
    root = "Discovery"
  }

  attribute "upnp" {
    type    = bool
    doc     = "Whether the device announces itself by UPnP."
    element = "UPnP/enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "bonjour" {
    type    = bool
    doc     = "Whether the device announces itself by Bonjour, which is multicast DNS."
    element = "Zeroconf/enabled"
    codec   = "boolean"
    example = "false"
  }
}
