setting "ntp" {
  summary    = "Time server"
  source     = "Recorded on recorders V4.61 and V5.04; ranges from the official guides (UD09761B, 16.2.62 and 16.2.217; face terminals, 12.2)"
  confidence = "confirmed"
  phase      = "clock"

  doc = <<-EOT
    The time server that the device asks in NTP mode. Every device seen has one slot for it, and this setting means that
    one.

    A device stores a host name and an address in different elements. When the kind of server changes, camform replaces the
    element of the other kind, because some firmware rejects a document with both.

    Newer recorders also have a port type: with `default` they may stay on port 123 whatever port is set.

    In NTP mode the clock follows the server. Where that is more than five minutes away, switching a server on needs
    `accept_clock_jump`, as the mode of the setting time does.

    If somebody deleted that slot, camform makes it again, with `allow_unproven`, if the device says that it has room for it
    or camform wrote it before. Many devices with one slot reject that, and apply reports it.

    Devices of the newest generation have a switch for each server, which is off by default. Where a device shows it,
    camform switches a declared `server` on, and the plan says so.
  EOT

  document {
    path         = "/ISAPI/System/time/ntpServers"
    root         = "NTPServerList"
    capabilities = ["/ISAPI/System/time/ntpServers/capabilities"]
  }

  item {
    element = "NTPServer"
  }

  again {
    room       = "NTPServer/id"
    source     = "Official guide UD09761B, 15.10.178 to 15.10.182; no request was recorded"
    confidence = "unsure"
    new        = <<-EOT
      <NTPServer><id>1</id><addressingFormatType>hostname</addressingFormatType><hostName></hostName><portNo>123</portNo><synchronizeInterval>1440</synchronizeInterval></NTPServer>
    EOT
  }

  clock {
    path = "/ISAPI/System/time"
  }

  attribute "server" {
    type      = string
    doc       = "Host name or address of the time server. IPv6 only on devices that have an element for it."
    elements  = ["addressingFormatType", "hostName", "ipAddress", "ipv6Address"]
    codec     = "host"
    min       = 1
    max       = 128
    usual_max = 64
    required  = true
    example   = "ntp.example.com"
  }

  attribute "enabled" {
    type       = bool
    doc        = "Whether the device asks this server. Only the newest devices have it; it follows `server` unless it is declared."
    source     = "Official guide for face terminals (Pro Series), 12.2: off by default; no answer that shows it was recorded"
    element    = "enabled"
    codec      = "boolean"
    implied_by = "server"
    confidence = "likely"
    example    = "true"
  }

  attribute "port_type" {
    type       = string
    doc        = "Whether the device uses the default port or the one that is set, as the device spells it: `default` and others on recorders, `auto` or `custom` in the official guide."
    source     = "Recorded on a recorder V5.04; official guide for face terminals (Pro Series), 12.2"
    element    = "portType"
    codec      = "choice"
    confidence = "likely"
    example    = "custom"
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

  attribute "custom_port" {
    type       = number
    doc        = "Port of a device whose `port_type` is `custom`."
    source     = "Recorded on a recorder V5.04; official guide for face terminals (Pro Series), 12.2; no answer with the type custom was recorded"
    element    = "customPortNo"
    codec      = "number"
    min        = 1
    max        = 65535
    when       = { portType = "custom" }
    confidence = "likely"
    example    = "1123"
  }

  attribute "interval" {
    type    = number
    doc     = "How often the device asks the server. Recorders accept at most 10080, which is a week."
    element = "synchronizeInterval"
    codec   = "number"
    min     = 1
    max     = 10800
    unit    = "minutes"
    example = "60"
  }
}
