setting "ftp" {
  summary    = "Server to which a device uploads pictures and recordings (FTP)"
  source     = "Official guide UD09761B, 15.10.87 to 15.10.90 and 16.2.145 to 16.2.148; flags recorded on six devices; no answer with the document was recorded"
  confidence = "unsure"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    An account on a server to which a device uploads. FTP sends its password in clear text, and pictures too, unless `tls`
    is on; off is the hardened state.

    Devices never return the password, and whether it survives a write without it is not proven. So camform needs it with
    every change of a server that has a username. The folders and file names stay as they are.
  EOT

  document {
    path         = "/ISAPI/System/Network/ftp"
    root         = "FTPNotificationList"
    capabilities = ["/ISAPI/System/Network/ftp/capabilities"]
  }

  item {
    element = "FTPNotification"
  }

  write {
    path = "/ISAPI/System/Network/ftp/{id}"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device uploads."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "tls" {
    type    = bool
    doc     = "Whether the connection is encrypted. Not every device has it."
    element = "useSSL"
    codec   = "boolean"
    example = "true"
  }

  attribute "server" {
    type     = string
    doc      = "Host name or address of the server."
    elements = ["addressingFormatType", "hostName", "ipAddress", "ipv6Address"]
    codec    = "host_slot"
    min      = 1
    max      = 128
    example  = "files.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of the server."
    element = "portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "21"
  }

  attribute "anonymous" {
    type    = bool
    doc     = "Whether the device logs in without an account."
    element = "annoyftp"
    codec   = "boolean"
    example = "false"
  }

  attribute "username" {
    type    = string
    doc     = "Name of the account at the server."
    element = "userName"
    max     = 64
    example = "gate"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account at the server."
    element    = "password"
    after      = ["userName"]
    max        = 64
    write_only = true
    holder     = "userName"
  }

  attribute "passive" {
    type    = bool
    doc     = "Whether the device also opens the data connections (passive mode)."
    element = "passiveModeEnabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "pictures" {
    type    = bool
    doc     = "Whether pictures are uploaded."
    element = "uploadPicture"
    codec   = "boolean"
    example = "true"
  }

  attribute "recordings" {
    type    = bool
    doc     = "Whether recordings are uploaded."
    element = "uploadVideoClip"
    codec   = "boolean"
    example = "false"
  }
}
