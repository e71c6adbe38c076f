# A recorder and a camera that are prepared for the day when nobody knows their password: README.md beside this file is the
# runbook for that day.
#
#   camform vault init
#   camform apply
#   camform recover prepare     # puts the recovery file of devices that export one into the vault
#   camform backup              # their settings and reports, every week
#   camform audit               # which device is not prepared, or not provably yours

variable "recorder" {
  description = "Address of the recorder"
  type        = string
  default     = "192.0.2.5"
}

variable "camera" {
  description = "Address of the camera"
  type        = string
  default     = "192.0.2.11"
}

credential_policy "standard" {
  min_length = 14
  classes    = 4
  max_age    = "90d"
  unique     = true
}

profile "prepared" {
  # Answers are random, different for each device, and known to the vault and to a sealed envelope only.
  security_email {
    addresses = ["reset@example.com"]
  }

  check "recovery.prepared" {
    level  = "basic"
    reason = "A forgotten password must not send anybody up a ladder."

    assert {
      condition     = length(self.recovery.ways) > 0
      error_message = "No way to a new password is prepared. Set security_questions or security_email, or run camform recover prepare."
    }
  }

  check "recovery.ownership" {
    level  = "basic"
    reason = "Support helps those who can prove that they own the device."

    assert {
      condition     = length(self.ownership.missing) == 0
      error_message = "The record of its ownership lacks ${join(", ", self.ownership.missing)}."
    }
  }
}

device "recorder" {
  address  = "https://${var.recorder}"
  location = "rack 2"
  profiles = [profile.prepared]

  login {
    username        = "admin"
    password        = secret("env:CAMERA_PASSWORD") # until the vault has one
    password_policy = credential_policy.standard
  }

  ownership {
    owner          = "Example Ltd"
    custodian      = "Kim Doe, +1 555 0100"
    purchased_from = "Example Distribution"
    invoice        = "2026-0117, in the folder of the building"
    label_photo    = "labels/recorder.png"
    warranty       = "W-4711"
    warranty_until = "2026-01-31"
  }

  security_questions {
    questions = ["1", "4", "9"]
    answer_1  = secret("env:RECORDER_ANSWER_1")
    answer_2  = secret("env:RECORDER_ANSWER_2")
    answer_3  = secret("env:RECORDER_ANSWER_3")
  }
}

device "camera" {
  address  = "https://${var.camera}"
  location = "yard, north gate"
  profiles = [profile.prepared]

  login {
    username        = "admin"
    password        = secret("env:CAMERA_PASSWORD")
    password_policy = credential_policy.standard
  }

  ownership {
    owner          = "Example Ltd"
    custodian      = "Kim Doe, +1 555 0100"
    purchased_from = "Example Distribution"
    invoice        = "2026-0118, in the folder of the building"
    label_photo    = "labels/camera.png"
  }

  security_questions {
    questions = ["1", "4", "9"]
    answer_1  = secret("env:CAMERA_ANSWER_1")
    answer_2  = secret("env:CAMERA_ANSWER_2")
    answer_3  = secret("env:CAMERA_ANSWER_3")
  }
}
