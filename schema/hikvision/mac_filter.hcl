setting "mac_filter" {
  summary        = "Hardware addresses that may reach the device, or must not"
  source         = "Official guide UD09761B, 15.10.120 and 16.2.205; capability flags recorded on cameras and recorders; no answer with the document was recorded"
  confidence     = "likely"
  phase          = "filter"
  risk           = "lockout"
  drops_sessions = true

  doc = <<-EOT
    A list of hardware addresses that either all allow or all deny. It is useful only in a network without routers: behind a
    router every host has the router's hardware address. An enabled allow list without the machine that runs camform, or
    without the router in between, closes the way in.

    It is written and switched on in two requests, like `ip_filter`.
  EOT

  document {
    path         = "/ISAPI/System/Network/MACFilter"
    root         = "MACFilter"
    capabilities = ["/ISAPI/System/Network/MACFilter/capabilities"]
  }

  guards "hardware_filter" {
    enabled = "enabled"
    mode    = "mode"
    list    = "addresses"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device filters."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "mode" {
    type    = string
    doc     = "What the list means: `allow` lets only these addresses in, `deny` shuts them out."
    element = "permissionType"
    codec   = "choice"
    values  = ["allow", "deny"]
    example = "allow"
  }

  attribute "addresses" {
    type     = set(string)
    doc      = "Hardware addresses of six bytes, in any usual spelling."
    elements = ["MACFilterAddressList", "MACFilterAddressList/MACFilterAddress"]
    codec    = "mac_list"
    example  = "[\"00:00:5e:00:53:01\"]"
  }
}
