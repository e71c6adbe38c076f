# A setting file says where a setting is in the documents of a device. With it camform reads, checks, plans, writes and
# verifies the setting like any other; "camform settings stream" shows its reference.

setting "stream" {
  summary    = "Name and switch of a video stream"
  source     = "Tried on the cameras of our own house"
  confidence = "likely"
  phase      = "services"
  risk       = "service"
  keyed      = true
  key_doc    = "Number of the stream: 101 is the main stream of the first channel, 102 its second stream."

  key_pattern = "[0-9]{3,4}"
  key_example = "101"

  doc = <<-EOT
    A stream that recorders and clients fetch. Switching it off ends the recordings of everybody who uses it.
  EOT

  document {
    path         = "/ISAPI/Streaming/channels"
    root         = "StreamingChannelList"
    capabilities = ["/ISAPI/Streaming/channels/101/capabilities"]
  }

  item {
    element = "StreamingChannel"
    key     = "id"
  }

  write {
    path = "/ISAPI/Streaming/channels/{id}"
  }

  attribute "name" {
    type    = string
    doc     = "Name that clients show for it."
    element = "channelName"
    max     = 32
    example = "Entrance"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether clients can fetch the stream."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }
}
