setting "address_lock" {
  summary    = "Lock of an address after failed logins from it"
  source     = "Official guide UD09761B, 15.10.198 and 16.1.96 to 16.1.97; no device was recorded to have it"
  confidence = "unsure"
  phase      = "login"
  risk       = "login"

  doc = <<-EOT
    How many logins may fail from one address before the device refuses that address, and for how long. Alarm panels and
    access controllers have it; other devices have `login_lock`.
  EOT

  document {
    path         = "/ISAPI/System/userLock/config?format=json"
    root         = "LockCfg"
    capabilities = ["/ISAPI/System/userLock/config/capabilities?format=json"]
  }

  guards "lock" {
    attempts = "attempts"
  }

  attribute "attempts" {
    type    = number
    doc     = "Number of failed logins after which the device locks the address."
    element = "maxTryTimes"
    codec   = "number"
    min     = 3
    max     = 20
    example = "5"
  }

  attribute "seconds" {
    type    = number
    doc     = "How long the lock lasts."
    element = "lockedTime"
    codec   = "number"
    min     = 1
    max     = 86400
    unit    = "seconds"
    example = "1800"
  }
}
