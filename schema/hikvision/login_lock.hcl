setting "login_lock" {
  summary    = "Lock after failed logins"
  source     = "Recorded on a terminal V1.2; limits recorded on cameras V5.5.98 to V5.8; vendor documents contradict each other about the unit of time"
  confidence = "confirmed"
  phase      = "login"
  risk       = "login"

  doc = <<-EOT
    After a number of failed logins a device refuses every login from the same address for a while, even with the right
    password.

    The time is in minutes on cameras and in seconds on terminals. camform infers the unit from the maximum in the limits of
    the device: up to 120 means minutes. On a device without limits the time is shown only where the number itself gives the
    unit away (more than 120 is in seconds), and camform does not write it. Recorders lock as well, but offer no way to read
    or configure it.
  EOT

  document {
    path         = "/ISAPI/Security/illegalLoginLock"
    root         = "IllegalLoginLock"
    capabilities = ["/ISAPI/Security/capabilities", "/ISAPI/System/capabilities"]
  }

  guards "lock" {
    enabled  = "enabled"
    attempts = "attempts"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device locks at all."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "attempts" {
    type    = number
    doc     = "Number of failed logins after which the device locks."
    element = "maxIllegalLoginTimes"
    codec   = "number"
    min     = 3
    max     = 20
    example = "5"
  }

  attribute "minutes" {
    type    = number
    doc     = "How long the lock lasts."
    element = "maxIllegalLoginLockTime"
    codec   = "lock_time"
    min     = 1
    max     = 1440
    unit    = "minutes"
    example = "30"
  }
}
