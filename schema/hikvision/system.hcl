setting "system" {
  summary    = "Name of the device"
  source     = "Recorded on cameras V5.2 to V5.10 and on recorders V4.1 to V5.04; ranges from the official guide"
  confidence = "confirmed"
  phase      = "clock"

  doc = <<-EOT
    The name under which the device shows itself in its own menu, in network searches and in the overlay of some
    recorders.

    Everything else in the same document (model, serial number, firmware) belongs to the device and is sent back as it
    came, because recorders refuse a document that lacks parts of it.
  EOT

  document {
    path         = "/ISAPI/System/deviceInfo"
    root         = "DeviceInfo"
    capabilities = ["/ISAPI/System/deviceInfo/capabilities"]
  }

  attribute "name" {
    type    = string
    doc     = "Name of the device. The documented characters are letters, digits, blanks and ( ) + , - . ; = @ [ ] _ { }, and any letter beyond ASCII. Devices count the bytes of UTF-8."
    element = "deviceName"
    min     = 1
    max     = 132
    example = "gate north"
  }
}
