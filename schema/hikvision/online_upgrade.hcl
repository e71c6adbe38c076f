setting "online_upgrade" {
  summary    = "Whether a device fetches firmware by itself"
  source     = "Official guide UD09761B, 15.10.149 to 15.10.159 and 16.1.99; capabilities and status recorded on a camera DS-2CD2387G3; the document itself was not recorded"
  confidence = "unsure"
  phase      = "services"
  risk       = "service"

  doc = <<-EOT
    A device that reaches the vendor's servers can download firmware and install it at an hour of its choice. In a closed
    network, and wherever somebody decides about firmware, both should be off.
  EOT

  document {
    path         = "/ISAPI/System/onlineUpgrade/deviceParameter?format=json"
    root         = "OnlineUpgradeParameter"
    capabilities = ["/ISAPI/System/onlineUpgrade/capabilities"]
  }

  attribute "download" {
    type    = bool
    doc     = "Whether the device downloads firmware when there is a newer one. It is off as delivered."
    element = "autoDownloadPackage"
    codec   = "boolean"
    example = "false"
  }

  attribute "install" {
    type    = bool
    doc     = "Whether the device installs by itself what it downloaded. It is off as delivered."
    element = "timingUpgrade"
    codec   = "boolean"
    example = "false"
  }

  attribute "time" {
    type    = string
    doc     = "At which time of the day it installs, while it does that."
    element = "upgradeTime"
    when    = { timingUpgrade = "true" }
    max     = 16
    example = "03:00"
  }
}
