# A fleet that is brought to the hardening baseline in baseline.cam.hcl. Try it without a camera:
#
#   export ADMIN_PASSWORD=Correct-Horse-7
#   camform simulate -count 8 -tls -password-env ADMIN_PASSWORD -inventory inventory.csv
#   camform audit

variable "management" {
  type        = set(string)
  description = "Addresses that may reach the devices: administrators, recorders, and the machine that runs camform."
  default     = ["127.0.0.1", "192.0.2.0/28"]
}

variable "zone" {
  type    = string
  default = "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
}

variable "time_server" {
  type    = string
  default = "192.0.2.123"
}

variable "log_server" {
  type    = string
  default = "192.0.2.14"
}

variable "mail_domain" {
  type    = string
  default = "example.com"
}

variable "alarm_hosts" {
  type        = list(string)
  description = "Addresses that devices may send alarms to."
  default     = []
}

variable "minimum_firmware" {
  type        = map(string)
  description = "The oldest firmware that is good enough, by model. Models that are not named pass."
  default = {
    DS-2CD2532F-IWS = "5.4.5"
  }
}

device "site" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  profiles = [profile.site]

  # The time after which a page is closed is known of a few models only. Allow it once you have tried it on one of yours:
  # allow_unproven = ["session"]
}
