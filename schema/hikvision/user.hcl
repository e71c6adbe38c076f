setting "user" {
  summary        = "A user account of the device"
  source         = "Recorded on a terminal V1.2 and on an OEM camera; requests from tools in use on cameras and recorders; rules from the official guides"
  confidence     = "confirmed"
  phase          = "accounts"
  risk           = "login"
  drops_sessions = true
  hooks          = "users"
  sends_login    = true
  enciphers      = ["userName", "password", "loginPassword"]
  keyed          = true
  key_pattern    = "(\\\\x[0-9a-f]{2}|[^\\pC]){1,63}"
  key_example    = "viewer"
  key_doc        = "Name of the user, in the spelling of the device: at most 63 characters on any, and 32 on most."

  doc = <<-EOT
    An account with a level and a password. Accounts are identified by their names; the numbers belong to the device.
    Everything else about an account, such as addresses it is bound to and its permissions, stays as it is.

    The first account, usually `admin`, is built in: it cannot be removed, renamed or demoted, and only it may change the
    others. Devices never return passwords, so only the state shows whether one is up to date. On recent firmware an account
    whose password somebody else set stays inactive until its owner changes it.
  EOT

  document {
    path         = "/ISAPI/Security/users"
    root         = "UserList"
    capabilities = ["/ISAPI/Security/capabilities", "/ISAPI/System/capabilities"]
  }

  item {
    element = "User"
    key     = "userName"
  }

  write {
    path   = "/ISAPI/Security/users/{id}"
    create = "/ISAPI/Security/users"
    delete = "/ISAPI/Security/users/{id}"
  }

  sessions {
    path    = "/ISAPI/Security/onlineUser"
    account = "OnlineUser/name"
    address = "OnlineUser/clientAddress/ipAddress"
    since   = "OnlineUser/loginTime"
  }

  guards "account" {
    name     = key
    level    = "level"
    password = "password"
    levels = {
      viewer        = "Viewer"
      operator      = "Operator"
      administrator = "Administrator"
    }
  }

  attribute "level" {
    type     = string
    doc      = "Rights of the account. Most products reject a second administrator."
    element  = "userLevel"
    codec    = "choice"
    values   = ["Administrator", "Operator", "Viewer"]
    required = true
    example  = "Operator"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account: 8 to 16 characters of printable ASCII, of at least two of the classes digits, lower case, upper case and others, without the name of the user or its mirror image."
    element    = "password"
    min        = 8
    max        = 16
    required   = true
    write_only = true
    omittable  = true
  }
}
