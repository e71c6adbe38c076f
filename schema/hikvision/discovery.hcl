setting "discovery" {
  summary    = "Whether the vendor's tools find the device (SADP)"
  source     = "Recorded on a terminal V1.2; a capability flag of a thermal camera V5.5; writing it was seen in client programs only"
  confidence = "likely"
  phase      = "services"
  risk       = "service"
  reboot     = "maybe"

  doc = <<-EOT
    Whether a device answers the search of the vendor's tools on the local network.

    The same search is used to reset a lost password on site and to find a device that is not reachable at its address.
    Hiding a device takes these ways from its owner, too. Optical cameras do not have this setting.
  EOT

  document {
    path = "/ISAPI/System/discoveryMode"
    root = "DiscoveryMode"
  }

  attribute "sadp" {
    type    = string
    doc     = "Whether the device answers the search."
    element = "SADP"
    codec   = "choice"
    values  = ["discoverable", "nonDiscoverable"]
    example = "nonDiscoverable"
  }

  attribute "pcap" {
    type       = string
    doc        = "A second mode of the same setting, which the device calls `PcapMode`. Its effect is not documented."
    source     = "Recorded on a terminal V1.2; no guide says what it does"
    element    = "PcapMode"
    codec      = "choice"
    values     = ["discoverable", "nonDiscoverable"]
    confidence = "unsure"
    example    = "nonDiscoverable"
  }
}
