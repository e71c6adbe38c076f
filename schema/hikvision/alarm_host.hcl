setting "alarm_host" {
  summary     = "Server to which a device sends its events over HTTP"
  source      = "Recorded on seven cameras, four recorders, a terminal and a door station; one slot was written on the terminal, and the list on recorders"
  confidence  = "confirmed"
  phase       = "services"
  risk        = "service"
  keyed       = true
  key_pattern = "[1-9][0-9]{0,2}"
  key_doc     = "Number of the slot, from 1. Recent cameras have three, recorders and old cameras have one."
  key_example = "1"

  doc = <<-EOT
    A slot for a server that gets a request for every event whose notification `center` is on. Devices come with a fixed set
    of slots, and camform removes none: the server `0.0.0.0` with the url `/` empties one.

    A declared slot that somebody deleted is made again, with `allow_unproven`, if the device says that it has room for it
    or camform wrote it before. Its password was lost with it, so camform needs that too. If a device gives the new slot
    another number than the declared one, it stays under that number, and apply reports it.

    Where a device rejects a write to a single slot, camform writes the list of all slots, unless another slot has an
    account: that one's password would be lost.

    Devices never return the password, and whether it survives a write without it is not proven. So camform needs it with
    every change of a slot that has a username. Recorders have no place for an account here. A face terminal accepts a url
    and forgets it.
  EOT

  document {
    path         = "/ISAPI/Event/notification/httpHosts"
    root         = "HttpHostNotificationList"
    capabilities = ["/ISAPI/Event/notification/httpHosts/capabilities"]
  }

  item {
    element = "HttpHostNotification"
    key     = "id"
  }

  write {
    path = "/ISAPI/Event/notification/httpHosts/{id}"
    list = true
  }

  again {
    room       = "hostNumber"
    source     = "Official guide UD09761B, 15.3.5 and 16.2.156; no request was recorded"
    confidence = "unsure"
    new        = <<-EOT
      <HttpHostNotification><id></id><url>/</url><protocolType>HTTP</protocolType><parameterFormatType>XML</parameterFormatType><addressingFormatType>ipaddress</addressingFormatType><ipAddress>0.0.0.0</ipAddress><portNo>80</portNo><userName></userName><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>
    EOT
  }

  attribute "url" {
    type    = string
    doc     = "Path of the requests. An empty slot has `/`, or nothing on some devices."
    element = "url"
    max     = 256
    example = "/api/hikvision"
  }

  attribute "protocol" {
    type    = string
    doc     = "Protocol for the server. `EHome` is the vendor's own protocol."
    element = "protocolType"
    codec   = "choice"
    values  = ["HTTP", "HTTPS", "EHome"]
    example = "HTTPS"
  }

  attribute "server" {
    type = string
    doc  = "Host name or address of the server; `0.0.0.0` for none."
    elements = [
      "addressingFormatType", "hostName", "ipAddress", "ipv6Address",
    ]
    codec   = "host_slot"
    min     = 1
    max     = 128
    example = "alarms.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of the server."
    element = "portNo"
    codec   = "number"
    min     = 0
    max     = 65535
    example = "443"
  }

  attribute "format" {
    type    = string
    doc     = "Format of the requests. Every slot seen has XML."
    element = "parameterFormatType"
    codec   = "choice"
    values  = ["XML", "JSON", "querystring"]
    example = "XML"
  }

  attribute "authentication" {
    type    = string
    doc     = "How the device authenticates to the server. Every slot seen has none."
    element = "httpAuthenticationMethod"
    codec   = "choice"
    values  = ["none", "digest", "basic", "base64"]
    map     = { digest = "MD5digest" }
    example = "digest"
  }

  attribute "enabled" {
    type       = bool
    doc        = "Whether the device sends to this server. Newer devices only."
    source     = "Official guide for face terminals (Pro Series), 12.2"
    element    = "enabled"
    codec      = "boolean"
    confidence = "unsure"
    example    = "true"
  }

  attribute "repeat" {
    type       = bool
    doc        = "Whether the device sends an event again if the server does not answer with 200. Newer devices only."
    source     = "Official guide for face terminals (Pro Series), 12.2"
    element    = "checkResponseEnabled"
    codec      = "boolean"
    confidence = "unsure"
    example    = "true"
  }

  attribute "custom_triggers" {
    type       = bool
    doc        = "Whether user-defined events are sent, too. Newer devices only."
    source     = "Official guide for face terminals (Pro Series), 12.2"
    element    = "customTriggersEnabled"
    codec      = "boolean"
    confidence = "unsure"
    example    = "false"
  }

  attribute "method" {
    type       = string
    doc        = "Method of the requests. Newer devices only."
    source     = "Official guide for face terminals (Pro Series), 12.2"
    element    = "method"
    codec      = "choice"
    values     = ["POST", "PUT", "GET"]
    confidence = "unsure"
    example    = "POST"
  }

  attribute "network" {
    type       = string
    doc        = "Network over which the device sends. Only newer devices with several."
    source     = "Official guide for face terminals (Pro Series), 12.2"
    element    = "netWork"
    codec      = "choice"
    values     = ["wired", "mobile", "wireless"]
    map        = { wired = "1", mobile = "2", wireless = "3" }
    confidence = "unsure"
    example    = "wired"
  }

  attribute "username" {
    type    = string
    doc     = "Name of the device's account at the server. Cameras only."
    element = "userName"
    max     = 64
    example = "gate"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the device's account at the server. It can be given while the device logs in there."
    source     = "Official guide UD09761B, 16.2.156; requests of client programs"
    element    = "password"
    after      = ["userName"]
    max        = 64
    write_only = true
    holder     = "userName"
    when       = { httpAuthenticationMethod = "MD5digest|basic|base64" }
    confidence = "likely"
  }
}
