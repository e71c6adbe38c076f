setting "hotspot" {
  summary        = "Wireless network that a device provides"
  source         = "Official guide UD09761B, 15.10.91 to 15.10.117, WirelessServer; flags recorded on six devices, which do not have it; no answer with the document was recorded"
  confidence     = "unsure"
  phase          = "filter"
  risk           = "lockout"
  drops_sessions = true
  keyed          = true
  keys           = ["1", "2"]
  key_doc        = "Number of the interface of the radio."

  doc = <<-EOT
    The access point of a device, through which anybody nearby reaches it, and perhaps the network behind it. The hardened
    state is off, unless somebody installs or services devices that way; anyone connected through it then loses the
    connection.

    Where a device reports that the key is still the factory one, an audit can check it:
    `observed("/ISAPI/System/Network/interfaces/2/wirelessServer", "WirelessSecurity/WPA/defaultPassword")`.
  EOT

  document {
    path         = "/ISAPI/System/Network/interfaces/{key}/wirelessServer"
    root         = "WirelessServer"
    capabilities = ["/ISAPI/System/Network/interfaces/{key}/wirelessServer/capabilities"]
  }

  guards "link" {
    called  = "hotspot"
    enabled = "enabled"
    cuts    = ["mode", "ssid", "security", "key"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device opens the network. A device with `mode` follows that, and shows the resulting state here."
    element = "wifiApEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "mode" {
    type    = string
    doc     = "Whether the device opens the network always, never, or when it has no other: `on`, `off` or `auto`. It overrides `enabled` where a device has it."
    element = "wifiApModeType"
    codec   = "choice"
    values  = ["on", "off", "auto"]
    map     = { on = "true", off = "false" }
    example = "off"
  }

  attribute "ssid" {
    type    = string
    doc     = "Name of the network."
    element = "ssid"
    max     = 32
    example = "gate-north"
  }

  attribute "broadcast" {
    type    = bool
    doc     = "Whether the network broadcasts its name."
    element = "broadcastEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "sharing" {
    type    = bool
    doc     = "Whether clients that join get into the network behind the device."
    element = "wlanShareEnabled"
    codec   = "boolean"
    example = "false"
  }

  attribute "security" {
    type    = string
    doc     = "How the network is protected."
    element = "WirelessSecurity/securityMode"
    codec   = "choice"
    values  = ["disable", "WEP", "WPA-personal", "WPA2-personal"]
    example = "WPA2-personal"
  }

  attribute "key" {
    type     = string
    doc      = "Key of the network. Its length, which the device stores in a separate element, follows it."
    elements = ["WirelessSecurity/WPA/sharedKey", "WirelessSecurity/WPA/wpaKeyLength"]
    codec    = "wireless_key"
    min      = 8
    max      = 63
    secret   = true
  }
}
