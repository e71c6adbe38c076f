setting "codecs" {
  summary    = "Codecs that do not exist or do not fit"
  source     = "Made up"
  confidence = "unsure"
  phase      = "services"
  hooks      = "magic"

  document {
    path = "/ISAPI/Smart/LineDetection/1"
    root = "LineDetection"
  }

  attribute "unknown" {
    type    = bool
    doc     = "A slip in the name of the codec."
    element = "enabled"
    codec   = "bool"
  }

  attribute "forgotten" {
    type    = bool
    doc     = "Without a codec, it is a text."
    element = "enabled"
  }

  attribute "elements" {
    type    = string
    doc     = "A host has four elements."
    element = "hostName"
    codec   = "host"
  }
}
