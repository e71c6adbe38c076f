setting "mail" {
  summary    = "Mail server and receivers of alarms"
  source     = "Recorded on recorders V4.61 and V5.04; a request that a tool in use sends to cameras"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    The mail account through which a device sends alarms, and who receives them. Mails can carry pictures, so a receiver
    that nobody knows is a leak.

    Devices never return the password, and whether it survives a write without it is not proven. So camform needs the
    password with every change while the device logs in to the mail server.
  EOT

  document {
    path         = "/ISAPI/System/Network/mailing"
    root         = "mailingList"
    capabilities = ["/ISAPI/System/Network/mailing/capabilities"]
  }

  item {
    element = "mailing"
  }

  write {
    path = "/ISAPI/System/Network/mailing/{id}"
  }

  attribute "sender_name" {
    type    = string
    doc     = "Name of the sender."
    element = "sender/name"
    max     = 64
    example = "gate north"
  }

  attribute "sender" {
    type    = string
    doc     = "Mail address of the sender."
    element = "sender/emailAddress"
    codec   = "mail_address"
    max     = 128
    example = "gate@example.com"
  }

  attribute "server" {
    type = string
    doc  = "Host name or address of the mail server."
    elements = [
      "sender/smtp/addressingFormatType", "sender/smtp/hostName", "sender/smtp/ipAddress", "sender/smtp/ipv6Address",
    ]
    codec   = "host"
    min     = 1
    max     = 128
    example = "mail.example.com"
  }

  attribute "port" {
    type    = number
    doc     = "TCP port of the mail server."
    element = "sender/smtp/portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "587"
  }

  attribute "ssl" {
    type    = bool
    doc     = "Whether the connection is encrypted. Recorders have only this switch."
    element = "sender/smtp/enableSSL"
    codec   = "boolean"
    example = "true"
  }

  attribute "tls" {
    type       = bool
    doc        = "Whether the connection is encrypted by TLS. Cameras only."
    source     = "A request that a tool in use sends to cameras; official guide UD09761B, 16.2.206"
    element    = "sender/smtp/enableTLS"
    codec      = "boolean"
    example    = "true"
    confidence = "likely"
  }

  attribute "starttls" {
    type       = bool
    doc        = "Whether encryption begins within the connection, by STARTTLS. Cameras only."
    source     = "A request that a tool in use sends to cameras; official guide UD09761B, 16.2.206"
    element    = "sender/smtp/startTLS"
    codec      = "boolean"
    example    = "false"
    confidence = "likely"
  }

  attribute "authentication" {
    type    = bool
    doc     = "Whether the device logs in to the mail server."
    element = "sender/smtp/enableAuthorization"
    codec   = "boolean"
    example = "true"
  }

  attribute "username" {
    type    = string
    doc     = "Name of the account at the mail server."
    element = "sender/smtp/accountName"
    max     = 128
    example = "gate@example.com"
  }

  attribute "password" {
    type       = string
    doc        = "Password of the account at the mail server. It can be given while the device logs in there."
    source     = "A request that a tool in use sends to cameras; official guide UD09761B, 16.2.206"
    element    = "sender/smtp/password"
    after      = ["accountName"]
    max        = 128
    write_only = true
    holder     = "sender/smtp/accountName"
    when       = { "sender/smtp/enableAuthorization" = "true" }
    confidence = "likely"
  }

  attribute "receivers" {
    type    = set(string)
    doc     = "Mail addresses of the receivers, with or without a name: `Ops <ops@example.com>`. Devices have three slots. If you give no name, the one on the device does not matter; a new receiver gets its address as the name, because devices require one."
    element = "receiverList/receiver"
    codec   = "receivers"
    example = "[\"Ops <ops@example.com>\"]"
  }

  attribute "snapshots" {
    type       = bool
    doc        = "Whether mails carry pictures. Cameras only."
    source     = "A request that a tool in use sends to cameras; official guide UD09761B, 16.2.206"
    element    = "attachment/snapshot/enabled"
    codec      = "boolean"
    example    = "false"
    confidence = "likely"
  }

  attribute "snapshot_interval" {
    type       = number
    doc        = "How long the device waits between two pictures. Cameras only."
    source     = "Official guide UD09761B, 16.2.206"
    element    = "attachment/snapshot/interval"
    codec      = "number"
    min        = 1
    max        = 3600
    unit       = "seconds"
    confidence = "unsure"
    example    = "2"
  }
}
