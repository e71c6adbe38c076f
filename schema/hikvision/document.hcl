setting "document" {
  summary        = "Any element of any document of a device, for settings that camform does not know"
  source         = "The general structure of the vendor's documents; there is no knowledge about the element that you name"
  confidence     = "unsure"
  phase          = "services"
  risk           = "service"
  reboot         = "maybe"
  drops_sessions = true
  keyed          = true
  key_pattern    = "/ISAPI(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+(\\?format=json)?#.+"
  key_doc        = "Path of the document, followed by # and the element in it: \"/ISAPI/Smart/LineDetection/1#enabled\". The path of a JSON document ends with ?format=json."
  key_example    = "/ISAPI/Smart/LineDetection/1#enabled"

  doc = <<-EOT
    A way to reach a setting that no kind describes. camform reads the document, changes the text of one element, and sends
    the whole document back to the same path. Nobody has tested the effect for you: camform only writes it where
    `allow_unproven` names `document`, and the worst case is a lost device. Try it on a device on your desk first. Below
    /ISAPI/Security and /ISAPI/System/Network the risk is that the device can no longer be reached.

    The element is named by its path below the root: `enabled`, `sender/smtp/portNo`. Where there are several, choose one by
    the text of an element in it or by its position: `portList/port[internalPort=80]/enabled`, `NTPServer[2]/portNo`. In a
    JSON document the members of objects are named the same way, without the outermost one.

    camform refuses elements that another kind manages, paths that trigger an action, and elements that look like secrets.
    Other elements of a document that a kind uses are free, unless the device holds a secret of that kind in it: a write
    could lose it. For more than a few elements, or for a secret, write a custom kind: then values are checked by name.
  EOT

  document {
    path         = "{key}"
    capabilities = ["{key}/capabilities"]
  }

  attribute "value" {
    type    = string
    doc     = "Text of the element, as the device writes it. It must have the form that the element has on the device: true or false, a number, or a text."
    element = "."
    codec   = "element"
    example = "true"
  }
}
