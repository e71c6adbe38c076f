setting "line_detection" {
  summary    = "Alarm when somebody crosses a line"
  source     = "Seen in the web pages of our own cameras"
  confidence = "likely"
  phase      = "services"

  document {
    path = "/ISAPI/Smart/LineDetection/1"
    root = "LineDetection"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the camera watches the line."
    element = "enabled"
    codec   = "boolean"
  }

  attribute "sensitivity" {
    type    = number
    doc     = "How easily it alarms."
    element = "LineItemList/LineItem[id=1]/sensitivityLevel"
    codec   = "number"
    min     = 1
    max     = 100
  }
}
