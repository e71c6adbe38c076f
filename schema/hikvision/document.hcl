setting "document" {
  summary        = "Any element of any document of a device, for what camform does not know"
  source         = "How documents of the vendor are made; nothing is known about the element that somebody names"
  confidence     = "unsure"
  phase          = "services"
  risk           = "service"
  reboot         = "maybe"
  drops_sessions = true
  keyed          = true
  key_pattern    = "/ISAPI(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+(\\?format=json)?#.+"
  key_doc        = "Path of the document, and behind # the element in it: \"/ISAPI/Smart/LineDetection/1#enabled\". A document in JSON has ?format=json behind its path."
  key_example    = "/ISAPI/Smart/LineDetection/1#enabled"

  doc = <<-EOT
    The way to a setting that no kind describes. camform reads the document, changes the text of one element, and sends
    the whole document back where it came from. What that does nobody has tried for you: it is only written where
    `allow_unproven` names `document`, and anything up to losing the device can come of it. Try it on a device that stands
    on your desk. Below /ISAPI/Security and /ISAPI/System/Network its risk is that nobody reaches the device any more.

    The element is named by its path below the root: `enabled`, `sender/smtp/portNo`. Where there are several, choose one by
    the text of an element in it or by its position: `portList/port[internalPort=80]/enabled`, `NTPServer[2]/portNo`. In a
    JSON document the members of objects are named the same way, without the outermost one.

    Elements that another kind manages are refused, as are paths at which a device does something and elements that look
    like secrets. Other elements of a document that a kind lives in are free, unless the device holds a secret of that kind
    there: it could lose it when the document is written. For more than a few elements, or for a secret, write a setting
    file of your own: then values are checked by name.
  EOT

  document {
    path         = "{key}"
    capabilities = ["{key}/capabilities"]
  }

  attribute "value" {
    type    = string
    doc     = "Text of the element, as the device writes it. It must be of the form that the element has on the device: true or false, a number, or a text."
    element = "."
    codec   = "element"
    example = "true"
  }
}
