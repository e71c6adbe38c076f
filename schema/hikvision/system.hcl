setting "system" {
  summary    = "Name and description of the device"
  source     = "Recorded on cameras V5.2 to V5.10 and on recorders V4.1 to V5.04; the number written on a camera V5.2; ranges from the official guide"
  confidence = "confirmed"
  phase      = "clock"

  device_name = "name"

  doc = <<-EOT
    The name under which the device shows itself in its own menu, in network searches and in the overlay of some
    recorders.

    Everything else in the same document (model, serial number, firmware) belongs to the device and is sent back unchanged,
    because recorders reject a document that lacks parts of it.
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

  attribute "telecontrol_id" {
    type    = number
    doc     = "Number by which a remote control or keyboard of the vendor selects the device: 88 on cameras and 255 on recorders by default."
    element = "telecontrolID"
    codec   = "number"
    min     = 1
    max     = 255
    example = "88"
  }

  attribute "description" {
    type       = string
    doc        = "Description of the device. Cameras have it; no client is known to have written it successfully."
    source     = "Recorded on cameras; official guide UD09761B, 16.2.33 and 16.2.115: it can be written, and holds 16 characters"
    confidence = "likely"
    element    = "deviceDescription"
    min        = 1
    max        = 128
    usual_max  = 16
    example    = "IPCamera"
  }

  attribute "location" {
    type       = string
    doc        = "Location of the device. Cameras have it; no client is known to have written it successfully."
    source     = "Recorded on cameras; official guide UD09761B, 16.2.33 and 16.2.115: it can be written; older cameras take fixed texts only, which their capabilities list"
    confidence = "likely"
    element    = "deviceLocation"
    min        = 1
    max        = 128
    example    = "north gate"
  }
}
