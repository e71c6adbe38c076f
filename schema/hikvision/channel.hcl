setting "channel" {
  summary     = "A camera of a recorder"
  source      = "Recorded on nine recorders V4.1 to V5.0; the request that a program sends to a recorder DS-7104NI; a note of an operator that writing a password here repairs the connection"
  confidence  = "likely"
  phase       = "services"
  risk        = "service"
  enciphers   = ["userName", "password"]
  keyed       = true
  key_pattern = "[1-9][0-9]{0,2}"
  key_doc     = "Number of the channel. A recorder gives the next free number to a new one, so that must be its label."
  key_example = "1"

  doc = <<-EOT
    The camera that a recorder shows and records on a channel, and the account with which it logs in there. After the
    password of a camera has changed, the recorder keeps trying the old one until the camera locks it out; write the new one
    here right afterwards.

    Recorders never return the password, and whether it survives a write without it is not proven. So camform needs it with
    every change.

    While the connection is `plugplay`, a recorder finds the address of a camera at its own PoE ports on its own; address
    and port have no effect then. A channel that is removed keeps its recordings.
  EOT

  document {
    path         = "/ISAPI/ContentMgmt/InputProxy/channels"
    root         = "InputProxyChannelList"
    capabilities = ["/ISAPI/ContentMgmt/InputProxy/channels/capabilities", "/ISAPI/Security/capabilities"]
  }

  item {
    element = "InputProxyChannel"
    key     = "id"
  }

  write {
    path   = "/ISAPI/ContentMgmt/InputProxy/channels/{id}"
    create = "/ISAPI/ContentMgmt/InputProxy/channels"
    delete = "/ISAPI/ContentMgmt/InputProxy/channels/{id}"
    new    = <<-EOT
      <InputProxyChannel>
      <id>0</id>
      <name></name>
      <sourceInputPortDescriptor>
      <proxyProtocol>HIKVISION</proxyProtocol>
      <addressingFormatType>ipaddress</addressingFormatType>
      <ipAddress></ipAddress>
      <managePortNo>8000</managePortNo>
      <srcInputPort>1</srcInputPort>
      <userName></userName>
      <connMode>manual</connMode>
      <streamType>auto</streamType>
      <deviceID></deviceID>
      </sourceInputPortDescriptor>
      </InputProxyChannel>
    EOT
  }

  works {
    path    = "/ISAPI/ContentMgmt/InputProxy/channels/{key}/status"
    element = "online"
    values  = ["true"]
    wait    = "40s"
  }

  consumes {
    account  = "username"
    password = "password"
    address  = "server"
    port     = "port"
    title    = "name"
    serial   = "sourceInputPortDescriptor/serialNumber"
    protocol = "protocol"
    schemes  = { HIKVISION = "sdk", ONVIF = "onvif" }
    inside   = { connection = "plugplay" }
    types    = ["NVR"] # HybirdNVR, too; some call themselves DVR, as recorders of analog cameras without channels do
  }

  attribute "name" {
    type     = string
    doc      = "Name of the channel, which recorders write into the picture."
    element  = "name"
    max      = 64
    required = true
    example  = "gate north"
  }

  attribute "protocol" {
    type    = string
    doc     = "Protocol between recorder and camera. ONVIF needs an ONVIF account of the camera, and its port."
    element = "sourceInputPortDescriptor/proxyProtocol"
    codec   = "choice"
    values  = ["HIKVISION", "ONVIF"]
    example = "HIKVISION"
  }

  attribute "connection" {
    type    = string
    doc     = "Whether the recorder finds the camera at its PoE ports automatically, or uses the address that is given."
    element = "sourceInputPortDescriptor/connMode"
    codec   = "choice"
    values  = ["plugplay", "manual"]
    example = "manual"
  }

  attribute "server" {
    type = string
    doc  = "Address or host name of the camera. It can be given for a channel whose connection is manual."
    elements = [
      "sourceInputPortDescriptor/addressingFormatType", "sourceInputPortDescriptor/hostName",
      "sourceInputPortDescriptor/ipAddress", "sourceInputPortDescriptor/ipv6Address",
    ]
    codec    = "host"
    min      = 1
    max      = 128
    required = true
    when     = { "sourceInputPortDescriptor/connMode" = "manual" }
    example  = "192.0.2.61"
  }

  attribute "port" {
    type    = number
    doc     = "Port of the camera for recorders: 8000 for HIKVISION, 80 for most cameras by ONVIF. It can be given for a channel whose connection is manual."
    element = "sourceInputPortDescriptor/managePortNo"
    codec   = "number"
    min     = 1
    max     = 65535
    when    = { "sourceInputPortDescriptor/connMode" = "manual" }
    example = "8000"
  }

  attribute "input" {
    type    = number
    doc     = "Which channel of the camera is shown; greater than 1 for devices with several, such as a recorder behind a recorder."
    element = "sourceInputPortDescriptor/srcInputPort"
    codec   = "number"
    min     = 1
    max     = 512
    example = "1"
  }

  attribute "stream" {
    type    = string
    doc     = "How the recorder fetches the video: `auto`, `tcp` or `udp`."
    source  = "Recorded as auto on nine recorders; the words from the official guide (UD09761B, 16.2.169)"
    element = "sourceInputPortDescriptor/streamType"
    codec   = "choice"
    values  = ["auto", "tcp", "udp"]
    example = "tcp"
  }

  attribute "username" {
    type     = string
    doc      = "Name of the account on the camera."
    element  = "sourceInputPortDescriptor/userName"
    min      = 1
    max      = 32
    required = true
    example  = "recorder"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account on the camera. It is needed with every change."
    element    = "sourceInputPortDescriptor/password"
    after      = ["userName"]
    min        = 1
    max        = 64
    required   = true
    write_only = true
    holder     = "id"
  }

  attribute "sync_time" {
    type    = bool
    doc     = "Whether the recorder sets the clock of the camera. It then overrides the camera's time server."
    element = "enableTiming"
    codec   = "boolean"
    example = "false"
  }

  attribute "fill_gaps" {
    type    = bool
    doc     = "Whether the recorder fetches the recordings that it missed while the connection was down from the camera's memory card. Not every camera supports it."
    element = "enableAnr"
    codec   = "boolean"
    example = "true"
  }

  attribute "verify_certificate" {
    type    = bool
    doc     = "Whether the recorder checks the certificate of the camera. Recorders from V4.61 only; it was off on every recorder seen."
    element = "certificateValidationEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "default_port" {
    type    = bool
    doc     = "Whether the recorder uses the default port of the protocol. Recorders from V4.61 only."
    element = "defaultAdminPortEnabled"
    codec   = "boolean"
    example = "true"
  }
}
