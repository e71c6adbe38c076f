setting "paths" {
  summary    = "Paths of elements that cannot be read"
  source     = "Made up"
  confidence = "unsure"
  phase      = "services"
  keyed      = true
  key_doc    = "Number of the line."

  document {
    path = "/ISAPI/Smart/LineDetection/1"
    root = "LineDetection"
  }

  item {
    element = "LineItemList/LineItem["
    key     = "id"
  }

  write {
    path   = "/ISAPI/Smart/LineDetection/1/lineItem/{id}"
    create = "/ISAPI/Smart/LineDetection/1/lineItem"
    delete = "/ISAPI/Smart/LineDetection/1/lineItem/{id}"
    new    = "<LineItem><id></LineItem>"
  }

  attribute "enabled" {
    type    = bool
    doc     = "A slash too many."
    element = "a//enabled"
    codec   = "boolean"
  }

  attribute "sensitivity" {
    type    = string
    doc     = "A condition that is no path."
    element = "sensitivityLevel"
    when    = { "[enabled]" = "true" }
  }
}
