setting "onvif_user" {
  summary        = "An account for ONVIF clients"
  source         = "Many client programs, which agree; a flag in the capabilities of cameras and recorders; no answer of a device was recorded"
  confidence     = "likely"
  phase          = "services"
  risk           = "login"
  drops_sessions = true
  enciphers      = ["userName", "password"]
  keyed          = true
  key_pattern    = "(\\\\x[0-9a-f]{2}|[^\\pC]){1,63}"
  key_example    = "viewer"
  key_doc        = "Name of the account, in the spelling of the device: at most 63 characters on any, and 32 on most."

  doc = <<-EOT
    ONVIF has accounts that are separate from the users of the device, with their own passwords: a new password of `admin`
    changes nothing here. Management programs and recorders of other vendors log in with them.

    Devices never return passwords, so only the state shows whether one is up to date. Whether one survives a write of the
    account's type without it is not proven, so camform needs it with every change.
  EOT

  document {
    path         = "/ISAPI/Security/ONVIF/users"
    root         = "UserList"
    capabilities = ["/ISAPI/Security/ONVIF/users/capabilities", "/ISAPI/Security/capabilities"]
  }

  item {
    element = "User"
    key     = "userName"
  }

  write {
    path   = "/ISAPI/Security/ONVIF/users/{id}"
    create = "/ISAPI/Security/ONVIF/users"
    delete = "/ISAPI/Security/ONVIF/users/{id}"
    new    = "<UserList><User><id>0</id><userName></userName><userType></userType></User></UserList>"
  }

  guards "account" {
    name     = key
    schemes  = ["onvif"]
    level    = "type"
    password = "password"
    levels = {
      viewer        = "media"
      operator      = "operator"
      administrator = "administrator"
    }
  }

  attribute "type" {
    type     = string
    doc      = "Rights of the account: everything, everything except administration, or only video."
    element  = "userType"
    codec    = "choice"
    values   = ["administrator", "operator", "media"]
    map      = { media = "mediaUser" }
    required = true
    example  = "media"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account, of 8 to 16 characters."
    element    = "password"
    after      = ["userName"]
    min        = 8
    max        = 16
    required   = true
    write_only = true
    holder     = "userName"
  }
}
