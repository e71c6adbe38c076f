setting "snmp" {
  summary    = "Monitoring by SNMP"
  source     = "Recorded on cameras V5.7.20, V5.7.30 and V5.10.0; the passwords of version 3 and the words for its methods were seen in client programs only, and no answer of a recorder was recorded"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    The agent that answers monitoring programs, and the notifications (traps) that it sends on its own. Versions 1 and 2c
    only have a word in clear text, the community; version 3 has users with passwords.

    Every version has its own switch for the agent, and versions 1 and 2c have another one for traps. A device with the
    traps off can still answer: `v1_enabled`, `v2c_enabled` and `v3_enabled` decide that.

    Devices return communities in clear text. camform treats them as secrets nevertheless. The menu of a device shows the
    receivers of traps and the communities of versions 1 and 2c as one, and all recorded devices hold the same for both.

    Version 3 has two fixed users: one who may read, and one who may also write. Devices never return their passwords, so
    while a user has a method, camform needs the password with every change of this setting.
  EOT

  document {
    path         = "/ISAPI/System/Network/SNMP"
    root         = "SNMP"
    capabilities = ["/ISAPI/System/Network/SNMP/capabilities"]
  }

  attribute "port" {
    type    = number
    doc     = "UDP port on which the agent listens."
    element = "listenPort"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "161"
  }

  attribute "v1_enabled" {
    type    = bool
    doc     = "Whether the agent answers version 1."
    element = "SNMPv1c/enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "v1_read_community" {
    type    = string
    doc     = "Community for reading by version 1. Devices come with `public`."
    element = "SNMPv1c/readCommunity"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v1_write_community" {
    type    = string
    doc     = "Community for writing by version 1. Devices come with `private`."
    element = "SNMPv1c/writeCommunity"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v1_traps" {
    type    = bool
    doc     = "Whether the device sends traps of version 1."
    element = "SNMPv1c/notificationEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "v1_trap_server" {
    type = string
    doc  = "Host name or address of the first receiver of traps of version 1. Further receivers stay as they are."
    elements = [
      "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/addressingFormatType",
      "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/hostName",
      "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/ipAddress",
      "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/ipv6Address",
    ]
    codec   = "host"
    min     = 1
    max     = 64
    example = "192.0.2.20"
  }

  attribute "v1_trap_port" {
    type    = number
    doc     = "UDP port of the first receiver of traps of version 1."
    element = "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "162"
  }

  attribute "v1_trap_community" {
    type    = string
    doc     = "Community in the traps of version 1 to the first receiver."
    element = "SNMPv1c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/communityString"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v2c_enabled" {
    type    = bool
    doc     = "Whether the agent answers version 2c."
    element = "SNMPv2c/enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "v2c_read_community" {
    type    = string
    doc     = "Community for reading by version 2c. Devices come with `public`."
    element = "SNMPv2c/readCommunity"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v2c_write_community" {
    type    = string
    doc     = "Community for writing by version 2c. Devices come with `private`."
    element = "SNMPv2c/writeCommunity"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v2c_traps" {
    type    = bool
    doc     = "Whether the device sends traps of version 2c."
    element = "SNMPv2c/notificationEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "v2c_trap_server" {
    type = string
    doc  = "Host name or address of the first receiver of traps of version 2c. Further receivers stay as they are."
    elements = [
      "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/addressingFormatType",
      "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/hostName",
      "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/ipAddress",
      "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/ipv6Address",
    ]
    codec   = "host"
    min     = 1
    max     = 64
    example = "192.0.2.20"
  }

  attribute "v2c_trap_port" {
    type    = number
    doc     = "UDP port of the first receiver of traps of version 2c."
    element = "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/ReceiverAddress/portNo"
    codec   = "number"
    min     = 1
    max     = 65535
    example = "162"
  }

  attribute "v2c_trap_community" {
    type    = string
    doc     = "Community in the traps of version 2c to the first receiver."
    element = "SNMPv2c/SNMPTrapReceiverList/SNMPTrapReceiver[1]/communityString"
    min     = 1
    max     = 32
    secret  = true
  }

  attribute "v3_enabled" {
    type    = bool
    doc     = "Whether the agent answers version 3."
    element = "SNMPAdvanced/enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "v3_read_username" {
    type    = string
    doc     = "Name of the user of version 3 who may read."
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/userName"
    max     = 32
    example = "monitor"
  }

  attribute "v3_read_authentication" {
    type    = string
    doc     = "Hash by which the user who may read proves the password; `none` for no password."
    source  = "Recorded as none on three cameras; the other words in client programs"
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpAuthenticationMethod"
    codec   = "choice"
    values  = ["none", "MD5", "SHA"]
    example = "SHA"
  }

  attribute "v3_read_authentication_password" {
    type       = string
    doc        = "Password of the user who may read."
    source     = "Client programs; no answer and no request with a password was recorded"
    element    = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpAuthenticationPassword"
    after      = ["snmpAuthenticationMethod"]
    min        = 8
    max        = 64
    write_only = true
    holder     = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpAuthenticationMethod"
    confidence = "likely"
  }

  attribute "v3_read_privacy" {
    type    = string
    doc     = "Cipher for the traffic of the user who may read; `none` for no encryption."
    source  = "Recorded as none on three cameras; the other words in client programs"
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyMethod"
    codec   = "choice"
    values  = ["none", "DES", "AES"]
    example = "AES"
  }

  attribute "v3_read_privacy_password" {
    type       = string
    doc        = "Password for the cipher of the user who may read."
    source     = "Client programs; no answer and no request with a password was recorded"
    element    = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyPassword"
    after      = ["snmpPrivacyMethod"]
    min        = 8
    max        = 64
    write_only = true
    holder     = "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyMethod"
    confidence = "likely"
  }

  attribute "v3_write_username" {
    type    = string
    doc     = "Name of the user of version 3 who may also write."
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/userName"
    max     = 32
    example = "operator"
  }

  attribute "v3_write_authentication" {
    type    = string
    doc     = "Hash by which the user who may also write proves the password; `none` for no password."
    source  = "Recorded as none on three cameras; the other words in client programs"
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpAuthenticationMethod"
    codec   = "choice"
    values  = ["none", "MD5", "SHA"]
    example = "SHA"
  }

  attribute "v3_write_authentication_password" {
    type       = string
    doc        = "Password of the user who may also write."
    source     = "Client programs; no answer and no request with a password was recorded"
    element    = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpAuthenticationPassword"
    after      = ["snmpAuthenticationMethod"]
    min        = 8
    max        = 64
    write_only = true
    holder     = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpAuthenticationMethod"
    confidence = "likely"
  }

  attribute "v3_write_privacy" {
    type    = string
    doc     = "Cipher for the traffic of the user who may also write; `none` for no encryption."
    source  = "Recorded as none on three cameras; the other words in client programs"
    element = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpPrivacyMethod"
    codec   = "choice"
    values  = ["none", "DES", "AES"]
    example = "AES"
  }

  attribute "v3_write_privacy_password" {
    type       = string
    doc        = "Password for the cipher of the user who may also write."
    source     = "Client programs; no answer and no request with a password was recorded"
    element    = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpPrivacyPassword"
    after      = ["snmpPrivacyMethod"]
    min        = 8
    max        = 64
    write_only = true
    holder     = "SNMPAdvanced/SNMPUserList/SNMPUser[2]/snmpPrivacyMethod"
    confidence = "likely"
  }
}
