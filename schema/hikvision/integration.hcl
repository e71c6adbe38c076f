setting "integration" {
  summary    = "Protocols for other programs: ONVIF and CGI"
  source     = "Parts of requests that tools in use send to cameras, and the behaviour of a camera of the G5 platform; no complete answer of a device was recorded"
  confidence = "likely"
  phase      = "services"
  risk       = "login"
  reboot     = "maybe"

  doc = <<-EOT
    Which protocols other programs may use with the device, and how they prove their password.

    ONVIF has its own accounts, which are the setting onvif_user: switched on without any, it listens but lets nobody in.
    Switching CGI off does not switch ISAPI off. On some devices ISAPI itself has a switch in the same document; camform
    uses ISAPI, and never touches that switch.

    camform sends the whole document back with only the changed texts, because some firmware accepts no other form.
  EOT

  document {
    path         = "/ISAPI/System/Network/Integrate"
    root         = "Integrate"
    capabilities = ["/ISAPI/System/Network/Integrate/capabilities"]
  }

  guards "listener" {
    scheme  = "onvif"
    called  = "ONVIF"
    enabled = "onvif_enabled"
  }

  attribute "onvif_enabled" {
    type    = bool
    doc     = "Whether the device supports ONVIF clients."
    element = "ONVIF/enable"
    codec   = "boolean"
    example = "false"
  }

  attribute "onvif_authentication" {
    type    = string
    doc     = "How ONVIF clients prove their password: by HTTP digest, by the token of WS-Security (`wsse`), or either. Many clients only know the token."
    element = "ONVIF/certificateType"
    codec   = "choice"
    values  = ["digest", "digest/wsse", "wsse"]
    example = "digest/wsse"
  }

  attribute "cgi_enabled" {
    type    = bool
    doc     = "Whether the device answers CGI requests."
    element = "CGI/enable"
    codec   = "boolean"
    example = "true"
  }

  attribute "cgi_authentication" {
    type    = string
    doc     = "How CGI clients prove their password. `digest/basic` also accepts Basic, which sends passwords readably unless the connection is encrypted."
    element = "CGI/certificateType"
    codec   = "choice"
    values  = ["digest", "digest/basic"]
    example = "digest"
  }
}
