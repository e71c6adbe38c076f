setting "ntp" {
  summary    = "Time server"
  source     = "Recorded on recorders V4.61 and V5.04; ranges from the official guide"
  confidence = "confirmed"
  phase      = "clock"

  doc = <<-EOT
    The time server that the device asks in NTP mode. Every device seen has one slot for it, which is the one that this
    setting means.

    A device holds a host name or an address, each in an element of its own. When the kind of server changes, the
    element of the other kind is replaced, because some firmware refuses a document with both.

    Newer recorders also have a port type: with `default` they may keep to port 123 whatever port is set.
  EOT

  document {
    path         = "/ISAPI/System/time/ntpServers"
    root         = "NTPServerList"
    capabilities = ["/ISAPI/System/time/ntpServers/capabilities"]
  }

  item {
    element = "NTPServer"
  }

  attribute "server" {
    type      = string
    doc       = "Host name or address of the time server. IPv6 only on devices that have an element for it."
    elements  = ["addressingFormatType", "hostName", "ipAddress", "ipv6Address"]
    codec     = "host"
    min       = 1
    max       = 128
    usual_max = 64
    example   = "ntp.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "UDP port of the time server."
    element = "portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "123"
  }

  attribute "interval" {
    type    = number
    doc     = "How often the device asks the server. Recorders take at most 10080, which is a week."
    element = "synchronizeInterval"
    codec   = "number"
    min     = 1
    max     = 10800
    unit    = "minutes"
    example = "60"
  }
}
