setting "log_server" {
  summary    = "Server to which the device sends its log (syslog)"
  source     = "Official guide UD09761B, 15.10.69 and 16.2.202; a request that a recorder DS-7104NI-Q1 took; capability flags of cameras and recorders V4.30 to V5.8; no answer with the document was recorded"
  confidence = "likely"
  phase      = "clock"

  doc = <<-EOT
    A syslog server that gets a copy of what the device writes into its log. It is set early in a run, so that the log
    server sees what is changed afterwards.

    A device stores a host name and an address in different elements. Cameras have the setting from V5.6.0 on.
  EOT

  document {
    path         = "/ISAPI/System/logServer"
    root         = "LogServer"
    capabilities = ["/ISAPI/System/logServer/capabilities"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device sends its log."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "server" {
    type     = string
    doc      = "Host name or address of the log server. IPv6 only on devices that have an element for it."
    elements = ["addressingFormatType", "hostName", "ipAddress", "ipv6Address"]
    codec    = "host"
    min      = 1
    max      = 128
    example  = "log.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "Port of the log server."
    element = "portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "514"
  }

  attribute "interval" {
    type       = number
    doc        = "How often the device sends its new entries, in an undocumented unit. Not every device has it."
    source     = "A request that a recorder DS-7104NI-Q1 took; the official guide does not have it (UD09761B, 16.2.202)"
    element    = "uploadInterval"
    codec      = "number"
    min        = 1
    max        = 10080
    confidence = "unsure"
    example    = "1"
  }

  attribute "encryption" {
    type       = bool
    doc        = "Whether the log is sent over TLS. Where a device has this switch it is off as delivered; firmware from before the switch always uses TLS where it has logs over TLS at all."
    element    = "transmissionEncryption"
    codec      = "boolean"
    confidence = "likely"
    source     = "Official guide UD09761B, 16.2.202: a switch, off by default, on cameras from V5.6.10"
    example    = "true"
  }
}
