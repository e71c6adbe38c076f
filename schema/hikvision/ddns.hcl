setting "ddns" {
  summary    = "Internet name that follows the address of the device (dynamic DNS)"
  source     = "Recorded on cameras V5.2 and V5.10; what a recorder V4.30 accepted, from notes of its owner"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    A service that keeps a public name for the changing address of a device. It makes sense only if the device is reachable
    from the internet, which it should not be.

    Every device seen has one slot for it, and this setting means that one. A recorder V4.30 accepted everything except the
    password, which could only be set in its own menu.
  EOT

  document {
    path         = "/ISAPI/System/Network/DDNS"
    root         = "DDNSList"
    capabilities = ["/ISAPI/System/Network/DDNS/capabilities"]
  }

  item {
    element = "DDNS"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device reports its address to the service."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "provider" {
    type    = string
    doc     = "The service, as the device spells it, such as `DynDNS`, `HiDDNS` or `NO-IP`, which some call `NoIpDns`."
    element = "provider"
    codec   = "choice"
    example = "DynDNS"
  }

  attribute "server" {
    type     = string
    doc      = "Host name or address of the service."
    elements = ["serverAddress/addressingFormatType", "serverAddress/hostName", "serverAddress/ipAddress", "serverAddress/ipv6Address"]
    codec    = "host"
    min      = 1
    max      = 260
    example  = "members.dyndns.org"
  }

  attribute "port" {
    type    = number
    doc     = "Port of the service; 0 for the usual one."
    element = "portNo"
    codec   = "number"
    min     = 0
    max     = 65535
    example = "0"
  }

  attribute "interface" {
    type       = number
    doc        = "Number of the interface whose address the device reports. Not every device has it."
    source     = "Official guide UD09761B, 16.2.109"
    element    = "ethernetIfId"
    codec      = "number"
    min        = 1
    max        = 8
    confidence = "unsure"
    example    = "1"
  }

  attribute "domain" {
    type    = string
    doc     = "Public name that follows the address."
    element = "deviceDomainName"
    max     = 64
    example = "gate.example.com"
  }

  attribute "username" {
    type      = string
    doc       = "Name of the account at the service."
    element   = "userName"
    max       = 64
    usual_max = 32
    example   = "gate"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account at the service. It can be given while the service is in use."
    source     = "Official guide UD09761B, 16.2.109: it can be written, with at most 16 characters; a recorder V4.30 did not take it"
    element    = "password"
    after      = ["userName"]
    max        = 64
    usual_max  = 16
    write_only = true
    holder     = "userName"
    when       = { enabled = "true" }
    confidence = "unsure"
  }
}
