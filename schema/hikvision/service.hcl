setting "service" {
  summary        = "A network service of the device and its port"
  source         = "Recorded on fifteen cameras and recorders V4.30 to V5.8"
  confidence     = "confirmed"
  phase          = "access"
  risk           = "lockout"
  reboot         = "maybe"
  drops_sessions = true
  keyed          = true
  keys           = ["HTTP", "RTSP", "DEV_MANAGE", "SDK_OVER_TLS", "WebSocket", "WebSocketS", "SRTP", "Bonjour", "IOT"]
  key_doc        = "Name of the service, in the device's spelling. DEV_MANAGE, which some devices call SDK, is the port of the vendor's own clients, 8000 by default."

  doc = <<-EOT
    One entry in the list of services. HTTPS is a separate setting.

    Which services exist depends on the product, and none can be added. Some entries lack parts: Bonjour has no port, and
    DEV_MANAGE cannot be switched off on recorders, terminals and thermal cameras. Switching DEV_MANAGE off cuts off
    recorders and management programs that use port 8000; switching HTTP off closes the way in for a device whose address
    uses http.
  EOT

  document {
    path         = "/ISAPI/Security/adminAccesses"
    root         = "AdminAccessProtocolList"
    capabilities = ["/ISAPI/Security/adminAccesses/capabilities"]
  }

  item {
    element  = "AdminAccessProtocol"
    key      = "protocol"
    any_case = true
    words    = { DEV_MANAGE = ["SDK"] }
  }

  guards "listener" {
    key       = "HTTP"
    scheme    = "http"
    called    = "HTTP"
    enabled   = "enabled"
    port      = "port"
    delivered = 80
  }

  guards "listener" {
    key       = "RTSP"
    scheme    = "rtsp"
    called    = "RTSP"
    enabled   = "enabled"
    port      = "port"
    delivered = 554
  }

  guards "listener" {
    key       = "DEV_MANAGE"
    scheme    = "sdk"
    called    = "the protocol of the vendor"
    enabled   = "enabled"
    port      = "port"
    delivered = 8000
  }

  guards "listener" {
    key       = "SDK_OVER_TLS"
    scheme    = "sdk_tls"
    called    = "the protocol of the vendor over TLS"
    enabled   = "enabled"
    port      = "port"
    delivered = 8443
  }

  # The others are not a way in on their own, but can take the port of one.
  guards "listener" {
    enabled = "enabled"
    port    = "port"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the service runs."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of the service. It must differ from the ports of all other services. Some devices restrict it: RTSP to 1024 and above, WebSocket to 7681."
    element = "portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "554"
  }

  attribute "stream_tls" {
    type    = bool
    doc     = "Whether video is also encrypted for clients of SDK_OVER_TLS. The entries of other services do not have it."
    source  = "Recorded on three recorders; official guide UD09761B, 16.2.6"
    element = "streamOverTls"
    codec   = "boolean"
    example = "true"
  }
}
