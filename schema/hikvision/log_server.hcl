setting "log_server" {
  summary    = "Server that the device sends its log to (syslog)"
  source     = "A request that a recorder DS-7104NI-Q1 took, and capability flags of cameras and recorders V4.30 to V5.8; no answer with the document itself was recorded"
  confidence = "likely"
  phase      = "clock"

  doc = <<-EOT
    A syslog server that gets a copy of what the device writes into its log. It is set early in a run, so that the log
    server sees what is changed afterwards.

    A device holds a host name or an address, each in an element of its own. Cameras V5.2 and V5.6 have no such setting;
    other cameras say that they support it, but which address they keep it at was seen on recorders only.
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
    doc        = "How often the device sends what it has, in a unit that no document names. Not every device has it."
    element    = "uploadInterval"
    codec      = "number"
    min        = 1
    max        = 10080
    confidence = "unsure"
    example    = "1"
  }

  attribute "encryption" {
    type       = string
    doc        = "Whether or how the device encrypts on the way, in the word of the device. Newer firmware only; its values were never seen."
    element    = "transmissionEncryption"
    confidence = "unsure"
    example    = "true"
  }
}
