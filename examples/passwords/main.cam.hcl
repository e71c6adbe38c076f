# Two cameras and a recorder whose passwords nobody has to know: camform generates them, keeps them in its vault and changes
# them when they are due. The recorder logs in to the cameras, and gets a new password in the same run.
#
#   camform vault init      # once
#   camform apply           # the first new passwords
#   camform rotate -due     # every night; does nothing until a password is 90 days old
#   camform credentials     # how old they are, and who uses them

variable "recorder" {
  description = "Address of the recorder"
  type        = string
  default     = "192.0.2.5"
}

locals {
  cameras = {
    entrance = { address = "192.0.2.11", channel = "1" }
    yard     = { address = "192.0.2.12", channel = "2" }
  }
}

credential_policy "standard" {
  min_length = 14
  classes    = 4
  max_age    = "90d"
  unique     = true
  history    = 8
  window     = "01:00-05:00"
}

device "recorder" {
  address = "https://${var.recorder}"

  login {
    username        = "admin"
    password        = secret("env:CAMERA_PASSWORD") # until the vault has one
    password_policy = credential_policy.standard
  }

  channel "1" {
    name       = "entrance"
    connection = "manual"
    server     = local.cameras.entrance.address
    username   = device.camera["entrance"].user.recorder.name
    password   = device.camera["entrance"].user.recorder.password
  }

  channel "2" {
    name       = "yard"
    connection = "manual"
    server     = local.cameras.yard.address
    username   = device.camera["yard"].user.recorder.name
    password   = device.camera["yard"].user.recorder.password
  }
}

device "camera" {
  for_each = local.cameras
  address  = "https://${each.value.address}"

  login {
    username        = "admin"
    password        = secret("env:CAMERA_PASSWORD")
    password_policy = credential_policy.standard
  }

  # The recorder has its own account, so a new password affects nobody else.
  user "recorder" {
    level           = "Operator"
    password_policy = credential_policy.standard
  }
}
