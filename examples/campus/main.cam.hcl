# A campus with its devices in a table. The table has one row for each device; "camform simulate -inventory" writes
# one in the same form, so that this example runs without any hardware.

camform {
  required_version = ">= 0.1.0-0"

  # A few dead cameras must not turn the nightly run red.
  max_unreachable = "5%"
}

variable "inventory" {
  description = "CSV file with the columns name, address, serial, mac, model, firmware, kind"
  type        = string
  default     = "inventory.csv"
}

variable "time_zone" {
  description = "POSIX time zone of the campus"
  type        = string
  default     = "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
}

locals {
  rows      = csvdecode(file(var.inventory))
  cameras   = { for row in local.rows : row.name => row if row.kind != "recorder" && row.kind != "dvr" }
  recorders = { for row in local.rows : row.name => row if row.kind == "recorder" || row.kind == "dvr" }
}

# For every device of the campus.
profile "campus" {
  time {
    mode = "NTP"
    zone = var.time_zone
  }

  ntp {
    server   = "ntp.example.com"
    port     = 123
    interval = 60
  }

  upnp {
    enabled = false
  }

  cloud {
    enabled = false
  }
}

# Cameras also refuse old TLS versions, and lock the login after five wrong passwords.
profile "camera" {
  extends = [profile.campus]

  https {
    enabled = true
    min_tls = "1.2"
  }

  web_auth {
    method = "digest"
  }

  login_lock {
    enabled  = true
    attempts = 5
    minutes  = 30
  }

  # The recorders log in with this account, which can look at everything and change nothing.
  user "viewer" {
    level    = "Viewer"
    password = secret("env:VIEWER_PASSWORD")
  }
}

device "camera" {
  for_each = local.cameras
  address  = each.value.address

  identity {
    serial = each.value.serial
  }

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.camera]
}

device "recorder" {
  for_each = local.recorders
  address  = each.value.address

  identity {
    serial = each.value.serial
  }

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.campus]

  system {
    name = "Campus ${each.key}"
  }

  service "RTSP" {
    port = 554
  }
}

output "devices" {
  description = "How many devices there are of each kind"
  value = {
    cameras   = length(local.cameras)
    recorders = length(local.recorders)
  }
}
