setting "https" {
  summary    = "A kind that the program has already"
  source     = "Made up"
  confidence = "unsure"
  phase      = "services"

  document {
    path = "/ISAPI/Smart/LineDetection/1"
    root = "LineDetection"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whatever."
    element = "enabled"
    codec   = "boolean"
  }
}
