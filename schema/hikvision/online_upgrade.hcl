setting "online_upgrade" {
  summary    = "Whether a device fetches firmware on its own"
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
    doc     = "Whether the device downloads newer firmware. Devices come with it off."
    element = "autoDownloadPackage"
    codec   = "boolean"
    example = "false"
  }

  attribute "install" {
    type    = bool
    doc     = "Whether the device installs downloaded firmware on its own. Devices come with it off."
    element = "timingUpgrade"
    codec   = "boolean"
    example = "false"
  }

  attribute "time" {
    type    = string
    doc     = "Time of day at which it installs, while that is on."
    element = "upgradeTime"
    when    = { timingUpgrade = "true" }
    max     = 16
    example = "03:00"
  }
}
