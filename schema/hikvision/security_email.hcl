setting "security_email" {
  summary     = "Mail addresses to which a code to reset the password is sent"
  source      = "The layout from chapters of an official guide; the address answers on a recorder with a refusal; no answer with an address was recorded"
  confidence  = "likely"
  phase       = "accounts"
  risk        = "login"
  hooks       = "security_email"
  sends_login = true
  enciphers   = ["password", "emailAddress"]

  doc = <<-EOT
    Anyone who reads mail at one of these addresses can set a new password for the administrator. The mail comes from the
    vendor, not from the device.

    Devices show addresses with most of their letters hidden, as `o****@example.com`, and camform compares only the part
    that is shown: it cannot tell `ops@example.com` from `office@example.com`. To move from one address to another that
    looks the same, remove the old one first.

    Devices accept only the whole list, together with the administrator's password: camform sends the one that it is logged
    in with, over https or enciphered as the device says, and in no other way.
  EOT

  document {
    path         = "/ISAPI/Security/email/parameter?format=json"
    root         = "SecurityEmail"
    capabilities = ["/ISAPI/Security/email/parameter/capabilities?format=json", "/ISAPI/Security/capabilities"]
  }

  prepares "email" {
    by = "addresses"
  }

  write {
    path = "/ISAPI/Security/email/parameter?format=json"
  }

  attribute "addresses" {
    type    = set(string)
    doc     = "Mail addresses, in full."
    element = "SecurityInformation/emailAddress"
    codec   = "masked_addresses"
    example = "[\"ops@example.com\"]"
  }
}
