# A shop with four cameras and a recorder. Only the recorder and the computer in the office may talk to the
# cameras.

variable "office" {
  description = "Address of the computer that runs camform"
  type        = string
  default     = "192.0.2.20"
}

locals {
  recorder = "192.0.2.5"
  cameras = {
    entrance = "192.0.2.11"
    counter  = "192.0.2.12"
    storage  = "192.0.2.13"
    yard     = "192.0.2.14"
  }
}

profile "base" {
  time {
    mode = "NTP"
    zone = "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
  }

  ntp {
    server = local.recorder
  }

  https {
    enabled = true
    min_tls = "1.2"
  }

  upnp {
    enabled = false
  }

  cloud {
    enabled = false
  }
}

profile "camera" {
  extends = [profile.base]

  ip_filter {
    enabled   = true
    mode      = "allow"
    addresses = [local.recorder, var.office]
  }

  login_lock {
    enabled  = true
    attempts = 5
    minutes  = 30
  }

  service "WebSocket" {
    enabled = false
  }

  user "recorder" {
    level    = "Operator"
    password = secret("env:RECORDER_PASSWORD")
  }
}

device "camera" {
  for_each = local.cameras
  address  = "https://${each.value}"
  location = "Shop, ${each.key}"
  site     = "shop"
  tags     = each.key == "yard" ? ["outdoor"] : ["indoor"]

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles  = [profile.camera]
  exclusive = ["user"]

  system {
    name = title(each.key)
  }
}

device "recorder" {
  address = "https://${local.recorder}"
  site    = "shop"

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.base]

  # The recorder is the clock of the shop. It gets the time from outside.
  ntp {
    server = "ntp.example.com"
  }

  # Somebody at the shop maintains the name.
  lifecycle {
    ignore_changes = [system]
  }

  system {
    name = "Shop"
  }
}

output "cameras" {
  value = [for name, camera in device.camera : "${name}: ${camera.address}"]
}
