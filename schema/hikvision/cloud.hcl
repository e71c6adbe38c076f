setting "cloud" {
  summary    = "Connection to the cloud of the vendor (EZVIZ, Hik-Connect)"
  source     = "Recorded on a terminal V1.2 and on a recorder of a secondary brand; switching it off seen to work on a fleet of cameras"
  confidence = "confirmed"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    The connection through which the vendor's apps reach a device.

    Switching it on needs a verification code on the device, which camform neither shows nor sets, and on some devices
    somebody who accepts the terms of use in the menu. Registration takes up to two minutes. Switching it off does not
    remove the device from an account.
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
}
