setting "isup" {
  summary    = "Connection to a management platform (ISUP, Ehome)"
  source     = "Recorded on a terminal V1.2, with limits and three rounds of writing; capability flags of cameras V5.7 and V5.8"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    A connection that the device opens to a platform that uses the vendor's protocol, and through which the platform
    controls it.

    While the connection is off, its parameters are not compared: a new device has an empty server and the port 0, and
    accepts neither again once others have been set. Switching it on needs the server, the port, the name and the key
    together.
  EOT

  document {
    path         = "/ISAPI/System/Network/Ehome"
    root         = "Ehome"
    capabilities = ["/ISAPI/System/Network/Ehome/capabilities"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device connects to the platform."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "server" {
    type     = string
    doc      = "Host name or address of the platform, while the connection is on."
    elements = ["addressingFormatType", "hostName", "ipAddress", "ipv6Address"]
    codec    = "host"
    min      = 1
    max      = 64
    when     = { enabled = "true" }
    example  = "platform.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of the platform, while the connection is on."
    element = "portNo"
    codec   = "number"
    min     = 1024
    max     = 65535
    when    = { enabled = "true" }
    example = "7660"
  }

  attribute "device_id" {
    type    = string
    doc     = "Name by which the platform knows the device, while the connection is on."
    element = "deviceID"
    min     = 1
    max     = 32
    when    = { enabled = "true" }
    example = "GATE01"
  }

  attribute "key" {
    type       = string
    doc        = "Key of the platform. It can be given while the connection is on."
    element    = "key"
    after      = ["deviceID"]
    min        = 8
    max        = 32
    write_only = true
    holder     = "deviceID"
    when       = { enabled = "true" }
  }

  attribute "version" {
    type    = string
    doc     = "Version of the protocol, while the connection is on. Devices offer `v5.0`, and some older ones."
    element = "protocolVersion"
    codec   = "choice"
    when    = { enabled = "true" }
    example = "v5.0"
  }
}
