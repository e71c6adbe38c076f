# What every device should have. "camform settings" lists what can be set.
profile "hardened" {
  https {
    enabled = true
    min_tls = "1.2"
  }

  upnp {
    enabled = false
  }
}

# One block for each device. The password is read from the environment:
#
#   export CAMERA_PASSWORD=...
#   camform plan
device "front_door" {
  address = "https://192.0.2.10"

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.hardened]

  system {
    name = "Front door"
  }
}
