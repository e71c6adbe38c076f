setting "network" {
  summary        = "Address, gateway and name servers of a network interface"
  source         = "Recorded on a camera of the V5 line, a recorder V4.61, a door station, a terminal and an alarm panel; writing it on cameras; errors from the official list"
  confidence     = "confirmed"
  phase          = "filter"
  risk           = "lockout"
  reboot         = "maybe"
  drops_sessions = true
  keyed          = true
  key_pattern    = "[1-9][0-9]?"
  key_example    = "1"
  key_doc        = "Number of the interface: 1 where a device has one. Recorders with two sockets also have 2."

  doc = <<-EOT
    The address of a device. A wrong one takes the device off the network, and only somebody on site can bring it back; a
    right one moves it away from the address in the configuration, which must then follow. Cameras use a new address after
    their next restart, recorders at once.

    The address, the gateway and the name servers have a meaning in static mode only. With DHCP they are what the router
    assigned, so they read as null, and devices accept other values without using them.

    camform sends only the part about addresses, so speed, MTU and everything else about the interface stay as they are.
    Recorders with a built-in switch for cameras may reject changes of the inner interface.
  EOT

  document {
    path         = "/ISAPI/System/Network/interfaces"
    root         = "NetworkInterfaceList"
    capabilities = ["/ISAPI/System/Network/interfaces/1/capabilities", "/ISAPI/System/Network/interfaces/capabilities"]
  }

  item {
    element = "NetworkInterface"
    key     = "id"
  }

  write {
    path    = "/ISAPI/System/Network/interfaces/{key}/ipAddress"
    element = "IPAddress"
  }

  guards "link" {
    version    = "ip_version"
    v4         = ["mode", "address", "gateway"]
    v4_address = "address"
    v6         = ["ipv6_mode", "ipv6_address", "ipv6_gateway"]
    v6_address = "ipv6_address"
  }

  attribute "ip_version" {
    type    = string
    doc     = "Which versions of IP the device uses."
    source  = "Recorded as v4 and dual on five devices; v6 in the official guide (UD09761B, 15.10.91 to 15.10.117)"
    element = "IPAddress/ipVersion"
    codec   = "choice"
    values  = ["v4", "v6", "dual"]
    example = "dual"
  }

  attribute "mode" {
    type    = string
    doc     = "Where the address comes from: `static` for the one given here, `dhcp` for one from the router. Some devices also know `apipa`, which camform does not write."
    element = "IPAddress/addressingType"
    codec   = "choice"
    values  = ["static", "dhcp"]
    map     = { dhcp = "dynamic" }
    example = "static"
  }

  attribute "address" {
    type     = string
    doc      = "IPv4 address of the device with the length of its network, in static mode."
    elements = ["IPAddress/ipAddress", "IPAddress/subnetMask"]
    codec    = "interface_address"
    when     = { "IPAddress/addressingType" = "static" }
    example  = "192.0.2.10/24"
  }

  attribute "gateway" {
    type    = string
    doc     = "IPv4 address of the router, in static mode. It must be in the network of the address. An empty text means none."
    element = "IPAddress/DefaultGateway/ipAddress"
    codec   = "address"
    when    = { "IPAddress/addressingType" = "static" }
    example = "192.0.2.1"

    in_network_of = "address"
  }

  attribute "dns" {
    type     = list(string)
    doc      = "IPv4 addresses of name servers, in static mode: none, one or two that differ."
    elements = ["IPAddress/PrimaryDNS/ipAddress", "IPAddress/SecondaryDNS/ipAddress"]
    codec    = "address_slots"
    when     = { "IPAddress/addressingType" = "static" }
    example  = "[\"192.0.2.53\", \"192.0.2.54\"]"
  }

  attribute "ipv6_mode" {
    type       = string
    doc        = "Where the IPv6 address comes from: `ra` for announcements of the router, `dhcp`, or `manual` for the one given here."
    source     = "Recorded as ra and dhcp; manual in the official guide only (UD09761B, 15.10.91 to 15.10.117)"
    confidence = "likely"
    element    = "IPAddress/Ipv6Mode/ipV6AddressingType|IPAddress/ipV6AddressingType"
    codec      = "choice"
    values     = ["ra", "dhcp", "manual"]
    example    = "manual"
  }

  attribute "ipv6_address" {
    type       = string
    doc        = "IPv6 address of the device with the length of its network, in manual mode."
    source     = "Recorded on interfaces with another mode; official guide UD09761B, 15.10.91 to 15.10.117"
    confidence = "likely"
    elements   = ["IPAddress/ipv6Address", "IPAddress/bitMask"]
    codec      = "interface_address"
    when       = { "IPAddress/Ipv6Mode/ipV6AddressingType|IPAddress/ipV6AddressingType" = "manual" }
    example    = "2001:db8::10/64"
  }

  attribute "ipv6_gateway" {
    type       = string
    doc        = "IPv6 address of the router, in manual mode. An empty text means none."
    source     = "Recorded on interfaces with another mode; official guide UD09761B, 15.10.91 to 15.10.117"
    confidence = "likely"
    element    = "IPAddress/DefaultGateway/ipv6Address"
    codec      = "address"
    when       = { "IPAddress/Ipv6Mode/ipV6AddressingType|IPAddress/ipV6AddressingType" = "manual" }
    example    = "2001:db8::1"

    in_network_of = "ipv6_address"
  }
}
