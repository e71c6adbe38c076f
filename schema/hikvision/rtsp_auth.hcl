setting "rtsp_auth" {
  summary        = "How clients prove their password to the video streams"
  source         = "Recorded on recorders V4.61 and V4.84; in the streams of seven cameras V5.7 and V5.8 and of a thermal camera V5.5.98"
  confidence     = "confirmed"
  phase          = "login"
  risk           = "login"
  reboot         = "maybe"
  drops_sessions = true

  doc = <<-EOT
    The scheme and the hash of the login over RTSP, through which recorders and players fetch video.

    Recorders and thermal cameras have one document for it. On other cameras every stream has its own; camform sets all of
    them alike, one request for each. Where streams differ, it reads all of their values.

    `SHA256` alone shuts out every client that only knows MD5, which includes many recorders; `MD5/SHA256` offers both.
    Clients that only know Basic need `digest/basic`, which sends passwords readably. Cameras of the first releases of V5
    have no choice.
  EOT

  document {
    path         = "/ISAPI/Security/RTSPCertificate"
    root         = "RTSPCertificate"
    capabilities = ["/ISAPI/Security/RTSPCertificate/capabilities"]
  }

  document {
    path         = "/ISAPI/Streaming/channels"
    root         = "StreamingChannelList"
    capabilities = ["/ISAPI/Streaming/channels/101/capabilities"]
    within       = "StreamingChannel/Transport/Security"
  }

  write {
    path = "/ISAPI/Streaming/channels/{id}"
  }

  guards "authentication" {
    schemes   = ["rtsp"]
    method    = "method"
    algorithm = "algorithm"
  }

  attribute "method" {
    type    = string
    doc     = "Scheme that the device accepts."
    element = "certificateType"
    codec   = "choice"
    values  = ["digest", "digest/basic"]
    map     = { "digest/basic" = "digest/basic|digest/baisc" } # a misprint of the guide that got into firmware
    example = "digest"
  }

  attribute "algorithm" {
    type    = string
    doc     = "Hash of digest authentication. DVRs and older recorders have no choice."
    element = "SecurityAlgorithm/algorithmType"
    codec   = "choice"
    values  = ["MD5", "SHA256", "MD5/SHA256"]
    example = "MD5/SHA256"
  }
}
