# Brings a fleet to the hardening baseline in baseline.cam.hcl. Try it without a camera:
#
#   export CAMERA_PASSWORD=Correct-Horse-7
#   camform simulate -count 8 -tls -inventory inventory.csv
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
  description = "Addresses and names of servers to which devices may send alarms."
  default     = []
}

variable "minimum_firmware" {
  type        = map(string)
  description = "The oldest acceptable firmware, by model, from the vendor's page. It decides cases that no advisory decides."
  default = {
    DS-2CD2532F-IWS = "5.4.5"

    # The models of "camform simulate". Put yours here.
    DS-2CD2132-SIM   = "5.4.5"
    DS-2CD2356-SIM   = "5.6.5"
    DS-2CD2357-SIM   = "5.7.15"
    DS-2SE3458-SIM   = "5.8.10"
    DS-2TD1255-SIM   = "5.5.98"
    DS-7204HU-M1-SIM = "4.75.11"
    DS-7608NI-K2-SIM = "4.74.210"
    DS-7616NI-M4-SIM = "5.3.31"
  }
}

locals {
  rows = csvdecode(file("inventory.csv"))
}

device "site" {
  for_each = { for row in local.rows : row.name => row if row.kind != "recorder" }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.site]
}

device "recorder" {
  for_each = { for row in local.rows : row.name => row if row.kind == "recorder" }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  profiles = [profile.recorder]
}
