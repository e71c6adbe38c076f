setting "stream_auth" {
  summary     = "Who may fetch a video stream of a camera"
  source      = "Recorded in the streams of seven cameras V5.2 to V5.8 and of a thermal camera V5.5.98"
  confidence  = "confirmed"
  phase       = "services"
  risk        = "service"
  keyed       = true
  key_pattern = "[0-9]{1,6}"
  key_doc     = "Number of the stream: a hundred times the channel, plus 1 for the main stream, 2 for the sub-stream, and so on."
  key_example = "101"

  doc = <<-EOT
    Whether anybody may watch a stream of a camera. How a client proves its password is the setting rtsp_auth; everything
    else about a stream, such as its resolution, stays as it is.

    Which streams exist may depend on the mode of the camera; none can be added. Recorders list their streams one by one, in
    a form that this setting does not read.
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
    path = "/ISAPI/Streaming/channels/{key}"
  }

  attribute "login_required" {
    type    = bool
    doc     = "Whether a client has to log in to fetch the stream. Every device seen has it on."
    source  = "Recorded as on in all streams; official guide UD09761B, 16.2.279"
    element = "Transport/Security/enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "multicast" {
    type    = bool
    doc     = "Whether the stream can be sent to a multicast address, where anybody in the network can watch it without logging in. Cameras come with it on."
    element = "Transport/Multicast/enabled"
    codec   = "boolean"
    example = "false"
  }
}
