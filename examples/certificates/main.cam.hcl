# Cameras with certificates from an authority. The key of each is made on the camera and never leaves it:
#
#   camform plan
#   camform certificate request 'device.gate["north"]' -country NL -out north.csr
#   ... the authority signs north.csr with subjectAltName = IP:192.0.2.31, and answers with north.pem ...
#   camform plan -out north.plan
#   camform apply north.plan
#
# To renew it, start with the request again. If a camera has room for only one certificate, HTTP must be open in the meantime.

locals {
  cameras = {
    north = "192.0.2.31"
    south = "192.0.2.32"
  }
}

device "gate" {
  for_each = local.cameras
  address  = "https://${each.value}"

  # Not recorded on a real device: try it on one that you can reach by hand, and allow it here.
  allow_unproven = { certificate = "tried on the bench" }

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  system {
    name = "Gate ${each.key}"
  }

  https {
    enabled = true
    min_tls = "1.2"
  }

  certificate {
    chain = fileexists("${each.key}.pem") ? file("${each.key}.pem") : null
  }
}
