setting "session" {
  summary        = "Automatic logout from the web interface"
  source         = "Official guide UD09761B, 15.7.4 and 16.1.113; capabilities recorded on cameras V5.7 and V5.8 and on a thermal camera V5.5.98; neither the document itself nor a request was recorded"
  confidence     = "likely"
  phase          = "login"
  drops_sessions = true

  doc = <<-EOT
    After some minutes of inactivity, the web interface asks for the password again. Programs that log in with every
    request, as camform does, are not affected.
  EOT

  document {
    path         = "/ISAPI/Security/advanced?format=json"
    root         = "SecurityAdvanced"
    capabilities = ["/ISAPI/Security/advanced/capabilities?format=json", "/ISAPI/Security/capabilities"]
  }

  attribute "idle_logout" {
    type    = bool
    doc     = "Whether the web interface logs out automatically."
    element = "noOperationEnabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "idle_minutes" {
    type    = number
    doc     = "Idle time after which it logs out. Devices come with 15, thermal cameras with 10."
    element = "noOperationTime"
    codec   = "number"
    min     = 1
    max     = 60
    unit    = "minutes"
    example = "15"
  }
}
