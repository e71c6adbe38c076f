setting "login_limit" {
  summary     = "How many logins a device serves at the same time"
  source      = "Official guide UD09761B, 15.7.36 and 16.1.98; limits recorded on cameras V5.7 and V5.8; neither the document nor a request was recorded"
  confidence  = "unsure"
  phase       = "login"
  risk        = "login"
  hooks       = "login_limit"
  sends_login = true
  enciphers   = ["adminPassword"]

  doc = <<-EOT
    A low number protects a device from clients that never log out, but shuts out people and recorders when it is used up:
    every program that looks at the device takes one. camform refuses a number below the number of known clients of the
    device, itself included, unless it is accepted for each of them.

    A device requires the administrator's password with each change. camform sends it over TLS, or enciphered where the
    device says how, and in no other way.
  EOT

  document {
    path         = "/ISAPI/Security/loginLinkNum?format=json"
    root         = "LoginLinkNum"
    capabilities = ["/ISAPI/Security/loginLinkNum/capabilities?format=json", "/ISAPI/Security/capabilities"]
  }

  guards "capacity" {
    most = "logins"
  }

  attribute "logins" {
    type    = number
    doc     = "Number of logins at once."
    element = "maxLinkNum"
    codec   = "number"
    min     = 4
    max     = 128
    example = "32"
  }
}
