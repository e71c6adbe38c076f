setting "serial_port" {
  summary    = "What a serial port of a device is for"
  source     = "Official guide UD09761B, SerialPort (15.10, 16.2), and the one for face terminals (Pro Series), 12.2; no answer of a device was recorded"
  confidence = "unsure"
  phase      = "services"
  risk       = "service"
  keyed      = true
  keys       = ["1", "2", "3", "4"]
  key_doc    = "Number of the port."

  doc = <<-EOT
    A socket for a pan and tilt head, a card reader or a computer. A port of the type RS-232 in the mode `console` is a
    shell for anyone who reaches the socket. Whatever is connected to the port stops working when it is switched off.

    Everything else about a port, such as its speed, stays as it is.
  EOT

  document {
    path         = "/ISAPI/System/Serial/ports/{key}"
    root         = "SerialPort"
    capabilities = ["/ISAPI/System/Serial/ports/{key}/capabilities"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the port is in use."
    element = "enabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "mode" {
    type    = string
    doc     = "Use of a port of the type RS-232. Which modes exist depends on the device."
    element = "workMode"
    codec   = "choice"
    values  = ["console", "transparent", "audiomixer", "stairsControl", "cardReader", "disabled", "custom"]
    when    = { serialPortType = "RS232" }
    example = "transparent"
  }
}
