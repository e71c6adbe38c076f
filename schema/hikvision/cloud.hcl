setting "cloud" {
  summary    = "Connection to the cloud of the vendor (EZVIZ, Hik-Connect)"
  source     = "Recorded on a terminal V1.2 and on a recorder of a secondary brand; switching it off seen to work on a fleet of cameras"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    The connection through which the vendor's apps reach a device.

    Switching it on needs a verification code on the device, and on some devices somebody who accepts the terms of use in
    its menu. Registration takes up to two minutes. Switching it off does not remove the device from an account.

    Some devices return the verification code in clear text, others show an empty one or none. camform never reads it from a
    device: only the state shows whether it is up to date.
  EOT

  document {
    path         = "/ISAPI/System/Network/EZVIZ"
    root         = "EZVIZ"
    capabilities = ["/ISAPI/System/Network/EZVIZ/capabilities"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device connects to the cloud."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "redirect" {
    type       = bool
    doc        = "Whether the cloud may send the device to another server."
    source     = "Official guide UD09761B, 16.2.141"
    element    = "redirect"
    codec      = "boolean"
    confidence = "unsure"
    example    = "false"
  }

  attribute "verification_code" {
    type       = string
    doc        = "Code that the app asks for when somebody adds the device to an account, and the key of encrypted streams: 6 to 12 letters and digits."
    source     = "Recorded on a recorder of a secondary brand; official guide UD09761B, 15.10.85 and 16.2.141: only the administrator may change it"
    confidence = "likely"
    element    = "verificationCode"
    after      = ["serverAddress"]
    min        = 6
    max        = 12
    write_only = true
  }

  attribute "encrypted" {
    type       = bool
    doc        = "Whether streams through the cloud are encrypted with the verification code. Recorders only."
    source     = "Client programs for recorders; the official guide does not have it (UD09761B, 16.2.141)"
    element    = "streamEncrypteEnabled"
    codec      = "boolean"
    confidence = "unsure"
    example    = "true"
  }
}
