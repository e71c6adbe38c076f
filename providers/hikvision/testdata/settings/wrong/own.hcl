setting "own" {
  summary    = "A codec that only works with Go code beside it"
  source     = "Made up"
  confidence = "unsure"
  phase      = "services"

  document {
    path = "/ISAPI/Smart/LineDetection/1"
    root = "LineDetection"
  }

  attribute "questions" {
    type    = list(string)
    doc     = "Not for everybody."
    element = "enabled"
    codec   = "questions"
  }
}
